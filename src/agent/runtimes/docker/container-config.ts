import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import type { ContainerTrust } from '../../transparent/trust.ts';
import type { ContainerSpec, TaskPlace } from '../runtime.ts';
import type { ContainerConfig, HostConfig } from './engine-types.ts';
import { isNetworkSetting, names } from './network-settings.ts';

const MEBIBYTE = 1024 * 1024;
/** Source: agent, the least of CPU shares that Linux knows, and DockerContainerMinimumMemoryInBytes (in MiB). */
const LEAST_SHARES = 2;
const LEAST_MEMORY = 6;

/** What a container's place in its task decides. */
export interface Surroundings {
  /** `container:ID`, `host` or `none`. */
  readonly networkMode: string;
  /** Control group that holds all containers of the task; undefined: the Engine's own. */
  readonly cgroupParent: string | undefined;
  /** `container:ID`; undefined: of its own. */
  readonly sharedPid: string | undefined;
  readonly sharedIpc: string | undefined;
  /** Name of a volume of the task definition → what Docker mounts: a path of this machine or a volume's name. */
  readonly volumes: ReadonlyMap<string, string>;
  /** Name of a container of the task → its id. */
  readonly containers: ReadonlyMap<string, string>;
  readonly labels: Readonly<Record<string, string>>;
  /** The image as the Engine knows it. */
  readonly image: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Files and directories of this machine that the container is given, read-only. */
  readonly mounts?: ContainerTrust['mounts'] | undefined;
  /** Processors of the machine. */
  readonly cpus: number;
}

/** What the Engine is asked to make of a container of a task definition. */
export function containerConfig(spec: ContainerSpec, place: TaskPlace, around: Surroundings): ContainerConfig {
  const { definition } = spec;
  const ownNetwork = !around.networkMode.startsWith('container:');
  return {
    Image: around.image,
    ...(definition.user === undefined || definition.user === '' ? {} : { User: definition.user }),
    ...(ownNetwork && definition.hostname !== undefined ? { Hostname: definition.hostname } : {}),
    ...(definition.disableNetworking === true ? { NetworkDisabled: true } : {}),
    Env: Object.entries({ ...around.environment, ...spec.environment }).map(([name, value]) => `${name}=${value}`),
    ...(isGiven(spec.command) ? { Cmd: spec.command } : {}),
    ...(isGiven(spec.entryPoint) ? { Entrypoint: spec.entryPoint } : {}),
    ...(spec.workingDirectory === undefined ? {} : { WorkingDir: spec.workingDirectory }),
    Tty: definition.pseudoTerminal === true,
    OpenStdin: definition.interactive === true,
    Labels: { ...definition.dockerLabels, ...agentLabels(place, spec.name), ...around.labels },
    HostConfig: hostConfig(spec.definition, place, around, ownNetwork),
  };
}

function hostConfig(
  container: Ecs.ContainerDefinition,
  place: TaskPlace,
  around: Surroundings,
  ownNetwork: boolean,
): HostConfig {
  const { linuxParameters = {} } = container;
  const { capabilities } = linuxParameters;
  return {
    NetworkMode: around.networkMode,
    LogConfig: LOG,
    ...(around.cgroupParent === undefined ? {} : { CgroupParent: around.cgroupParent }),
    ...limits(container, place.definition, around.cpus),
    ...pidMode(place.definition, around),
    ...ipcMode(place.definition, around),
    Binds: binds(container, around.volumes),
    ...(isGiven(around.mounts) ? { Mounts: around.mounts.map(readOnlyMount) } : {}),
    VolumesFrom: volumesFrom(container, around.containers),
    ...(isGiven(capabilities?.add) ? { CapAdd: capabilities.add } : {}),
    ...(isGiven(capabilities?.drop) ? { CapDrop: capabilities.drop } : {}),
    ...(container.privileged === true ? { Privileged: true } : {}),
    ...(container.readonlyRootFilesystem === true ? { ReadonlyRootfs: true } : {}),
    ...(isGiven(container.dockerSecurityOptions) ? { SecurityOpt: container.dockerSecurityOptions } : {}),
    ...(isGiven(linuxParameters.tmpfs) ? { Tmpfs: tmpfs(linuxParameters.tmpfs) } : {}),
    ...(isGiven(linuxParameters.devices) ? { Devices: linuxParameters.devices.map(device) } : {}),
    ...(linuxParameters.initProcessEnabled === true ? { Init: true } : {}),
    ...(linuxParameters.sharedMemorySize === undefined || around.sharedIpc !== undefined
      ? {}
      : { ShmSize: linuxParameters.sharedMemorySize * MEBIBYTE }),
    ...(isGiven(container.ulimits) ? { Ulimits: container.ulimits.map(ulimit) } : {}),
    ...sysctls(container, around),
    ...(ownNetwork ? names(container) : {}),
  };
}

/**
 * Output is kept whole until the agent has read it. The size is said because the Engine's own settings would otherwise
 * fill it in, and with rotation its reader loses lines. The `local` driver is quicker, but where it stores a long line
 * in parts, its reader ends each part with a line's end (observed: Engine 20.10).
 */
const LOG: NonNullable<HostConfig['LogConfig']> = {
  Type: 'json-file',
  Config: { 'max-size': '1000p', 'max-file': '1' },
};

/**
 * Source: agent, createContainer: CPU units are shares. A container without a hard limit has the task's, which all
 * containers have together besides: programs look at their own limit to know how much there is. `swappiness` counts with
 * `maxSwap` only (ECS API, LinuxParameters).
 */
