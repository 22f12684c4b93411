import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { TaskListener } from '../../src/agent/endpoints/task-listener.ts';
import { containerEnvironment } from '../../src/agent/environment.ts';
import { watchHealth } from '../../src/agent/health-check.ts';
import type { OutputLine, Runtime, RuntimeContainer, RuntimeTask } from '../../src/agent/runtimes/runtime.ts';
import { close } from '../../src/core/listening.ts';
import { Store } from '../../src/store/store.ts';
import type * as Ecs from '../../src/wire/generated/types/ecs.ts';

/** One runtime, as the contract asks for it. */
export interface ContractRuntime {
  readonly name: string;
  /** Why it cannot be tried here; then its tests are skipped and say so. */
  readonly unavailable: string | undefined;
  /** An image with a shell, the usual small programs, and Node. */
  readonly image: string;
  /** Node's path in that image. */
  readonly node: string;
  /** A runtime on a store. Called again with the same store for an agent that was started again. */
  create(store: Store, directory: string): Promise<Runtime>;
}

/** A runtime with its store and scratch; everything of it ends with `close`. */
export class ContractBench {
  readonly directory = mkdtempSync(join(tmpdir(), 'rolecall-contract-'));
  readonly store = Store.inMemory();
  readonly subject: ContractRuntime;
  readonly #tasks: RuntimeTask[] = [];
  #runtime: Promise<Runtime> | undefined;

  constructor(subject: ContractRuntime) {
    this.subject = subject;
  }

  get runtime(): Promise<Runtime> {
    this.#runtime ??= this.subject.create(this.store, this.directory);
    return this.#runtime;
  }

  async task(definition: Ecs.TaskDefinition = {}, launchType: 'FARGATE' | 'EC2' = 'FARGATE'): Promise<ContractTask> {
    const taskId = randomBytes(16).toString('hex');
    const place = {
      taskArn: `arn:aws:ecs:eu-west-1:000000000000:task/default/${taskId}`,
      taskId,
      launchType,
      definition: { networkMode: 'awsvpc', ...definition } as Ecs.TaskDefinition,
      directory: join(this.directory, 'tasks', taskId),
    };
    const task = await (await this.runtime).prepareTask(place);
    this.#tasks.push(task);
    return new ContractTask(this, task, place);
  }

