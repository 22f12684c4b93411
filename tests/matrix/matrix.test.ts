import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TrailEntry } from '../../src/gateway/trail.ts';
import { dutiesOf, taskPlan } from '../../src/roles/plan.ts';
import { startTestServer } from '../wire/server.ts';
import {
  ACCOUNT,
  addInstance,
  grants,
  IMAGE,
  makeRole,
  makeWorld,
  REGION,
  type Role,
  register,
  runTask,
  type Setting,
  stopped,
  trailOf,
  type World,
} from './world.ts';

/** Who makes the calls of a stage in a setting: the table of the three roles, written down once more by hand. */
const EXECUTION_ROLE_DOES_ALL = {
  pull: 'execution',
  logs: 'execution',
  'registry-auth': 'execution',
  secrets: 'execution',
  running: 'task',
} as const;
const INSTANCE_PULLS_AND_LOGS = { ...EXECUTION_ROLE_DOES_ALL, pull: 'instance', logs: 'instance' } as const;
const NO_EXECUTION_ROLE = { pull: 'instance', logs: 'instance', running: 'task' } as const;

const SETTINGS: readonly { readonly setting: Setting; readonly who: Readonly<Record<string, Role>> }[] = [
  { setting: { name: 'Fargate', launchType: 'FARGATE', executionRole: true }, who: EXECUTION_ROLE_DOES_ALL },
  { setting: { name: 'EC2', launchType: 'EC2', executionRole: true }, who: EXECUTION_ROLE_DOES_ALL },
  {
    setting: { name: 'EC2, published table', launchType: 'EC2', executionRole: true, published: true },
    who: INSTANCE_PULLS_AND_LOGS,
  },
  { setting: { name: 'EC2 without execution role', launchType: 'EC2', executionRole: false }, who: NO_EXECUTION_ROLE },
  { setting: { name: 'external', launchType: 'EXTERNAL', executionRole: true }, who: EXECUTION_ROLE_DOES_ALL },
];

/** What is taken away in a cell, and AWS's text on Fargate and on EC2 (and external instances). */
interface Refusal {
  readonly stage: string;
  readonly action: string;
  readonly resource?: 'secret' | 'registry';
  readonly fargate: RegExp;
  readonly ec2: RegExp;
}

const REFUSALS: readonly Refusal[] = [
  {
    stage: 'pull',
    action: 'ecr:GetAuthorizationToken',
    fargate:
      /^ResourceInitializationError: unable to pull secrets or registry auth: .*unable to retrieve ecr registry auth: .*not authorized to perform: ecr:GetAuthorizationToken on resource: \*/,
    ec2: /^CannotPullECRContainerError: .*not authorized to perform: ecr:GetAuthorizationToken on resource: \*/,
  },
  {
    stage: 'pull',
    action: 'ecr:BatchGetImage',
    fargate:
      /^CannotPullContainerError: pull image manifest has been retried 1 time\(s\): failed to resolve ref .*403 Forbidden/,
    ec2: /^CannotPullContainerError: The task can’t pull the image\. Check that the role has the permissions to pull images from the registry\./,
  },
  {
    stage: 'pull',
    action: 'ecr:GetDownloadUrlForLayer',
    fargate:
      /^CannotPullContainerError: ref pull has been retried 1 time\(s\): failed to copy: httpReadSeeker: .*403 Forbidden/,
    ec2: /^CannotPullContainerError: .*ecr:GetDownloadUrlForLayer/,
  },
  {
    stage: 'secrets',
    action: 'ssm:GetParameters',
    fargate:
      /^ResourceInitializationError: unable to pull secrets or registry auth: .*unable to retrieve secrets from ssm: .*not authorized to perform: ssm:GetParameters on resource: arn:aws:ssm:/,
    ec2: /^Fetching secret data from SSM Parameter Store in eu-west-1: .*AccessDeniedException: User: .*ssm:GetParameters/,
  },
  {
    stage: 'secrets',
    action: 'kms:Decrypt',
    fargate:
      /^ResourceInitializationError: unable to pull secrets or registry auth: .*unable to retrieve secrets from ssm: .*AccessDenied/,
    ec2: /^Fetching secret data from SSM Parameter Store in eu-west-1: .*AccessDenied/,
  },
  {
    stage: 'secrets',
    action: 'secretsmanager:GetSecretValue',
    resource: 'secret',
    fargate:
      /^ResourceInitializationError: unable to pull secrets or registry auth: .*unable to retrieve secret from asm: .*secretsmanager:GetSecretValue/,
    ec2: /^Fetching secret data from AWS Secrets Manager in region eu-west-1: secret arn:.*AccessDeniedException: User: .*secretsmanager:GetSecretValue/,
  },
  {
    stage: 'registry-auth',
    action: 'secretsmanager:GetSecretValue',
    resource: 'registry',
    fargate:
      /^ResourceInitializationError: unable to pull secrets or registry auth: .*unable to get registry auth from asm: .*asm fetching secret from the service for /,
    ec2: /^asm fetching secret from the service for .*AccessDeniedException/i,
  },
  {
    stage: 'logs',
    action: 'logs:CreateLogStream',
    fargate:
      /^ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: .*logs:CreateLogStream on resource: arn:aws:logs:.*:log-group:\/matrix:log-stream:matrix\/app\/[0-9a-f]{32} .* : exit status 1$/,
    ec2: /^CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log stream: .*logs:CreateLogStream/,
  },
];

