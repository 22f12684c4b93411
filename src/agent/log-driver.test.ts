import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { ecsService } from '../services/ecs/index.ts';
import { createIdentities } from '../services/iam/identities.ts';
import { iamService } from '../services/iam/index.ts';
import { logsService } from '../services/logs/index.ts';
import { stsService } from '../services/sts/index.ts';
import type { ContainerDefinition } from '../wire/generated/types/ecs.ts';
import { checkLogConfiguration } from './log-driver.ts';
import { type AgentBench, createAgentBench, type TestTask } from './testing.ts';

const services = [ecsService, iamService, logsService, stsService];

let bench: AgentBench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

const ALL = [{ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'logs:*', Resource: '*' }] }];

function statement(...actions: readonly string[]): object[] {
  return [{ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }] }];
}

function logging(script: string, options: Record<string, string> = {}): ContainerDefinition {
  return {
    name: 'app',
    image: 'app',
    memory: 64,
    command: [process.execPath, '-e', script],
    logConfiguration: {
      logDriver: 'awslogs',
      options: { 'awslogs-group': '/app', 'awslogs-region': 'eu-west-1', 'awslogs-stream-prefix': 'web', ...options },
    },
  };
}

async function run(here: AgentBench, task: TestTask) {
  return here.stopped(here.addTask(task).arn);
}

async function messages(here: AgentBench, logStreamName: string): Promise<(string | undefined)[]> {
  const answer = await here.call('logs', 'GetLogEvents', { logGroupName: '/app', logStreamName, startFromHead: true });
  return (answer.events ?? []).map((event) => event.message);
}

/** The agent stamps lines with the time of the machine, which CloudWatch Logs compares with its own. */
async function start(): Promise<AgentBench> {
  const here = await createAgentBench(services, { identities: createIdentities() });
  here.clock.advance(Date.now() - here.clock.now());
  bench = here;
  return here;
}

test('awslogs: a stream of the task, every line in order, with the execution role', async () => {
  const here = await start();
  await here.call('logs', 'CreateLogGroup', { logGroupName: '/app' });
  const script = 'for (let i = 0; i < 25000; i++) console.log("line " + i); process.stdout.write("without newline")';
  const stopped = await run(here, { containers: [logging(script)], execution: ALL });
  expect(stopped.containers[0]?.exitCode).toBe(0);
  const expected = [...Array.from({ length: 25000 }, (_, index) => `line ${index}`), 'without newline'];
  expect(here.lines('app')).toEqual(expected);
  const stored: (string | undefined)[] = [];
  for (let nextToken: string | undefined; ; ) {
    const page = await here.call('logs', 'GetLogEvents', {
      logGroupName: '/app',
      logStreamName: `web/app/${stopped.id}`,
      startFromHead: true,
      ...(nextToken === undefined ? {} : { nextToken }),
    });
    if ((page.events ?? []).length === 0) break;
    stored.push(...(page.events ?? []).map((event) => event.message));
    nextToken = page.nextForwardToken;
  }
  expect(stored).toEqual(expected);
  const calls = here.trail().filter((entry) => entry.taskArn === stopped.arn);
  expect(calls[0]).toMatchObject({ operation: 'CreateLogStream', stage: 'logs', principalName: 'app-execution' });
  expect(calls.slice(1).every((entry) => entry.operation === 'PutLogEvents' && entry.outcome === 'allowed')).toBe(true);
});

