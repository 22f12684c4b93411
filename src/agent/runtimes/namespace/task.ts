import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { collection } from '../../../store/collections.ts';
import type { Store } from '../../../store/store.ts';
import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import { isAlive } from '../process-table.ts';
import {
  type Caller,
  type ContainerSpec,
  type PullCredentials,
  type PulledImage,
  type RuntimeContainer,
  RuntimeFailure,
  type RuntimeTask,
  type TaskPlace,
} from '../runtime.ts';
import { findStandIn, type StandIns } from '../stand-ins.ts';
import { type ContainerFiles, type ContainerProcesses, NamespaceContainer } from './container.ts';
import { planContainer, type RootSource } from './container-plan.ts';
import { Dialler } from './dialler.ts';
import type { ImageSource, UnpackedImage } from './image.ts';
import type { ServerAccess } from './listeners.ts';
import { type NamespaceHolders, TaskNamespaces } from './namespaces.ts';
import { TaskNetwork } from './network.ts';
import { removeTree, writableView } from './overlay.ts';
import { PublishedPorts, wantedPorts } from './published-ports.ts';
import type { ReadyNamespaces } from './ready-namespaces.ts';
import type { Tools } from './tools.ts';

/** What is known of a container after a restart of the agent. None of its environment is kept. */
interface ContainerRecord {
  readonly name: string;
  readonly runtimeId: string;
  readonly processes: ContainerProcesses;
  readonly startedAt: number;
  readonly files: ContainerFiles;
  readonly init: boolean;
  readonly stopSignal: NodeJS.Signals;
  readonly bindings: readonly Ecs.NetworkBinding[];
}
/** Partition: task ARN; key: ''. */
const holders = collection<NamespaceHolders>('agent/namespaces');
/** Partition: task ARN; key: container name. */
const containers = collection<ContainerRecord>('agent/namespace-containers');

export interface NamespaceTaskParts {
  readonly tools: Tools;
  readonly store: Store;
  readonly standIns: StandIns;
  readonly images: ImageSource | undefined;
  readonly server: ServerAccess;
  /** Whether containers outlive the agent. */
  readonly keep: boolean;
  /** Directory of Docker volumes that tasks share. */
  readonly sharedVolumes: string;
  readonly hidden: readonly string[];
  readonly ready: ReadyNamespaces;
}

/** One task: its namespaces, its network, its containers. */
export class NamespaceTask implements RuntimeTask {
  readonly credentialsDelivery = 'relative-uri';
  readonly environment = {};
  readonly address: string;
  readonly #parts: NamespaceTaskParts;
  readonly #place: TaskPlace;
  readonly #namespaces: TaskNamespaces;
  readonly #network: TaskNetwork;
  readonly #dialler: Dialler;
  readonly #containers = new Map<string, NamespaceContainer>();
  readonly #runs = new Map<string, number>();
  readonly #images = new Map<string, UnpackedImage>();

  private constructor(parts: NamespaceTaskParts, place: TaskPlace, namespaces: TaskNamespaces, network: TaskNetwork) {
    this.#parts = parts;
    this.#place = place;
    this.#namespaces = namespaces;
    this.#network = network;
    this.#dialler = new Dialler(namespaces);
    this.address = network.address;
  }

  /** Makes the task's place, or finds the one that an earlier agent made. Throws RuntimeFailure. */
  static async open(parts: NamespaceTaskParts, place: TaskPlace): Promise<NamespaceTask> {
    const { tools, store, keep, ready } = parts;
    const known = store.get(holders, place.taskArn, '');
    const earlier = known === undefined ? undefined : new TaskNamespaces(tools, known);
    if (earlier?.alive === true) return NamespaceTask.#openIn(parts, place, earlier);
    const note = (made: NamespaceHolders) => {
      store.transact((tx) => tx.put(holders, place.taskArn, '', made));
      return store.committed();
    };
    const waiting = ready.take(place);
    if (waiting !== undefined) {
      await waiting.namespaces.noted(note);
      return new NamespaceTask(parts, place, waiting.namespaces, TaskNetwork.adopt(place, waiting.listeners));
    }
    const namespaces = await TaskNamespaces.create(tools, keep);
    await namespaces.noted(note);
    return NamespaceTask.#openIn(parts, place, namespaces);
  }

