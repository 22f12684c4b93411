import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import type { Unsupported } from '../runtime.ts';
import type { Enforcement } from './limits/limiter.ts';
import { lowestPort } from './published-ports.ts';
import { bare, OWN_CAPABILITIES } from './sandbox.ts';

type Add = (asked: boolean, field: string, effect: Unsupported['effect'], reason: string) => void;

const NO_ROUTE = 'a task has no way out of its own network: only its endpoints and Rolecall answer';

/** What of a task definition namespaces cannot do, in the order of the definition. */
export function unsupportedByNamespaces(
  definition: Ecs.TaskDefinition,
  enforcement: Enforcement,
): readonly Unsupported[] {
  const found: Unsupported[] = [];
  const add: Add = (asked, field, effect, reason) => {
    if (asked) found.push({ field, effect, reason });
  };
  const { networkMode = 'bridge', containerDefinitions = [] } = definition;
  add(networkMode === 'host', '/networkMode', 'refused', 'a task never gets the network of this machine');
  const shared = networkMode === 'bridge' && containerDefinitions.length > 1;
  add(shared, '/networkMode', 'announced', 'the containers of a task share one network, as in awsvpc mode');
  add(definition.pidMode === 'host', '/pidMode', 'refused', 'a task never sees the processes of this machine');
  add(definition.pidMode === 'task', '/pidMode', 'refused', 'each container has a pid namespace of its own');
  add(definition.ipcMode === 'host', '/ipcMode', 'refused', 'a task never shares the IPC of this machine');
  add(
    isAsked(definition.proxyConfiguration),
    '/proxyConfiguration',
    'refused',
    'there is no proxy to redirect traffic to',
  );
  add(
    isAsked(definition.inferenceAccelerators),
    '/inferenceAccelerators',
    'refused',
    'devices are not assigned to tasks',
  );
  add(
    isAsked(definition.enableFaultInjection),
    '/enableFaultInjection',
    'announced',
    'there is no fault injection endpoint',
  );
  add(isAsked(definition.ephemeralStorage), '/ephemeralStorage', 'announced', 'the space of the disk is not divided');
  const unlimited = enforcement.by === 'agent';
  add(unlimited && isAsked(definition.cpu), '/cpu', 'announced', 'without cgroups CPU is not limited');
  const family = definition.runtimePlatform?.operatingSystemFamily;
  add(
    family?.startsWith('WINDOWS') === true,
    '/runtimePlatform/operatingSystemFamily',
    'refused',
    'this is not Windows',
  );
  for (const [index, volume] of (definition.volumes ?? []).entries()) ofVolume(volume, `/volumes/${index}`, add);
  for (const [index, container] of containerDefinitions.entries()) {
    const at = `/containerDefinitions/${index}`;
    ofContainer(container, at, add);
    ofPorts(container, at, networkMode === 'awsvpc', add);
    ofLimits(container, at, enforcement, add);
  }
  return found;
}

function ofVolume(volume: Ecs.Volume, at: string, add: Add): void {
  const { efsVolumeConfiguration, fsxWindowsFileServerVolumeConfiguration, dockerVolumeConfiguration: docker } = volume;
  add(isAsked(efsVolumeConfiguration), `${at}/efsVolumeConfiguration`, 'refused', 'there is no EFS');
  const fsx = isAsked(fsxWindowsFileServerVolumeConfiguration);
  add(fsx, `${at}/fsxWindowsFileServerVolumeConfiguration`, 'refused', 'there is no FSx');
  add(
    isAsked(volume.s3filesVolumeConfiguration),
    `${at}/s3filesVolumeConfiguration`,
    'refused',
    'there is no S3 Files',
  );
  add(volume.configuredAtLaunch === true, `${at}/configuredAtLaunch`, 'refused', 'there is no EBS');
  const driver = docker?.driver !== undefined && docker.driver !== 'local';
  add(driver, `${at}/dockerVolumeConfiguration/driver`, 'refused', 'only the driver `local` is there');
  add(
    isAsked(docker?.driverOpts),
    `${at}/dockerVolumeConfiguration/driverOpts`,
    'refused',
    'a volume is a plain directory',
  );
}

