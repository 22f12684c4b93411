import type { ErrorFacts } from './error-text.ts';

/** What an error text means. */
export interface Meaning {
  /** Short name, for good. */
  readonly key: string;
  /** `role`: permissions or trust; `not-a-role-problem`: only looks like it; `local`: of a local tool; `unseen`: no error at all. */
  readonly kind: 'role' | 'not-a-role-problem' | 'local' | 'unseen';
  /** Which role, in words. */
  readonly role: string;
  readonly stage: string;
  readonly cause: string;
  readonly fix: string;
  /** Rules of `rolecall check` that find the same in the input. */
  readonly rules: readonly string[];
  /** The first that fits is meant. */
  readonly fits: (facts: ErrorFacts) => boolean;
}

const says =
  (...patterns: readonly RegExp[]): Meaning['fits'] =>
  ({ text }) =>
    patterns.every((pattern) => pattern.test(text));

const EXECUTION = 'task execution role';
const TASK = 'task role';
const INSTANCE = 'container instance role';

/** From the particular to the general: an earlier entry's words may stand in a later one's text. */
export const MEANINGS: readonly Meaning[] = [
  {
    key: 'local-wrong-principal',
    kind: 'local',
    role: 'none: a local tool',
    stage: 'launch',
    cause:
      'The local tool assumes the role as ecs.amazonaws.com. ECS assumes the roles of tasks as ecs-tasks.amazonaws.com, and the trust policy rightly names that.',
    fix: 'Leave the trust policy as it is; emulate with a tool that assumes roles as ECS does.',
    rules: ['RC202'],
    fits: says(/User: ecs\.amazonaws\.com is not authorized to perform: sts:AssumeRole/i),
  },
  {
    key: 'local-nothing-enforced',
    kind: 'local',
    role: 'none: a local tool',
    stage: 'local tests',
    cause: 'The local tool does not enforce IAM by default, so a test there shows nothing about permissions.',
    fix: 'Run the tasks where policies are enforced, or check them with `rolecall check`.',
    rules: [],
    fits: says(/ENFORCE_IAM|everything (is )?allowed locally|always allowed locally/i),
  },
  {
    key: 'local-other-credentials',
    kind: 'local',
    role: 'none: a local tool',
    stage: 'local tests',
    cause: 'On the laptop the application ran with the developer’s credentials, in AWS it runs with the task role.',
    fix: 'Serve the task role’s credentials locally: `rolecall run` does.',
    rules: [],
    fits: says(/(laptop|locally|local machine).*(credential|role)|(credential|role).*(laptop|locally|local machine)/i),
  },
  {
    key: 'simulator-differs',
    kind: 'local',
    role: 'none: the simulator',
    stage: 'diagnosis',
    cause:
      'iam:SimulatePrincipalPolicy was asked without the context of the real call (conditions, organization policies), and answers otherwise than the service.',
    fix: 'Do not take the simulator’s word alone; give it the context keys, or look at the real refusal.',
    rules: [],
    fits: says(/simulate-?principal-?policy|implicitDeny/i),
  },
  {
    key: 'own-role-assumed',
    kind: 'role',
    role: TASK,
    stage: 'running',
    cause: 'The application assumes the role it runs with already. A role does not trust itself by itself.',
    fix: 'Use the credentials that the task has, or name the role in its own trust policy.',
    rules: ['RC212'],
    fits: (facts) =>
      facts.action === 'sts:AssumeRole' &&
      (/same role/i.test(facts.text) ||
        (facts.roleName !== undefined && facts.resource?.endsWith(`/${facts.roleName}`) === true)),
  },
  {
    key: 'confused-deputy-condition',
    kind: 'role',
    role: 'task role or task execution role: their trust policy',
    stage: 'launch',
    cause:
      'The trust policy compares aws:SourceArn with a cluster or a service. ECS gives neither there, and a condition on a key that does not fit is false.',
    fix: 'ArnLike aws:SourceArn arn:aws:ecs:REGION:ACCOUNT:* with StringEquals aws:SourceAccount.',
    rules: ['RC203'],
    fits: says(/unable to assume|assume the role/i, /confused.?deputy|SourceArn/i),
  },
  {
    key: 'role-does-not-exist',
    kind: 'role',
    role: 'task role or task execution role',
    stage: 'RegisterTaskDefinition or launch',
    cause: 'There is no such role: its ARN was made from a variable that is not set, or has a slip.',
    fix: 'Correct the ARN; compare it with the roles that there are.',
    rules: ['RC201', 'RC205'],
    fits: says(/role\/(null|undefined|none)?\b['"\s]|role\/(null|undefined|none)\b|Role is not valid/i),
  },
  {
    key: 'infrastructure-role',
    kind: 'role',
    role: 'infrastructure role',
    stage: 'CreateService or RunTask',
    cause: 'The infrastructure role does not trust ecs.amazonaws.com, or was made a moment ago.',
    fix: 'Let its trust policy name ecs.amazonaws.com (not ecs-tasks). Instance roles of managed instances must be called ecsInstanceRole….',
    rules: ['RC210'],
    fits: says(/infrastructure role/i),
  },
  {
    key: 'service-linked-role',
    kind: 'role',
    role: 'service-linked role AWSServiceRoleForECS',
    stage: 'CreateCluster, CreateService or RunTask',
    cause: 'The account has no AWSServiceRoleForECS yet, and the caller may not make it (or it was made a moment ago).',
    fix: 'aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com, once; the caller needs iam:CreateServiceLinkedRole for that.',
    rules: ['RC208'],
    fits: says(/service.linked role/i),
  },
  {
    key: 'role-too-new',
    kind: 'role',
    role: 'task role or task execution role',
    stage: 'launch of a service',
    cause:
      'ECS could not assume the role when the service began: its trust policy is wrong, or the service was made before the role or its policies.',
    fix: 'If it went away by itself: let the service depend on the policies, not only on the role. If not: let the trust policy name ecs-tasks.amazonaws.com.',
    rules: ['RC202', 'RC203', 'RC201', 'RC209'],
    fits: says(/service .* failed to launch a task/i, /unable to assume/i),
  },
  {
    key: 'role-not-assumed',
    kind: 'role',
    role: 'task role or task execution role: its trust policy',
    stage: 'launch',
    cause:
      'ECS could not assume the role: its trust policy does not let ecs-tasks.amazonaws.com in, or the role does not exist. The sentence about your IAM user stands there in every case.',
    fix: 'Let the trust policy allow sts:AssumeRole to ecs-tasks.amazonaws.com.',
    rules: ['RC202', 'RC203', 'RC201'],
    fits: says(/ECS was unable to assume the role|unable to assume the role/i),
  },
  {
    key: 'not-passed',
    kind: 'role',
    role: 'the caller: whoever registers or starts the task',
    stage: 'RegisterTaskDefinition or RunTask',
    cause: 'The caller may not pass one of the task’s roles. Both are checked: execution role and task role.',
    fix: 'Allow iam:PassRole on both roles with iam:PassedToService ecs-tasks.amazonaws.com.',
    rules: ['RC206', 'RC207'],
    fits: says(/iam:PassRole/),
  },
  {
    key: 'rule-cannot-start',
    kind: 'role',
    role: 'role of the EventBridge rule',
    stage: 'RunTask by EventBridge',
    cause:
      'The rule’s role may not run the task, not pass its roles, or not tag it. EventBridge counts that as FailedInvocations and says no more.',
    fix: 'Allow ecs:RunTask on the task definition, iam:PassRole on both roles, and ecs:TagResource where tags are propagated.',
    rules: ['RC207'],
    fits: says(/FailedInvocations/i),
  },
  {
    key: 'no-execution-role',
    kind: 'role',
    role: EXECUTION,
    stage: 'RegisterTaskDefinition',
    cause: 'The task definition has no executionRoleArn, and Fargate needs one to pull from ECR and to write logs.',
    fix: 'Set executionRoleArn.',
    rules: ['RC204'],
    fits: says(/requires task definition to have execution role ARN/i),
  },
  {
    key: 'no-execution-role-for-secrets',
    kind: 'role',
    role: EXECUTION,
    stage: 'RegisterTaskDefinition',
    cause: '`secrets` are read with the execution role on every launch type, and the task definition has none.',
    fix: 'Set executionRoleArn, also on EC2.',
    rules: ['RC204'],
    fits: says(/(container secrets|Private repository authentication).*executionRoleArn/i),
  },
  {
    key: 'missing-attribute',
    kind: 'not-a-role-problem',
    role: 'none: the agent’s settings',
    stage: 'placement',
    cause:
      'No container instance has an attribute that the task definition needs. With awslogs and an execution role that is often ecs.capability.execution-role-awslogs.',
    fix: 'Start the agent with ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE=true (ecs-init does), or look up which attribute is missing.',
    rules: [],
    fits: says(/missing an attribute required|no container instance met all/i),
  },
  {
    key: 'exec-logging',
    kind: 'role',
    role: TASK,
    stage: 'ECS Exec, logging of sessions',
    cause: 'The task role may not describe the log group; the text about encryption is misleading.',
    fix: 'Allow logs:DescribeLogGroups, DescribeLogStreams, CreateLogStream and PutLogEvents on the task role, and kms:Decrypt where a key is set.',
    rules: ['RC116'],
    fits: says(/encryption is not set up on the selected CloudWatch Logs log group/i),
  },
  {
    key: 'exec-not-connected',
    kind: 'role',
    role: `${TASK} (${INSTANCE} where the task has none)`,
    stage: 'ECS Exec',
    cause:
      'The SSM agent in the container could not open its channel: mostly the task role lacks the ssmmessages actions; a blocked network says the same.',
    fix: 'Allow ssmmessages:CreateControlChannel, CreateDataChannel, OpenControlChannel and OpenDataChannel on the task role.',
    rules: ['RC115'],
    fits: says(/TargetNotConnected|execute command (agent|failed)|ssmmessages:/i),
  },
  {
    key: 'guardduty-sidecar',
    kind: 'role',
    role: EXECUTION,
    stage: 'pull',
    cause:
      'AWS added a sidecar (GuardDuty Runtime Monitoring) and pulls it from a repository of its own with the execution role, which is narrowed to your repositories.',
    fix: 'Allow the pull from AWS’s repository too.',
    rules: ['RC125', 'RC108'],
    fits: says(/guardduty|733349766148/i),
  },
  {
    key: 'new-registry-host',
    kind: 'not-a-role-problem',
    role: 'none',
    stage: 'pull',
    cause: 'ECS asked for no token: it does not take a host ….dkr-ecr.REGION.on.aws for ECR.',
    fix: 'Name the image at ACCOUNT.dkr.ecr.REGION.amazonaws.com.',
    rules: ['RC403'],
    fits: says(/no basic auth credentials|dkr-ecr/i),
  },
  {
    key: 'repository-policy',
    kind: 'role',
    role: `${EXECUTION} and the repository’s policy`,
    stage: 'pull',
    cause:
      'The repository is another account’s, and its policy does not allow the pull. ECR often says “not found” instead.',
    fix: 'Allow the pull on both sides: in the role’s policy and in the repository’s.',
    rules: ['RC109'],
    fits: says(/no resource-based policy allows the ecr:/i),
  },
  {
    key: 'pull-through-cache',
    kind: 'role',
    role: EXECUTION,
    stage: 'pull',
    cause:
      'The first pull through a cache imports the image, and makes its repository, with the permissions of who pulls.',
    fix: 'Allow ecr:BatchImportUpstreamImage, and ecr:CreateRepository for images that are new to the cache.',
    rules: ['RC110'],
    fits: says(/pull.through|through the cache|BatchImportUpstreamImage/i),
  },
  {
    key: 'cached-credentials',
    kind: 'not-a-role-problem',
    role: EXECUTION,
    stage: 'pull',
    cause:
      'The role was deleted and made again under its name; the agent keeps credentials by role ARN, and those of the old role are void.',
    fix: 'Restart the agent, or let CloudFormation choose the role’s name.',
    rules: [],
    fits: says(/(pull|CannotPull).*(recreated|deleted and (re)?created|re-created)/i),
  },
  {
    key: 'network',
    kind: 'not-a-role-problem',
    role: 'none: the network',
    stage: 'before the containers start',
    cause:
      'The call never reached AWS: no public IP, NAT gateway or VPC endpoint, or a security group in between. A refusal would say AccessDenied.',
    fix: 'Look at the subnet’s route, the public IP, the endpoints and the security groups.',
    rules: [],
    fits: says(
      /i\/o timeout|RequestError: send request failed|context deadline exceeded|connection issue between the task|check your (task )?network configuration|StatusCode: 0\b/i,
    ),
  },
  {
    key: 'secret-not-json',
    kind: 'not-a-role-problem',
    role: 'none: the secret’s value',
    stage: 'secrets',
    cause: 'A JSON key is asked of a secret whose value is no JSON object.',
    fix: 'Keep a JSON object in the secret, or name it without a key.',
    rules: ['RC404'],
    fits: says(/looking for beginning of value|did not contain json key|cannot unmarshal/i),
  },
  {
    key: 'invalid-secret-arn',
    kind: 'not-a-role-problem',
    role: 'none: the task definition',
    stage: 'secrets',
    cause: 'What stands in valueFrom is no ARN of a secret in a form that ECS reads.',
    fix: 'arn:…:secret:NAME-abcdef, and behind it nothing or :json-key:version-stage:version-id.',
    rules: ['RC402'],
    fits: says(/invalid ARN format for the AWS Secrets Manager secret/i),
  },
  {
    key: 'environment-file',
    kind: 'role',
    role: EXECUTION,
    stage: 'environment-files',
    cause: 'The execution role may not read the environment file (or an old version of it is all it may read).',
    fix: 'Allow s3:GetObject on the file and s3:GetBucketLocation on its bucket; kms:Decrypt where the bucket has a key.',
    rules: ['RC113'],
    fits: says(/env(ironment)? ?files?/i),
  },
  {
    key: 'file-system',
    kind: 'role',
    role: `${TASK} and the file system’s policy`,
    stage: 'volumes',
    cause:
      'EFS refuses the mount: with IAM authorization the task role needs elasticfilesystem:ClientMount, not the execution role.',
    fix: 'Allow elasticfilesystem:ClientMount (and ClientWrite) on the task role and in the file system’s policy.',
    rules: ['RC114', 'RC102'],
    fits: says(/mount\.nfs4|EFS utils|elasticfilesystem:/i),
  },
  {
    key: 'kms-through-service',
    kind: 'role',
    role: EXECUTION,
    stage: 'secrets',
    cause:
      'Secrets Manager was refused by KMS on the role’s behalf: the key’s policy or the role’s does not allow kms:Decrypt, or a condition (kms:ViaService) does not hold.',
    fix: 'Allow kms:Decrypt on the key with kms:ViaService secretsmanager.REGION.amazonaws.com; across accounts in the key policy too.',
    rules: ['RC105', 'RC106'],
    fits: says(/Access to KMS is not allowed/i),
  },
  {
    key: 'customer-key',
    kind: 'role',
    role: EXECUTION,
    stage: 'secrets',
    cause: 'The value is encrypted with a customer key, and the role has no kms:Decrypt on it.',
    fix: 'Allow kms:Decrypt on the key, in the role’s policy or the key’s; in both across accounts.',
    rules: ['RC105', 'RC106'],
    fits: says(/ciphertext refers to a customer master key|kms:Decrypt/i),
  },
  {
    key: 'partial-secret-arn',
    kind: 'role',
    role: EXECUTION,
    stage: 'secrets',
    cause:
      'valueFrom names the secret without the six characters at the end of its ARN, and the policy with them (or the other way round).',
    fix: 'Name the full ARN in valueFrom, or let the policy’s Resource fit what is asked.',
    rules: ['RC107'],
    fits: ({ text, action, resource }) =>
      /PARTIAL_ARN/.test(text) ||
      (action === 'secretsmanager:GetSecretValue' &&
        resource !== undefined &&
        /:secret:[^:]+$/.test(resource) &&
        !/-[A-Za-z0-9?]{6}$/.test(resource) &&
        /no identity-based policy/.test(text)),
  },
  {
    key: 'external-instance-role',
    kind: 'role',
    role: 'role of the external instance',
    stage: 'agent',
    cause:
      'Systems Manager gave the external instance another role than the one for ECS Anywhere; the session mi-… shows it.',
    fix: 'Let the role that Systems Manager gives hold AmazonEC2ContainerServiceforEC2Role, or set the instance’s role back.',
    rules: ['RC123'],
    fits: (facts) =>
      /re-?register/i.test(facts.text) ||
      (facts.session === 'external-instance' && facts.action?.startsWith('ecs:') === true),
  },
  {
    key: 'agent-optional-calls',
    kind: 'role',
    role: INSTANCE,
    stage: 'agent',
    cause:
      'The instance’s policy is narrower than what the agent calls: tags, telemetry, or ecs:Poll under a condition on ecs:cluster.',
    fix: 'Attach AmazonEC2ContainerServiceforEC2Role, or allow what the message names.',
    rules: ['RC124', 'RC123'],
    fits: says(
      /ecs:(ListTagsForResource|TagResource|Poll|StartTelemetrySession|UpdateContainerInstancesState)|Service Connect agent/i,
    ),
  },
  {
    key: 'instance-cannot-register',
    kind: 'role',
    role: INSTANCE,
    stage: 'agent',
    cause:
      'The instance’s role has no permissions for the agent, or is not one that EC2 hands out (trust of ecs.amazonaws.com).',
    fix: 'Attach AmazonEC2ContainerServiceforEC2Role to a role that trusts ec2.amazonaws.com.',
    rules: ['RC123', 'RC211'],
    fits: says(/ecs:(RegisterContainerInstance|DiscoverPollEndpoint|Submit\w+)/),
  },
  {
    key: 'log-driver-of-instance',
    kind: 'role',
    role: INSTANCE,
    stage: 'logs',
    cause:
      'On EC2 without an execution role the awslogs driver writes with the instance role; the user’s own permissions do not matter.',
    fix: 'Allow logs:CreateLogStream and PutLogEvents (CreateLogGroup with awslogs-create-group) on the instance role, or set an execution role.',
    rules: ['RC111', 'RC112'],
    fits: says(
      /failed to (initialize logging driver|create Cloudwatch log)/i,
      /CannotStartContainer|InstanceRole|\/i-[0-9a-f]/i,
    ),
  },
  {
    key: 'create-log-group',
    kind: 'role',
    role: EXECUTION,
    stage: 'logs',
    cause: 'awslogs-create-group is true, and AmazonECSTaskExecutionRolePolicy has no logs:CreateLogGroup.',
    fix: 'Allow logs:CreateLogGroup on the group, or make the group beforehand.',
    rules: ['RC112'],
    fits: says(/logs:CreateLogGroup|failed to create Cloudwatch log group/i),
  },
  {
    key: 'log-stream',
    kind: 'role',
    role: EXECUTION,
    stage: 'logs',
    cause: 'The role may not write to the log group.',
    fix: 'Allow logs:CreateLogStream and logs:PutLogEvents on the group’s streams.',
    rules: ['RC111'],
    fits: says(/logs:(CreateLogStream|PutLogEvents)/),
  },
  {
    key: 'log-router',
    kind: 'role',
    role: TASK,
    stage: 'running (FireLens)',
    cause: 'The log router sends with the task role, and that has no permission for its destination.',
    fix: 'Grant it on the task role. (A configuration file from S3 is read with the execution role.)',
    rules: ['RC117'],
    fits: says(/firehose:|kinesis:Put|PutRecordBatch|fluent.?bit/i),
  },
  {
    key: 'pull-denied',
    kind: 'role',
    role: `${EXECUTION} (on EC2 without one: ${INSTANCE})`,
    stage: 'pull',
    cause: 'The role that pulls has no permissions for ECR.',
    fix: 'Allow ecr:GetAuthorizationToken on *, and ecr:BatchGetImage and ecr:GetDownloadUrlForLayer on the repository.',
    rules: ['RC108', 'RC102'],
    fits: ({ action, text }) =>
      action?.startsWith('ecr:') ?? /CannotPullECRContainer|unable to retrieve ecr registry auth/i.test(text),
  },
  {
    key: 'instance-role-fallback',
    kind: 'role',
    role: `${INSTANCE}, where it should be the task role`,
    stage: 'running',
    cause:
      'The task has no task role: the application fell through to the instance role. The session’s name i-… shows it.',
    fix: 'Give the task a task role (taskRoleArn) with what the application needs.',
    rules: ['RC213'],
    fits: ({ session }) => session === 'instance',
  },
  {
    key: 'grant-on-task-role',
    kind: 'role',
    role: EXECUTION,
    stage: 'secrets',
    cause:
      '`secrets` and registry credentials are read with the execution role; often the grant stands on the task role.',
    fix: 'Grant secretsmanager:GetSecretValue on the secret to the execution role.',
    rules: ['RC102', 'RC101', 'RC118'],
    fits: says(/asm fetching secret/i),
  },
  {
    key: 'get-parameters',
    kind: 'role',
    role: EXECUTION,
    stage: 'secrets',
    cause:
      'The execution role may not call ssm:GetParameters on the parameter: often ssm:GetParameter was granted, or another name.',
    fix: 'Allow ssm:GetParameters (plural) on the parameter.',
    rules: ['RC103', 'RC104', 'RC102'],
    fits: says(/ssm:GetParameters|SSM Parameter Store|secrets from ssm/i),
  },
  {
    key: 'secret-denied',
    kind: 'role',
    role: EXECUTION,
    stage: 'secrets',
    cause: 'The execution role may not read the secret.',
    fix: 'Allow secretsmanager:GetSecretValue on the secret’s ARN.',
    rules: ['RC101', 'RC102', 'RC107'],
    fits: says(/secretsmanager:GetSecretValue|unable to (pull|retrieve) secrets?/i),
  },
  {
    key: 'instance-role-reachable',
    kind: 'unseen',
    role: INSTANCE,
    stage: 'running',
    cause:
      'In network modes bridge and host the containers reach the instance metadata, and with it the instance role’s keys.',
    fix: 'Use awsvpc with ECS_AWSVPC_BLOCK_IMDS=true, or set the metadata’s hop limit to 1.',
    rules: ['RC306'],
    fits: says(/169\.254\.169\.254|instance metadata|reads instance role keys/i),
  },
  {
    key: 'one-role-for-both',
    kind: 'unseen',
    role: TASK,
    stage: 'running',
    cause: 'Task role and execution role are the same: the application may do all that ECS does before it starts.',
    fix: 'Give the application a role of its own.',
    rules: ['RC301'],
    fits: says(/task role\s*(=|is|and|equals)+\s*(the )?(same as )?(the )?execution role/i),
  },
  {
    key: 'grant-on-execution-role',
    kind: 'role',
    role: TASK,
    stage: 'running',
    cause:
      'The application’s calls are made with the task role; the grant stands on another role, often the execution role.',
    fix: 'Attach it to the task role, which must trust ecs-tasks.amazonaws.com.',
    rules: ['RC309', 'RC213', 'RC308'],
    fits: says(/AccessDenied|not authorized to perform/i),
  },
];

/** What a text means; undefined when it is none that is known. */
export function meaningOf(facts: ErrorFacts): Meaning | undefined {
  return MEANINGS.find(({ fits }) => fits(facts));
}
