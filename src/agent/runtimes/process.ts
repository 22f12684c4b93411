import { mkdirSync } from 'node:fs';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { listen } from '../../core/listening.ts';
import { collection } from '../../store/collections.ts';
import type { Store } from '../../store/store.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import { callerOf } from './peer.ts';
import { ProcessContainer, type ProcessPlan } from './process-container.ts';
import type { ProcessIdentity } from './process-table.ts';
import { unsupportedByProcesses } from './process-unsupported.ts';
import {
  type Caller,
  type ContainerSpec,
  type Isolation,
  type PulledImage,
  type Runtime,
  type RuntimeContainer,
  RuntimeFailure,
  type RuntimeTask,
  type TaskPlace,
  type Unsupported,
} from './runtime.ts';
import { commandLine, findStandIn, type StandIn, type StandIns } from './stand-ins.ts';

/** What is known of a container's process after a restart of the agent. */
interface ProcessRecord {
  readonly name: string;
  readonly runtimeId: string;
  readonly identity: ProcessIdentity;
  readonly startedAt: number;
  readonly directory: string;
}
/** Partition: task ARN; key: container name. */
const processes = collection<ProcessRecord>('agent/processes');

/** Source: ECS API, ContainerDefinition.name. */
const CONTAINER_NAME = /^[a-zA-Z0-9_-]{1,255}$/;

/** Variables of the server's own environment that a container needs as an image would bring them. Nothing else passes. */
const FROM_HOST = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ'];

/**
 * Runs each container as an ordinary process of this machine, and only for images that the user named a stand-in for.
 * There is no isolation of files or network; see `isolation`.
 */
export class ProcessRuntime implements Runtime {
  readonly name = 'process';
  readonly isolation: Isolation = {
    files: false,
    network: false,
    processes: false,
    callers: process.platform === 'linux',
    summary:
      'Containers run as ordinary processes of your user: files, network and limits of CPU and memory are not isolated; ' +
      (process.platform === 'linux'
        ? 'the credentials endpoint answers only the processes of its own task.'
        : 'the credentials endpoint tells tasks apart by their authorization token only.'),
  };
  readonly #standIns: StandIns;
  readonly #store: Store;

  constructor(options: { readonly standIns: StandIns; readonly store: Store }) {
    this.#standIns = options.standIns;
    this.#store = options.store;
  }

  readonly aboutMissingImage = withoutStandIn;

  unsupported(definition: Ecs.TaskDefinition): readonly Unsupported[] {
    return unsupportedByProcesses(definition);
  }