/** ECS's own text when a role cannot be assumed. Source: observed (ECS, RunTask ClientException). */
const CANNOT_ASSUME = (role: string) =>
  `ECS was unable to assume the role '${role}' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.`;

const KINDS: Readonly<Record<string, Role>> = {
  'container-instance': 'instance',
  'task-execution': 'execution',
  task: 'task',
};

let world: World;
let directory: string;
let cells = 0;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'rolecall-matrix-'));
  // The application: an unmodified SDK client with the default credential chain. It ends with 0 when its call is allowed, with 7 when refused.
  const sdk = fileURLToPath(import.meta.resolve('@aws-sdk/client-sqs'));
  writeFileSync(
    join(directory, 'app.cjs'),
    `const { SQS } = require(${JSON.stringify(sdk)});
     new SQS({ maxAttempts: 1 }).sendMessage({ QueueUrl: process.env.QUEUE_URL, MessageBody: 'm' })
       .then(() => console.log('sent'), (error) => { console.log(error.message); process.exitCode = error.name.startsWith('AccessDenied') ? 7 : 8; });`,
  );
  const server = await startTestServer({
    standIns: [
      { pattern: IMAGE, program: { command: [process.execPath, join(directory, 'app.cjs')] } },
      { pattern: 'registry.example/*', program: { command: [process.execPath, '-e', ''] } },
    ],
  });
  world = await makeWorld(server);
});

afterAll(async () => {
  await world.server.stop();
  rmSync(directory, { recursive: true, force: true });
});

const arn = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;

interface Change {
  readonly role: Role;
  readonly without?: { readonly action: string; readonly resource?: string };
  readonly trust?: string;
  readonly missing?: boolean;
}

