import { randomBytes, randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { LayerEntry } from '../../../src/agent/runtimes/namespace/images/testing.ts';
import type { RuntimeName } from '../../../src/agent/runtimes/runtime.ts';
import {
  type TaskCredentialsRecord,
  type TaskRecord,
  taskCredentials,
  tasks,
} from '../../../src/services/ecs/records.ts';
import type { AwsClient } from '../../../src/wire/client.ts';
import type * as Ecs from '../../../src/wire/generated/types/ecs.ts';
import type { Attack, Attempt, Leaks, Mode, Secrets, Situation } from './attack.ts';
import { makeBox, runInside } from './box.ts';
import { baseLayer, importImage, removeImage } from './image-archive.ts';
import { Machine, pidWith, secret } from './machine.ts';
import type { Outside } from './outside.ts';
import { ACCOUNT, AttackedServer, ECR, type Subject } from './server.ts';

export type Definition = Partial<Ecs.RegisterTaskDefinitionRequest> & {
  readonly container?: Partial<Ecs.ContainerDefinition>;
};

export interface RunRequest {
  readonly mode: Mode;
  readonly situation: Situation;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly definition?: Definition;
  readonly role?: string;
}

export interface EndedTask {
  readonly task: Ecs.Task;
  readonly lines: readonly string[];
  readonly errors: readonly string[];
  /** Why it stopped: the task's reason and its containers'. */
  readonly reason: string;
}

/** Without NET_ADMIN or a share of this machine's namespaces, tasks are what they are; this adds what makes them strong. */
const STRONG: Readonly<Record<RuntimeName, readonly string[]>> = {
  process: [],
  namespace: ['ALL'],
  docker: ['NET_ADMIN', 'NET_RAW'],
};

/** Tells what it knows of itself, has its credentials in memory, writes a file and serves. */
const NEIGHBOUR = `
const { createServer } = require('node:http');
const { writeFileSync } = require('node:fs');
const { networkInterfaces } = require('node:os');
const { env } = process;
const full = env.AWS_CONTAINER_CREDENTIALS_FULL_URI;
const own = full ?? 'http://169.254.170.2' + env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI;
writeFileSync(env.OWN_FILE, env.OWN_TEXT);
const authorization = env.AWS_CONTAINER_AUTHORIZATION_TOKEN;
fetch(own, authorization === undefined ? {} : { headers: { authorization } }).then((answer) => answer.text()).then((kept) => {
  globalThis.kept = kept;
  const server = createServer((request, response) => response.end('the application of the neighbour')).listen(0, () => {
    const address = Object.values(networkInterfaces()).flat().find((each) => !each.internal && each.family === 'IPv4' && !each.address.startsWith('169.254.'))?.address;
    console.log('neighbour ' + JSON.stringify({
      own, token: authorization ?? '', address, port: server.address().port, status: kept.includes('SecretAccessKey'),
      metadata: env.ECS_CONTAINER_METADATA_URI_V4, agent: env.ECS_AGENT_URI, instance: env.AWS_EC2_METADATA_SERVICE_ENDPOINT ?? 'http://169.254.169.254',
    }));
  });
});
`;

/** A server of its own process, tasks in it, and a machine around it that has things worth having. */
export class World {
  readonly subject: Subject;
  readonly #machine: Machine;
  readonly #server: AttackedServer;
  readonly #neighbourSecret = secret();
  readonly #neighbourFile = secret();
  readonly #dataSecret = secret();
  readonly #undo: (() => Promise<unknown> | unknown)[] = [];
  readonly #neighbours = new Map<Mode, Promise<Leaks['neighbour']>>();

  private constructor(subject: Subject, machine: Machine) {
    this.subject = subject;
    this.#machine = machine;
    this.#server = new AttackedServer(join(machine.root, 'data'));
  }

  static async open(subject: Subject): Promise<World> {
    const world = new World(subject, await Machine.open(subject.name));
    try {
      await world.#server.start(subject, world.#machine);
      await world.#server.makeAccount({ neighbour: world.#neighbourSecret, data: world.#dataSecret });
    } catch (error) {
      await world.close();
      throw new Error(
        `the server could not be set up: ${error instanceof Error ? error.message : error}\n${world.said}`,
      );
    }
    return world;
  }

  get client(): AwsClient {
    return this.#server.client;
  }

  /** All that the server has printed. */
  get said(): string {
    return this.#server.said;
  }

  get data(): string {
    return this.#server.data;
  }

  /** Holds all of what is made for the tests. */
  get root(): string {
    return this.#machine.root;
  }

  /** A directory of this machine that is none of Rolecall's; a file `secret` is in it. */
  get directory(): string {
    return this.#machine.directory;
  }

  /** What services of this machine answer. */
  get service(): string {
    return this.#machine.service;
  }

  /** Whether there is something beyond this machine: another network that it is the way to. */
  get outside(): Outside | undefined {
    return this.#machine.outside;
  }

  async secrets(): Promise<Secrets> {
    const credentials = this.#server.documents<TaskCredentialsRecord>(taskCredentials.name);
    const of = (type: TaskCredentialsRecord['roleType'], role: string) =>
      credentials.filter(({ roleType, roleArn }) => roleType === type && roleArn.endsWith(`/${role}`));
    const keys = (records: readonly TaskCredentialsRecord[]) =>
      records.flatMap(({ accessKeyId, secretAccessKey, sessionToken }) => [accessKeyId, secretAccessKey, sessionToken]);
    return {
      neighbourSecret: this.#neighbourSecret,
      neighbourFile: this.#neighbourFile,
      neighbourCredentials: keys(of('TaskApplication', 'neighbour')),
      executionCredentials: keys(of('TaskExecution', 'execution')),
      executionIds: of('TaskExecution', 'execution').map(({ credentialsId }) => credentialsId),
      data: this.#dataSecret,
      file: this.#machine.file,
      developer: this.#machine.developer,
      service: this.service,
    };
  }

  /** What an attacker in this mode has learned. */
  async leaks(mode: Mode): Promise<Leaks> {
    const neighbour = await this.neighbour(mode);
    const { executionIds } = await this.secrets();
    return {
      runtime: this.subject.name,
      mode,
      server: {
        port: Number(new URL(this.#server.endpoint).port),
        pid: this.#server.pid,
        data: this.data,
        home: this.#machine.home,
      },
      neighbour,
      executionIds,
      roles: {
        execution: `arn:aws:iam::${ACCOUNT}:role/execution`,
        neighbour: `arn:aws:iam::${ACCOUNT}:role/neighbour`,
      },
      machine: this.#machine.facts,
      scan: this.subject.name !== 'process' && mode !== 'host',
    };
  }

  /** A task that goes on, in the same network mode as the attacker. */
  neighbour(mode: Mode): Promise<Leaks['neighbour']> {
    const known = this.#neighbours.get(mode) ?? this.#startNeighbour(mode);
    this.#neighbours.set(mode, known);
    return known;
  }

  /** Runs programs of attacks in one task, one after the other; answers by id, and the task's ARN. */
  async attackFrom(
    situation: Situation,
    mode: Mode,
    attacks: readonly Attack[],
  ): Promise<{ readonly taskArn: string; readonly answers: ReadonlyMap<string, readonly Attempt[]> }> {
    const programs = attacks.map(({ id, program }) => `[${JSON.stringify(id)}, ${String(program)}]`);
    const leaks = await this.leaks(mode);
    const script = `const box = (${String(makeBox)})();\nawait (${String(runInside)})(box, JSON.parse(process.env.LEAKS), [${programs.join(',\n')}]);\nprocess.exit(0);`;
    const ended = await this.run({
      mode,
      situation,
      command: [this.subject.node, '--input-type=module', '-e', script],
      environment: { LEAKS: JSON.stringify(leaks) },
      role: 'attacker',
      definition: { container: this.#rights(situation) },
    });
    const found = new Map<string, string[]>();
    for (const line of ended.lines) {
      const [, id = '', , part = ''] = /^attack (\S+) (\S+) (\S+)$/.exec(line) ?? [];
      if (id !== '') found.set(id, [...(found.get(id) ?? []), part]);
    }
    const answers = new Map<string, readonly Attempt[]>();
    for (const { id } of attacks) {
      const parts = found.get(id);
      if (parts === undefined) throw new Error(`no answer of ${id}: ${ended.reason}\n${ended.errors.join('\n')}`);
      const answer = JSON.parse(gunzipSync(Buffer.from(parts.join(''), 'base64')).toString('utf8'));
      if (!Array.isArray(answer)) throw new Error(`${id} failed: ${answer.failed}`);
      answers.set(id, answer);
    }
    return { taskArn: ended.task.taskArn ?? '', answers };
  }

  /** Runs a task to its end. */
  async run(request: RunRequest): Promise<EndedTask> {
    const taskArn = await this.start(request);
    const { lines, errors } = await this.#server.output(taskArn);
    for (;;) {
      const { tasks: [task] = [] } = await this.client.call('ecs', 'DescribeTasks', {
        cluster: clusterOf(request.situation),
        tasks: [taskArn],
      });
      if (task?.lastStatus === 'STOPPED') return { task, lines, errors, reason: whyStopped(task) };
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async start({ mode, situation, command, environment = {}, definition = {}, role }: RunRequest): Promise<string> {
    const launchType = situation === 'ordinary' && mode === 'awsvpc' ? 'FARGATE' : 'EC2';
    const family = `task-${randomBytes(6).toString('hex')}`;
    const { container = {}, ...rest } = definition;
    await this.client.call('ecs', 'RegisterTaskDefinition', {
      family,
      networkMode: mode,
      requiresCompatibilities: [launchType],
      ...(launchType === 'FARGATE' ? { cpu: '256', memory: '512' } : {}),
      executionRoleArn: 'execution',
      ...(role === undefined ? {} : { taskRoleArn: role }),
      containerDefinitions: [
        {
          name: 'app',
          image: this.subject.image,
          memory: 256,
          command: [...command],
          environment: Object.entries(environment).map(([name, value]) => ({ name, value })),
          ...container,
        },
      ],
      ...rest,
    });
    const cluster = clusterOf(situation);
    const { tasks: started = [], failures } = await this.client.call('ecs', 'RunTask', {
      cluster,
      taskDefinition: family,
      launchType,
      ...(mode === 'awsvpc' ? { networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } } } : {}),
    });
    const taskArn = started[0]?.taskArn;
    if (taskArn === undefined) throw new Error(`not started: ${JSON.stringify(failures)}`);
    return taskArn;
  }

  /** A shell and its libraries, as this machine has them. */
  baseLayer(): readonly LayerEntry[] {
    return baseLayer();
  }

  /** Puts an image into the server's registry; answers its name. */
  async importImage(repository: string, layers: readonly (readonly LayerEntry[])[]): Promise<string> {
    const image = await importImage(this.#server, join(this.root, `${repository}.tar`), repository, layers);
    if (this.subject.name === 'docker') this.#undo.push(() => removeImage(this.#machine.facts.engineSocket, image));
    return image;
  }

  /** Records of the trail, as the account's root user reads them. */
  trail(): Promise<readonly Readonly<Record<string, unknown>>[]> {
    return this.#server.trail();
  }

  async close(): Promise<void> {
    for (const undo of this.#undo.reverse()) await undo();
    await this.#server.close();
    await this.#machine.close();
  }

  #rights(situation: Situation): Partial<Ecs.ContainerDefinition> {
    if (situation === 'user') return { user: '1000:1000' };
    if (situation !== 'strong') return {};
    return { linuxParameters: { capabilities: { add: [...STRONG[this.subject.name]] } } };
  }

  async #startNeighbour(mode: Mode): Promise<Leaks['neighbour']> {
    const id = randomUUID();
    const file = join(tmpdir(), `rolecall-neighbour-${id}`);
    this.#undo.push(() => rmSync(file, { force: true }));
    const taskArn = await this.start({
      mode,
      situation: 'ordinary',
      command: [this.subject.node, '-e', NEIGHBOUR],
      environment: { OWN_FILE: file, OWN_TEXT: this.#neighbourFile, NEIGHBOUR_ID: id },
      role: 'neighbour',
      definition: {
        container: {
          secrets: [{ name: 'DATABASE_PASSWORD', valueFrom: '/neighbour/secret' }],
          stopTimeout: 2,
          // Where something stands in for it, the calls of a pull are made all the same, and a token is given out.
          ...(this.subject.name === 'docker' ? {} : { image: `${ECR}/neighbour:v1` }),
        },
      },
    });
    const line = await this.#server.says(taskArn, 'neighbour ');
    const told = JSON.parse(line.slice('neighbour '.length)) as Record<
      'own' | 'token' | 'metadata' | 'agent' | 'instance',
      string
    > & {
      readonly address?: string;
      readonly port: number;
      readonly status: boolean;
    };
    if (!told.status) throw new Error('the neighbour has no credentials');
    const record = this.#server.documents<TaskRecord>(tasks.name).find(({ arn }) => arn === taskArn);
    const attached = record?.attachments[0]?.details?.find(({ name }) => name === 'privateIPv4Address')?.value;
    return {
      taskArn,
      address: told.address ?? attached ?? '127.0.0.1',
      pid: pidWith(`NEIGHBOUR_ID=${id}`),
      port: told.port,
      credentialsId: record?.taskCredentialsId ?? '',
      credentialsUrl: told.own,
      token: told.token,
      metadataUrl: told.metadata,
      agentUrl: told.agent,
      instanceMetadataUrl: told.instance,
      file,
    };
  }
}

function clusterOf(situation: Situation): string {
  return situation === 'blocked' || situation === 'one-hop' ? situation : 'default';
}

function whyStopped({ stoppedReason, containers = [] }: Ecs.Task): string {
  return [stoppedReason, ...containers.map(({ reason }) => reason)].filter((text) => text !== undefined).join('\n');
}
