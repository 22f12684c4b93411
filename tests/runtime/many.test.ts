import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ECS, type Task } from '@aws-sdk/client-ecs';
import { IAM } from '@aws-sdk/client-iam';
import { afterEach, describe, expect, it } from 'vitest';
import { AwsClient } from '../../src/wire/client.ts';
import { dockerRuntime, engine } from '../docker/subject.ts';
import type { ContractRuntime } from './contract.ts';
import { KeptServer, noKeeper } from './kept-server.ts';
import { leftInEngine, leftOnMachine, type Traces } from './left-behind.ts';
import { namespaceRuntime, processRuntime } from './subjects.ts';

const TASKS = 50;

/** A word in the command line of those that end once nobody answers them. */
const ENDS = `ends-${process.pid}`;

/**
 * Asks for its credentials again and again. Told to end it says by its exit code what became of them: 21 the same as at
 * the start, 22 others, 23 none. With an argument it ends, by 7, once nobody answers any more.
 */
const APPLICATION = `
const { AWS_CONTAINER_CREDENTIALS_FULL_URI: full, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: path,
  AWS_CONTAINER_AUTHORIZATION_TOKEN: authorization } = process.env;
const headers = authorization === undefined ? {} : { authorization };
const ask = () => fetch(full ?? 'http://169.254.170.2' + path, { headers, signal: AbortSignal.timeout(60000) })
  .then((answer) => answer.json()).then(({ AccessKeyId }) => AccessKeyId, () => undefined);
// Node does not always wait for a request whose connection is cut.
setInterval(() => {}, 1000);
let first;
process.on('SIGTERM', async () => {
  const now = await ask();
  process.exit(now === undefined ? 23 : first === undefined || now === first ? 21 : 22);
});
for (;;) {
  const now = await ask();
  first ??= now;
  console.log('asked');
  if (now === undefined && process.argv.length > 1) process.exit(7);
  await new Promise((resolve) => setTimeout(resolve, 250));
}
`;

interface Subject extends ContractRuntime {
  /** Whether the exit code of a container is known that ended while no server ran. */
  readonly keepsExitCodes: boolean;
  readonly mounts: boolean;
}

const subjects: readonly Subject[] = [
  { ...processRuntime, keepsExitCodes: false, mounts: false },
  { ...namespaceRuntime, keepsExitCodes: true, mounts: true },
  { ...dockerRuntime, keepsExitCodes: true, mounts: true },
];

