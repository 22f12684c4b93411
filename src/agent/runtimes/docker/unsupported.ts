import { sep } from 'node:path';
import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import { realPath } from '../real-path.ts';
import type { Unsupported } from '../runtime.ts';
import { isNetworkSetting } from './network-settings.ts';

type Effect = Unsupported['effect'];
type Add = (asked: boolean, field: string, effect: Effect, reason: string) => void;

export interface Machine {
  /** As the Engine names it, `x86_64` or `aarch64`. */
  readonly architecture: string;
  /** Directories that no container may be given, nor any directory above them. Absolute. */
  readonly closed: readonly string[];
  /** Path of the Docker Engine's socket. */
  readonly engineSocket: string;
  /** Why the containers of a task cannot be limited together; undefined when they can. */
  readonly withoutTaskLimits: string | undefined;
  /** Whether its control groups know swappiness, and can limit swap. */
  readonly swappiness: boolean;
  readonly swapLimit: boolean;
}

const WALLS_FALL = 'the walls between tasks, and around this machine, do not hold for it';

/** What of a task definition Docker on this machine cannot do, or does at the price of isolation. In the order of the definition. */
export function unsupportedByDocker(definition: Ecs.TaskDefinition, machine: Machine): readonly Unsupported[] {
  const found: Unsupported[] = [];
  const add: Add = (asked, field, effect, reason) => {
    if (asked) found.push({ field, effect, reason });
  };
  ofTask(definition, machine, add);
  for (const [index, volume] of (definition.volumes ?? []).entries())
    ofVolume(volume, `/volumes/${index}`, machine, add);
  for (const [index, container] of (definition.containerDefinitions ?? []).entries()) {
    ofContainer(container, `/containerDefinitions/${index}`, add);
    ofLinux(container.linuxParameters, definition, machine, `/containerDefinitions/${index}/linuxParameters`, add);
    ofSystemControls(container, definition, `/containerDefinitions/${index}/systemControls`, add);
  }
  return found;
}

function ofTask(definition: Ecs.TaskDefinition, machine: Machine, add: Add): void {
  const { proxyConfiguration, inferenceAccelerators, runtimePlatform, pidMode, ipcMode, ephemeralStorage } = definition;
  add(isAsked(proxyConfiguration), '/proxyConfiguration', 'refused', 'there is no App Mesh proxy');
  add(isAsked(inferenceAccelerators), '/inferenceAccelerators', 'refused', 'there are no inference accelerators');
  const family = runtimePlatform?.operatingSystemFamily;
  add(
    family?.startsWith('WINDOWS') === true,
    '/runtimePlatform/operatingSystemFamily',
    'refused',
    'the Docker Engine runs Linux containers',
  );
  const wanted = runtimePlatform?.cpuArchitecture;
  const native = machine.architecture === 'aarch64' || machine.architecture === 'arm64' ? 'ARM64' : 'X86_64';
  add(
    wanted !== undefined && wanted !== native,
    '/runtimePlatform/cpuArchitecture',
    'announced',
    `images run as this machine's ${native}`,
  );
  add(pidMode === 'host', '/pidMode', 'warned', `its containers see all processes of this machine: ${WALLS_FALL}`);
  add(ipcMode === 'host', '/ipcMode', 'warned', 'its containers share the IPC of this machine');
  add(
    definition.networkMode === 'host',
    '/networkMode',
    'warned',
    'its containers share the network of this machine; its credentials are told apart by container',
  );
  const { withoutTaskLimits: why = '' } = machine;
  for (const member of ['cpu', 'memory'] as const) {
    const asked = why !== '' && isAsked(definition[member]);
    add(asked, `/${member}`, 'warned', `it limits each container, not all of them together: ${why}`);
  }
  add(isAsked(ephemeralStorage), '/ephemeralStorage', 'announced', 'the storage is not limited');
  add(
    isAsked(definition.enableFaultInjection),
    '/enableFaultInjection',
    'announced',
    'there is no fault injection endpoint',
  );
}

