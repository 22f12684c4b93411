import type { MapNode, Node } from './node.ts';
import type { Origin } from './origin.ts';
import type { PolicySource } from './policy-source.ts';
import type { Settings } from './setting-types.ts';
import type { Missing, Text } from './unknown.ts';

/** What every thing of a workload has. */
export interface Sourced {
  /** Where it was written: for what a template declares, its entry under `Resources`. */
  readonly origin: Origin;
  /** `STACK/LOGICALID`, for what a template declares. Deferred values name it. */
  readonly id?: string;
}

export type Tags = readonly { readonly key: Text; readonly value: Text }[];

export interface TaskDefinitionSource extends Sourced {
  readonly family: Text;
  /** RegisterTaskDefinition's input: the API's own names and types, each value with its place. */
  readonly input: MapNode;
}

export interface RoleSource extends Sourced {
  readonly name: Text;
  readonly path: Text;
  readonly arn: Text;
  readonly trust: PolicySource;
  readonly description?: Text;
  /** Seconds. */
  readonly maxSessionDuration?: Text;
  /** ARN of the permissions boundary, or the document of `boundary.json`. */
  readonly boundary?: Text | PolicySource;
  readonly tags: Tags;
}

export interface UserSource extends Sourced {
  readonly name: Text;
  readonly path: Text;
  readonly arn: Text;
  readonly boundary?: Text;
  readonly tags: Tags;
}

/** Whom a policy is given to. */
export interface Holder {
  readonly kind: 'role' | 'user' | 'group';
  readonly name: Text;
}

/** An inline policy of a role, a user or a group, wherever it was written. */
export interface InlinePolicySource extends Sourced {
  readonly holder: Holder;
  readonly name: Text;
  readonly document: PolicySource;
}

export interface ManagedPolicySource extends Sourced {
  readonly name: Text;
  readonly path: Text;
  readonly arn: Text;
  readonly description?: Text;
  readonly document: PolicySource;
}

/** A managed policy attached to a role, a user or a group, wherever it was written. */
export interface AttachmentSource extends Sourced {
  readonly holder: Holder;
  readonly policyArn: Text;
}

export interface InstanceProfileSource extends Sourced {
  readonly name: Text;
  readonly path: Text;
  readonly arn: Text;
  readonly role?: Text;
}

export interface QueueSource extends Sourced {
  readonly name: Text;
  readonly arn: Text;
  /** SetQueueAttributes' attributes, but for the policy. */
  readonly attributes: ReadonlyMap<string, Text>;
  readonly tags: Tags;
}

export interface ParameterSource extends Sourced {
  readonly name: Text;
  readonly arn: Text;
  /** PutParameter's input, but for the tags. */
  readonly input: MapNode;
  readonly tags: Tags;
}

export interface SecretSource extends Sourced {
  readonly name: Text;
  /** Ends in six characters that Secrets Manager chooses. */
  readonly arn: Text;
  readonly description?: Text;
  readonly keyId?: Text;
  readonly value?: Text;
  /** `GenerateSecretString`: GetRandomPassword's input and the template the password goes into. */
  readonly generate?: { readonly input: MapNode; readonly template?: Text; readonly key?: Text };
  readonly tags: Tags;
}

export interface KeySource extends Sourced {
  readonly arn: Text;
  /** CreateKey's input, but for policy and tags. */
  readonly input: MapNode;
  readonly policy?: PolicySource;
  readonly enabled: boolean;
  readonly rotation: boolean;
  readonly tags: Tags;
}

export interface AliasSource extends Sourced {
  /** With `alias/` in front. */
  readonly name: Text;
  readonly target: Text;
}

export interface LogGroupSource extends Sourced {
  readonly name: Text;
  readonly arn: Text;
  readonly retentionInDays?: Text;
  readonly keyId?: Text;
  readonly logGroupClass?: Text;
  readonly tags: Tags;
}

export interface LogStreamSource extends Sourced {
  readonly group: Text;
  readonly name: Text;
}

export interface RepositorySource extends Sourced {
  readonly name: Text;
  readonly arn: Text;
  readonly policy?: PolicySource;
  /** CreateRepository's further input. */
  readonly input: MapNode;
  readonly lifecyclePolicy?: Text;
  readonly tags: Tags;
}

export interface BucketSource extends Sourced {
  readonly name: Text;
  readonly arn: Text;
  readonly tags: Tags;
}

export interface TableSource extends Sourced {
  readonly name: Text;
  readonly arn: Text;
  /** CreateTable's input. */
  readonly input: MapNode;
}