test('a missing group: made where awslogs-create-group says so, else the start fails', async () => {
  const here = await start();
  const failed = await run(here, { containers: [logging('1')], execution: ALL });
  expect(failed.stopCode).toBe('TaskFailedToStart');
  expect(failed.stoppedReason?.replace(/RequestID: [0-9a-f-]{36}/, 'RequestID: ID')).toBe(
    'ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: operation error CloudWatch Logs: CreateLogStream, https response error StatusCode: 400, RequestID: ID, ResourceNotFoundException: The specified log group does not exist. : exit status 1',
  );
  const refused = await run(here, {
    containers: [logging('1', { 'awslogs-create-group': 'true' })],
    execution: statement('logs:CreateLogStream'),
  });
  expect(refused.stoppedReason).toMatch(
    /^ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log group: operation error CloudWatch Logs: CreateLogGroup, .*api error AccessDeniedException: User: .*logs:CreateLogGroup.* : exit status 1$/,
  );
  const made = await run(here, {
    containers: [logging('console.log("first")', { 'awslogs-create-group': 'true' })],
    execution: ALL,
  });
  expect(await messages(here, `web/app/${made.id}`)).toEqual(['first']);
  expect(
    here
      .trail()
      .filter((entry) => entry.taskArn === made.arn)
      .map((entry) => `${entry.operation} ${entry.outcome}`),
  ).toEqual(['CreateLogStream failed', 'CreateLogGroup allowed', 'CreateLogStream allowed', 'PutLogEvents allowed']);
});

test('a refused CreateLogStream has Fargate’s text there and dockerd’s on EC2', async () => {
  const here = await start();
  await here.call('logs', 'CreateLogGroup', { logGroupName: '/app' });
  await here.call('ecs', 'CreateCluster', { clusterName: 'default' });
  const { containerInstanceArn } = await here.agent.addContainerInstance({ cluster: 'default', launchType: 'EC2' });
  const fargate = await run(here, { containers: [logging('1')], execution: [] });
  const denied = (id: string) =>
    `operation error CloudWatch Logs: CreateLogStream, https response error StatusCode: 400, RequestID: ID, api error AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/app-execution/${id} is not authorized to perform: logs:CreateLogStream on resource: arn:aws:logs:eu-west-1:000000000000:log-group:/app:log-stream:web/app/${id} because no identity-based policy allows the logs:CreateLogStream action`;
  const text = (reason: string | undefined) => reason?.replace(/RequestID: [0-9a-f-]{36}/, 'RequestID: ID');
  expect(text(fargate.stoppedReason)).toBe(
    `ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ${denied(fargate.id)} : exit status 1`,
  );
  const ec2 = await run(here, { containers: [logging('1')], execution: [], launchType: 'EC2', containerInstanceArn });
  expect(ec2.stoppedReason).toBe('Task failed to start');
  expect(text(ec2.containers[0]?.reason)).toBe(
    `CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log stream: ${denied(ec2.id)}`,
  );
});

test('EC2 without an execution role: the instance role writes; without a prefix the stream is the container’s id', async () => {
  const here = await start();
  await here.call('logs', 'CreateLogGroup', { logGroupName: '/app' });
  await here.call('ecs', 'CreateCluster', { clusterName: 'default' });
  const { containerInstanceArn } = await here.agent.addContainerInstance({ cluster: 'default', launchType: 'EC2' });
  const container = logging('console.log("hello")');
  const { 'awslogs-stream-prefix': _, ...options } = container.logConfiguration?.options ?? {};
  const stopped = await run(here, {
    containers: [{ ...container, logConfiguration: { logDriver: 'awslogs', options } }],
    launchType: 'EC2',
    containerInstanceArn,
  });
  expect(await messages(here, stopped.containers[0]?.runtimeId ?? '')).toEqual(['hello']);
  const roles = here
    .trail()
    .filter((entry) => entry.taskArn === stopped.arn && entry.stage === 'logs')
    .map((entry) => entry.principalName);
  expect(new Set(roles)).toEqual(new Set(['ecsInstanceRole']));
});

test('a refused PutLogEvents does not stop the container; the lines stay in the scratch directory', async () => {
  const here = await start();
  await here.call('logs', 'CreateLogGroup', { logGroupName: '/app' });
  const stopped = await run(here, {
    containers: [logging('console.log("kept")')],
    execution: statement('logs:CreateLogStream'),
  });
  expect(stopped.containers[0]?.exitCode).toBe(0);
  expect(here.lines('app')).toEqual(['kept']);
  expect(here.notes.map((note) => note.message).join()).toContain(
    'output of container app does not reach CloudWatch Logs',
  );
});

