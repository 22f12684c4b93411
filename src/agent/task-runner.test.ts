import { afterEach, expect, test } from 'vitest';
import { type AgentBench, createAgentBench } from './testing.ts';

let bench: AgentBench;
afterEach(() => bench.close());

function node(script: string): readonly string[] {
  return [process.execPath, '-e', script];
}

test('a task of one container runs to its end', async () => {
  bench = await createAgentBench([]);
  const task = bench.addTask({
    containers: [
      { name: 'app', image: 'app', command: node('console.log("hello"); console.error("problem"); process.exit(7)') },
    ],
  });
  const stopped = await bench.stopped(task.arn);
  expect(stopped.stopCode).toBe('EssentialContainerExited');
  expect(stopped.stoppedReason).toBe('Essential container in task exited');
  expect(stopped.containers[0]).toMatchObject({ lastStatus: 'STOPPED', exitCode: 7 });
  expect(stopped.startedAt).toBeDefined();
  expect(bench.lines('app').sort()).toEqual(['hello', 'problem']);
});

test('StopTask ends the container with SIGTERM', async () => {
  bench = await createAgentBench([]);
  const script =
    'process.on("SIGTERM", () => { console.log("bye"); process.exit(0); }); setInterval(() => {}, 1000); console.log("up");';
  const task = bench.addTask({ containers: [{ name: 'app', image: 'app', command: node(script) }] });
  await bench.when(task.arn, (each) => each.lastStatus === 'RUNNING');
  await until(() => bench.lines('app').includes('up'));
  bench.requestStop(task.arn);
  const stopped = await bench.stopped(task.arn);
  expect(stopped).toMatchObject({ stopCode: 'UserInitiated', stoppedReason: 'Task stopped by user' });
  expect(stopped.containers[0]?.exitCode).toBe(0);
  expect(bench.lines('app')).toEqual(['up', 'bye']);
});

test('a container that does not heed SIGTERM is killed after stopTimeout, with all that it started', async () => {
  bench = await createAgentBench([]);
  const child = 'setInterval(() => {}, 1000)';
  const script = `process.on("SIGTERM", () => {}); const c = require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(child)}]); console.log(c.pid); setInterval(() => {}, 1000);`;
  const task = bench.addTask({ containers: [{ name: 'app', image: 'app', command: node(script), stopTimeout: 1 }] });
  await until(() => bench.lines('app').length > 0);
  bench.requestStop(task.arn);
  const stopped = await bench.stopped(task.arn);
  expect(stopped.containers[0]?.exitCode).toBe(137);
  await until(() => !isAlive(Number(bench.lines('app')[0])));
});

test('the end of an essential container ends the others', async () => {
  bench = await createAgentBench([]);
  const task = bench.addTask({
    containers: [
      { name: 'app', image: 'app', command: node('setTimeout(() => process.exit(3), 200)') },
      { name: 'sidecar', image: 'app', essential: false, command: node('setInterval(() => {}, 1000)') },
    ],
  });
  const stopped = await bench.stopped(task.arn);
  expect(stopped.stopCode).toBe('EssentialContainerExited');
  expect(stopped.containers.map((each) => each.exitCode)).toEqual([3, 143]);
});

test('dependsOn: an init container must succeed before the application starts', async () => {
  bench = await createAgentBench([]);
  const containers = (code: number) => [
    {
      name: 'app',
      image: 'app',
      command: node('console.log("app")'),
      dependsOn: [{ containerName: 'init', condition: 'SUCCESS' as const }],
    },
    { name: 'init', image: 'app', essential: false, command: node(`console.log("init"); process.exit(${code})`) },
  ];
  const good = bench.addTask({ containers: containers(0) });
  await bench.stopped(good.arn);
  expect(bench.output.filter((line) => line.taskArn === good.arn).map((line) => line.line)).toEqual(['init', 'app']);
  const bad = bench.addTask({ containers: containers(1) });
  const stopped = await bench.stopped(bad.arn);
  expect(stopped.containers[0]).toMatchObject({
    exitCode: 143,
    reason:
      'CannotStartContainerError: dependency graph: failed to resolve container ordering dependency [init] for target [app] as dependency did not exit successfully.',
  });
});

test('dependsOn HEALTHY waits for the health check', async () => {
  bench = await createAgentBench([]);
  const task = bench.addTask({
    containers: [
      {
        name: 'db',
        image: 'app',
        essential: false,
        command: node('setInterval(() => {}, 1000)'),
        healthCheck: { command: ['CMD-SHELL', 'test -n "$READY"'], interval: 1 },
        environment: [{ name: 'READY', value: 'yes' }],
      },
      {
        name: 'app',
        image: 'app',
        command: node('console.log("app")'),
        dependsOn: [{ containerName: 'db', condition: 'HEALTHY' }],
      },
    ],
  });
  const stopped = await bench.stopped(task.arn);
  expect(stopped.containers.map((each) => each.healthStatus)).toEqual(['HEALTHY', 'UNKNOWN']);
  expect(bench.lines('app')).toEqual(['app']);
});

