import { describe, expect, it } from 'vitest';
import { check } from '../check.ts';
import { policy, TRUST, taskDefinition, workloadOf } from '../testing.ts';
import { factsOf } from './error-text.ts';
import { explainErrorText } from './explain-text.ts';
import { MEANINGS, meaningOf } from './recognisers.ts';

const SESSION = 'arn:aws:sts::111122223333:assumed-role/app-execution/0123456789abcdef0123456789abcdef';
const denied = (action: string, resource: string, session = SESSION) =>
  `AccessDeniedException: User: ${session} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`;
const FARGATE = 'ResourceInitializationError: unable to pull secrets or registry auth:';

/** Texts as AWS (and tools) write them, and what they mean. */
const TEXTS: readonly (readonly [string, string])[] = [
  [
    `${FARGATE} unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret from secrets manager: ${denied('secretsmanager:GetSecretValue', 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf')}`,
    'secret-denied',
  ],
  [
    `${FARGATE} execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 3 time(s): RequestError: send request failed caused by: Post "https://api.ecr.eu-west-1.amazonaws.com/": dial tcp 10.0.0.1:443: i/o timeout. Please check your task network configuration.`,
    'network',
  ],
  [
    `${FARGATE} unable to retrieve secret from asm: There is a connection issue between the task and AWS Secrets Manager. Check your task network configuration. … canceled, context deadline exceeded`,
    'network',
  ],
  [
    `${FARGATE} unable to retrieve secret from asm: service call has been retried 1 time(s): invalid character 'p' looking for beginning of value`,
    'secret-not-json',
  ],
  [
    `${FARGATE} unable to retrieve secret from asm: retrieved secret from Secrets Manager did not contain json key password`,
    'secret-not-json',
  ],
  [
    'Asm fetching secret from the service for registry: AccessDeniedException: User: app-execution is not authorized to perform: secretsmanager:GetSecretValue',
    'grant-on-task-role',
  ],
  [
    'AccessDenied: Access Denied for the SDK call of the application, although the policy is attached',
    'grant-on-execution-role',
  ],
  [
    denied(
      'ssm:GetParameters',
      'arn:aws:ssm:eu-west-1:111122223333:parameter/app',
      'arn:aws:sts::111122223333:assumed-role/ecs-ECSRole-1/i-081cc40f40abe42cd',
    ),
    'instance-role-fallback',
  ],
  [
    `Fetching secret data from SSM Parameter Store in eu-west-1: ${denied('ssm:GetParameters', 'arn:aws:ssm:eu-west-1:111122223333:parameter/app')}`,
    'get-parameters',
  ],
  [
    'AccessDeniedException: The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.',
    'customer-key',
  ],
  [
    'ResourceInitializationError: … operation error Secrets Manager: GetSecretValue, https response error StatusCode: 400, api error AccessDeniedException: Access to KMS is not allowed',
    'kms-through-service',
  ],
  [
    denied('secretsmanager:GetSecretValue', 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/database'),
    'partial-secret-arn',
  ],
  [
    "ClientException: ECS was unable to assume the role 'arn:aws:iam::111122223333:role/app-execution' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.",
    'role-not-assumed',
  ],
  [
    "ECS was unable to assume the role 'arn:aws:iam::111122223333:role/null' that was provided for this task.",
    'role-does-not-exist',
  ],
  [
    'An error occurred (ClientException) when calling the RegisterTaskDefinition operation: Role is not valid',
    'role-does-not-exist',
  ],
  [
    "service api failed to launch a task with (error ECS was unable to assume the role 'arn:aws:iam::111122223333:role/app' that was provided for this task. …)",
    'role-too-new',
  ],
  [
    'Unable to assume the service linked role. Please verify that the ECS service linked role exists.',
    'service-linked-role',
  ],
  [
    denied(
      'iam:PassRole',
      'arn:aws:iam::111122223333:role/app-execution',
      'arn:aws:sts::111122223333:assumed-role/ci/build-1',
    ),
    'not-passed',
  ],
  ['The rule shows FailedInvocations and no task appears', 'rule-cannot-start'],
  [
    'ClientException: Fargate requires task definition to have execution role ARN to support ECR images.',
    'no-execution-role',
  ],
  ['Fargate requires task definition to have execution role ARN to support log driver awslogs.', 'no-execution-role'],
  [
    "ClientException: When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
    'no-execution-role-for-secrets',
  ],
  [
    `ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log group: ${denied('logs:CreateLogGroup', 'arn:aws:logs:eu-west-1:111122223333:log-group:/app:log-stream:')} : exit status 1`,
    'create-log-group',
  ],
  [
    `CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log group: ${denied('logs:CreateLogGroup', '*', 'arn:aws:sts::111122223333:assumed-role/cluster-EcsInstanceRole-1/i-0123456789abcdef0')}`,
    'log-driver-of-instance',
  ],
  [
    'service api was unable to place a task because no container instance met all of its requirements. The closest matching container-instance is missing an attribute required by your task.',
    'missing-attribute',
  ],
  [`CannotPullECRContainerError: ${denied('ecr:GetAuthorizationToken', '*')}`, 'pull-denied'],
  ['… because no resource-based policy allows the ecr:BatchGetImage action', 'repository-policy'],
  ['The first pull through the cache fails with not found, later ones work', 'pull-through-cache'],
  [
    'CannotPullContainerError: 403 Forbidden for 733349766148.dkr.ecr.us-west-2.amazonaws.com/aws-guardduty-agent-fargate',
    'guardduty-sidecar',
  ],
  ['CannotPullContainerError: … authorization failed: no basic auth credentials', 'new-registry-host'],
  [
    'ResourceInitializationError: failed to download env files: file download command: non-empty error stream: AccessDenied: Access Denied',
    'environment-file',
  ],
  [
    "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: b'mount.nfs4: access denied by server while mounting 127.0.0.1:/'",
    'file-system',
  ],
  [
    'An error occurred (TargetNotConnectedException) when calling the ExecuteCommand operation: The execute command failed due to an internal error. Try again later.',
    'exec-not-connected',
  ],
  [
    "We couldn't start the session because encryption is not set up on the selected CloudWatch Logs log group.",
    'exec-logging',
  ],
  [
    denied(
      'ecs:RegisterContainerInstance',
      'arn:aws:ecs:eu-west-1:111122223333:cluster/prod',
      'arn:aws:sts::111122223333:assumed-role/node/i-0123456789abcdef0',
    ),
    'instance-cannot-register',
  ],
  [denied('ecs:ListTagsForResource', 'arn:aws:ecs:eu-west-1:111122223333:task/prod/1'), 'agent-optional-calls'],
  [
    `Error re-registering container instance: ${denied('ecs:RegisterContainerInstance', 'arn:aws:ecs:eu-west-1:111122223333:cluster/prod', 'arn:aws:sts::111122223333:assumed-role/AmazonSSMRoleForInstancesQuickSetup/mi-0123456789abcdef0')}`,
    'external-instance-role',
  ],
  [
    'A container reads the keys of the instance role at http://169.254.169.254/latest/meta-data/iam',
    'instance-role-reachable',
  ],
  ['ECS was unable to assume the role since we compare aws:SourceArn with the service', 'confused-deputy-condition'],
  [
    "InvalidParameterException: ECS was unable to assume the configured ECS Infrastructure Role 'arn:aws:iam::111122223333:role/ebs'.",
    'infrastructure-role',
  ],
  [
    '[firehose 0] PutRecordBatch failed with AccessDeniedException: not authorized to perform: firehose:PutRecordBatch',
    'log-router',
  ],
  ['Our task role is the same as the execution role', 'one-role-for-both'],
  [
    'An error occurred (AccessDenied) when calling the AssumeRole operation: User: ecs.amazonaws.com is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::000000000000:role/app',
    'local-wrong-principal',
  ],
  ['ENFORCE_IAM=1 does nothing here', 'local-nothing-enforced'],
  ['On the laptop the credentials are others than the role in the cloud', 'local-other-credentials'],
  ['simulate-principal-policy answers implicitDeny for an administrator', 'simulator-differs'],
  [
    'User: arn:aws:sts::111122223333:assumed-role/app-task/0123456789abcdef0123456789abcdef is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/app-task',
    'own-role-assumed',
  ],
  ['CannotPullContainerError: pull access denied since the stack was deleted and recreated', 'cached-credentials'],
  [
    'an invalid ARN format for the AWS Secrets Manager secret was specified. Specify a valid ARN and try again.',
    'invalid-secret-arn',
  ],
  [
    `CannotStartContainerError: failed to create Cloudwatch log stream: ${denied('logs:CreateLogStream', 'arn:aws:logs:eu-west-1:111122223333:log-group:/app:log-stream:a')}`,
    'log-driver-of-instance',
  ],
  [denied('logs:CreateLogStream', 'arn:aws:logs:eu-west-1:111122223333:log-group:/app:log-stream:a'), 'log-stream'],
  [
    `${denied('secretsmanager:GetSecretValue', 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf').replace(/because.*/, 'with an explicit deny in a service control policy')}`,
    'explicit-deny',
  ],
  [
    'User: arn:aws:iam::111122223333:user/ci is not authorized to perform: ecs:RegisterTaskDefinition on resource: * because no identity-based policy allows the ecs:RegisterTaskDefinition action',
    'caller-denied',
  ],
  [
    `${FARGATE} execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid parameters: /app/db`,
    'parameter-missing',
  ],
  [
    `${FARGATE} unable to retrieve secret from asm: service call has been retried 1 time(s): ResourceNotFoundException: Secrets Manager can't find the specified secret.`,
    'secret-missing',
  ],
  [
    'ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1',
    'log-group-missing',
  ],
  [
    'InvalidParameterException: The execute command failed because execute command was not enabled when the task was run or the execute command agent isn’t running.',
    'exec-not-enabled',
  ],
  ['CannotPullContainerError: You have reached your pull rate limit.', 'pull-rate-limit'],
  [
    'CannotPullContainerError: failed to resolve ref "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:1": 111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:1: not found',
    'image-not-found',
  ],
  [
    'InvalidParameterException: The provided target group arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/a/1 has target type instance, which is incompatible with the awsvpc network mode specified in the task definition.',
    'target-group',
  ],
  [
    'Unable to assume role and validate the listeners configured on your load balancer. Please verify that the ECS service role being passed has the proper permissions.',
    'service-role',
  ],
  ['Unable to locate credentials. You can configure credentials by running "aws configure".', 'no-credentials'],
  [
    'CannotPullContainerError: failed to resolve ref docker.io/library/foo:latest: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
    'private-image',
  ],
];

describe('meaningOf', () => {
  it.each(TEXTS)('%s', (text, key) => {
    expect(meaningOf(factsOf(text))?.key).toBe(key);
  });

  it('has a text for every meaning', () => {
    const covered = new Set(TEXTS.map(([, key]) => key));
    expect(MEANINGS.map(({ key }) => key).filter((key) => !covered.has(key))).toEqual([]);
  });

  it('does not make sense of what is no error of AWS', () => {
    expect(meaningOf(factsOf('TypeError: undefined is not a function'))).toBeUndefined();
  });
});

describe('explainErrorText', () => {
  const workload = workloadOf({
    'task-definition.json': taskDefinition({
      secrets: [
        { name: 'A', valueFrom: '/app/a' },
        { name: 'B', valueFrom: '/app/b' },
      ],
    }),
    'roles/execution/trust.json': TRUST,
    'roles/execution/policies/own.json': policy({
      Effect: 'Allow',
      Action: 'ssm:GetParameter',
      Resource: 'arn:aws:ssm:eu-west-1:111122223333:parameter/app/a',
    }),
  });

  it('finds what caused it in the input: the very parameter', () => {
    const text = `Fetching secret data from SSM Parameter Store in eu-west-1: ${denied('ssm:GetParameters', 'arn:aws:ssm:eu-west-1:111122223333:parameter/app/a', 'arn:aws:sts::111122223333:assumed-role/execution/0123456789abcdef0123456789abcdef')}`;
    const diagnosis = explainErrorText(text, check(workload));
    expect(diagnosis?.facts).toMatchObject({ roleName: 'execution', session: 'task', action: 'ssm:GetParameters' });
    expect(diagnosis?.findings).toMatchObject([
      { id: 'RC103', resource: 'arn:aws:ssm:eu-west-1:111122223333:parameter/app/a' },
    ]);
    expect(diagnosis?.findings[0]?.fix[0]?.policy.Statement[0]).toMatchObject({ Action: 'ssm:GetParameters' });
  });

  it('shows nothing of other matters', () => {
    expect(explainErrorText('mount.nfs4: access denied by server', check(workload))?.findings).toEqual([]);
  });
});
