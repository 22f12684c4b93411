import { Engine } from '../src/agent/runtimes/docker/engine.ts';
import { dockerSupport } from '../src/agent/runtimes/docker/support.ts';
import { startServer } from '../src/server.ts';
import { AwsClient } from '../src/wire/client.ts';
import { noImages, testImage } from '../tests/docker/images.ts';
import { median, type Row } from './table.ts';

const LINES = 400_000;
const ROUNDS = 3;
const LINE = '2026-01-02T03:04:05.678Z INFO request id=0123456789abcdef GET /orders/42 200 3ms';
const COMMAND = ['sh', '-c', `yes '${LINE}' | head -n ${LINES}`];
const REGION = 'eu-west-1';
const GROUP = '/bench';

/** Lines a second from a container through awslogs into CloudWatch Logs, beside the Engine's own log reader. */
export async function logRows(): Promise<Row[]> {
  const support = await dockerSupport();
  const reason = support.supported ? noImages : support.reason;
  if (!support.supported || reason !== undefined) {
    process.stderr.write(`bench: log throughput is left out: ${reason}\n`);
    return [];
  }
  const engine = new Engine(support.socketPath);
  await engine.negotiate();
  const image = await testImage(engine);
  const ours: number[] = [];
  const direct: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    direct.push(await readByEngine(engine, image));
    ours.push(await throughAwslogs(image));
  }
  engine.close();
  const figure = median(ours);
  return [
    {
      what: 'docker: awslogs, from the container into the log stream',
      figure: `${figure.toFixed(0)} lines/s`,
      beside: `the Engine's log reader, followed to its end ${median(direct).toFixed(0)} lines/s`,
      ratio: figure / median(direct),
      goal: '≥ 100,000 lines/s',
      met: figure >= 100_000,
    },
  ];
}

/** The same container, its output followed with the Engine's own call and counted. */
async function readByEngine(engine: Engine, image: string): Promise<number> {
  const { Id } = await engine.post<{ Id: string }>('/containers/create', {}, { Image: image, Cmd: COMMAND });
  try {
    await engine.post(`/containers/${Id}/start`);
    const from = performance.now();
    const output = await engine.stream('GET', `/containers/${Id}/logs`, { follow: true, stdout: true });
    let lines = 0;
    for await (const chunk of output as AsyncIterable<Buffer>) {
      for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines += 1;
    }
    // The frames' headers may hold a byte of the same value.
    if (lines < LINES) throw new Error(`the Engine gave ${lines} of ${LINES} lines`);
    return LINES / ((performance.now() - from) / 1000);
  } finally {
    await engine.delete(`/containers/${Id}`, { force: true });
  }
}

async function throughAwslogs(image: string): Promise<number> {
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    region: REGION,
    account: '000000000000',
    standIns: [],
    runtime: 'docker',
  });
  try {
    const client = new AwsClient({ endpoint: server.endpoint, region: REGION, credentials: server.credentials });
    const executionRoleArn = await role(client);
    await client.call('ecs', 'CreateCluster', {});
    await client.call('logs', 'CreateLogGroup', { logGroupName: GROUP });
    await client.call('ecs', 'RegisterTaskDefinition', {
      family: 'bench',
      requiresCompatibilities: ['FARGATE'],
      networkMode: 'awsvpc',
      cpu: '1024',
      memory: '2048',
      executionRoleArn,
      containerDefinitions: [
        {
          name: 'app',
          image,
          command: COMMAND,
          logConfiguration: {
            logDriver: 'awslogs',
            options: { 'awslogs-group': GROUP, 'awslogs-region': REGION, 'awslogs-stream-prefix': 'bench' },
          },
        },
      ],
    });
    const { tasks } = await client.call('ecs', 'RunTask', {
      taskDefinition: 'bench',
      launchType: 'FARGATE',
      networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-0bench0000000000'] } },
    });
    const task = tasks?.[0]?.taskArn ?? '';
    let from: number | undefined;
    for (;;) {
      const described = await client.call('ecs', 'DescribeTasks', { tasks: [task] });
      const { lastStatus, stopCode, stoppedReason } = described.tasks?.[0] ?? {};
      if (lastStatus !== 'PROVISIONING' && lastStatus !== 'PENDING') from ??= performance.now();
      if (lastStatus === 'STOPPED') {
        if (stopCode !== 'EssentialContainerExited') throw new Error(`the task did not run: ${stoppedReason}`);
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const took = performance.now() - (from as number);
    const lines = await count(client, `bench/app/${task.slice(task.lastIndexOf('/') + 1)}`);
    if (lines !== LINES) throw new Error(`${lines} of ${LINES} lines are in the log stream`);
    return LINES / (took / 1000);
  } finally {
    await server.stop();
  }
}

async function role(client: AwsClient): Promise<string> {
  const document = (statement: object) => JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  const { Role } = await client.call('iam', 'CreateRole', {
    RoleName: 'execution',
    AssumeRolePolicyDocument: document({
      Effect: 'Allow',
      Principal: { Service: 'ecs-tasks.amazonaws.com' },
      Action: 'sts:AssumeRole',
    }),
  });
  await client.call('iam', 'PutRolePolicy', {
    RoleName: 'execution',
    PolicyName: 'logs',
    PolicyDocument: document({ Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: '*' }),
  });
  return Role?.Arn ?? '';
}

async function count(client: AwsClient, logStreamName: string): Promise<number> {
  let lines = 0;
  let nextToken: string | undefined;
  for (;;) {
    const page = await client.call('logs', 'GetLogEvents', {
      logGroupName: GROUP,
      logStreamName,
      startFromHead: true,
      ...(nextToken === undefined ? {} : { nextToken }),
    });
    if ((page.events ?? []).some(({ message }) => message !== LINE)) throw new Error('a line is not as it was written');
    lines += page.events?.length ?? 0;
    if (page.nextForwardToken === nextToken) return lines;
    nextToken = page.nextForwardToken;
  }
}