test('an image without a stand-in ends the task with our word on how to go on', async () => {
  bench = await createAgentBench([], { standIns: [] });
  const task = bench.addTask({ containers: [{ name: 'app', image: 'nginx:1', command: node('1') }] });
  const stopped = await bench.stopped(task.arn);
  expect(stopped.stopCode).toBe('TaskFailedToStart');
  expect(stopped.stoppedReason).toMatch(
    /^CannotPullContainerError: no local program stands in for the image nginx:1\. .*--stand-in nginx:1=DIR/,
  );
  expect(stopped.containers[0]?.reason).toBe(stopped.stoppedReason);
  expect(stopped.startedAt).toBeUndefined();
});

test('a program that is not there cannot be started', async () => {
  bench = await createAgentBench([]);
  const fargate = bench.addTask({ containers: [{ name: 'app', image: 'app', command: ['no-such-program'] }] });
  const stopped = await bench.stopped(fargate.arn);
  expect(stopped.stopCode).toBe('TaskFailedToStart');
  expect(stopped.stoppedReason).toBe(
    'CannotStartContainerError: ResourceInitializationError: failed to create new container runtime task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "no-such-program": executable file not found in $PATH: unknown',
  );
});

test('what the application needs and processes cannot give is refused by name, the rest is announced', async () => {
  bench = await createAgentBench([]);
  const refused = bench.addTask({
    containers: [
      { name: 'app', image: 'app', command: node('1'), mountPoints: [{ sourceVolume: 'v', containerPath: '/data' }] },
    ],
  });
  const stopped = await bench.stopped(refused.arn);
  expect(stopped.stoppedReason).toBe(
    'ResourceInitializationError: /containerDefinitions/0/mountPoints: a process sees the files of this machine; nothing can be mounted into it',
  );
  const announced = bench.addTask({
    containers: [{ name: 'app', image: 'app', command: node('1'), user: 'nobody', readonlyRootFilesystem: true }],
  });
  await bench.stopped(announced.arn);
  expect(bench.notes.filter((note) => note.taskArn === announced.arn).map((note) => note.message)).toEqual([
    '/containerDefinitions/0/user has no effect here: the process runs as your user',
    '/containerDefinitions/0/readonlyRootFilesystem has no effect here: the process can write wherever your user can',
  ]);
});

test('a container sees what ECS gives it and nothing else of the server', async () => {
  bench = await createAgentBench([]);
  process.env.ROLECALL_TEST_SECRET = 'leak';
  process.env.AWS_PROFILE = 'developer';
  const task = bench.addTask({
    containers: [
      {
        name: 'app',
        image: 'app',
        command: node('console.log(JSON.stringify(process.env))'),
        environment: [{ name: 'COLOUR', value: 'blue' }],
      },
    ],
    overrides: { containerOverrides: [{ name: 'app', environment: [{ name: 'SIZE', value: 'l' }] }] },
    application: [],
  });
  await bench.stopped(task.arn);
  delete process.env.ROLECALL_TEST_SECRET;
  delete process.env.AWS_PROFILE;
  const environment = JSON.parse(bench.lines('app')[0] ?? '{}') as Record<string, string>;
  const host = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ'];
  expect(
    Object.keys(environment)
      .filter((name) => !host.includes(name))
      .sort(),
  ).toEqual([
    'AWS_CONFIG_FILE',
    'AWS_CONTAINER_AUTHORIZATION_TOKEN',
    'AWS_CONTAINER_CREDENTIALS_FULL_URI',
    'AWS_DEFAULT_REGION',
    'AWS_EC2_METADATA_DISABLED',
    'AWS_ENDPOINT_URL',
    'AWS_EXECUTION_ENV',
    'AWS_REGION',
    'AWS_SHARED_CREDENTIALS_FILE',
    'BOTO_CONFIG',
    'COLOUR',
    'ECS_AGENT_URI',
    'ECS_CONTAINER_METADATA_URI',
    'ECS_CONTAINER_METADATA_URI_V4',
    'SIZE',
  ]);
  expect(environment).toMatchObject({
    AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE',
    AWS_REGION: 'eu-west-1',
    COLOUR: 'blue',
    SIZE: 'l',
  });
  expect(environment.ECS_CONTAINER_METADATA_URI_V4).toMatch(
    new RegExp(`^http://127\\.0\\.0\\.1:\\d+/v4/${task.id}-\\d{10}$`),
  );
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}
