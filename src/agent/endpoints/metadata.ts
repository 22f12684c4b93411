import type { TaskRecord } from '../../services/ecs/records.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import type { HealthState } from '../health-check.ts';

/** A container as the metadata endpoint shows it. */
export interface ContainerFacts {
  readonly definition: Ecs.ContainerDefinition;
  readonly containerArn: string;
  /** Id in the endpoint's URLs. */
  readonly endpointId: string;
  /** Docker's id, or Fargate's. */
  readonly runtimeId: string;
  readonly dockerName: string;
  readonly imageDigest: string | undefined;
  readonly desiredStatus: 'RUNNING' | 'STOPPED';
  readonly knownStatus: 'NONE' | 'PULLED' | 'CREATED' | 'RUNNING' | 'STOPPED';
  readonly exitCode: number | undefined;
  /** Epoch milliseconds. */
  readonly createdAt: number | undefined;
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  readonly health: HealthState | undefined;
  readonly restartCount: number;
}

export interface TaskFacts {
  readonly task: TaskRecord;
  readonly definition: Ecs.TaskDefinition;
  readonly containers: readonly ContainerFacts[];
  readonly address: string;
  readonly ephemeralStorageInMib?: { readonly used: number; readonly reserved: number };
}

/** Tags for `taskWithTags`. */
export interface TagFacts {
  readonly task: Readonly<Record<string, string>>;
  readonly containerInstance: Readonly<Record<string, string>> | undefined;
}

/** The task document. Source: agent, tmds/handlers/v4/state; ECS Developer Guide, task metadata endpoint version 4. */
export function taskDocument(facts: TaskFacts, version: 'v3' | 'v4', tags?: TagFacts): Record<string, unknown> {
  const { task, definition } = facts;
  const slash = task.taskDefinitionArn.lastIndexOf('/');
  const [family, revision] = task.taskDefinitionArn.slice(slash + 1).split(':');
  const service = task.group?.startsWith('service:') === true ? task.group.slice('service:'.length) : undefined;
  return defined({
    Cluster: task.clusterArn,
    TaskARN: task.arn,
    Family: family,
    Revision: revision,
    ServiceName: version === 'v4' ? service : undefined,
    DesiredStatus: task.desiredStatus,
    KnownStatus: knownStatus(task),
    Limits: limits(task.cpu, task.memory),
    PullStartedAt: time(task.pullStartedAt),
    PullStoppedAt: time(task.pullStoppedAt),
    ExecutionStoppedAt: time(task.executionStoppedAt),
    AvailabilityZone: task.availabilityZone,
    LaunchType: version === 'v4' ? task.launchType : undefined,
    Containers: facts.containers.map((container) => containerDocument(container, facts, version)),
    TaskTags: tags === undefined || Object.keys(tags.task).length === 0 ? undefined : tags.task,
    ContainerInstanceTags:
      tags?.containerInstance === undefined || Object.keys(tags.containerInstance).length === 0
        ? undefined
        : tags.containerInstance,
    EphemeralStorageMetrics:
      version === 'v4' && facts.ephemeralStorageInMib !== undefined
        ? { Utilized: facts.ephemeralStorageInMib.used, Reserved: facts.ephemeralStorageInMib.reserved }
        : undefined,
    FaultInjectionEnabled: version === 'v4' ? (definition.enableFaultInjection ?? false) : undefined,
  });
}

/** The container document. */
export function containerDocument(
  container: ContainerFacts,
  facts: TaskFacts,
  version: 'v3' | 'v4',
): Record<string, unknown> {
  const { definition } = container;
  const { task } = facts;
  const slash = task.taskDefinitionArn.lastIndexOf('/');
  const [family, revision] = task.taskDefinitionArn.slice(slash + 1).split(':');
  const mode = facts.definition.networkMode ?? 'bridge';
  return defined({
    DockerId: container.runtimeId,
    Name: definition.name,
    DockerName: container.dockerName,
    Image: definition.image,
    ImageID: container.imageDigest ?? '',
    Ports: portsOf(definition, mode),
    Labels: {
      'com.amazonaws.ecs.cluster': task.clusterArn,
      'com.amazonaws.ecs.container-name': definition.name,
      'com.amazonaws.ecs.task-arn': task.arn,
      'com.amazonaws.ecs.task-definition-family': family,
      'com.amazonaws.ecs.task-definition-version': revision,
      ...definition.dockerLabels,
    },
    DesiredStatus: container.desiredStatus,
    KnownStatus: container.knownStatus,
    ExitCode: container.exitCode,
    Limits: { CPU: definition.cpu ?? 0, Memory: definition.memory ?? definition.memoryReservation ?? 0 },
    CreatedAt: time(container.createdAt),
    StartedAt: time(container.startedAt),
    FinishedAt: time(container.finishedAt),
    Type: 'NORMAL',
    Health: healthDocument(container.health),
    LogDriver: version === 'v4' ? definition.logConfiguration?.logDriver : undefined,
    LogOptions: version === 'v4' ? definition.logConfiguration?.options : undefined,
    ContainerARN: version === 'v4' ? container.containerArn : undefined,
    RestartCount: definition.restartPolicy?.enabled === true ? container.restartCount : undefined,
    Networks: [{ NetworkMode: mode, IPv4Addresses: [facts.address] }],
  });
}

/** A container's status only counts as the task's when all have reached it. */
function knownStatus(task: TaskRecord): string {
  // The agent knows fewer statuses than the API. Source: agent, api/task/status.
  if (task.lastStatus === 'PROVISIONING' || task.lastStatus === 'PENDING' || task.lastStatus === 'ACTIVATING')
    return 'NONE';
  return task.lastStatus === 'STOPPED' || task.lastStatus === 'DEPROVISIONING' ? 'STOPPED' : 'RUNNING';
}

function portsOf(definition: Ecs.ContainerDefinition, mode: string): Record<string, unknown>[] | undefined {
  const ports = (definition.portMappings ?? []).flatMap((mapping) =>
    mapping.containerPort === undefined
      ? []
      : [
          defined({
            ContainerPort: mapping.containerPort,
            Protocol: mapping.protocol ?? 'tcp',
            HostPort: mode === 'bridge' ? mapping.containerPort : undefined,
          }),
        ],
  );
  return ports.length === 0 ? undefined : ports;
}

function healthDocument(health: HealthState | undefined): Record<string, unknown> | undefined {
  if (health === undefined) return undefined;
  return defined({
    status: health.status,
    statusSince: time(health.since),
    exitCode: health.exitCode,
    output: health.output === '' ? undefined : health.output,
  });
}

/** CPU in vCPU, memory in MiB. */
function limits(cpu: string | undefined, memory: string | undefined): Record<string, number> | undefined {
  const units = Number(cpu ?? 0);
  const mib = Number(memory ?? 0);
  if (units === 0 && mib === 0) return undefined;
  return { ...(units === 0 ? {} : { CPU: units / 1024 }), ...(mib === 0 ? {} : { Memory: mib }) };
}

function time(milliseconds: number | undefined): string | undefined {
  return milliseconds === undefined ? undefined : new Date(milliseconds).toISOString();
}

function defined(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));
}
