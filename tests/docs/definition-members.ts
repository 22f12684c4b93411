import type * as Ecs from '../../src/wire/generated/types/ecs.ts';

export type RuntimeColumn = 'docker' | 'namespace' | 'process';

/** How one member of a task definition is asked for, and who does it. */
export interface Member {
  /** A task definition that asks for it. Undefined: it is not for a task's start at all, see `nature`. */
  readonly sample?: Ecs.TaskDefinition;
  /** `server`: the control plane or the agent, the same on every runtime; `runtime`: each runtime by itself. */
  readonly by?: 'server' | 'runtime';
  /** Why it changes nothing in a running task, wherever it runs. */
  readonly nature?: string;
  /** Why it changes nothing on one runtime although the task starts. */
  readonly natureOf?: Partial<Readonly<Record<RuntimeColumn, string>>>;
  /** What there is to know of it, where it is done. */
  readonly note?: string;
  /** Names by which the sources know it, when not by its own. */
  readonly known?: readonly string[];
}

const container = (definition: Ecs.ContainerDefinition, task: Ecs.TaskDefinition = {}): Ecs.TaskDefinition => ({
  networkMode: 'bridge',
  ...task,
  containerDefinitions: [{ name: 'app', ...definition }],
});
const linux = (linuxParameters: Ecs.LinuxParameters) => container({ memory: 64, linuxParameters });
const volume = (definition: Ecs.Volume): Ecs.TaskDefinition => ({
  ...container({ mountPoints: [{ sourceVolume: 'v', containerPath: '/v' }] }),
  volumes: [{ name: 'v', ...definition }],
});
const docker = (configuration: Ecs.DockerVolumeConfiguration) => volume({ dockerVolumeConfiguration: configuration });
const port = (mapping: Ecs.PortMapping) => container({ portMappings: [mapping] });

const REGISTRATION = 'it describes the registration';
const LIMITS = 'limits are not enforced; placement counts it';
const MACHINE_NETWORK = 'a process has the network of this machine';