export interface ClusterSource extends Sourced {
  readonly name: Text;
  readonly arn: Text;
  /** CreateCluster's input. */
  readonly input: MapNode;
  /**
   * PutClusterCapacityProviders' strategy, where a resource of its own says it: services that name neither a launch type
   * nor a strategy take it.
   */
  readonly defaultCapacityProviderStrategy?: Node;
}

/** A policy on a resource that is declared apart from it (`AWS::SQS::QueuePolicy`) or beside it. */
export interface ResourcePolicySource extends Sourced {
  readonly kind: 'queue' | 'secret' | 'bucket';
  /** Queue URL, secret ARN or name, bucket name. */
  readonly resource: Text;
  readonly document: PolicySource;
}

/** What is made before a resource, for certain. */
export interface MadeAfter {
  readonly tool: 'CloudFormation' | 'Terraform';
  /** Ids of the other resources; addresses of Terraform without their indexes. */
  readonly ids: ReadonlySet<string>;
  /** Nothing else can be: no reference could not be followed. */
  readonly complete: boolean;
}

/** A service: what starts tasks of which task definition, where, and with which options. */
export interface ServiceSource extends Sourced {
  readonly name: Text;
  readonly arn: Text;
  /** Name or ARN; absent: the account's cluster `default`. */
  readonly cluster?: Text;
  /**
   * Family, `family:revision` or ARN. For a task definition of the input it is unknown, and its `deferred.resource` is the
   * `id` of that task definition.
   */
  readonly taskDefinition?: Text;
  /** CreateService's input. */
  readonly input: MapNode;
  /** Of a template or a Terraform plan. */
  readonly madeAfter?: MadeAfter;
}

/** A capacity provider of an Auto Scaling group. */
export interface CapacityProviderSource extends Sourced {
  readonly name: Text;
  /** Name or ARN of the group. */
  readonly autoScalingGroup?: Text;
}

/** What starts EC2 instances, or one instance: it says which instance profile, and so which role, they have. */
export interface LaunchSource extends Sourced {
  readonly kind: 'launch-template' | 'launch-configuration' | 'instance' | 'auto-scaling-group';
  readonly name: Text;
  /** Name or ARN of the instance profile. */
  readonly instanceProfile?: Text;
  /**
   * Id or name of the launch template or launch configuration that it takes the rest from. For one of the input it may be
   * unknown; its `deferred.resource` is then the `id` of that one.
   */
  readonly launchTemplate?: Text;
  /** Plain text, not Base64. */
  readonly userData?: Text;
  /** `HttpTokens`, `HttpPutResponseHopLimit`, `HttpEndpoint`, spelled so wherever they were written. */
  readonly metadataOptions?: MapNode;
}

export interface FileSystemSource extends Sourced {
  readonly fileSystemId: Text;
  readonly arn: Text;
  readonly policy?: PolicySource;
  readonly keyId?: Text;
  readonly tags: Tags;
}

export interface AccessPointSource extends Sourced {
  readonly accessPointId: Text;
  readonly arn: Text;
  readonly fileSystemId: Text;
}

/** One target of an EventBridge rule, or a schedule, that starts tasks. */
export interface TaskStarterSource extends Sourced {
  readonly kind: 'rule' | 'schedule';
  /** Of the rule or schedule. */
  readonly name: Text;
  readonly arn: Text;
  readonly clusterArn: Text;
  /** The role that it starts tasks as; it needs ecs:RunTask and iam:PassRole. */
  readonly roleArn?: Text;
  /** As in `ServiceSource`. */
  readonly taskDefinition: Text;
  /** What RunTask is called with, spelled as CloudFormation's `EcsParameters`. */
  readonly parameters: MapNode;
  /** The text given as input: JSON, with `containerOverrides`, `taskRoleArn`, … */
  readonly input?: Text;
}

/** A target group of a load balancer. */
export interface TargetGroupSource extends Sourced {
  readonly name: Text;
  readonly arn: Text;
  /** `instance`, `ip`, …; AWS takes `instance` where none is said. */
  readonly targetType?: Text;
}

export interface ServiceLinkedRoleSource extends Sourced {
  /** E.g. `ecs.amazonaws.com`. */
  readonly service: Text;
  readonly suffix?: Text;
}

/** A group of users, with the policies written inside it. */
export interface GroupSource extends Sourced {
  readonly name: Text;
  readonly path: Text;
  readonly arn: Text;
  /** Names of its users. */
  readonly users: readonly Text[];
  readonly inlinePolicies: readonly { readonly name: Text; readonly document: PolicySource; readonly origin: Origin }[];
  readonly attachments: readonly { readonly policyArn: Text; readonly origin: Origin }[];
}