  async close(): Promise<void> {
    for (const task of this.#tasks) await task.remove();
    const runtime = (await this.#runtime) as (Runtime & { close?(): Promise<void> }) | undefined;
    await runtime?.close?.();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export type Definition = Partial<Omit<Ecs.ContainerDefinition, 'command'>> & {
  readonly env?: Readonly<Record<string, string>>;
};

export class ContractTask {
  readonly runtime: RuntimeTask;
  readonly place: Parameters<Runtime['prepareTask']>[0];
  readonly #bench: ContractBench;
  #listener: TaskListener | undefined;
  /** What the endpoint gives out; other ids it does not know. */
  readonly credentialsId = randomUUID();
  readonly token: string | undefined;
  readonly refused: string[] = [];

  constructor(bench: ContractBench, runtime: RuntimeTask, place: Parameters<Runtime['prepareTask']>[0]) {
    this.#bench = bench;
    this.runtime = runtime;
    this.place = place;
    this.token = runtime.credentialsDelivery === 'full-uri' ? randomBytes(32).toString('base64url') : undefined;
  }

  /** Creates a container that runs `command`; its output is collected. */
  async container(command: readonly string[], definition: Definition = {}): Promise<ContractContainer> {
    const { env = {}, ...rest } = definition;
    const name = rest.name ?? 'app';
    await this.runtime.pull(this.#bench.subject.image, undefined);
    const container = await this.runtime.create({
      name,
      runtimeId: randomBytes(32).toString('hex'),
      image: this.#bench.subject.image,
      command,
      environment: { ...(await this.#environment()), ...env },
      definition: { name, ...rest },
    });
    return new ContractContainer(container);
  }

  async start(command: readonly string[], definition: Definition = {}): Promise<ContractContainer> {
    const container = await this.container(command, definition);
    await container.container.start();
    return container;
  }

  /** Runs to the end; answers what it wrote and its exit code. */
  async run(
    command: readonly string[],
    definition: Definition = {},
  ): Promise<{ code: number | undefined; out: string[]; err: string[] }> {
    const container = await this.start(command, definition);
    const { code } = await container.container.wait();
    await container.drained;
    return { code, out: container.lines('stdout'), err: container.lines('stderr') };
  }

  /** Runs a Node script. */
  script(text: string, definition: Definition = {}) {
    return this.run([this.#bench.subject.node, '--input-type=module', '-e', text], definition);
  }

  /** Opens the task's endpoint as the agent does. */
  async endpoint(): Promise<TaskListener> {
    if (this.#listener !== undefined) return this.#listener;
    const listener = new TaskListener({
      gateway: undefined as never,
      runtime: this.runtime,
      facts: () => ({
        task: { arn: this.place.taskArn } as never,
        definition: this.place.definition,
        containers: [],
        address: this.runtime.address,
      }),
      tags: () => ({ task: {}, containerInstance: undefined }),
      credentials: {
        id: this.credentialsId,
        token: this.token,
        read: async () => ({
          credentialsId: this.credentialsId,
          taskArn: this.place.taskArn,
          roleType: 'TaskApplication',
          roleArn: 'arn:aws:iam::000000000000:role/app',
          accessKeyId: `ASIA${this.place.taskId.slice(0, 16).toUpperCase()}`,
          secretAccessKey: 'secret',
          sessionToken: 'token',
          issuedAt: Date.now(),
          expiresAt: Date.now() + 3_600_000,
        }),
        refused: (why) => this.refused.push(why),
      },
      session: async () => undefined,
      usage: async () => undefined,
      now: () => Date.now(),
    });
    await listener.open();
    this.#listener = listener;
    return listener;
  }

  async closeEndpoint(): Promise<void> {
    await this.#listener?.close();
    this.#listener = undefined;
  }

  async #environment(): Promise<Record<string, string>> {
    if (this.#listener === undefined) return {};
    return containerEnvironment({
      container: {},
      files: [],
      secrets: {},
      launchType: this.place.launchType,
      region: 'eu-west-1',
      access: {
        baseUrl: this.#listener.url,
        endpointId: 'container-1',
        credentials: { id: this.credentialsId, token: this.token },
        instanceMetadata: undefined,
        server: 'http://127.0.0.1:4566',
      },
    });
  }
}

export class ContractContainer {
  readonly container: RuntimeContainer;
  readonly seen: OutputLine[] = [];
  readonly drained: Promise<void>;
  readonly #stop = new AbortController();
  #wake: () => void = () => {};

  constructor(container: RuntimeContainer) {
    this.container = container;
    this.drained = this.#drain();
  }

  lines(stream: 'stdout' | 'stderr'): string[] {
    return this.seen.filter((line) => line.stream === stream).map(({ line }) => line);
  }

  /** Resolves when a line of the container's output says so. Throws when the output has ended without it. */
  async says(text: string): Promise<void> {
    const said = () => this.seen.some(({ line }) => line.includes(text));
    let ended = false;
    const end = this.drained.then(() => {
      ended = true;
    });
    while (!said() && !ended) {
      const more = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await Promise.race([more, end]);
    }
    if (!said()) throw new Error(`the container ended without saying "${text}":\n${this.lines('stderr').join('\n')}`);
  }

  leave(): void {
    this.#stop.abort();
  }

  async #drain(): Promise<void> {
    for await (const lines of this.container.output(undefined, this.#stop.signal)) {
      this.seen.push(...lines);
      this.#wake();
    }
  }
}

/** Asks for credentials as an SDK does, and prints the answers. */
export const ASK = `
const full = process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI;
const own = full ?? 'http://169.254.170.2' + process.env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI;
const authorization = process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN;
const ask = (url, headers = authorization === undefined ? {} : { authorization }) =>
  fetch(url, { headers, signal: AbortSignal.timeout(60_000) }).then(
    async (answer) => ({ status: answer.status, body: await answer.json().catch(() => null) }),
    (error) => ({ status: 0, body: error.cause?.code ?? error.name }));
`;

/** What ASK prints where there is an endpoint and no instance metadata. */
const UNREACHED = /^200 ASIA (EINVAL|ENETUNREACH|EHOSTUNREACH)$/;

/** What every runtime does. */
export function runtimeContract(subject: ContractRuntime): void {
  describe.skipIf(subject.unavailable !== undefined)(
    `the ${subject.name} runtime${subject.unavailable === undefined ? '' : ` (skipped: ${subject.unavailable})`}`,
    () => {
      const bench = new ContractBench(subject);
      afterAll(() => bench.close());
      const sh = (script: string) => ['/bin/sh', '-c', script];

      it('runs a command with its arguments and its environment, and nothing of the server’s own', async () => {
        process.env.ROLECALL_TEST_LEAK = 'leaked';
        try {
          const task = await bench.task();
          const { code, out } = await task.script(
            'console.log(JSON.stringify(process.argv.slice(1))); console.log(process.env.GREETING); console.log(process.env.ROLECALL_TEST_LEAK)',
            { env: { GREETING: 'a b\n"c" $HOME' } },
          );
          expect({ code, out }).toEqual({ code: 0, out: ['[]', 'a b', '"c" $HOME', 'undefined'] });
        } finally {
          delete process.env.ROLECALL_TEST_LEAK;
        }
      });

      it('tells exit codes, and signals as 128 + their number', async () => {
        const task = await bench.task();
        expect((await task.run(sh('exit 0'))).code).toBe(0);
        expect((await task.run(sh('exit 42'))).code).toBe(42);
        // A signal that the program gets from one of its own: the first process of a container is protected from itself.
        expect((await task.run(sh('sh -c "kill -KILL \\$\\$"; exit $?'))).code).toBe(137);
      });

      it('fails a start whose program is not there, with the words of the OCI runtime', async () => {
        const task = await bench.task();
        const missing = await task.container(['/no/such/program']);
        await expect(missing.container.start()).rejects.toThrow(
          /unable to start container process: exec: "\/no\/such\/program": stat \/no\/such\/program: no such file or directory/,
        );
        const unnamed = await task.container(['no-such-program'], { name: 'other' });
        await expect(unnamed.container.start()).rejects.toThrow(/executable file not found in \$PATH/);
        for (const { leave } of [missing, unnamed].map((each) => ({ leave: () => each.leave() }))) leave();
      });

      it('gives SIGTERM to the program, which may end in its own way', async () => {
        const task = await bench.task();
        const container = await task.start(
          sh('trap "echo bye; exit 7" TERM; echo ready; while :; do sleep 0.05; done'),
        );
        await container.says('ready');
        await container.container.stop(60_000);
        expect(await container.container.wait()).toMatchObject({ code: 7 });
        await container.drained;
        expect(container.lines('stdout')).toEqual(['ready', 'bye']);
      });

      it('ends with SIGKILL what ignores SIGTERM, with all that it started', async () => {
        const task = await bench.task();
        const container = await task.start(
          sh('trap "" TERM; (trap "" TERM; while :; do sleep 1; done) & echo ready; while :; do sleep 1; done'),
        );
        await container.says('ready');
        await container.container.stop(50);
        expect(await container.container.wait()).toMatchObject({ code: 137 });
        expect(await container.container.usage()).toBeUndefined();
      });

      it('reads both streams line by line, each in order and complete', async () => {
        const task = await bench.task();
        const { out, err } = await task.run(
          sh('i=0; while [ $i -lt 2000 ]; do echo "out $i"; echo "err $i" >&2; i=$((i+1)); done; printf "no newline"'),
        );
        expect(out).toEqual([...Array.from({ length: 2000 }, (_, index) => `out ${index}`), 'no newline']);
        expect(err).toEqual(Array.from({ length: 2000 }, (_, index) => `err ${index}`));
      });

      it('runs health checks beside the program, in its environment, and cuts them off in time', async () => {
        const task = await bench.task();
        const container = await task.start(sh('echo ready; while :; do sleep 1; done'), {
          env: { PORT: '8080', LD_LIBRARY_PATH: '/opt/lib' },
        });
        await container.says('ready');
        const probe = (script: string, time = 60_000) => container.container.execute(sh(script), time);
        expect(await probe('echo $PORT $LD_LIBRARY_PATH; exit 3')).toEqual({
          code: 3,
          output: '8080 /opt/lib\n',
          timedOut: false,
        });
        expect((await probe('sleep 1000', 50)).timedOut).toBe(true);
        expect((await container.container.execute(['no-such-program'], 60_000)).code).toBe(127);
        const health: string[] = [];
        const watching = new AbortController();
        await watchHealth(
          container.container,
          { command: ['CMD-SHELL', 'exit 0'], interval: 0 as number },
          watching.signal,
          ({ status }) => {
            health.push(status);
            watching.abort();
          },
        );
        expect(health).toEqual(['HEALTHY']);
        await container.container.stop(0);
      });

      it('says what a container uses', async () => {
        const task = await bench.task();
        const container = await task.start(sh('echo ready; while :; do sleep 1; done'));
        await container.says('ready');
        const usage = await container.container.usage();
        if (process.platform === 'linux') {
          expect(usage?.processes).toBeGreaterThanOrEqual(1);
          expect(usage?.memory).toBeGreaterThan(0);
        }
        await container.container.stop(0);
      });

      it('delivers the task’s own credentials, and nothing for any other id', async () => {
        const [task, other] = [await bench.task(), await bench.task()];
        await other.endpoint();
        await task.endpoint();
        const { out, err } = await task.script(
          `${ASK}
          const base = own.slice(0, own.lastIndexOf('/') + 1);
          console.log(JSON.stringify([await ask(own), await ask(base + process.env.FOREIGN), await ask(base)]));`,
          { env: { FOREIGN: other.credentialsId } },
        );
        expect(err).toEqual([]);
        const [mine, foreign, none] = JSON.parse(out[0] ?? '[]');
        expect(mine).toMatchObject({
          status: 200,
          body: { AccessKeyId: `ASIA${task.place.taskId.slice(0, 16).toUpperCase()}` },
        });
        expect(Object.keys(mine.body)).toEqual(['RoleArn', 'AccessKeyId', 'SecretAccessKey', 'Token', 'Expiration']);
        expect(foreign).toEqual({
          status: 400,
          body: {
            code: 'InvalidIdInRequest',
            message: 'CredentialsV2Request: Credentials not found',
            HTTPErrorCode: 400,
          },
        });
        expect(none).toMatchObject({ status: 400, body: { code: 'NoIdInRequest' } });
        expect(task.refused.length).toBeGreaterThan(0);
        await task.closeEndpoint();
        await other.closeEndpoint();
      });

      // A process of the machine shares its ports with everybody else there.
      const modes = subject.name === 'process' ? [] : (['awsvpc', 'bridge'] as const);
      it.each(modes.flatMap((mode) => (['FARGATE', 'EC2'] as const).map((launchType) => [mode, launchType] as const)))(
        '%s on %s: a program listens on all addresses at the endpoint’s own port, and both are reached',
        async (networkMode, launchType) => {
          const task = await bench.task({ networkMode }, launchType);
          await task.endpoint();
          const metadata = createServer((_request, response) => response.end('metadata'));
          if (launchType === 'EC2') await task.runtime.listen(metadata, 'instance-metadata');
          const { out, err } = await task.script(
            `${ASK}
            import { createServer } from 'node:http';
            import { networkInterfaces } from 'node:os';
            const server = createServer((request, response) => response.end('served'));
            await new Promise((done, failed) => server.once('error', failed).listen(80, '0.0.0.0', done));
            const get = (host) => fetch('http://' + host + '/').then((answer) => answer.text(), (error) => error.cause?.code);
            console.log(await get('localhost'), await get(process.env.ADDRESS || Object.values(networkInterfaces()).flat().find((each) => !each.internal).address));
            const { status, body } = await ask(own);
            console.log(status, body.AccessKeyId.slice(0, 4), await get('169.254.169.254'));
            process.exit();`,
            { env: { ADDRESS: networkMode === 'bridge' && subject.name === 'docker' ? '' : task.runtime.address } },
          );
          expect({ out, err }).toEqual({
            out: ['served served', expect.stringMatching(launchType === 'EC2' ? /^200 ASIA metadata$/ : UNREACHED)],
            err: [],
          });
          await close(metadata);
          await task.closeEndpoint();
        },
      );

      it('finds containers again after a restart of the agent, running or ended', async () => {
        const task = await bench.task();
        const lasting = await task.start(sh('echo first; while [ ! -e /tmp/never ]; do sleep 0.05; done'), {
          name: 'lasting',
        });
        await lasting.says('first');
        const position = lasting.seen.at(-1)?.position;
        lasting.leave();
        await lasting.drained;
        const later = await subject.create(bench.store, bench.directory);
        const again = await later.prepareTask(task.place);
        const [found] = await again.recover();
        expect(found).toMatchObject({ name: 'lasting', runtimeId: lasting.container.runtimeId });
        expect(found?.startedAt).toBe(lasting.container.startedAt);
        await found?.stop(0);
        await found?.wait();
        const rest: string[] = [];
        for await (const lines of found?.output(position, new AbortController().signal) ?? [])
          rest.push(...lines.map(({ line }) => line));
        expect(rest).toEqual([]);
        await again.remove();
        const fresh = await later.prepareTask(task.place);
        expect(await fresh.recover()).toEqual([]);
        await fresh.remove();
      });

      it('leaves nothing running when the task is removed', async () => {
        const task = await bench.task();
        const container = await task.start(sh('trap "" TERM; sleep 1000 & echo ready; while :; do sleep 1; done'));
        await container.says('ready');
        await task.runtime.remove();
        expect((await container.container.wait()).code).toBe(137);
        expect(await container.container.usage()).toBeUndefined();
      });
    },
  );
}
