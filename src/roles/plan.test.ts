import { describe, expect, it } from 'vitest';
import type { LaunchType } from './duty.ts';
import { rolePlan, taskPlan } from './plan.ts';
import type { PlanOptions, PlanTaskDefinition } from './plan-types.ts';

const ACCOUNT = '111122223333';
const REGION = 'eu-west-1';
const EXECUTION = `arn:aws:iam::${ACCOUNT}:role/execution`;
const SECRET = `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:db-AbCdEf`;
const REGISTRY_SECRET = `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:registry-AbCdEf`;

const everything: PlanTaskDefinition = {
  family: 'app',
  executionRoleArn: EXECUTION,
  taskRoleArn: `arn:aws:iam::${ACCOUNT}:role/task`,
  networkMode: 'awsvpc',
  containerDefinitions: [
    {
      name: 'app',
      image: `${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/app:1`,
      secrets: [
        { name: 'A', valueFrom: '/app/a' },
        { name: 'B', valueFrom: `${SECRET}:password::` },
      ],
      environmentFiles: [{ value: 'arn:aws:s3:::bucket/app.env', type: 's3' }],
      logConfiguration: {
        logDriver: 'awslogs',
        options: {
          'awslogs-group': '/app',
          'awslogs-region': REGION,
          'awslogs-stream-prefix': 'ecs',
          'awslogs-create-group': 'true',
        },
      },
    },
    {
      name: 'sidecar',
      image: 'registry.example/tool:2',
      repositoryCredentials: { credentialsParameter: REGISTRY_SECRET },
    },
  ],
  volumes: [
    { name: 'data', efsVolumeConfiguration: { fileSystemId: 'fs-1', authorizationConfig: { iam: 'ENABLED' } } },
  ],
};

function options(launchType: LaunchType, more: Partial<PlanOptions> = {}): PlanOptions {
  return { launchType, region: REGION, account: ACCOUNT, cluster: 'default', taskId: 'f'.repeat(32), ...more };
}

function rolesByStage(definition: PlanTaskDefinition, planOptions: PlanOptions): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { stage, role } of taskPlan(definition, planOptions)) {
    expect(found[stage] ?? role).toBe(role);
    found[stage] = role;
  }
  return found;
}

const withExecution = {
  pull: 'task-execution',
  logs: 'task-execution',
  'registry-auth': 'task-execution',
  secrets: 'task-execution',
  'environment-files': 'task-execution',
  volumes: 'task',
};

describe('the table of the three roles', () => {
  it.each(['FARGATE', 'EC2', 'EXTERNAL'] as const)('%s with an execution role', (launchType) => {
    expect(rolesByStage(everything, options(launchType))).toEqual(withExecution);
  });

  it.each(['EC2', 'EXTERNAL'] as const)(
    '%s without one: the instance role pulls and logs, and nothing else',
    (launchType) => {
      const { executionRoleArn: _, ...without } = everything;
      expect(rolesByStage(without, options(launchType))).toEqual({
        ...withExecution,
        pull: 'container-instance',
        logs: 'container-instance',
      });
    },
  );

  it('an override of RunTask counts', () => {
    const { executionRoleArn: _, ...without } = everything;
    expect(rolesByStage(without, options('EC2', { executionRoleArn: EXECUTION }))).toEqual(withExecution);
  });

  it('EC2 with both switches of the agent off: the published table', () => {
    const published = options('EC2', { logsWithExecutionRole: false, pullsWithExecutionRole: false });
    expect(rolesByStage(everything, published)).toEqual({
      ...withExecution,
      pull: 'container-instance',
      logs: 'container-instance',
    });
  });

  it('the switches mean nothing on Fargate', () => {
    const switched = options('FARGATE', { logsWithExecutionRole: false, pullsWithExecutionRole: false });
    expect(rolesByStage(everything, switched)).toEqual(withExecution);
  });
});

describe('the calls', () => {
  const plan = taskPlan(everything, options('FARGATE'));
  const named = (operation: string) => plan.filter((call) => call.operation === operation);

  it('come in the order of Fargate', () => {
    expect(plan.map(({ stage, operation }) => `${stage} ${operation}`)).toEqual([
      'pull GetAuthorizationToken',
      'registry-auth GetSecretValue',
      'secrets GetSecretValue',
      'secrets GetParameters',
      'environment-files GetBucketLocation',
      'environment-files GetObject',
      'volumes ClientMount',
      'logs CreateLogStream',
      'logs CreateLogGroup',
      'logs PutLogEvents',
      'pull BatchGetImage',
      'pull GetDownloadUrlForLayer',
    ]);
  });

  it('come in the order of the agent on EC2: images before log streams', () => {
    const stages = taskPlan(everything, options('EC2')).map(({ stage, operation }) => `${stage} ${operation}`);
    expect(stages.indexOf('pull BatchGetImage')).toBeLessThan(stages.indexOf('logs CreateLogStream'));
    expect(stages.indexOf('secrets GetParameters')).toBeLessThan(stages.indexOf('pull GetAuthorizationToken'));
  });

  it('ask for GetParameters, plural, on the exact parameter', () => {
    expect(named('GetParameters')).toMatchObject([
      {
        role: 'task-execution',
        input: { Names: ['/app/a'], WithDecryption: true },
        because: ['/containerDefinitions/0/secrets/0/valueFrom'],
        checks: [{ action: 'ssm:GetParameters', resource: `arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/app/a` }],
      },
    ]);
  });

  it('ask for a secret without its selectors', () => {
    expect(named('GetSecretValue').map(({ input }) => input)).toEqual([
      { SecretId: REGISTRY_SECRET },
      { SecretId: SECRET },
    ]);
  });

  it('of the log driver name the stream as ECS does', () => {
    expect(named('CreateLogStream')[0]?.input).toEqual({
      logGroupName: '/app',
      logStreamName: `ecs/app/${'f'.repeat(32)}`,
    });
  });

  it('of KMS are known where the key is', () => {
    const key = `arn:aws:kms:${REGION}:${ACCOUNT}:key/1`;
    const known = rolePlan(
      everything,
      options('FARGATE', { customerKey: ({ kind }) => (kind === 'parameter' ? key : undefined) }),
    );
    expect(known.filter(({ action }) => action === 'kms:Decrypt')).toMatchObject([
      { role: 'task-execution', stage: 'secrets', resource: key },
    ]);
  });

  it('put ten names at most into one GetParameters', () => {
    const many = {
      containerDefinitions: [
        { name: 'app', secrets: Array.from({ length: 12 }, (_, i) => ({ name: `V${i}`, valueFrom: `p${i}` })) },
      ],
    };
    expect(taskPlan(many, options('FARGATE')).map(({ checks }) => checks.length)).toEqual([10, 2]);
  });

  it('are none for a public image without logs and secrets', () => {
    expect(taskPlan({ containerDefinitions: [{ name: 'web', image: 'nginx' }] }, options('FARGATE'))).toEqual([]);
  });
});