function limits(container: Ecs.ContainerDefinition, task: Ecs.TaskDefinition, cpus: number): HostConfig {
  const memory = atLeast(LEAST_MEMORY, container.memory) ?? taskMemory(task);
  const reservation = atLeast(LEAST_MEMORY, container.memoryReservation);
  const cpu = taskCpu(task);
  const { maxSwap, swappiness } = container.linuxParameters ?? {};
  return {
    CpuShares: Math.max(LEAST_SHARES, container.cpu ?? 0),
    ...(cpu === undefined ? {} : { NanoCpus: Math.round(Math.min(cpu, cpus) * 1e9) }),
    ...(memory === undefined ? {} : { Memory: memory * MEBIBYTE }),
    ...(reservation === undefined ? {} : { MemoryReservation: reservation * MEBIBYTE }),
    ...(maxSwap === undefined || memory === undefined ? {} : { MemorySwap: (memory + maxSwap) * MEBIBYTE }),
    ...(swappiness === undefined || maxSwap === undefined ? {} : { MemorySwappiness: swappiness }),
  };
}

/** MiB. Source: ECS API, RegisterTaskDefinition: `1024` or `1 GB`. */
export function taskMemory({ memory }: Ecs.TaskDefinition): number | undefined {
  const match = /^\s*([\d.]+)\s*(GB)?\s*$/i.exec(memory ?? '');
  return match === null ? undefined : Math.round(Number(match[1]) * (match[2] === undefined ? 1 : 1024));
}

/** vCPUs. Source: ECS API, RegisterTaskDefinition: `1024` or `1 vCPU`. */
export function taskCpu({ cpu }: Ecs.TaskDefinition): number | undefined {
  const match = /^\s*([\d.]+)\s*(vCPU)?\s*$/i.exec(cpu ?? '');
  if (match === null || Number(match[1]) === 0) return undefined;
  return Number(match[1]) / (match[2] === undefined ? 1024 : 1);
}

function pidMode({ pidMode: mode }: Ecs.TaskDefinition, { sharedPid }: Surroundings): HostConfig {
  if (mode === 'host') return { PidMode: 'host' };
  return sharedPid === undefined ? {} : { PidMode: sharedPid };
}

function ipcMode({ ipcMode: mode }: Ecs.TaskDefinition, { sharedIpc }: Surroundings): HostConfig {
  if (mode === 'host' || mode === 'none') return { IpcMode: mode };
  return sharedIpc === undefined ? {} : { IpcMode: sharedIpc };
}

function binds(container: Ecs.ContainerDefinition, volumes: ReadonlyMap<string, string>): string[] {
  return (container.mountPoints ?? []).map(({ sourceVolume = '', containerPath = '', readOnly }) => {
    const source = volumes.get(sourceVolume);
    if (source === undefined) throw new Error(`mount point ${containerPath}: there is no volume ${sourceVolume}`);
    return `${source}:${containerPath}${readOnly === true ? ':ro' : ''}`;
  });
}

function readOnlyMount({ source, target }: ContainerTrust['mounts'][number]) {
  return { Type: 'bind' as const, Source: source, Target: target, ReadOnly: true };
}

function volumesFrom(container: Ecs.ContainerDefinition, containers: ReadonlyMap<string, string>): string[] {
  return (container.volumesFrom ?? []).map(({ sourceContainer = '', readOnly }) => {
    const id = containers.get(sourceContainer);
    if (id === undefined) throw new Error(`volumesFrom: container ${sourceContainer} has not been created`);
    return `${id}${readOnly === true ? ':ro' : ':rw'}`;
  });
}

function tmpfs(mounts: readonly Ecs.Tmpfs[]): Record<string, string> {
  return Object.fromEntries(
    mounts.map(({ containerPath, size, mountOptions }) => [
      containerPath,
      [...(mountOptions ?? []), `size=${size}m`].join(','),
    ]),
  );
}

/** Source: agent, task_linux: without permissions all of them; without a path the host's. */
function device({ hostPath, containerPath, permissions }: Ecs.Device) {
  const letters = isGiven(permissions) ? permissions.map((each) => each[0]).join('') : 'rwm';
  return { PathOnHost: hostPath, PathInContainer: containerPath ?? hostPath, CgroupPermissions: letters };
}

function ulimit({ name, softLimit, hardLimit }: Ecs.Ulimit) {
  return { Name: name, Soft: softLimit, Hard: hardLimit };
}

/** Settings of a shared namespace are its holder's. */
function sysctls({ systemControls }: Ecs.ContainerDefinition, { networkMode, sharedIpc }: Surroundings): HostConfig {
  const own = (systemControls ?? []).filter(({ namespace = '' }) =>
    isNetworkSetting(namespace) ? networkMode === 'none' : sharedIpc === undefined,
  );
  if (own.length === 0) return {};
  return { Sysctls: Object.fromEntries(own.map(({ namespace = '', value = '' }) => [namespace, value])) };
}

/** Source: agent, dockerclient labels. */
function agentLabels({ taskArn, definition }: TaskPlace, container: string): Record<string, string> {
  const parts = taskArn.split('/');
  return {
    'com.amazonaws.ecs.cluster': parts.length > 2 ? (parts[1] ?? '') : 'default',
    'com.amazonaws.ecs.container-name': container,
    'com.amazonaws.ecs.task-arn': taskArn,
    'com.amazonaws.ecs.task-definition-family': definition.family ?? '',
    'com.amazonaws.ecs.task-definition-version': String(definition.revision ?? ''),
  };
}

function atLeast(least: number, value: number | undefined): number | undefined {
  return value === undefined || value === 0 ? undefined : Math.max(least, value);
}

function isGiven<T>(list: readonly T[] | undefined): list is readonly T[] {
  return list !== undefined && list.length > 0;
}
