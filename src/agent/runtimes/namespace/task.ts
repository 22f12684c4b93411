import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { collection } from '../../../store/collections.ts';
import type { Store } from '../../../store/store.ts';
import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import { callerBeside } from '../beside.ts';
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
import {
  type ContainerFiles,
  type ContainerIdentity,
  type ContainerProcesses,
  NamespaceContainer,
} from './container.ts';
import { planContainer, type RootSource } from './container-plan.ts';
import { Dialler } from './dialler.ts';
import type { Identities } from './identities.ts';
import type { ImageSource, UnpackedImage } from './image.ts';
import type { CgroupDirectories } from './limits/cgroup.ts';
import { type LimiterRecord, type Limits, removeCgroups, type TaskLimiter } from './limits/limiter.ts';
import type { ServerAccess } from './listeners.ts';
import { type NamespaceHolders, TaskNamespaces } from './namespaces.ts';
import { TaskNetwork } from './network.ts';
import { copyTree, removeAsTask, writableView } from './overlay.ts';
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
  readonly user?: ContainerIdentity | undefined;
  readonly capabilities?: readonly string[];
  readonly limiter?: LimiterRecord;
}

/** What a task is made of, for a later agent. */
interface TaskRecord extends NamespaceHolders {
  readonly directory: string;
  readonly cgroup: CgroupDirectories | undefined;
}
/** Partition: task ARN; key: ''. */
const holders = collection<TaskRecord>('agent/namespaces');
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
  readonly identities: Identities;
  readonly limits: Limits;
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
  readonly #limiter: TaskLimiter;
  readonly #containers = new Map<string, NamespaceContainer>();
  readonly #runs = new Map<string, number>();
  readonly #images = new Map<string, UnpackedImage>();

  private constructor(
    parts: NamespaceTaskParts,
    place: TaskPlace,
    namespaces: TaskNamespaces,
    network: TaskNetwork,
    limiter: TaskLimiter,
  ) {
    this.#parts = parts;
    this.#limiter = limiter;
    this.#place = place;
    this.#namespaces = namespaces;
    this.#network = network;
    this.#dialler = new Dialler(namespaces);
    this.address = network.address;
  }

  /** Makes the task's place, or finds the one that an earlier agent made. Throws RuntimeFailure. */
  static async open(parts: NamespaceTaskParts, place: TaskPlace): Promise<NamespaceTask> {
    const { tools, store, keep, ready, identities, limits } = parts;
    const known = store.get(holders, place.taskArn, '');
    const limiter = limits.task(place.taskArn, place.definition, known?.cgroup);
    try {
      const earlier = known === undefined ? undefined : new TaskNamespaces(tools, known);
      if (earlier?.alive === true) return await NamespaceTask.#openIn(parts, place, earlier, limiter);
      const note = (made: NamespaceHolders) => {
        const record = { ...made, directory: place.directory, cgroup: limiter.cgroup };
        store.transact((tx) => tx.put(holders, place.taskArn, '', record));
        return store.committed();
      };
      const waiting = ready.take(place);
      if (waiting !== undefined) {
        await waiting.namespaces.noted(note);
        const network = TaskNetwork.adopt(place, waiting.listeners);
        return new NamespaceTask(parts, place, waiting.namespaces, network, limiter);
      }
      const namespaces = await TaskNamespaces.create(tools, keep, identities);
      const opening = NamespaceTask.#openIn(parts, place, namespaces, limiter);
      const noted = namespaces.noted(note);
      try {
        const [task] = await Promise.all([opening, noted]);
        return task;
      } catch (error) {
        // One of the two may have come to its end all the same.
        await noted.catch(() => {});
        await opening.then((task) => task.#network.close()).catch(() => {});
        await namespaces.end();
        store.transact((tx) => tx.clear(holders, place.taskArn));
        throw error;
      }
    } catch (error) {
      await limiter.remove();
      throw error;
    }
  }

  static async #openIn(
    parts: NamespaceTaskParts,
    place: TaskPlace,
    namespaces: TaskNamespaces,
    limiter: TaskLimiter,
  ): Promise<NamespaceTask> {
    const { store, server } = parts;
    try {
      const network = await TaskNetwork.open(namespaces, place, server);
      return new NamespaceTask(parts, place, namespaces, network, limiter);
    } catch (error) {
      await namespaces.end();
      store.transact((tx) => tx.clear(holders, place.taskArn));
      throw error;
    }
  }

  listen(server: Server, purpose: 'agent' | 'instance-metadata'): Promise<{ url: string; port: number }> {
    return this.#network.listen(server, purpose);
  }

  async caller(socket: Socket): Promise<Caller> {
    return callerBeside(socket);
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
    const { tools, hidden, sharedVolumes, store, identities } = this.#parts;
    const run = this.#runs.get(spec.name) ?? 0;
    this.#runs.set(spec.name, run + 1);
    const plan = await planContainer({
      place: this.#place,
      spec,
      source: await this.#sourceOf(spec.image),
      address: this.address,
      transparent: this.#networkMode === 'none' ? undefined : this.#parts.server.transparent,
      run,
      volumes: { task: join(this.#place.directory, 'volumes'), shared: sharedVolumes, hidden },
      identities,
      tmpfsSize: this.#limiter.tmpfsSize(spec.definition),
      copy: (from, to) => copyTree(this.#namespaces, from, to),
      writable: async (lower, directory, prepare = () => {}) => {
        const own = join(directory, String(run));
        await removeAsTask(identities, [own]);
        return writableView(tools, this.#namespaces, lower, own, prepare);
      },
    });
    const { name, runtimeId, files, init, stopSignal, user, capabilities } = plan;
    const limiter = this.#limiter.container(spec.definition, run, files.status);
    const wanted = wantedPorts(spec.definition, this.#networkMode, this.address);
    const container = new NamespaceContainer(tools, this.#namespaces, plan, {
      limiter,
      started: (processes, startedAt, bindings) => {
        const record: ContainerRecord = {
          ...{ name, runtimeId, processes, startedAt, files, init, stopSignal, bindings },
          user: user === undefined ? undefined : { uid: user.uid, gid: user.gid, groups: user.groups },
          capabilities,
          limiter: limiter.record,
        };
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
      const plan = {
        user: undefined,
        capabilities: [],
        ...record,
        commandLine: [],
        environment: {},
        sandbox: [],
        limits: [],
      };
      const { tools } = this.#parts;
      const { processes, startedAt } = record;
      const ports = await this.#publishAgain(record);
      const limiter = this.#limiter.adopt(record.limiter ?? {}, record.files.status);
      const container = NamespaceContainer.adopt(tools, this.#namespaces, plan, processes, startedAt, ports, limiter);
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
    await this.#limiter.remove();
    await removeAsTask(this.#parts.identities, ownDirectories(this.#place.directory));
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

/** Directories of the cgroups of all tasks that are known. */
export function cgroupsOf(store: Store): ReadonlySet<string> {
  const records = store.partitions(holders).flatMap((taskArn) => store.get(holders, taskArn, '') ?? []);
  return new Set(records.flatMap(({ cgroup }) => Object.values(cgroup ?? {})));
}

/** Directories of a task that its containers write to. */
function ownDirectories(directory: string): string[] {
  return ['containers', 'volumes'].map((name) => join(directory, name));
}

/**
 * Ends the namespaces of tasks that nobody will ask for again, with their directories and cgroups. Mounts, addresses and
 * processes go with the namespaces.
 */
export async function removeLeftovers(
  { tools, store, identities }: Pick<NamespaceTaskParts, 'tools' | 'store' | 'identities'>,
  knows: (taskArn: string) => boolean,
): Promise<void> {
  const left = new Set([...store.partitions(holders), ...store.partitions(containers)].filter((arn) => !knows(arn)));
  for (const taskArn of left) {
    const known = store.get(holders, taskArn, '');
    if (known !== undefined) {
      await new TaskNamespaces(tools, known).end();
      if (known.cgroup !== undefined) await removeCgroups(known.cgroup);
      await removeAsTask(identities, ownDirectories(known.directory));
    }
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
