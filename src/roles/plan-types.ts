import type { LaunchType, RoleKind, Stage } from './duty.ts';

/** One AWS call that ECS will make for a task. Calls of a stage are made in the order of the plan. */
export interface PlannedCall {
  /** Unique in the plan, e.g. `secrets/ssm/eu-west-1/0`. */
  readonly id: string;
  readonly stage: Stage;
  readonly role: RoleKind;
  /** Service and operation as the API names them, e.g. `ssm` and `GetParameters`. */
  readonly service:
    | 'ecr'
    | 'logs'
    | 'ssm'
    | 'secretsmanager'
    | 's3'
    | 'kms'
    | 'ecs'
    | 'sts'
    | 'elasticfilesystem'
    | 'ssmmessages'
    | 'firehose'
    | 'kinesis';
  readonly operation: string;
  readonly region: string;
  /** Input of the call. What is known only at run time (a layer's digest) is left out. */
  readonly input: Readonly<Record<string, unknown>>;
  /** The containers that need it; empty for the task as a whole. */
  readonly containers: readonly string[];
  /** JSON pointers into the task definition, e.g. `/containerDefinitions/0/secrets/1/valueFrom`. */
  readonly because: readonly string[];
  /** `once`; `repeated` (log batches, layers: once or more); `if-needed` (the log group is missing, the key is a customer's). */
  readonly occurs: 'once' | 'repeated' | 'if-needed';
  /** What the role must be allowed for this call. */
  readonly checks: readonly { readonly action: string; readonly resource: string }[];
  /** The service that makes the call on the role's behalf (SSM or Secrets Manager calling KMS). */
  readonly via?: 'ssm' | 'secretsmanager';
}

/** Where and how the task runs, as far as it changes who makes which call. */
export interface PlanOptions {
  readonly launchType: LaunchType;
  readonly region: string;
  readonly account: string;
  readonly cluster: string;
  /** The task's id; part of log stream names. Default: `TASK_ID`, for a plan made before there is a task. */
  readonly taskId?: string;
  /** Overrides of RunTask. */
  readonly taskRoleArn?: string;
  readonly executionRoleArn?: string;
  /** `ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE` of the container instance; default true. EC2 and EXTERNAL only. */
  readonly logsWithExecutionRole?: boolean;
  /** Rolecall's own switch of the container instance; default true, as the agent does. False: the instance role pulls, as AWS's page says. */
  readonly pullsWithExecutionRole?: boolean;
  /** What is known of parameters and secrets: the customer key that encrypts them. Absent: not known. */
  readonly customerKey?: (reference: {
    readonly kind: 'parameter' | 'secret';
    readonly arn: string;
  }) => string | undefined;
}

/** The parts of a task definition that the plan reads. The API's TaskDefinition and RegisterTaskDefinition's input both fit. */
export interface PlanTaskDefinition {
  readonly family?: string | undefined;
  readonly taskRoleArn?: string | undefined;
  readonly executionRoleArn?: string | undefined;
  readonly networkMode?: string | undefined;
  readonly containerDefinitions?: readonly PlanContainer[] | undefined;
  readonly volumes?: readonly PlanVolume[] | undefined;
}

export interface PlanContainer {
  readonly name?: string | undefined;
  readonly image?: string | undefined;
  readonly repositoryCredentials?: { readonly credentialsParameter?: string | undefined } | undefined;
  readonly secrets?: readonly PlanSecret[] | undefined;
  readonly environmentFiles?:
    | readonly { readonly value?: string | undefined; readonly type?: string | undefined }[]
    | undefined;
  readonly logConfiguration?:
    | {
        readonly logDriver?: string | undefined;
        readonly options?: Readonly<Record<string, string>> | undefined;
        readonly secretOptions?: readonly PlanSecret[] | undefined;
      }
    | undefined;
  readonly firelensConfiguration?: { readonly options?: Readonly<Record<string, string>> | undefined } | undefined;
  readonly mountPoints?:
    | readonly { readonly sourceVolume?: string | undefined; readonly readOnly?: boolean | undefined }[]
    | undefined;
}

export interface PlanSecret {
  readonly name?: string | undefined;
  readonly valueFrom?: string | undefined;
}

export interface PlanVolume {
  readonly name?: string | undefined;
  readonly efsVolumeConfiguration?:
    | {
        readonly fileSystemId?: string | undefined;
        readonly authorizationConfig?:
          | { readonly iam?: string | undefined; readonly accessPointId?: string | undefined }
          | undefined;
      }
    | undefined;
}