/** Members by shape of the API, in the order of the shape. */
export const MEMBERS: Readonly<Record<string, Readonly<Record<string, Member>>>> = {
  TaskDefinition: {
    taskDefinitionArn: { nature: REGISTRATION },
    containerDefinitions: { sample: container({ command: ['x'] }), by: 'server' },
    family: { nature: REGISTRATION },
    taskRoleArn: { sample: { taskRoleArn: 'arn' }, by: 'server' },
    executionRoleArn: { sample: { executionRoleArn: 'arn' }, by: 'server' },
    networkMode: {
      sample: { networkMode: 'awsvpc' },
      by: 'runtime',
      natureOf: { process: MACHINE_NETWORK },
      note: '`host`: refused by the namespace runtime',
    },
    revision: { nature: REGISTRATION },
    volumes: { sample: volume({}), by: 'runtime' },
    status: { nature: REGISTRATION },
    requiresAttributes: { nature: 'placement asks for it' },
    placementConstraints: { nature: 'placement asks for it' },
    compatibilities: { nature: REGISTRATION },
    runtimePlatform: { sample: { runtimePlatform: { operatingSystemFamily: 'LINUX' } }, by: 'server' },
    requiresCompatibilities: { nature: REGISTRATION },
    cpu: { sample: container({}, { cpu: '256' }), by: 'runtime', natureOf: { process: LIMITS } },
    memory: { sample: container({}, { memory: '512' }), by: 'runtime', natureOf: { process: LIMITS } },
    inferenceAccelerators: {
      sample: { inferenceAccelerators: [{ deviceName: 'd', deviceType: 'eia2.medium' }] },
      by: 'runtime',
    },
    pidMode: { sample: container({}, { pidMode: 'task' }), by: 'runtime', note: '`host`: Docker only, with a warning' },
    ipcMode: { sample: container({}, { ipcMode: 'task' }), by: 'runtime', note: '`host`: Docker only, with a warning' },
    proxyConfiguration: { sample: { proxyConfiguration: { containerName: 'proxy' } }, by: 'runtime' },
    registeredAt: { nature: REGISTRATION },
    deregisteredAt: { nature: REGISTRATION },
    deleteRequestedAt: { nature: REGISTRATION },
    registeredBy: { nature: REGISTRATION },
    ephemeralStorage: { sample: { ephemeralStorage: { sizeInGiB: 30 } }, by: 'runtime' },
    enableFaultInjection: { sample: { enableFaultInjection: true }, by: 'runtime' },
  },
  RuntimePlatform: {
    cpuArchitecture: {
      sample: { runtimePlatform: { cpuArchitecture: process.arch === 'arm64' ? 'ARM64' : 'X86_64' } },
      by: 'server',
      note: 'images are pulled for it; run they must be on a machine of its kind',
    },
    operatingSystemFamily: {
      sample: { runtimePlatform: { operatingSystemFamily: 'WINDOWS_SERVER_2022_CORE' } },
      by: 'runtime',
    },
  },
  Volume: {
    name: { sample: volume({}), by: 'runtime', known: ['volumes'] },
    host: { sample: volume({ host: { sourcePath: '/srv' } }), by: 'runtime', known: ['sourcePath'] },
    dockerVolumeConfiguration: { sample: docker({ scope: 'task' }), by: 'runtime' },
    efsVolumeConfiguration: { sample: volume({ efsVolumeConfiguration: { fileSystemId: 'fs-1' } }), by: 'runtime' },
    s3filesVolumeConfiguration: {
      sample: volume({ s3filesVolumeConfiguration: { fileSystemArn: 'arn' } }),
      by: 'runtime',
    },
    fsxWindowsFileServerVolumeConfiguration: {
      sample: volume({
        fsxWindowsFileServerVolumeConfiguration: {
          fileSystemId: 'fs-1',
          rootDirectory: '/',
          authorizationConfig: { credentialsParameter: 'arn', domain: 'd' },
        },
      }),
      by: 'runtime',
    },
    configuredAtLaunch: { sample: volume({ configuredAtLaunch: true }), by: 'runtime' },
  },
  DockerVolumeConfiguration: {
    scope: { sample: docker({ scope: 'shared', autoprovision: true }), by: 'runtime' },
    autoprovision: {
      sample: docker({ scope: 'shared', autoprovision: true }),
      by: 'runtime',
    },
    driver: { sample: docker({ scope: 'task', driver: 'rexray' }), by: 'runtime' },
    driverOpts: { sample: docker({ scope: 'task', driverOpts: { type: 'tmpfs' } }), by: 'runtime' },
    labels: {
      sample: docker({ scope: 'task', labels: { a: 'b' } }),
      by: 'runtime',
      natureOf: { namespace: 'a volume is a directory: nothing shows its labels' },
    },
  },
  ContainerDefinition: {
    name: { sample: container({}), by: 'server' },
    image: { sample: container({ image: 'app' }), by: 'server' },
    repositoryCredentials: {
      sample: container({ repositoryCredentials: { credentialsParameter: 'arn' } }),
      by: 'server',
    },
    cpu: { sample: container({ cpu: 256 }), by: 'runtime', natureOf: { process: LIMITS } },
    memory: { sample: container({ memory: 256 }), by: 'runtime', natureOf: { process: LIMITS } },
    memoryReservation: { sample: container({ memoryReservation: 256 }), by: 'runtime', natureOf: { process: LIMITS } },
    links: { sample: container({ links: ['db'] }), by: 'runtime' },
    portMappings: { sample: port({ containerPort: 80 }), by: 'runtime', natureOf: { process: MACHINE_NETWORK } },
    essential: { sample: container({ essential: false }), by: 'server' },
    restartPolicy: { sample: container({ restartPolicy: { enabled: true } }), by: 'server' },
    entryPoint: { sample: container({ entryPoint: ['/x'] }), by: 'server' },
    command: { sample: container({ command: ['x'] }), by: 'server' },
    environment: { sample: container({ environment: [{ name: 'A', value: 'b' }] }), by: 'server' },
    environmentFiles: { sample: container({ environmentFiles: [{ value: 'arn', type: 's3' }] }), by: 'server' },
    mountPoints: { sample: volume({}), by: 'runtime' },
    volumesFrom: { sample: container({ volumesFrom: [{ sourceContainer: 'first' }] }), by: 'runtime' },
    linuxParameters: { sample: linux({ initProcessEnabled: true }), by: 'runtime' },
    secrets: { sample: container({ secrets: [{ name: 'A', valueFrom: 'arn' }] }), by: 'server' },
    dependsOn: { sample: container({ dependsOn: [{ containerName: 'db', condition: 'START' }] }), by: 'server' },
    startTimeout: { sample: container({ startTimeout: 30 }), by: 'server' },
    stopTimeout: { sample: container({ stopTimeout: 30 }), by: 'server' },
    versionConsistency: { nature: 'a task that no service runs has the image that it pulls' },
    hostname: { sample: container({ hostname: 'web' }), by: 'runtime' },
    user: { sample: container({ user: '1000' }), by: 'runtime' },
    workingDirectory: { sample: container({ workingDirectory: '/srv' }), by: 'server' },
    disableNetworking: { sample: container({ disableNetworking: true }), by: 'runtime' },
    privileged: { sample: container({ privileged: true }), by: 'runtime' },
    readonlyRootFilesystem: { sample: container({ readonlyRootFilesystem: true }), by: 'runtime' },
    dnsServers: { sample: container({ dnsServers: ['10.0.0.2'] }), by: 'runtime' },
    dnsSearchDomains: { sample: container({ dnsSearchDomains: ['example.internal'] }), by: 'runtime' },
    extraHosts: { sample: container({ extraHosts: [{ hostname: 'db', ipAddress: '10.0.0.3' }] }), by: 'runtime' },
    dockerSecurityOptions: {
      sample: container({ dockerSecurityOptions: ['no-new-privileges'] }),
      by: 'runtime',
      natureOf: { namespace: 'no-new-privileges is always on; other options are refused' },
    },
    interactive: { sample: container({ interactive: true }), by: 'runtime' },
    pseudoTerminal: { sample: container({ pseudoTerminal: true }), by: 'runtime' },
    dockerLabels: {
      sample: container({ dockerLabels: { team: 'orders' } }),
      by: 'server',
      note: 'in the task metadata; on Docker on the container, too',
    },
    ulimits: { sample: container({ ulimits: [{ name: 'nofile', softLimit: 1, hardLimit: 2 }] }), by: 'runtime' },
    logConfiguration: {
      sample: container({ logConfiguration: { logDriver: 'awslogs' } }),
      by: 'server',
      note: '`awslogs`, `json-file`, `none`; others are refused',
    },
    healthCheck: { sample: container({ healthCheck: { command: ['CMD', 'true'] } }), by: 'server' },
    systemControls: {
      sample: container({ systemControls: [{ namespace: 'net.core.somaxconn', value: '77' }] }),
      by: 'runtime',
    },
    resourceRequirements: { sample: container({ resourceRequirements: [{ type: 'GPU', value: '1' }] }), by: 'runtime' },
    firelensConfiguration: { sample: container({ firelensConfiguration: { type: 'fluentbit' } }), by: 'runtime' },
    credentialSpecs: { sample: container({ credentialSpecs: ['credentialspec:arn'] }), by: 'runtime' },
  },
  PortMapping: {
    containerPort: { sample: port({ containerPort: 80 }), by: 'runtime', natureOf: { process: MACHINE_NETWORK } },
    hostPort: { sample: port({ containerPort: 80, hostPort: 8080 }), by: 'runtime' },
    protocol: {
      sample: port({ containerPort: 53, protocol: 'udp' }),
      by: 'runtime',
      natureOf: { process: MACHINE_NETWORK },
    },
    name: { nature: 'Service Connect uses it, which is not served' },
    appProtocol: { nature: 'Service Connect uses it, which is not served' },
    containerPortRange: {
      sample: port({ containerPortRange: '8000-8010' }),
      by: 'runtime',
      natureOf: { process: MACHINE_NETWORK },
    },
  },
  LinuxParameters: {
    capabilities: { sample: linux({ capabilities: { drop: ['ALL'] } }), by: 'runtime' },
    devices: { sample: linux({ devices: [{ hostPath: '/dev/fuse' }] }), by: 'runtime' },
    initProcessEnabled: { sample: linux({ initProcessEnabled: true }), by: 'runtime' },
    sharedMemorySize: { sample: linux({ sharedMemorySize: 128 }), by: 'runtime' },
    tmpfs: { sample: linux({ tmpfs: [{ containerPath: '/t', size: 8 }] }), by: 'runtime' },
    maxSwap: { sample: linux({ maxSwap: 64 }), by: 'runtime' },
    swappiness: {
      sample: linux({ maxSwap: 64, swappiness: 10 }),
      by: 'runtime',
      note: 'with `maxSwap` only, as in ECS',
    },
  },
  KernelCapabilities: {
    add: { sample: linux({ capabilities: { add: ['SYS_PTRACE'] } }), by: 'runtime' },
    drop: { sample: linux({ capabilities: { drop: ['ALL'] } }), by: 'runtime' },
  },
  HealthCheck: {
    command: { sample: container({ healthCheck: { command: ['CMD', 'true'] } }), by: 'server' },
    interval: { sample: container({ healthCheck: { command: ['CMD', 'true'], interval: 5 } }), by: 'server' },
    timeout: { sample: container({ healthCheck: { command: ['CMD', 'true'], timeout: 5 } }), by: 'server' },
    retries: { sample: container({ healthCheck: { command: ['CMD', 'true'], retries: 5 } }), by: 'server' },
    startPeriod: { sample: container({ healthCheck: { command: ['CMD', 'true'], startPeriod: 5 } }), by: 'server' },
  },
  ContainerRestartPolicy: {
    enabled: { sample: container({ restartPolicy: { enabled: true } }), by: 'server' },
    ignoredExitCodes: { sample: container({ restartPolicy: { enabled: true, ignoredExitCodes: [1] } }), by: 'server' },
    restartAttemptPeriod: {
      sample: container({ restartPolicy: { enabled: true, restartAttemptPeriod: 60 } }),
      by: 'server',
    },
  },
  LogConfiguration: {
    logDriver: { sample: container({ logConfiguration: { logDriver: 'awslogs' } }), by: 'server' },
    options: {
      sample: container({ logConfiguration: { logDriver: 'awslogs', options: { mode: 'non-blocking' } } }),
      by: 'server',
    },
    secretOptions: {
      nature: 'the drivers that take them are refused, and `awslogs` with them',
    },
  },
};
