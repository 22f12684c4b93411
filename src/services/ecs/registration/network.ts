import { containersOf, type Rule, violation } from './rule.ts';

const FIRST_PORT = 0;
const LAST_PORT = 65535;

/** What the network mode does not allow of a container. Source of the texts: observed, unless marked. */
export const networkMode: Rule = function* (registration) {
  const mode = registration.networkMode;
  for (const { container, path } of containersOf(registration)) {
    if (mode === 'awsvpc') {
      if ((container.links ?? []).length > 0) {
        yield violation(`${path}/links`, 'Links are not supported when networkMode=awsvpc');
      }
      if (container.disableNetworking === true) {
        yield violation(
          `${path}/disableNetworking`,
          'Disable Networking is not supported on container when networkMode=awsvpc',
        );
      }
      if (container.hostname !== undefined) {
        yield violation(`${path}/hostname`, 'hostname is not supported on container when networkMode=awsvpc');
      }
      if ((container.extraHosts ?? []).length > 0) {
        yield violation(`${path}/extraHosts`, 'Extra hosts are not supported on container when networkMode=awsvpc');
      }
      if ((container.dnsServers ?? []).length > 0) {
        yield violation(`${path}/dnsServers`, 'DNS servers are not supported on container when networkMode=awsvpc');
      }
      if ((container.dnsSearchDomains ?? []).length > 0) {
        // unverified: text, by analogy
        yield violation(
          `${path}/dnsSearchDomains`,
          'DNS search domains are not supported on container when networkMode=awsvpc',
        );
      }
    }
    if (mode === 'host' && (container.links ?? []).length > 0) {
      yield violation(`${path}/links`, 'Links are not supported when networkMode=host'); // unverified: by analogy
    }
    if (mode === 'none' && (container.portMappings ?? []).length > 0) {
      // Source: ECS API, PortMapping; unverified: text
      yield violation(`${path}/portMappings`, 'Port mappings are not supported when networkMode=none');
    }
  }
};

/** Source of the texts: observed, unless marked. */
export const portMappings: Rule = function* (registration) {
  const { networkMode: mode } = registration;
  const names = new Set<string>();
  const used = new Set<string>();
  for (const { container, path } of containersOf(registration)) {
    for (const [index, mapping] of (container.portMappings ?? []).entries()) {
      const at = `${path}/portMappings/${index}`;
      const { containerPort, hostPort, containerPortRange } = mapping;
      if (containerPortRange !== undefined) {
        if (containerPort !== undefined || hostPort !== undefined) {
          yield violation(at, 'cannot specify both single port and port range');
        }
        if (!isRange(containerPortRange)) {
          yield violation(`${at}/containerPortRange`, "Invalid 'containerPortRange' setting");
        }
      } else if (containerPort === undefined || containerPort < 1 || containerPort > LAST_PORT) {
        yield violation(`${at}/containerPort`, "Invalid 'containerPort' setting"); // unverified: by analogy
      }
      if (hostPort !== undefined && (hostPort < FIRST_PORT || hostPort > LAST_PORT)) {
        yield violation(`${at}/hostPort`, "Invalid 'hostPort' setting"); // unverified: by analogy
      }
      if ((mode === 'awsvpc' || mode === 'host') && hostPort !== undefined && hostPort !== containerPort) {
        // A host port of 0 counts as not given in these modes. unverified: that it does
        if (hostPort !== 0) {
          yield violation(
            at,
            `When networkMode=${mode}, the host ports and container ports in port mappings must match.`,
          );
        }
      }
      for (const key of portsOf(mapping, mode === 'awsvpc' || mode === 'host' ? '' : path)) {
        if (used.has(key)) {
          yield violation(at, 'container port is used multiple times in task');
          break;
        }
        used.add(key);
      }
      if (mapping.name !== undefined) {
        if (names.has(mapping.name)) yield violation(`${at}/name`, 'port mapping name is already used');
        names.add(mapping.name);
      }
    }
  }
};

function isRange(text: string): boolean {
  const parts = /^(\d+)-(\d+)$/.exec(text);
  if (parts === null) return false;
  const [low, high] = [Number(parts[1]), Number(parts[2])];
  return low >= 1 && high <= LAST_PORT && low < high;
}

/**
 * Ports in a shared network must differ; in bridge mode each container has its own, and the same port may be published
 * more than once on different host ports.
 */
function portsOf(
  mapping: {
    readonly containerPort?: number | undefined;
    readonly hostPort?: number | undefined;
    readonly containerPortRange?: string | undefined;
    readonly protocol?: string | undefined;
  },
  network: string,
): string[] {
  const protocol = mapping.protocol ?? 'tcp';
  if (mapping.containerPortRange === undefined) {
    const host = network === '' ? '' : `:${mapping.hostPort ?? 0}`;
    return [`${network}/${mapping.containerPort ?? 0}/${protocol}${host}`];
  }
  if (!isRange(mapping.containerPortRange)) return [];
  const [low, high] = mapping.containerPortRange.split('-').map(Number) as [number, number];
  return Array.from({ length: high - low + 1 }, (_, index) => `${network}/${low + index}/${protocol}`);
}

/** Source of the first text: observed; the second: ECS API, ProxyConfiguration. */
export const proxy: Rule = function* (registration) {
  const configured = registration.proxyConfiguration;
  if (configured === undefined) return;
  if (!registration.containerDefinitions.some((container) => container.name === configured.containerName)) {
    yield violation(
      '/proxyConfiguration/containerName',
      `Proxy container [${configured.containerName}] does not exist`,
    );
  }
  if (registration.networkMode !== 'awsvpc') {
    yield violation('/proxyConfiguration', 'Proxy configuration requires networkMode=awsvpc'); // unverified: text
  }
};
