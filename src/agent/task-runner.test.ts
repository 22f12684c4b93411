import { afterEach, expect, test } from 'vitest';
import { identify } from './runtimes/process-table.ts';
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
  await until(() => identify(Number(bench.lines('app')[0])) === undefined);
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

test('a stop before the start: nothing runs', async () => {
  bench = await createAgentBench([]);
  const task = bench.addTask({ containers: [{ name: 'app', image: 'app', command: node('console.log("ran")') }] });
  bench.requestStop(task.arn);
  const stopped = await bench.stopped(task.arn);
  expect(stopped).toMatchObject({ stopCode: 'UserInitiated', stoppedReason: 'Task stopped by user' });
  expect(bench.lines('app')).toEqual([]);
});

test('restartPolicy starts a container again that ran for its period, unless its exit code is ignored', async () => {
  bench = await createAgentBench([]);
  const file = `${bench.directory}/count`;
  const script = `const fs = require("node:fs"); const n = fs.existsSync(${JSON.stringify(file)}) ? Number(fs.readFileSync(${JSON.stringify(file)})) : 0; fs.writeFileSync(${JSON.stringify(file)}, String(n + 1)); console.log("run " + n); process.exit(n < 2 ? 1 : 5)`;
  const task = bench.addTask({
    containers: [
      {
        name: 'app',
        image: 'app',
        command: node(script),
        restartPolicy: { enabled: true, restartAttemptPeriod: 0, ignoredExitCodes: [5] },
      },
    ],
  });
  const stopped = await bench.stopped(task.arn);
  expect(bench.lines('app')).toEqual(['run 0', 'run 1', 'run 2']);
  expect(stopped.containers[0]?.exitCode).toBe(5);
});

test('fifty tasks at once start and end, and leave no process behind', async () => {
  bench = await createAgentBench([]);
  const command = ['/bin/sh', '-c', 'sleep 100 & echo $!; exit 0'];
  const all = Array.from({ length: 50 }, () => bench.addTask({ containers: [{ name: 'app', image: 'app', command }] }));
  const stopped = await Promise.all(all.map((task) => bench.stopped(task.arn)));
  expect(stopped.every((task) => task.containers[0]?.exitCode === 0)).toBe(true);
  expect(bench.lines('app')).toHaveLength(50);
  await until(() => bench.lines('app').every((pid) => identify(Number(pid)) === undefined));
});

test('output can be followed to the end of the task, and read afterwards', async () => {
  bench = await createAgentBench([]);
  const task = bench.addTask({
    containers: [
      { name: 'app', image: 'app', command: node('console.log("a"); setTimeout(() => console.log("b"), 100)') },
    ],
  });
  const read = async (follow: boolean, agent = bench.agent) => {
    const lines: string[] = [];
    for await (const line of agent.output(task.arn, follow, new AbortController().signal)) lines.push(line.line);
    return lines;
  };
  await until(() => bench.lines('app').length > 0);
  expect(await read(true)).toEqual(['a', 'b']);
  expect(bench.task(task.arn).lastStatus).toBe('STOPPED');
  expect(await read(false)).toEqual(['a', 'b']);
  // Another agent finds the files.
  expect(await read(false, await bench.restart())).toEqual(['a', 'b']);
});

test('a task that an earlier agent left while it was starting is stopped with the reason, its processes ended', async () => {
  bench = await createAgentBench([]);
  const task = bench.addTask({
    containers: [
      { name: 'first', image: 'app', command: node('console.log(process.pid); setInterval(() => {}, 1000)') },
      {
        name: 'second',
        image: 'app',
        command: node('1'),
        dependsOn: [{ containerName: 'first', condition: 'HEALTHY' }],
      },
    ],
  });
  await until(() => bench.lines('first').length > 0);
  await bench.agent.stop({ tasks: 'keep' });
  await bench.restart();
  const stopped = await bench.stopped(task.arn);
  expect(stopped).toMatchObject({
    stopCode: 'TaskFailedToStart',
    stoppedReason: 'Task failed to start: the agent was restarted while the task was starting',
  });
  expect(identify(Number(bench.lines('first')[0]))).toBeUndefined();
});

test('a container that ended while no agent was there', async () => {
  bench = await createAgentBench([]);
  const task = bench.addTask({
    containers: [{ name: 'app', image: 'app', command: node('console.log(process.pid); setInterval(() => {}, 1000)') }],
  });
  await bench.when(task.arn, (each) => each.lastStatus === 'RUNNING');
  await until(() => bench.lines('app').length > 0);
  await bench.agent.stop({ tasks: 'keep' });
  process.kill(Number(bench.lines('app')[0]), 'SIGKILL');
  await until(() => identify(Number(bench.lines('app')[0])) === undefined);
  await bench.restart();
  const stopped = await bench.stopped(task.arn);
  expect(stopped.stopCode).toBe('EssentialContainerExited');
  expect(stopped.containers[0]?.reason).toContain('its exit code is not known');
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}