function ofContainer(container: Ecs.ContainerDefinition, at: string, add: Add): void {
  const refuse = (asked: unknown, field: string, reason: string) =>
    add(isAsked(asked), `${at}/${field}`, 'refused', reason);
  const announce = (asked: unknown, field: string, reason: string) =>
    add(isAsked(asked), `${at}/${field}`, 'announced', reason);
  refuse(container.privileged, 'privileged', 'a container never gets rights over this machine');
  refuse(container.firelensConfiguration, 'firelensConfiguration', 'there is no log router');
  refuse(container.credentialSpecs, 'credentialSpecs', 'there is no Active Directory');
  refuse(container.resourceRequirements, 'resourceRequirements', 'devices are not assigned to containers');
  announce(container.dnsServers, 'dnsServers', NO_ROUTE);
  announce(container.interactive, 'interactive', 'standard input is closed');
  announce(container.pseudoTerminal, 'pseudoTerminal', 'there is no terminal');
  for (const [index, option] of (container.dockerSecurityOptions ?? []).entries()) {
    const fulfilled = /^no-new-privileges(:true)?$/.test(option);
    add(
      !fulfilled,
      `${at}/dockerSecurityOptions/${index}`,
      'refused',
      'only no-new-privileges can be had (it is always on)',
    );
  }
  for (const [index, { namespace = '', value = '' }] of (container.systemControls ?? []).entries()) {
    const fine = /^net(\.[a-z0-9_-]+)+$/.test(namespace) && /^[0-9 \t-]+$/.test(value);
    add(
      !fine,
      `${at}/systemControls/${index}`,
      'refused',
      'only numeric settings of the network (net.*) are a task’s own',
    );
  }
  ofLinux(container.linuxParameters, `${at}/linuxParameters`, add);
  const rotated = container.logConfiguration?.logDriver === 'json-file' && isAsked(container.logConfiguration.options);
  add(rotated, `${at}/logConfiguration/options`, 'announced', 'output is kept as it is, in the scratch directory');
}

function ofPorts(container: Ecs.ContainerDefinition, at: string, awsvpc: boolean, add: Add): void {
  for (const [index, { containerPort = 0, hostPort = 0, protocol }] of (container.portMappings ?? []).entries()) {
    const place = `${at}/portMappings/${index}`;
    add(protocol === 'udp', place, 'announced', 'UDP is answered inside of the task only');
    const port = awsvpc ? containerPort : hostPort;
    const reserved = protocol !== 'udp' && port > 0 && port < lowestPort();
    const reason = `this user may not listen on port ${port} of this machine`;
    // In awsvpc mode nobody has asked for a port of this machine: the task does its work without.
    add(
      reserved,
      place,
      awsvpc ? 'announced' : 'refused',
      awsvpc ? `it is answered inside of the task only: ${reason}` : reason,
    );
  }
}

const TMPFS_OPTIONS = new Set(['defaults', 'rw', 'ro', 'nosuid', 'nodev', 'relatime']);

function ofLinux(parameters: Ecs.LinuxParameters | undefined, at: string, add: Add): void {
  if (parameters === undefined) return;
  for (const [index, name] of (parameters.capabilities?.add ?? []).entries()) {
    const own = bare(name) === 'ALL' || OWN_CAPABILITIES.has(bare(name));
    const reason = `a container has rights over its own processes and files only, not ${bare(name)}`;
    add(!own, `${at}/capabilities/add/${index}`, 'refused', reason);
  }
  add(isAsked(parameters.devices), `${at}/devices`, 'refused', 'devices are not shown to containers');
  for (const [index, { mountOptions }] of (parameters.tmpfs ?? []).entries()) {
    for (const option of mountOptions ?? []) {
      const reason = `the mount option ${option} cannot be given; there are ${[...TMPFS_OPTIONS].join(', ')}`;
      add(!TMPFS_OPTIONS.has(option), `${at}/tmpfs/${index}/mountOptions`, 'refused', reason);
    }
  }
}

function ofLimits(container: Ecs.ContainerDefinition, at: string, enforcement: Enforcement, add: Add): void {
  const { cpu = 0, memoryReservation = 0, linuxParameters = {} } = container;
  const { maxSwap, swappiness } = linuxParameters;
  const swap = `${at}/linuxParameters/maxSwap`;
  const swappy = `${at}/linuxParameters/swappiness`;
  if (enforcement.by === 'agent') {
    add(cpu > 0, `${at}/cpu`, 'announced', 'without cgroups CPU is not divided by weight');
    const reserved = memoryReservation > 0;
    add(reserved, `${at}/memoryReservation`, 'announced', 'without cgroups no memory is set aside');
    // 0 is what every container has: no swap.
    add((maxSwap ?? 0) > 0, swap, 'refused', 'without cgroups there is no swap for containers');
    add(maxSwap !== undefined && swappiness !== undefined, swappy, 'refused', 'without cgroups it cannot be set');
    return;
  }
  add((maxSwap ?? 0) > 0 && !enforcement.swap, swap, 'refused', 'this kernel does not count swap');
  const set = maxSwap !== undefined && swappiness !== undefined;
  add(set && !enforcement.swappiness, swappy, 'refused', 'cgroups of version 2 have no such setting');
  // Source: ECS API, LinuxParameters: without `maxSwap` it is ignored.
  const ignored = maxSwap === undefined && swappiness !== undefined;
  add(ignored, swappy, 'announced', 'as in ECS, without maxSwap');
}

function isAsked(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value === 'object' ? Object.keys(value).length > 0 : true;
}
