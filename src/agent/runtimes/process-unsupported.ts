import type * as Ecs from '../../wire/generated/types/ecs.ts';
import type { Unsupported } from './runtime.ts';

type Effect = Unsupported['effect'];

/** What only changes how a container is fenced in is announced; what the application needs to work is refused. */
const CONTAINER_FIELDS: readonly [keyof Ecs.ContainerDefinition, Effect, string][] = [
  ['mountPoints', 'refused', 'a process sees the files of this machine; nothing can be mounted into it'],
  ['volumesFrom', 'refused', 'a process sees the files of this machine; nothing can be mounted into it'],
  ['links', 'refused', 'processes have no host names of their own'],
  ['extraHosts', 'refused', 'a process uses the host names of this machine'],
  ['firelensConfiguration', 'refused', 'there is no log router'],
  ['credentialSpecs', 'refused', 'there is no Active Directory'],
  ['resourceRequirements', 'refused', 'devices cannot be assigned to a process'],
  ['user', 'announced', 'the process runs as your user'],
  ['privileged', 'announced', 'the process has the rights of your user, no more'],
  ['readonlyRootFilesystem', 'announced', 'the process can write wherever your user can'],
  ['dockerSecurityOptions', 'announced', 'they have no effect on a process'],
  ['ulimits', 'announced', 'the limits of this session apply'],
  ['systemControls', 'announced', 'the settings of this machine apply'],
  ['hostname', 'announced', 'the process sees the name of this machine'],
  ['dnsServers', 'announced', 'the process uses the DNS of this machine'],
  ['dnsSearchDomains', 'announced', 'the process uses the DNS of this machine'],
  ['disableNetworking', 'announced', 'the process has the network of this machine'],
  ['interactive', 'announced', 'standard input is closed'],
  ['pseudoTerminal', 'announced', 'there is no terminal'],
];

/** What of a task definition ordinary processes cannot do, in the order of the definition. */
export function unsupportedByProcesses(definition: Ecs.TaskDefinition): readonly Unsupported[] {
  const found: Unsupported[] = [];
  const add = (asked: boolean, field: string, effect: Effect, reason: string) => {
    if (asked) found.push({ field, effect, reason });
  };
  add(
    isAsked(definition.proxyConfiguration),
    '/proxyConfiguration',
    'refused',
    'traffic of a process cannot be redirected',
  );
  add(
    isAsked(definition.inferenceAccelerators),
    '/inferenceAccelerators',
    'refused',
    'devices cannot be assigned to a process',
  );
  const family = definition.runtimePlatform?.operatingSystemFamily;
  const wanted = definition.runtimePlatform?.cpuArchitecture;
  const native = process.arch === 'arm64' ? 'ARM64' : 'X86_64';
  add(
    wanted !== undefined && wanted !== native,
    '/runtimePlatform/cpuArchitecture',
    'announced',
    `programs run as this machine's ${native}`,
  );
  add(
    family?.startsWith('WINDOWS') === true,
    '/runtimePlatform/operatingSystemFamily',
    'refused',
    'this is not Windows',
  );
  add(isAsked(definition.ephemeralStorage), '/ephemeralStorage', 'announced', 'the space of the disk is not divided');
  add(isAsked(definition.pidMode), '/pidMode', 'announced', 'the process sees the processes of this machine');
  add(isAsked(definition.ipcMode), '/ipcMode', 'announced', 'the process shares the IPC of this machine');
  add(
    isAsked(definition.enableFaultInjection),
    '/enableFaultInjection',
    'announced',
    'there is no fault injection endpoint',
  );
  for (const [index, container] of (definition.containerDefinitions ?? []).entries()) {
    const at = `/containerDefinitions/${index}`;
    for (const [field, effect, reason] of CONTAINER_FIELDS)
      add(isAsked(container[field]), `${at}/${field}`, effect, reason);
    linuxParameters(container.linuxParameters, `${at}/linuxParameters`, add);
    const log = container.logConfiguration;
    const rotated = log?.logDriver === 'json-file' && isAsked(log.options);
    add(rotated, `${at}/logConfiguration/options`, 'announced', 'output is kept as it is, in the scratch directory');
    for (const [port, mapping] of (container.portMappings ?? []).entries()) {
      const { containerPort, hostPort = 0 } = mapping;
      const mapped = hostPort !== 0 && hostPort !== containerPort;
      const reason = `the process listens on port ${containerPort} itself, not on ${hostPort}`;
      add(mapped, `${at}/portMappings/${port}/hostPort`, 'announced', reason);
    }
  }
  return found;
}

function linuxParameters(
  parameters: Ecs.LinuxParameters | undefined,
  at: string,
  add: (asked: boolean, field: string, effect: Effect, reason: string) => void,
): void {
  if (parameters === undefined) return;
  const { capabilities, devices, tmpfs } = parameters;
  add(
    isAsked(capabilities?.add),
    `${at}/capabilities/add`,
    'refused',
    'a process cannot have more rights than your user',
  );
  add(isAsked(capabilities?.drop), `${at}/capabilities/drop`, 'announced', 'the process keeps the rights of your user');
  add(isAsked(devices), `${at}/devices`, 'refused', 'devices cannot be assigned to a process');
  add(isAsked(tmpfs), `${at}/tmpfs`, 'refused', 'nothing can be mounted into a process');
  for (const field of ['initProcessEnabled', 'sharedMemorySize', 'maxSwap', 'swappiness'] as const) {
    add(isAsked(parameters[field]), `${at}/${field}`, 'announced', 'it has no effect on a process');
  }
}

function isAsked(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value === 'object' ? Object.keys(value).length > 0 : true;
}
