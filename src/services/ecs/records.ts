import type { LaunchType } from '../../roles/duty.ts';
import { collection } from '../../store/collections.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';

/** Partition of everything regional: `ACCOUNT/REGION`. */
export function regional(account: string, region: string): string {
  return `${account}/${region}`;
}

export interface ClusterRecord {
  readonly arn: string;
  readonly name: string;
  readonly status: 'ACTIVE' | 'INACTIVE';
  readonly settings: readonly Ecs.ClusterSetting[];
  readonly configuration?: Ecs.ClusterConfiguration;
  readonly capacityProviders: readonly string[];
  readonly defaultCapacityProviderStrategy: readonly Ecs.CapacityProviderStrategyItem[];
}
/** Partition: regional; key: cluster name. */
export const clusters = collection<ClusterRecord>('ecs/clusters');

export interface TaskDefinitionRecord {
  readonly arn: string;
  readonly family: string;
  readonly revision: number;
  /** As DescribeTaskDefinition answers it (status, requiresAttributes, compatibilities, registeredAt … included; times in epoch ms). */
  readonly definition: Ecs.TaskDefinition;
}
/** Partition: regional; key: `family:revision`, revision padded to 10 digits. */
export const taskDefinitions = collection<TaskDefinitionRecord>('ecs/task-definitions');

/** A container instance's agent switches, named after the agent's own. */
export interface AgentSwitches {
  /** ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE (default true under ecs-init). */
  readonly logsWithExecutionRole: boolean;
  /** Rolecall's own: ECS_PULL_WITH_EXECUTION_ROLE, default true, as the agent does it. */
  readonly pullsWithExecutionRole: boolean;
  /** ECS_AWSVPC_BLOCK_IMDS (default false). */
  readonly awsvpcBlockImds: boolean;
  /** ECS_ENABLE_TASK_IAM_ROLE, ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST (default true under ecs-init). */
  readonly taskIamRole: boolean;
  readonly taskIamRoleNetworkHost: boolean;
}

export interface ContainerInstanceRecord {
  readonly arn: string;
  readonly clusterArn: string;
  /** `i-…`, or `mi-…` for an external instance. */
  readonly ec2InstanceId: string;
  readonly external: boolean;
  readonly status: 'ACTIVE' | 'DRAINING' | 'INACTIVE';
  readonly agentConnected: boolean;
  readonly registeredAt: number;
  /** Set when INACTIVE. */
  readonly deregisteredAt?: number;
  readonly attributes: readonly Ecs.Attribute[];
  readonly registeredResources: readonly Ecs.Resource[];
  readonly remainingResources: readonly Ecs.Resource[];
  readonly versionInfo: Ecs.VersionInfo;
  readonly switches: AgentSwitches;
  readonly version: number;
  /** The instance's identity: the same instance that registers again keeps its container instance. */
  readonly identity?: { readonly instanceType?: string; readonly imageId?: string; readonly availabilityZone?: string };
}
/** Partition: cluster ARN; key: container instance ARN. */
export const containerInstances = collection<ContainerInstanceRecord>('ecs/container-instances');

export interface ContainerRecord {
  readonly containerArn: string;
  readonly name: string;
  readonly image: string;
  readonly imageDigest?: string;
  readonly runtimeId?: string;
  readonly lastStatus: 'PENDING' | 'RUNNING' | 'STOPPED';
  readonly exitCode?: number;
  readonly reason?: string;
  readonly healthStatus: 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN';
  readonly essential: boolean;
  readonly networkBindings: readonly Ecs.NetworkBinding[];
  readonly cpu?: string;
  readonly memory?: string;
  readonly memoryReservation?: string;
  /** True when the container has a health check: only such containers count for the task's health. */
  readonly healthChecked?: boolean;
  readonly networkInterfaces?: readonly Ecs.NetworkInterface[];
  readonly managedAgents?: readonly Ecs.ManagedAgent[];
}

/** What a task takes of its container instance, given back when it stops. */
export interface Reservation {
  /** CPU units. */
  readonly cpu: number;
  /** MiB. */
  readonly memory: number;
  /** Host ports, as the PORTS and PORTS_UDP resources list them. */
  readonly ports: readonly string[];
  readonly udpPorts: readonly string[];
}

