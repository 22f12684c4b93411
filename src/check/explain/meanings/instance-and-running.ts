import { EXECUTION, INSTANCE, type Meaning, says, TASK } from './meaning.ts';

/** The agent, log drivers and routers, and the application’s own calls; the general ones last. */
export const RUNNING_MEANINGS: readonly Meaning[] = [
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
    fix: 'Use awsvpc with ECS_AWSVPC_BLOCK_IMDS=true, or bridge with the metadata options HttpTokens=required and HttpPutResponseHopLimit=1.',
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