describe.each(subjects)('$name: many tasks at once', (subject) => {
  const unavailable = subject.unavailable ?? noKeeper;
  const servers: KeptServer[] = [];
  const directories: string[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.clear();
    for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
  });

  const command = (...more: string[]) => [subject.node, '--input-type=module', '-e', APPLICATION, ...more];

  interface Bench {
    readonly server: KeptServer;
    readonly ecs: ECS;
    readonly traces: Traces;
  }

  async function open(directory: string): Promise<Bench> {
    const traces = { home: join(directory, 'data'), temporary: join(directory, 'tmp'), taskIds: [] };
    mkdirSync(traces.temporary, { recursive: true });
    const standIn = subject.name === 'docker' ? [] : ['--stand-in', `${subject.image}=host`];
    const args = ['--runtime', subject.name, '--data', traces.home, ...standIn];
    const server = await KeptServer.start(args, { TMPDIR: traces.temporary });
    servers.push(server);
    return { server, ecs: new ECS(config(server)), traces };
  }

  function newDirectory(): string {
    const directory = mkdtempSync(join(tmpdir(), 'rolecall-many-'));
    directories.push(directory);
    return directory;
  }

  /** A role, a cluster with an instance, and a task definition for each launch type. */
  async function prepare({ server, ecs }: Bench): Promise<void> {
    const trust = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' }],
    };
    await new IAM(config(server)).createRole({ RoleName: 'task', AssumeRolePolicyDocument: JSON.stringify(trust) });
    await ecs.createCluster({ clusterName: 'default' });
    const client = new AwsClient(config(server));
    const answer = await client.fetchSigned(
      'POST',
      '/_rolecall/instances',
      JSON.stringify({ cluster: 'default', launchType: 'EC2' }),
    );
    expect(answer.status, answer.body.toString()).toBe(200);
    client.close();
    for (const launchType of ['FARGATE', 'EC2'] as const) {
      await ecs.registerTaskDefinition({
        family: launchType,
        requiresCompatibilities: [launchType],
        networkMode: launchType === 'FARGATE' ? 'awsvpc' : 'bridge',
        ...(launchType === 'FARGATE' ? { cpu: '256', memory: '512' } : {}),
        taskRoleArn: 'task',
        ...(subject.mounts ? { volumes: [{ name: 'v' }] } : {}),
        containerDefinitions: [
          {
            name: 'app',
            image: subject.image,
            command: command(),
            // Fifty of them end at once.
            stopTimeout: 120,
            ...(launchType === 'FARGATE' ? {} : { cpu: 16, memory: 256, portMappings: [{ containerPort: 8080 }] }),
            ...(subject.mounts ? { mountPoints: [{ sourceVolume: 'v', containerPath: '/v' }] } : {}),
          },
        ],
      });
    }
  }

  /** Starts them all at once, ten by call; every fifth call for tasks that end once nobody answers them. */
  async function runAll(ecs: ECS, count: number): Promise<{ arns: string[]; ending: Set<string> }> {
    const answers = await Promise.all(
      Array.from({ length: Math.ceil(count / 10) }, (_, call) => {
        const launchType = call % 2 === 0 ? 'FARGATE' : 'EC2';
        return ecs.runTask({
          taskDefinition: launchType,
          launchType,
          count: Math.min(10, count),
          ...(launchType === 'EC2' ? {} : { networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } } }),
          ...(call === 4 ? { overrides: { containerOverrides: [{ name: 'app', command: command(ENDS) }] } } : {}),
        });
      }),
    );
    expect(answers.flatMap(({ failures }) => failures)).toEqual([]);
    const arns = answers.map(({ tasks }) => (tasks ?? []).map(({ taskArn }) => taskArn ?? ''));
    return { arns: arns.flat(), ending: new Set(arns[4]) };
  }

  async function describeAll(ecs: ECS, arns: readonly string[]): Promise<Task[]> {
    return (await ecs.describeTasks({ tasks: [...arns] })).tasks ?? [];
  }

  async function untilAll(ecs: ECS, arns: readonly string[], wanted: readonly string[]): Promise<Task[]> {
    for (;;) {
      const tasks = await describeAll(ecs, arns);
      if (tasks.every(({ lastStatus }) => wanted.includes(lastStatus ?? ''))) return tasks;
      await delay(200);
    }
  }

  /** Resolves when the application in each has got so far that it can be told to end. */
  async function untilAsked(server: KeptServer, tasks: readonly Task[]): Promise<void> {
    const client = new AwsClient(config(server));
    for (const { taskArn = '' } of tasks.filter(({ lastStatus }) => lastStatus === 'RUNNING')) {
      for (;;) {
        const answer = await client.fetchSigned('GET', `/_rolecall/output?task=${encodeURIComponent(taskArn)}`, '');
        if (answer.body.toString().includes('asked')) break;
        await delay(100);
      }
    }
    client.close();
  }

  async function stopAll(ecs: ECS, tasks: readonly Task[]): Promise<Task[]> {
    const arns = tasks.map(({ taskArn }) => taskArn ?? '');
    await Promise.all(
      tasks.filter(({ lastStatus }) => lastStatus !== 'STOPPED').map(({ taskArn: task }) => ecs.stopTask({ task })),
    );
    return arns.length === 0 ? [] : untilAll(ecs, arns, ['STOPPED']);
  }

  /** Stops the server; then nothing may be there of any that ran on the directory. */
  async function expectNothingLeft({ server, traces }: Bench, arns: readonly string[]): Promise<void> {
    server.signal('SIGTERM');
    await server.ended();
    const gone = Promise.all(servers.map((each) => each.gone()));
    await Promise.race([gone, delay(60_000)]);
    expect(servers.flatMap((each) => each.descendants)).toEqual([]);
    await gone;
    const all: Traces = { ...traces, taskIds: arns.map((arn) => arn.slice(arn.lastIndexOf('/') + 1)) };
    expect(leftOnMachine(all)).toEqual([]);
    if (subject.name === 'docker') expect(await leftInEngine(engine, all)).toEqual([]);
  }

  it.skipIf(unavailable !== undefined)(
    `${TASKS} of them run at the same time, end, and leave nothing${unavailable === undefined ? '' : ` (skipped: ${unavailable})`}`,
    async () => {
      const bench = await open(newDirectory());
      const { ecs, server } = bench;
      await prepare(bench);
      // What a server has of its own, beside its tasks.
      const one = await runAll(ecs, 1);
      await stopAll(ecs, await untilAll(ecs, one.arns, ['RUNNING', 'STOPPED']));
      const before = await idleCounts(server);

      const { arns } = await runAll(ecs, TASKS);
      const running = await untilAll(ecs, arns, ['RUNNING', 'STOPPED']);
      expect(
        running.filter(({ lastStatus }) => lastStatus !== 'RUNNING').map(({ stoppedReason }) => stoppedReason),
      ).toEqual([]);
      expect(running).toHaveLength(TASKS);
      await untilAsked(server, running);
      const stopped = await stopAll(ecs, running);
      expect(stopped.map(({ stopCode, containers }) => `${stopCode} ${containers?.[0]?.exitCode}`)).toEqual(
        stopped.map(() => 'UserInitiated 21'),
      );
      // Connections that are kept alive would be counted.
      ecs.destroy();
      const now = () => countsOf(server);
      for (let patience = 300; patience > 0 && !isBack(now(), before); patience--) await delay(200);
      expect(isBack(now(), before), JSON.stringify({ before, after: now(), left: server.descendants })).toBe(true);
      await expectNothingLeft(bench, [...one.arns, ...arns]);
    },
    600_000,
  );

  it.skipIf(unavailable !== undefined).each([0, 17])(
    `a server that is killed when %d of ${TASKS} run is started again, goes on with those that live, and leaves nothing${unavailable === undefined ? '' : ` (skipped: ${unavailable})`}`,
    async (enough) => {
      const directory = newDirectory();
      const first = await open(directory);
      await prepare(first);
      const { arns, ending } = await runAll(first.ecs, TASKS);
      let seen: Task[] = [];
      const started = () =>
        seen.filter(({ lastStatus }) => lastStatus === 'RUNNING').map(({ taskArn }) => taskArn ?? '');
      while (started().length < enough) {
        seen = await describeAll(first.ecs, arns);
        await delay(20);
      }
      const alive = started();
      first.server.signal('SIGKILL');
      await first.server.ended();
      first.ecs.destroy();
      // Those end once nobody answers; what the Engine was told to start may begin a moment later.
      do await delay(3000);
      while (isRunning(ENDS));

      const second = await open(directory);
      const ended = alive.filter((arn) => ending.has(arn));
      if (ended.length > 0) await untilAll(second.ecs, ended, ['STOPPED']);
      const settled = await untilAll(second.ecs, arns, ['RUNNING', 'STOPPED']);
      const of = (arn: string) => settled.find(({ taskArn }) => taskArn === arn);
      for (const arn of alive) {
        const task = of(arn);
        if (!ending.has(arn)) expect(task, task?.stoppedReason).toMatchObject({ lastStatus: 'RUNNING' });
      }
      const over = settled.filter(({ lastStatus }) => lastStatus === 'STOPPED');
      for (const task of over) {
        const begun = alive.includes(task.taskArn ?? '');
        if (begun) expect(task.stopCode).toBe('EssentialContainerExited');
        else expect(['EssentialContainerExited', 'TaskFailedToStart']).toContain(task.stopCode);
        expect(task.stoppedReason).not.toBe('');
      }
      for (const arn of ended) {
        const container = of(arn)?.containers?.[0];
        expect(container).toMatchObject({ lastStatus: 'STOPPED' });
        expect(container?.exitCode).toBe(subject.keepsExitCodes ? 7 : undefined);
        if (!subject.keepsExitCodes) expect(container?.reason).toMatch(/exit code is not known/);
      }
      await untilAsked(second.server, settled);
      const stopped = await stopAll(second.ecs, settled);
      const last = stopped.filter(({ stopCode }) => stopCode === 'UserInitiated');
      // A process that an earlier server started tells nobody how it ended.
      const known = last.flatMap(({ containers }) => containers?.[0]?.exitCode ?? []);
      expect(known).toEqual(known.map(() => 21));
      if (subject.keepsExitCodes) expect(known).toHaveLength(last.length);
      expect(last.length).toBeGreaterThan(0);
      second.ecs.destroy();
      await expectNothingLeft(second, arns);
    },
    600_000,
  );
});

interface Counts {
  readonly processes: number;
  readonly sockets: number;
}

function countsOf(server: KeptServer): Counts {
  return { processes: server.descendants.length, sockets: server.networkSockets };
}

/** What a server has when it does nothing: the same for three seconds. */
async function idleCounts(server: KeptServer): Promise<Counts> {
  let last = countsOf(server);
  for (let same = 0; same < 15; ) {
    await delay(200);
    const now = countsOf(server);
    same = now.processes === last.processes && now.sockets === last.sockets ? same + 1 : 0;
    last = now;
  }
  return last;
}

/** Whether a process of this machine, in whatever container, has such an argument. */
function isRunning(argument: string): boolean {
  return readdirSync('/proc').some((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').includes(argument);
    } catch {
      return false;
    }
  });
}

function isBack(now: Counts, before: Counts): boolean {
  return now.processes <= before.processes && now.sockets <= before.sockets;
}

function config({ endpoint }: KeptServer) {
  return {
    endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  };
}