function ofVolume(volume: Ecs.Volume, at: string, machine: Machine, add: Add): void {
  add(isAsked(volume.efsVolumeConfiguration), `${at}/efsVolumeConfiguration`, 'refused', 'there is no EFS');
  add(
    isAsked(volume.s3filesVolumeConfiguration),
    `${at}/s3filesVolumeConfiguration`,
    'refused',
    'there is no S3 Files',
  );
  add(
    isAsked(volume.fsxWindowsFileServerVolumeConfiguration),
    `${at}/fsxWindowsFileServerVolumeConfiguration`,
    'refused',
    'there is no FSx',
  );
  add(volume.configuredAtLaunch === true, `${at}/configuredAtLaunch`, 'refused', 'there are no EBS volumes');
  const given = volume.host?.sourcePath;
  if (given === undefined || given === '') return;
  const path = realPath(given);
  const closed = machine.closed.some((directory) => contains(path, directory) || contains(directory, path));
  if (closed) add(true, `${at}/host/sourcePath`, 'refused', "it holds Rolecall's own data, or lies in it");
  else {
    const price = contains(path, realPath(machine.engineSocket))
      ? `, and with it the Docker Engine: ${WALLS_FALL}`
      : '';
    add(true, `${at}/host/sourcePath`, 'warned', `its containers see ${given} of this machine${price}`);
  }
}

function ofContainer(container: Ecs.ContainerDefinition, at: string, add: Add): void {
  add(isAsked(container.firelensConfiguration), `${at}/firelensConfiguration`, 'refused', 'there is no log router');
  add(isAsked(container.credentialSpecs), `${at}/credentialSpecs`, 'refused', 'there is no Active Directory');
  add(isAsked(container.resourceRequirements), `${at}/resourceRequirements`, 'refused', 'there are no GPUs to assign');
  add(
    container.privileged === true,
    `${at}/privileged`,
    'warned',
    `it has all rights over this machine: ${WALLS_FALL}`,
  );
  const open = container.dockerSecurityOptions?.filter((option) => /unconfined|disable/.test(option)) ?? [];
  add(open.length > 0, `${at}/dockerSecurityOptions`, 'warned', `${open.join(', ')}: ${WALLS_FALL}`);
  const log = container.logConfiguration;
  add(
    log?.logDriver === 'json-file' && isAsked(log.options),
    `${at}/logConfiguration/options`,
    'announced',
    'output is kept whole as long as the task is there',
  );
}

function ofLinux(
  linux: Ecs.LinuxParameters | undefined,
  { ipcMode }: Ecs.TaskDefinition,
  machine: Machine,
  at: string,
  add: Add,
): void {
  if (linux === undefined) return;
  const { capabilities, devices, sharedMemorySize, maxSwap, swappiness } = linux;
  const strong = capabilities?.add?.filter((name) => POWERFUL.has(name.toUpperCase().replace(/^CAP_/, ''))) ?? [];
  add(
    strong.length > 0,
    `${at}/capabilities/add`,
    'warned',
    `with ${strong.join(', ')} it can leave its container: ${WALLS_FALL}`,
  );
  add(isAsked(devices), `${at}/devices`, 'warned', 'it is given devices of this machine');
  const shared = sharedMemorySize !== undefined && ipcMode !== undefined;
  const whose = ipcMode === 'task' ? 'all containers of the task share one of 64 MiB' : `ipcMode is ${ipcMode}`;
  add(shared, `${at}/sharedMemorySize`, 'announced', `the container has no /dev/shm of its own: ${whose}`);
  const unlimited = maxSwap !== undefined && !machine.swapLimit;
  add(unlimited, `${at}/maxSwap`, 'announced', 'the kernel of this machine does not limit swap');
  if (swappiness === undefined) return;
  const alone = maxSwap === undefined;
  const why = alone ? 'without maxSwap ECS ignores it' : 'control groups of version 2 do not know it';
  add(alone || !machine.swappiness, `${at}/swappiness`, 'announced', why);
}

/** Settings of a namespace that is this machine's own are not a task's to make. */
function ofSystemControls(
  { systemControls }: Ecs.ContainerDefinition,
  { networkMode, ipcMode }: Ecs.TaskDefinition,
  at: string,
  add: Add,
): void {
  for (const [index, { namespace = '' }] of (systemControls ?? []).entries()) {
    const network = isNetworkSetting(namespace);
    const machines = network ? networkMode === 'host' : ipcMode === 'host';
    add(machines, `${at}/${index}`, 'refused', `the ${network ? 'network' : 'IPC'} is that of this machine`);
  }
}

/** Capabilities that open the machine. NET_ADMIN and NET_RAW are not among them: they stay within the task's own network. */
const POWERFUL = new Set(['ALL', 'SYS_ADMIN', 'SYS_MODULE', 'SYS_RAWIO', 'DAC_READ_SEARCH', 'SYS_BOOT', 'BPF']);

function contains(directory: string, path: string): boolean {
  const base = directory.endsWith(sep) ? directory : `${directory}${sep}`;
  return path === directory || path.startsWith(base);
}

function isAsked(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value === 'object' ? Object.keys(value).length > 0 : true;
}