/** A user is in a group, as something apart from the group says. */
export interface MembershipSource extends Sourced {
  /** Names. */
  readonly group: Text;
  readonly user: Text;
}

/** A comment `# rolecall:silence RC123 reason`. */
export interface SilenceComment {
  /** Of the finding. */
  readonly id: string;
  readonly reason: string;
  /** Where the comment stands; it is about its own line or the next. */
  readonly origin: Origin;
}

/** Something in the input that is not used, and why: shown, never passed over in silence. */
export interface LeftOut {
  readonly what: string;
  readonly why: string;
  readonly origin: Origin;
}

/** A value that the input leaves open and that was taken all the same, since everything is in some account and Region. */
export interface Assumption {
  readonly what: string;
  readonly why: string;
  readonly origin: Origin;
}

/** A resource of which it cannot be known whether it is made: its condition depends on a value that is missing. */
export interface Uncertain extends Sourced {
  readonly what: string;
  readonly missing: Missing;
}

/** Everything read from the files and folders given, with the place of each thing. */
export interface Workload {
  readonly account: string;
  readonly region: string;
  readonly taskDefinitions: readonly TaskDefinitionSource[];
  readonly roles: readonly RoleSource[];
  readonly users: readonly UserSource[];
  readonly inlinePolicies: readonly InlinePolicySource[];
  readonly managedPolicies: readonly ManagedPolicySource[];
  readonly attachments: readonly AttachmentSource[];
  readonly instanceProfiles: readonly InstanceProfileSource[];
  readonly queues: readonly QueueSource[];
  readonly parameters: readonly ParameterSource[];
  readonly secrets: readonly SecretSource[];
  readonly keys: readonly KeySource[];
  readonly aliases: readonly AliasSource[];
  readonly logGroups: readonly LogGroupSource[];
  readonly logStreams: readonly LogStreamSource[];
  readonly repositories: readonly RepositorySource[];
  readonly buckets: readonly BucketSource[];
  readonly tables: readonly TableSource[];
  readonly clusters: readonly ClusterSource[];
  readonly resourcePolicies: readonly ResourcePolicySource[];
  readonly services: readonly ServiceSource[];
  readonly capacityProviders: readonly CapacityProviderSource[];
  readonly launches: readonly LaunchSource[];
  readonly fileSystems: readonly FileSystemSource[];
  readonly accessPoints: readonly AccessPointSource[];
  readonly taskStarters: readonly TaskStarterSource[];
  readonly targetGroups: readonly TargetGroupSource[];
  readonly serviceLinkedRoles: readonly ServiceLinkedRoleSource[];
  readonly groups: readonly GroupSource[];
  readonly memberships: readonly MembershipSource[];
  /** Comments that silence findings, of the formats that have comments. */
  readonly silences: readonly SilenceComment[];
  /** Paths of `images.json` files, which say what stands in for which image. */
  readonly imageFiles: readonly string[];
  readonly leftOut: readonly LeftOut[];
  readonly uncertain: readonly Uncertain[];
  readonly assumed: readonly Assumption[];
  /**
   * What the input says of other accounts, one for each account and Region: the other side of calls that cross accounts.
   * Tasks are those of this account only.
   */
  readonly otherAccounts: readonly Workload[];
  /** `rolecall.json` of the first folder that has one. */
  readonly settings: Settings;
}

type Lists = Omit<Workload, 'account' | 'region' | 'otherAccounts' | 'settings'>;

/** A workload while it is read. */
export type OpenWorkload = { -readonly [K in keyof Lists]: Lists[K][number][] } & {
  readonly account: string;
  readonly region: string;
  otherAccounts: OpenWorkload[];
  settings: Settings;
};

export function emptyWorkload(account: string, region: string): OpenWorkload {
  return {
    account,
    region,
    otherAccounts: [],
    settings: {},
    taskDefinitions: [],
    roles: [],
    users: [],
    inlinePolicies: [],
    managedPolicies: [],
    attachments: [],
    instanceProfiles: [],
    queues: [],
    parameters: [],
    secrets: [],
    keys: [],
    aliases: [],
    logGroups: [],
    logStreams: [],
    repositories: [],
    buckets: [],
    tables: [],
    clusters: [],
    resourcePolicies: [],
    services: [],
    capacityProviders: [],
    launches: [],
    fileSystems: [],
    accessPoints: [],
    taskStarters: [],
    targetGroups: [],
    serviceLinkedRoles: [],
    groups: [],
    memberships: [],
    silences: [],
    imageFiles: [],
    leftOut: [],
    uncertain: [],
    assumed: [],
  };
}
