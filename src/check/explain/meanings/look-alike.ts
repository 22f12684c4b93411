import { EXECUTION, type Meaning, says, TASK } from './meaning.ts';

/** Texts that would pass for one of the others, and are something else: asked first. */
export const LOOK_ALIKE_MEANINGS: readonly Meaning[] = [
  {
    key: 'explicit-deny',
    kind: 'role',
    role: 'the role or user that the message names',
    stage: 'wherever the call is made',
    cause: 'A statement denies the call: in a policy of the role, in its boundary, or in a policy of the organization.',
    fix: 'Narrow that Deny; no Allow helps against it. The message says of which kind the policy is.',
    rules: ['RC119', 'RC121', 'RC120'],
    fits: says(/with an explicit deny/i),
  },
  {
    key: 'caller-denied',
    kind: 'role',
    role: 'the caller: whoever deploys or starts the task',
    stage: 'RegisterTaskDefinition, CreateService or RunTask',
    cause: 'The caller itself may not make this call; the roles of the task have no part in it.',
    fix: 'Allow the action that the message names to the user or role that the message names.',
    rules: ['RC207'],
    fits: ({ action, session }) =>
      action !== undefined &&
      (session === undefined || session === 'task') &&
      /^ecs:((De)?RegisterTaskDefinition|RunTask|StartTask|(Create|Update|Delete)Service|CreateCluster|ExecuteCommand|TagResource)$/.test(
        action,
      ),
  },
  {
    key: 'parameter-missing',
    kind: 'not-a-role-problem',
    role: 'none: the parameter',
    stage: 'secrets',
    cause: 'Parameter Store knows no parameter of this name in this Region. A refusal would say AccessDenied.',
    fix: 'Make the parameter, or correct its name or Region in valueFrom.',
    rules: ['RC405'],
    fits: says(/invalid parameters?: ?\S/i),
  },
  {
    key: 'secret-missing',
    kind: 'not-a-role-problem',
    role: 'none: the secret',
    stage: 'secrets',
    cause:
      'Secrets Manager knows no such secret in this Region, or no such version of it. A refusal would say AccessDenied.',
    fix: 'Make the secret, or correct its ARN in valueFrom.',
    rules: ['RC405', 'RC402'],
    fits: says(/Secrets Manager can.t find the (specified secret|resource)/i),
  },
  {
    key: 'log-group-missing',
    kind: 'not-a-role-problem',
    role: 'none: the log group',
    stage: 'logs',
    cause: 'The log group does not exist in the Region of awslogs-region.',
    fix: 'Make it beforehand, or set awslogs-create-group and allow logs:CreateLogGroup.',
    rules: ['RC405', 'RC112'],
    fits: says(/specified log group does not exist/i),
  },
  {
    key: 'exec-not-enabled',
    kind: 'not-a-role-problem',
    role: 'none: the service or task',
    stage: 'ECS Exec',
    cause: 'The task was started without ECS Exec, or its agent has ended.',
    fix: 'Set enableExecuteCommand on the service and start its tasks again (RunTask: --enable-execute-command).',
    rules: ['RC115'],
    fits: says(/execute command was not enabled/i),
  },
  {
    key: 'pull-rate-limit',
    kind: 'not-a-role-problem',
    role: 'none: the registry',
    stage: 'pull',
    cause: 'Docker Hub limits how much is pulled without logging in.',
    fix: 'Give repositoryCredentials, or pull through ECR (a pull-through cache, or a copy).',
    rules: [],
    fits: says(/pull rate limit|toomanyrequests/i),
  },
  {
    key: 'image-not-found',
    kind: 'not-a-role-problem',
    role: `none, where the repository is your own; else ${EXECUTION} and the repository’s policy`,
    stage: 'pull',
    cause:
      'The repository has no image of this tag. Of another account’s repository the same is said where its policy does not allow the pull.',
    fix: 'Push the image, or correct its name; across accounts look at the repository’s policy.',
    rules: ['RC109'],
    fits: ({ text }) =>
      /CannotPull|pull image|resolve ref/i.test(text) &&
      /not found|manifest unknown/i.test(text) &&
      !/not authorized|denied|resource-based/i.test(text),
  },
  {
    key: 'target-group',
    kind: 'not-a-role-problem',
    role: 'none: the target group',
    stage: 'CreateService',
    cause: 'The network mode awsvpc needs a target group of type ip; bridge and host need one of type instance.',
    fix: 'Give the service a target group of the right type.',
    rules: ['RC407'],
    fits: says(/target group .* is incompatible with the \w+ network mode/i),
  },
  {
    key: 'service-role',
    kind: 'role',
    role: 'service role of the load balancer',
    stage: 'CreateService',
    cause: 'The role that the service names for its load balancer does not trust ecs.amazonaws.com, or may too little.',
    fix: 'Leave the role out, so that the service-linked role is used; or let it trust ecs.amazonaws.com and hold AmazonEC2ContainerServiceRole.',
    rules: ['RC210'],
    fits: says(/assume role and validate the listeners|ECS service role being passed/i),
  },
  {
    key: 'no-credentials',
    kind: 'role',
    role: TASK,
    stage: 'running',
    cause:
      'The application found no credentials: the task has no task role, or what runs in the container does not pass AWS_CONTAINER_CREDENTIALS_RELATIVE_URI on.',
    fix: 'Set taskRoleArn, and let the process that calls AWS see the container’s environment.',
    rules: ['RC213'],
    fits: says(/unable to locate credentials|could not load credentials|NoCredentialProviders|no EC2 IMDS role found/i),
  },
  {
    key: 'private-image',
    kind: 'not-a-role-problem',
    role: 'none: a registry outside of AWS',
    stage: 'pull',
    cause: 'The image is private, or there is none of this name: roles say nothing to registries that are not ECR.',
    fix: 'Correct the name, or give repositoryCredentials with a secret that the execution role may read.',
    rules: ['RC118'],
    fits: ({ text }) =>
      /insufficient_scope|pull access denied.*may require authorization/i.test(text) &&
      !/dkr[.-]ecr|no basic auth/i.test(text),
  },
];