/** Makes the roles of one cell, a cluster and where needed an instance; answers how to run the task. */
async function cell(setting: Setting, change?: Change) {
  const id = `cell-${++cells}`;
  const names = { instance: `${id}-instance`, execution: `${id}-execution`, task: `${id}-task` } as const;
  for (const role of ['instance', 'execution', 'task'] as const) {
    const changed = change?.role === role ? change : undefined;
    if (changed?.missing === true) continue;
    const all = grants(world, role);
    const left =
      changed?.without === undefined
        ? all
        : all.filter(
            ({ action, resource }) =>
              action !== changed.without?.action || (changed.without.resource ?? resource) !== resource,
          );
    if (changed?.without !== undefined) expect(left.length).toBeLessThan(all.length);
    const principal =
      changed?.trust ?? (role === 'instance' && setting.launchType === 'EXTERNAL' ? 'ssm.amazonaws.com' : undefined);
    await makeRole(world, names[role], role, left, principal);
  }
  await world.ecs.createCluster({ clusterName: id });
  const definition = await register(world, setting, id, { execution: arn(names.execution), task: arn(names.task) });
  return {
    id,
    names,
    addInstance: () =>
      setting.launchType === 'FARGATE' ? Promise.resolve() : addInstance(world, setting, id, names.instance),
    run: async () => {
      const { tasks, failures } = await runTask(world, setting, id, definition);
      expect(failures).toEqual([]);
      const task = await stopped(world, id, tasks![0]!.taskArn!);
      return { task, trail: await trailOf(world, task.taskArn!) };
    },
    definition,
  };
}

const denied = (trail: readonly TrailEntry[]) => trail.filter(({ outcome }) => outcome === 'denied');

describe.each(SETTINGS)('$setting.name', ({ setting, who }) => {
  it('granted: the task runs, and the trail is the plan', async () => {
    const { id, run, addInstance: add, names, definition } = await cell(setting);
    await add();
    const { task, trail } = await run();
    expect(task.containers?.find(({ name }) => name === 'app')).toMatchObject({ exitCode: 0 });
    expect(task).toMatchObject({
      stopCode: 'EssentialContainerExited',
      stoppedReason: 'Essential container in task exited',
    });
    expect(denied(trail)).toEqual([]);

    const { taskDefinition } = await world.ecs.describeTaskDefinition({ taskDefinition: definition });
    const plan = taskPlan(taskDefinition as never, {
      launchType: setting.launchType,
      region: REGION,
      account: ACCOUNT,
      cluster: id,
      taskId: task.taskArn!.split('/').at(-1)!,
      logsWithExecutionRole: setting.published !== true,
      pullsWithExecutionRole: setting.published !== true,
      customerKey: ({ kind }) => (kind === 'parameter' ? world.arns.key : undefined),
    });
    const wanted = new Set(
      dutiesOf(plan).map(({ stage, role, action, resource }) => `${stage} ${role} ${action} ${resource}`),
    );
    const made = new Set(
      trail
        .filter(({ role, stage }) => role !== undefined && stage !== 'running' && stage !== 'instance')
        .flatMap(({ stage, role, checks }) =>
          checks
            // The policy of an AWS managed key lets in whoever comes through its service: no duty of the role.
            .filter(({ decidedBy }) => decidedBy?.kind !== 'key')
            .map(({ action, resource }) => `${stage} ${role} ${action} ${resource}`),
        ),
    );
    expect([...made].sort()).toEqual([...wanted].sort());

    for (const entry of trail.filter(({ role, stage }) => role !== undefined && stage !== 'instance')) {
      const role = KINDS[entry.role!]!;
      expect({ stage: entry.stage, role }).toEqual({ stage: entry.stage, role: who[entry.stage!] });
      expect(entry.principalName).toBe(names[role]);
    }
  });

  const refusals = REFUSALS.filter(({ stage }) => stage in who);
  it.each(refusals)('not granted: $action at $stage', async ({ stage, action, resource, fargate, ec2 }) => {
    const role = who[stage]!;
    const without = { action, ...(resource === undefined ? {} : { resource: world.arns[resource] }) };
    const { run, addInstance: add, names } = await cell(setting, { role, without });
    await add();
    const { task, trail } = await run();
    const text = setting.launchType === 'FARGATE' ? fargate : ec2;
    const reasons = [task.stoppedReason, ...(task.containers ?? []).map(({ reason }) => reason)].filter(
      (reason) => reason !== undefined,
    );
    expect(reasons.filter((reason) => text.test(reason)).length, reasons.join('\n')).toBeGreaterThan(0);
    expect(task.stopCode).toBe('TaskFailedToStart');
    expect(task.containers?.find(({ name }) => name === 'app')?.exitCode).toBeUndefined();
    const refused = denied(trail);
    expect(refused.at(-1)?.principalName).toBe(names[role]);
    expect(
      refused
        .flatMap(({ checks }) => checks)
        .filter(({ effect }) => effect !== 'Allowed')
        .map((check) => check.action),
    ).toContain(action);
    const fixes = refused.flatMap(({ diagnosis }) => diagnosis?.fix ?? []);
    expect(fixes.map(({ statement }) => statement?.Action)).toContain(action);
  });

  it('not granted: the application is refused, and sees it', async () => {
    const {
      run,
      addInstance: add,
      names,
    } = await cell(setting, { role: 'task', without: { action: 'sqs:SendMessage' } });
    await add();
    const { task, trail } = await run();
    expect(task.containers?.find(({ name }) => name === 'app')?.exitCode).toBe(7);
    expect(denied(trail)).toMatchObject([
      { operation: 'SendMessage', role: 'task', stage: 'running', principalName: names.task },
    ]);
  });

  const assumed = setting.executionRole ? (['execution', 'task'] as const) : (['task'] as const);
  it.each(assumed)('wrong trust: the %s role', async (role) => {
    const { run, addInstance: add, names } = await cell(setting, { role, trust: 'ecs.amazonaws.com' });
    await add();
    await expect(run()).rejects.toMatchObject({ name: 'ClientException', message: CANNOT_ASSUME(arn(names[role])) });
  });

  it.each(assumed)('missing role: the %s role', async (role) => {
    const { id, run, addInstance: add, names } = await cell(setting, { role, missing: true });
    await add();
    await expect(run()).rejects.toMatchObject({ name: 'ClientException', message: CANNOT_ASSUME(arn(names[role])) });
    expect((await world.ecs.listTasks({ cluster: id })).taskArns).toEqual([]);
  });
});

