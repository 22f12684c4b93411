import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import type { HostConfig, PortBinding } from './engine-types.ts';
import { portRange } from './port-ranges.ts';

/** What a network namespace is made with, beyond what all have. */
export interface NetworkSettings {
  readonly hostname?: string;
  readonly exposedPorts: Readonly<Record<string, object>>;
  readonly hostConfig: HostConfig;
}

export function isNetworkSetting(name: string): boolean {
  return name.startsWith('net.');
}

/** Names and name servers; of a shared network namespace they are its holder's. */
export function names({ dnsServers, dnsSearchDomains, extraHosts }: Ecs.ContainerDefinition): HostConfig {
  return {
    ...(isListed(dnsServers) ? { Dns: dnsServers } : {}),
    ...(isListed(dnsSearchDomains) ? { DnsSearch: dnsSearchDomains } : {}),
    ...(isListed(extraHosts) ? { ExtraHosts: extraHosts.map((each) => `${each.hostname}:${each.ipAddress}`) } : {}),
  };
}

/** Of a namespace that all containers of a task share (awsvpc). Of several values for one setting the last one counts, as in ECS. */
export function sharedNetwork(definition: Ecs.TaskDefinition): NetworkSettings {
  const containers = definition.containerDefinitions ?? [];
  const ipc = sharedIpcControls(definition);
  const named = containers.find((each) => isListed(each.dnsServers) || isListed(each.dnsSearchDomains));
  const extraHosts = containers.flatMap((each) => each.extraHosts ?? []);
  return {
    exposedPorts: {},
    hostConfig: { ...names({ ...named, extraHosts }), ...sysctls([...controls(containers, true), ...ipc]) },
  };
}

/** Of a namespace that holds processes or IPC and has no network. Settings of a shared IPC namespace are its holder's. */
export function heldSettings(definition: Ecs.TaskDefinition): NetworkSettings {
  return { exposedPorts: {}, hostConfig: sysctls(sharedIpcControls(definition)) };
}

function sharedIpcControls({ ipcMode, containerDefinitions = [] }: Ecs.TaskDefinition): readonly Ecs.SystemControl[] {
  return ipcMode === 'task' ? controls(containerDefinitions, false) : [];
}

/**
 * Of one container's namespace (bridge). `linked`: names and addresses of the containers it links to; `ranges`: the first
 * port of this machine for each range of ports, in the order of the mappings.
 */
export function ownNetwork(
  container: Ecs.ContainerDefinition,
  linked: readonly Ecs.HostEntry[],
  ranges: readonly number[],
): NetworkSettings {
  const exposedPorts: Record<string, object> = {};
  const bindings: Record<string, PortBinding[]> = {};
  for (const { port, hostPort, protocol } of mappings(container, ranges)) {
    const key = `${port}/${protocol}`;
    exposedPorts[key] = {};
    // Loopback only: what a task serves is for this machine. `''` lets the Engine choose a port.
    bindings[key] = [...(bindings[key] ?? []), { HostIp: '127.0.0.1', HostPort: hostPort }];
  }
  const extraHosts = [...linked, ...(container.extraHosts ?? [])];
  return {
    ...(container.hostname === undefined ? {} : { hostname: container.hostname }),
    exposedPorts,
    hostConfig: {
      ...names({ ...container, extraHosts }),
      ...sysctls(controls([container], true)),
      PortBindings: bindings,
    },
  };
}

/** Whether a namespace made in advance will do. */
export function isPlain({ hostname, exposedPorts, hostConfig }: NetworkSettings): boolean {
  const { PortBindings = {}, ...rest } = hostConfig;
  return (
    hostname === undefined &&
    Object.keys(exposedPorts).length === 0 &&
    Object.keys(PortBindings).length === 0 &&
    Object.keys(rest).length === 0
  );
}

/** Single ports and ranges of a container's mappings. */
function* mappings({ portMappings }: Ecs.ContainerDefinition, ranges: readonly number[]) {
  const starts = ranges.values();
  for (const mapping of portMappings ?? []) {
    const { containerPort, hostPort, protocol = 'tcp' } = mapping;
    if (containerPort !== undefined) {
      yield {
        port: containerPort,
        hostPort: hostPort === undefined || hostPort === 0 ? '' : String(hostPort),
        protocol,
      };
    }
    const range = portRange(mapping);
    if (range === undefined) continue;
    const [first, last] = range;
    const start = starts.next().value ?? first;
    for (let port = first; port <= last; port++) yield { port, hostPort: String(start + port - first), protocol };
  }
}

/** Bindings as ECS reports them, from the Engine's own table. */
export function networkBindings(
  ports: Readonly<Record<string, readonly PortBinding[] | null>> | undefined,
): readonly Ecs.NetworkBinding[] {
  return Object.entries(ports ?? {}).flatMap(([key, bindings]) => {
    const [port = '', protocol = 'tcp'] = key.split('/');
    return (bindings ?? []).map(({ HostIp, HostPort }) => ({
      bindIP: HostIp ?? '',
      containerPort: Number(port),
      hostPort: Number(HostPort),
      protocol: protocol as Ecs.TransportProtocol,
    }));
  });
}

/** `NAME` or `NAME:ALIAS`. Source: ECS API, ContainerDefinition.links. */
export function parseLink(link: string): { readonly container: string; readonly alias: string } {
  const [container = '', alias = container] = link.split(':');
  return { container, alias };
}

/** Variables that Docker gives to the side that links. Source: Docker, legacy container links; the linked container's own variables are not copied: they hold its secrets. */
export function linkVariables(
  self: string,
  links: readonly { readonly alias: string; readonly address: string; readonly ports: readonly string[] }[],
): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const { alias, address, ports } of links) {
    const prefix = alias.toUpperCase().replaceAll('-', '_');
    variables[`${prefix}_NAME`] = `/${self}/${alias}`;
    for (const [index, key] of [...ports].sort(byPort).entries()) {
      const [port = '', protocol = 'tcp'] = key.split('/');
      const url = `${protocol}://${address}:${port}`;
      if (index === 0) variables[`${prefix}_PORT`] = url;
      const name = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
      Object.assign(variables, {
        [name]: url,
        [`${name}_ADDR`]: address,
        [`${name}_PORT`]: port,
        [`${name}_PROTO`]: protocol,
      });
    }
  }
  return variables;
}

function byPort(left: string, right: string): number {
  return Number.parseInt(left, 10) - Number.parseInt(right, 10);
}

function controls(containers: readonly Ecs.ContainerDefinition[], network: boolean): readonly Ecs.SystemControl[] {
  return containers
    .flatMap((each) => each.systemControls ?? [])
    .filter(({ namespace = '' }) => isNetworkSetting(namespace) === network);
}

function sysctls(settings: readonly Ecs.SystemControl[]): HostConfig {
  if (settings.length === 0) return {};
  return { Sysctls: Object.fromEntries(settings.map(({ namespace = '', value = '' }) => [namespace, value])) };
}

function isListed<T>(list: readonly T[] | undefined): list is readonly T[] {
  return list !== undefined && list.length > 0;
}