  standsInFor(image: string): boolean {
    return findStandIn(this.#standIns, image) !== undefined;
  }

  async prepareTask(place: TaskPlace): Promise<RuntimeTask> {
    mkdirSync(place.directory, { recursive: true, mode: 0o700 });
    return new ProcessTask(place, this.#standIns, this.#store);
  }
}

class ProcessTask implements RuntimeTask {
  readonly credentialsDelivery = 'full-uri';
  readonly address = '127.0.0.1';
  readonly environment: Readonly<Record<string, string>>;
  readonly #place: TaskPlace;
  readonly #standIns: StandIns;
  readonly #store: Store;
  readonly #containers = new Map<string, ProcessContainer>();
  readonly #executing = new Set<number>();

  constructor(place: TaskPlace, standIns: StandIns, store: Store) {
    this.#place = place;
    this.#standIns = standIns;
    this.#store = store;
    const environment: Record<string, string> = {};
    for (const name of FROM_HOST) {
      const value = process.env[name];
      if (value !== undefined) environment[name] = value;
    }
    // The developer's own profiles and keys must never look like the task's: there is nothing at these paths.
    environment.AWS_SHARED_CREDENTIALS_FILE = join(place.directory, 'no-credentials');
    environment.AWS_CONFIG_FILE = join(place.directory, 'no-config');
    environment.BOTO_CONFIG = join(place.directory, 'no-boto');
    this.environment = environment;
  }

  async listen(
    server: Server,
    _purpose: 'agent' | 'instance-metadata',
    port = 0,
  ): Promise<{ url: string; port: number }> {
    const bound = await listen(server, port, this.address);
    return { url: `http://${this.address}:${bound}`, port: bound };
  }

  async caller(socket: Socket): Promise<Caller> {
    const leaders = [...this.#executing];
    for (const container of this.#containers.values()) {
      if (container.leader !== undefined) leaders.push(container.leader);
    }
    return callerOf(socket, leaders);
  }

  async pull(image: string): Promise<PulledImage> {
    const standIn = this.#standInOf(image);
    const { program } = standIn;
    const description =
      program === 'host'
        ? 'the command of the container, on this machine'
        : (program.command?.join(' ') ?? `the command of the container, in ${program.workingDirectory}`);
    return { description };
  }

  async create(spec: ContainerSpec): Promise<RuntimeContainer> {
    // The name becomes a part of file names.
    if (!CONTAINER_NAME.test(spec.name)) throw new RuntimeFailure('create', 'name: not a container name');
    const standIn = this.#standInOf(spec.image);
    const line = commandLine(standIn, spec);
    // Source: dockerd, `no command specified` (observed in stopped reasons).
    if (line === undefined) throw new RuntimeFailure('create', 'no command specified');
    const program = standIn.program === 'host' ? undefined : standIn.program;
    const plan: ProcessPlan = {
      name: spec.name,
      runtimeId: spec.runtimeId,
      commandLine: line,
      directory: program?.workingDirectory ?? spec.workingDirectory ?? this.#place.directory,
      environment: { ...this.environment, ...program?.environment, ...spec.environment },
      files: this.#files(spec.name),
    };
    const container = new ProcessContainer(plan, this.#events(plan));
    this.#containers.set(spec.name, container);
    return container;
  }

  async recover(): Promise<readonly RuntimeContainer[]> {
    for (const record of this.#store.list(processes, this.#place.taskArn)) {
      if (this.#containers.has(record.name)) continue;
      const plan: ProcessPlan = {
        name: record.name,
        runtimeId: record.runtimeId,
        commandLine: [],
        directory: record.directory,
        // Health checks of a recovered container run without its secrets: they were never stored.
        environment: this.environment,
        files: this.#files(record.name),
      };
      const events = this.#events(plan);
      this.#containers.set(record.name, ProcessContainer.adopt(plan, events, record.identity, record.startedAt));
    }
    return [...this.#containers.values()];
  }

  async remove(): Promise<void> {
    await this.recover();
    await Promise.all([...this.#containers.values()].map((container) => container.kill()));
    this.#store.transact((tx) => tx.clear(processes, this.#place.taskArn));
  }

  #standInOf(image: string): StandIn {
    const standIn = findStandIn(this.#standIns, image);
    if (standIn !== undefined) return standIn;
    throw new RuntimeFailure('pull', withoutStandIn(image));
  }

  #files(container: string): { stdout: string; stderr: string } {
    return {
      stdout: join(this.#place.directory, `${container}.stdout`),
      stderr: join(this.#place.directory, `${container}.stderr`),
    };
  }

  #events(plan: ProcessPlan) {
    return {
      started: (identity: ProcessIdentity, startedAt: number) => {
        const { name, runtimeId, directory } = plan;
        this.#store.transact((tx) =>
          tx.put(processes, this.#place.taskArn, name, { name, runtimeId, identity, startedAt, directory }),
        );
      },
      executing: (pid: number, running: boolean) => {
        if (running) this.#executing.add(pid);
        else this.#executing.delete(pid);
      },
    };
  }
}

function withoutStandIn(image: string): string {
  return (
    `no local program stands in for the image ${image}. Rolecall's process runtime runs only programs that you name: ` +
    `use --stand-in ${image}=DIR, --stand-in ${image}=host to run the container's own command on this machine, or the workload's images.json`
  );
}
