import { Engine } from '../src/agent/runtimes/docker/engine.ts';
import { dockerSupport } from '../src/agent/runtimes/docker/support.ts';
import { namespaceSupport } from '../src/agent/runtimes/namespace/support.ts';
import { type RunningServer, type ServerOptions, startServer } from '../src/server.ts';
import { AwsClient } from '../src/wire/client.ts';
import { noImages, testImage } from '../tests/docker/images.ts';
import { median, type Row } from './table.ts';

const ROUNDS = 11;
const REGION = 'eu-west-1';
const COMMAND = ['sleep', '300'];

/** From RunTask to RUNNING, on each runtime beside what the system underneath needs for the same container. */
export async function launchRows(): Promise<Row[]> {
  return [...(await dockerRows()), ...(await namespaceRows())];
}

async function dockerRows(): Promise<Row[]> {
  const support = await dockerSupport();
  const reason = support.supported ? noImages : support.reason;
  if (!support.supported || reason !== undefined) return skipped('docker', reason);
  const engine = new Engine(support.socketPath);
  await engine.negotiate();
  const image = await testImage(engine);
  const direct: number[] = [];
  const ready: number[] = [];
  const cold: number[] = [];
  const holding = await LaunchBench.open({ runtime: 'docker', image });
  const bare = await LaunchBench.open({ runtime: 'docker', image, ready: 0 });
  try {
    for (let round = 0; round < ROUNDS; round++) {
      ready.push(await holding.launch());
      direct.push(await directly(engine, image));
      cold.push(await bare.launch());
    }
  } finally {
    await holding.close();
    await bare.close();
    engine.close();
  }
  const beside = `the container created and started by the Engine API ${median(direct).toFixed(0)} ms`;
  return [
    row('docker: RunTask to RUNNING', median(ready), beside, median(direct), { ratio: 1.15 }),
    row('docker: RunTask to RUNNING, no network held ready', median(cold), beside, median(direct)),
  ];
}

/** Milliseconds that the Engine takes to create and start the container on its own default network. */
async function directly(engine: Engine, image: string): Promise<number> {
  const from = performance.now();
  const { Id } = await engine.post<{ Id: string }>('/containers/create', {}, { Image: image, Cmd: COMMAND });
  await engine.post(`/containers/${Id}/start`);
  const took = performance.now() - from;
  await engine.delete(`/containers/${Id}`, { force: true });
  return took;
}

async function namespaceRows(): Promise<Row[]> {
  const { reason } = namespaceSupport();
  if (reason !== undefined) return skipped('namespace', reason);
  const ready: number[] = [];
  const cold: number[] = [];
  const plain: number[] = [];
  const standIns = [{ pattern: '*', program: 'host' }] as const;
  const holding = await LaunchBench.open({ runtime: 'namespace', image: 'program', standIns });
  const bare = await LaunchBench.open({ runtime: 'namespace', image: 'program', standIns, ready: 0 });
  const processes = await LaunchBench.open({ runtime: 'process', image: 'program', standIns });
  try {
    for (let round = 0; round < ROUNDS; round++) {
      ready.push(await holding.launch());
      plain.push(await processes.launch());
      cold.push(await bare.launch());
    }
  } finally {
    for (const bench of [holding, bare, processes]) await bench.close();
  }
  const beside = `process runtime ${median(plain).toFixed(0)} ms`;
  return [
    row('namespace: RunTask to RUNNING, nothing held ready', median(cold), beside, median(plain), { milliseconds: 60 }),
    row('namespace: RunTask to RUNNING', median(ready), beside, median(plain)),
  ];
}

function row(
  what: string,
  took: number,
  beside: string,
  reference: number,
  goal?: { readonly ratio: number } | { readonly milliseconds: number },
): Row {
  const figures = { what, figure: `${took.toFixed(0)} ms`, beside, ratio: took / reference };
  if (goal === undefined) return figures;
  return 'ratio' in goal
    ? { ...figures, goal: `≤ ${goal.ratio} ×`, met: took / reference <= goal.ratio }
    : { ...figures, goal: `≤ ${goal.milliseconds} ms`, met: took <= goal.milliseconds };
}

function skipped(runtime: string, reason: string | undefined): Row[] {
  process.stderr.write(`bench: the ${runtime} runtime is left out: ${reason}\n`);
  return [];
}

/** A server of its own and a client of it. One task at a time. */
class LaunchBench {
  readonly #server: RunningServer;
  readonly #client: AwsClient;

  private constructor(server: RunningServer) {
    this.#server = server;
    this.#client = new AwsClient({ endpoint: server.endpoint, region: REGION, credentials: server.credentials });
  }

  static async open({
    image,
    standIns = [],
    ...options
  }: Pick<ServerOptions, 'runtime' | 'ready'> & Partial<Pick<ServerOptions, 'standIns'>> & { image: string }) {
    const server = await startServer({
      host: '127.0.0.1',
      port: 0,
      region: REGION,
      account: '000000000000',
      standIns,
      ...options,
    });
    const bench = new LaunchBench(server);
    await bench.#client.call('ecs', 'CreateCluster', {});
    await bench.#client.call('ecs', 'RegisterTaskDefinition', {
      family: 'bench',
      requiresCompatibilities: ['FARGATE'],
      networkMode: 'awsvpc',
      cpu: '256',
      memory: '512',
      containerDefinitions: [{ name: 'app', image, command: COMMAND, stopTimeout: 2 }],
    });
    await bench.launch();
    return bench;
  }

  /** Milliseconds from RunTask to a DescribeTasks that says RUNNING. */
  async launch(): Promise<number> {
    // What a task before it left to do (a network made ready again) is no part of this one.
    await pause(1000);
    const from = performance.now();
    const { tasks } = await this.#client.call('ecs', 'RunTask', {
      taskDefinition: 'bench',
      launchType: 'FARGATE',
      networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-0bench0000000000'] } },
    });
    const task = tasks?.[0]?.taskArn ?? '';
    await this.#until(task, 'RUNNING');
    const took = performance.now() - from;
    await this.#client.call('ecs', 'StopTask', { task });
    await this.#until(task, 'STOPPED');
    return took;
  }

  close(): Promise<void> {
    return this.#server.stop();
  }

  async #until(task: string, status: string): Promise<void> {
    for (;;) {
      const { tasks } = await this.#client.call('ecs', 'DescribeTasks', { tasks: [task] });
      const { lastStatus, stoppedReason } = tasks?.[0] ?? {};
      if (lastStatus === status) return;
      if (lastStatus === 'STOPPED') throw new Error(`the task stopped: ${stoppedReason}`);
      await pause(2);
    }
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