  static async #openIn(
    parts: NamespaceTaskParts,
    place: TaskPlace,
    namespaces: TaskNamespaces,
  ): Promise<NamespaceTask> {
    const { tools, store, server } = parts;
    try {
      return new NamespaceTask(parts, place, namespaces, await TaskNetwork.open(tools, namespaces, place, server));
    } catch (error) {
      await namespaces.end();
      store.transact((tx) => tx.clear(holders, place.taskArn));
      throw error;
    }
  }

  listen(server: Server, purpose: 'agent' | 'instance-metadata'): Promise<{ url: string; port: number }> {
    return this.#network.listen(server, purpose);
  }

  /** Only who is in the task's network namespace can have connected. */
  async caller(_socket: Socket): Promise<Caller> {
    return { belongs: true };
  }

  async pull(image: string, credentials: PullCredentials | undefined): Promise<PulledImage> {
    const { standIns, images } = this.#parts;
    const standIn = findStandIn(standIns, image);
    if (standIn !== undefined) {
      const { program } = standIn;
      const what = program === 'host' ? undefined : (program.command?.join(' ') ?? program.workingDirectory);
      return { description: what ?? 'the command of the container, with the programs of this machine' };
    }
    if (images === undefined) throw noImage(image);
    const unpacked = await images.fetch(image, credentials);
    this.#images.set(image, unpacked);
    return { digest: unpacked.digest };
  }

  async create(spec: ContainerSpec): Promise<RuntimeContainer> {
    this.#network.closeUnused();
    const { tools, hidden, sharedVolumes, store } = this.#parts;
    const run = this.#runs.get(spec.name) ?? 0;
    this.#runs.set(spec.name, run + 1);
    const plan = await planContainer({
      place: this.#place,
      spec,
      source: await this.#sourceOf(spec.image),
      address: this.address,
      run,
      volumes: { task: join(this.#place.directory, 'volumes'), shared: sharedVolumes, hidden },
      writable: (lower, directory, prepare = () => {}) =>
        writableView(tools, this.#namespaces, lower, join(directory, String(run)), prepare),
    });
    const { name, runtimeId, files, init, stopSignal } = plan;
    const wanted = wantedPorts(spec.definition, this.#networkMode, this.address);
    const container = new NamespaceContainer(tools, this.#namespaces, plan, {
      started: (processes, startedAt, bindings) => {
        const record: ContainerRecord = { name, runtimeId, processes, startedAt, files, init, stopSignal, bindings };
        store.transact((tx) => tx.put(containers, this.#place.taskArn, name, record));
        return store.committed();
      },
      publish: () => PublishedPorts.open(wanted, this.#dialler, this.address),
    });
    this.#containers.set(name, container);
    return container;
  }

  async recover(): Promise<readonly RuntimeContainer[]> {
    for (const record of this.#parts.store.list(containers, this.#place.taskArn)) {
      if (this.#containers.has(record.name)) continue;
      const plan = { ...record, commandLine: [], environment: {}, sandbox: [], limits: [] };
      const { tools } = this.#parts;
      const { processes, startedAt } = record;
      const ports = await this.#publishAgain(record);
      const container = NamespaceContainer.adopt(tools, this.#namespaces, plan, processes, startedAt, ports);
      this.#containers.set(record.name, container);
    }
    return [...this.#containers.values()];
  }

  async remove(): Promise<void> {
    this.#network.close();
    this.#dialler.close();
    await Promise.all([...this.#containers.values()].map((container) => container.kill()));
    // Mounts go with the mount namespace, addresses with the network namespace.
    await this.#namespaces.end();
    for (const name of ['containers', 'volumes']) removeTree(join(this.#place.directory, name));
    this.#parts.store.transact((tx) => {
      tx.clear(containers, this.#place.taskArn);
      tx.clear(holders, this.#place.taskArn);
    });
  }

  get #networkMode(): string {
    return this.#place.definition.networkMode ?? 'bridge';
  }

  /** A port that somebody else has taken meanwhile is lost; the container itself goes on. */
  async #publishAgain({ bindings, processes }: ContainerRecord): Promise<PublishedPorts | undefined> {
    if (!isAlive(processes.watcher)) return undefined;
    const wanted = bindings.map(({ bindIP = '', containerPort = 0, hostPort = 0 }) => ({
      bindIP,
      containerPort,
      hostPort,
    }));
    return PublishedPorts.open(wanted, this.#dialler, this.address).catch(() => undefined);
  }

  async #sourceOf(image: string): Promise<RootSource> {
    const standIn = findStandIn(this.#parts.standIns, image);
    if (standIn !== undefined) return { kind: 'stand-in', standIn };
    const unpacked = this.#images.get(image);
    if (unpacked === undefined) throw noImage(image);
    return { kind: 'image', image: unpacked };
  }
}

/** Ends the namespaces of tasks that nobody will ask for again. Mounts, addresses and processes go with them. */
export async function removeLeftovers(tools: Tools, store: Store, knows: (taskArn: string) => boolean): Promise<void> {
  const left = new Set([...store.partitions(holders), ...store.partitions(containers)].filter((arn) => !knows(arn)));
  for (const taskArn of left) {
    const known = store.get(holders, taskArn, '');
    if (known !== undefined) await new TaskNamespaces(tools, known).end();
    store.transact((tx) => {
      tx.clear(containers, taskArn);
      tx.clear(holders, taskArn);
    });
  }
}

function noImage(image: string): RuntimeFailure {
  return new RuntimeFailure(
    'pull',
    `there is no image ${image} here, and no local program stands in for it: ` +
      `use --stand-in ${image}=DIR, --stand-in ${image}=host to run the container's own command, or the workload's images.json`,
  );
}