export type TaskStatus =
  | 'PROVISIONING'
  | 'PENDING'
  | 'ACTIVATING'
  | 'RUNNING'
  | 'DEACTIVATING'
  | 'STOPPING'
  | 'DEPROVISIONING'
  | 'STOPPED';

export interface TaskRecord {
  readonly arn: string;
  /** 32 hex digits; session name of both roles. */
  readonly id: string;
  readonly account: string;
  readonly region: string;
  readonly clusterArn: string;
  readonly clusterName: string;
  readonly taskDefinitionArn: string;
  readonly containerInstanceArn?: string;
  readonly launchType: LaunchType;
  readonly platformVersion?: string;
  readonly lastStatus: TaskStatus;
  readonly desiredStatus: 'RUNNING' | 'STOPPED';
  readonly overrides: Ecs.TaskOverride;
  /** Effective roles: the override's, else the task definition's. */
  readonly taskRoleArn?: string;
  readonly executionRoleArn?: string;
  /** Ids under which the agent finds the credentials; kept across refreshes. */
  readonly taskCredentialsId?: string;
  readonly executionCredentialsId?: string;
  readonly containers: readonly ContainerRecord[];
  readonly attachments: readonly Ecs.Attachment[];
  readonly attributes: readonly Ecs.Attribute[];
  readonly cpu?: string;
  readonly memory?: string;
  readonly group?: string;
  readonly startedBy?: string;
  readonly enableExecuteCommand: boolean;
  readonly networkConfiguration?: Ecs.NetworkConfiguration;
  readonly capacityProviderName?: string;
  readonly platformFamily?: string;
  readonly availabilityZone?: string;
  readonly ephemeralStorage?: Ecs.EphemeralStorage;
  readonly referenceId?: string;
  readonly reservation?: Reservation;
  readonly healthStatus: 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN';
  readonly stopCode?: Ecs.TaskStopCode;
  readonly stoppedReason?: string;
  readonly version: number;
  readonly createdAt: number;
  readonly pullStartedAt?: number;
  readonly pullStoppedAt?: number;
  readonly connectivityAt?: number;
  readonly connectivity?: 'CONNECTED' | 'DISCONNECTED';
  readonly startedAt?: number;
  readonly stoppingAt?: number;
  readonly executionStoppedAt?: number;
  readonly stoppedAt?: number;
}
/** Partition: cluster ARN; key: task id. The agent watches this collection and brings what it knows to `desiredStatus`. */
export const tasks = collection<TaskRecord>('ecs/tasks');

/** Finished credentials of one role of one task, as the control plane hands them to the agent. */
export interface TaskCredentialsRecord {
  readonly credentialsId: string;
  readonly taskArn: string;
  readonly roleType: 'TaskApplication' | 'TaskExecution';
  readonly roleArn: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** Epoch milliseconds. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}
/** Partition: task ARN; key: credentials id. */
export const taskCredentials = collection<TaskCredentialsRecord>('ecs/task-credentials');

/** Tags of every ECS resource. Partition: regional; key: resource ARN. */
export const resourceTags = collection<Readonly<Record<string, string>>>('ecs/tags');

/** The next revision of a family: revisions never repeat, even after deletion. Partition: regional; key: family. */
export const taskDefinitionFamilies = collection<{ readonly nextRevision: number }>('ecs/task-definition-families');

/** What RunTask answered to a client token. Partition: cluster ARN; key: token. */
export interface RunTaskTokenRecord {
  /** Digest of the request without its token. */
  readonly request: string;
  readonly taskArns: readonly string[];
  readonly failures: readonly Ecs.Failure[];
  readonly at: number;
}
export const runTaskTokens = collection<RunTaskTokenRecord>('ecs/run-task-tokens');

/** Account settings. Partition: regional; key: `principal ARN|name` (the account's default: its root user's ARN). */
export interface AccountSettingRecord {
  readonly principalArn: string;
  readonly name: Ecs.SettingName;
  readonly value: string;
}
export const accountSettings = collection<AccountSettingRecord>('ecs/account-settings');