describe.each(SETTINGS.filter(({ setting }) => setting.launchType !== 'FARGATE'))(
  'the instance role: $setting.name',
  ({ setting }) => {
    it.each([
      ['wrong trust', { role: 'instance', trust: 'ecs.amazonaws.com' }],
      ['missing role', { role: 'instance', missing: true }],
      [
        'not granted ecs:RegisterContainerInstance',
        { role: 'instance', without: { action: 'ecs:RegisterContainerInstance' } },
      ],
    ] as const)('%s: there is no instance', async (_name, change) => {
      const { id, addInstance: add, run } = await cell(setting, change);
      await expect(add()).rejects.toThrow(/instance/i);
      expect((await world.ecs.listContainerInstances({ cluster: id })).containerInstanceArns).toEqual([]);
      await expect(run()).rejects.toMatchObject({
        name: 'InvalidParameterException',
        message: 'No Container Instances were found in your cluster.',
      });
    });

    it('logs turned to it alone: the agent does not offer the capability, and RunTask fails with ATTRIBUTE', async () => {
      if (!setting.executionRole) return;
      const { id, definition, names } = await cell(setting);
      await addInstance(world, { ...setting, published: false }, id, names.instance, { logsWithExecutionRole: false });
      const { tasks, failures } = await runTask(world, setting, id, definition);
      expect(tasks).toEqual([]);
      expect(failures).toMatchObject([{ reason: 'ATTRIBUTE' }]);
    });

    it('not granted ecs:Poll: RunTask fails with AGENT', async () => {
      const {
        id,
        addInstance: add,
        definition,
      } = await cell(setting, { role: 'instance', without: { action: 'ecs:Poll' } });
      await add();
      const { tasks, failures } = await runTask(world, setting, id, definition);
      expect(tasks).toEqual([]);
      expect(failures).toMatchObject([{ reason: 'AGENT' }]);
    });
  },
);