test('multiline patterns join lines, long lines are cut, empty ones left out', async () => {
  const here = await start();
  await here.call('logs', 'CreateLogGroup', { logGroupName: '/app' });
  const script = 'process.stdout.write(["2026-01-02 first", " more", "2026-01-03 second", ""].join("\\n"))';
  const joined = await run(here, {
    containers: [logging(script, { 'awslogs-datetime-format': '%Y-%m-%d' })],
    execution: ALL,
  });
  expect(await messages(here, `web/app/${joined.id}`)).toEqual(['2026-01-02 first\n more', '2026-01-03 second']);
  const long = await run(here, {
    containers: [logging('console.log("x".repeat(300000) + "é"); console.log(""); console.log("end")')],
    execution: ALL,
  });
  const found = await messages(here, `web/app/${long.id}`);
  expect(found.map((message) => message?.length)).toEqual([262118, 300001 - 262118, 3]);
  expect(found[1]?.endsWith('é')).toBe(true);
});

test('drivers and options that are not there are refused by name', async () => {
  const refusal = (logDriver: never, options: Record<string, string> = {}) => {
    try {
      checkLogConfiguration({ logDriver, options });
    } catch (error) {
      return (error as Error).message;
    }
    return undefined;
  };
  expect(refusal('splunk' as never)).toBe('log driver splunk is not supported by Rolecall');
  expect(refusal('awsfirelens' as never)).toBe('log driver awsfirelens is not supported by Rolecall');
  expect(refusal('awslogs' as never, { 'awslogs-colour': 'red' })).toBe(
    "unknown log opt 'awslogs-colour' for awslogs log driver",
  );
  expect(refusal('awslogs' as never, { 'awslogs-multiline-pattern': '(' })).toBe(
    'awslogs could not parse multiline pattern key "("',
  );
  expect(refusal('json-file' as never, { 'max-size': '1m' })).toBeUndefined();
  const here = await start();
  const container = {
    name: 'app',
    image: 'app',
    command: ['true'],
    logConfiguration: { logDriver: 'splunk' as const, options: {} },
  };
  const stopped = await run(here, { containers: [container] });
  expect(stopped.stoppedReason).toBe(
    'ResourceInitializationError: failed to validate logger args: log driver splunk is not supported by Rolecall : exit status 1',
  );
});

test('an agent that is started again loses and repeats no line', async () => {
  const here = await start();
  await here.call('logs', 'CreateLogGroup', { logGroupName: '/app' });
  const go = join(here.directory, 'go');
  // The last lines come when the agent has been started for the last time.
  const script = `let i = 0; const t = setInterval(() => { for (let n = 0; n < 20 && (i < 900 || require('node:fs').existsSync(${JSON.stringify(go)})); n++) console.log("line " + i++); if (i >= 1000) clearInterval(t); }, 10)`;
  const task = here.addTask({ containers: [logging(script)], execution: ALL });
  await here.when(task.arn, (each) => each.lastStatus === 'RUNNING');
  for (let restarts = 0, agent = here.agent; restarts < 3; restarts++) {
    await new Promise((resolve) => setTimeout(resolve, 120));
    await agent.stop({ tasks: 'keep' });
    agent = await here.restart();
  }
  writeFileSync(go, '');
  const stopped = await here.stopped(task.arn);
  expect(await messages(here, `web/app/${task.id}`)).toEqual(
    Array.from({ length: 1000 }, (_, index) => `line ${index}`),
  );
  expect(stopped.containers[0]?.reason).toBe(
    'the container ended; its exit code is not known, since the agent had been restarted meanwhile',
  );
});
