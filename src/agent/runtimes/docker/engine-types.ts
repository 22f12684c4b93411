/** What is used of the Engine API's objects. Source: Docker Engine API 1.41, swagger. */

export interface PortBinding {
  readonly HostIp?: string;
  readonly HostPort?: string;
}

export interface HostConfig {
  readonly Binds?: readonly string[];
  readonly Mounts?: readonly {
    readonly Type: 'bind';
    readonly Source: string;
    readonly Target: string;
    readonly ReadOnly: boolean;
  }[];
  readonly NetworkMode?: string;
  readonly PortBindings?: Readonly<Record<string, readonly PortBinding[]>>;
  readonly LogConfig?: { readonly Type: string; readonly Config: Readonly<Record<string, string>> };
  readonly VolumesFrom?: readonly string[];
  readonly CapAdd?: readonly string[];
  readonly CapDrop?: readonly string[];
  readonly Dns?: readonly string[];
  readonly DnsSearch?: readonly string[];
  readonly ExtraHosts?: readonly string[];
  readonly IpcMode?: string;
  readonly PidMode?: string;
  readonly Privileged?: boolean;
  readonly ReadonlyRootfs?: boolean;
  readonly SecurityOpt?: readonly string[];
  readonly Tmpfs?: Readonly<Record<string, string>>;
  readonly ShmSize?: number;
  readonly Sysctls?: Readonly<Record<string, string>>;
  readonly CpuShares?: number;
  readonly NanoCpus?: number;
  readonly Memory?: number;
  readonly MemoryReservation?: number;
  readonly MemorySwap?: number;
  readonly MemorySwappiness?: number;
  readonly Devices?: readonly {
    readonly PathOnHost: string;
    readonly PathInContainer: string;
    readonly CgroupPermissions: string;
  }[];
  readonly Ulimits?: readonly { readonly Name: string; readonly Soft: number; readonly Hard: number }[];
  readonly Init?: boolean;
  readonly CgroupParent?: string;
}

export interface ContainerConfig {
  readonly Image: string;
  readonly Hostname?: string;
  readonly User?: string;
  readonly Env?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly Tty?: boolean;
  readonly OpenStdin?: boolean;
  readonly NetworkDisabled?: boolean;
  readonly StopSignal?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly HostConfig: HostConfig;
}

export interface ContainerState {
  readonly Status: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
  readonly Running: boolean;
  readonly OOMKilled: boolean;
  readonly Pid: number;
  readonly ExitCode: number;
  readonly Error: string;
  readonly StartedAt: string;
  readonly FinishedAt: string;
}

export interface ContainerInspection {
  readonly Id: string;
  readonly Name: string;
  readonly Image: string;
  readonly State: ContainerState;
  readonly Config: Omit<ContainerConfig, 'HostConfig'> & {
    readonly Labels: Readonly<Record<string, string>>;
    readonly Tty: boolean;
  };
  readonly HostConfig: HostConfig;
  readonly NetworkSettings: {
    readonly Ports?: Readonly<Record<string, readonly PortBinding[] | null>>;
    readonly Networks?: Readonly<Record<string, { readonly IPAddress: string }>>;
  };
}

/** An entry of the list of containers. */
export interface ContainerSummary {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly State: ContainerState['Status'];
  readonly Labels: Readonly<Record<string, string>>;
  readonly HostConfig: { readonly NetworkMode: string };
}

export interface ImageInspection {
  readonly Id: string;
  readonly RepoTags?: readonly string[] | null;
  readonly RepoDigests?: readonly string[] | null;
  readonly Config?: {
    readonly Env?: readonly string[] | null;
    readonly ExposedPorts?: Readonly<Record<string, object>> | null;
  } | null;
}

export interface ContainerStats {
  readonly cpu_stats: {
    readonly cpu_usage: { readonly total_usage: number };
    readonly system_cpu_usage?: number;
    readonly online_cpus?: number;
  };
  readonly memory_stats: {
    readonly usage?: number;
    readonly stats?: Readonly<Record<string, number>>;
  };
  readonly pids_stats?: { readonly current?: number };
}

/** One line of the stream that images/create and images/load answer. */
export interface ProgressLine {
  readonly status?: string;
  readonly error?: string;
}

export interface SystemInfo {
  readonly NCPU: number;
  readonly CgroupDriver: string;
  /** Engines before 20.10 do not say: then it is 1. */
  readonly CgroupVersion?: string;
  /** Whether the kernel lets a container's swap be limited. */
  readonly SwapLimit?: boolean;
  readonly OSType: string;
  readonly Architecture: string;
  readonly SecurityOptions?: readonly string[] | null;
}
