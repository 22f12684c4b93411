import { mkdirSync, realpathSync } from 'node:fs';
import type { Socket } from 'node:net';
import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import type { Transparent } from '../../transparent/transparent.ts';
import type { Isolation, Runtime, RuntimeTask, TaskPlace, Unsupported } from '../runtime.ts';
import { Engine } from './engine.ts';
import { HostEndpoint } from './host-endpoint.ts';
import { ImageTrusts } from './image-trust.ts';
import { Images } from './images.ts';
import { removeLeftovers, serverId, serverLabels } from './leftovers.ts';
import { ensurePauseImage } from './pause-image.ts';
import { ReadyNamespaces } from './ready-namespaces.ts';
import type { DockerSupport } from './support.ts';
import { DockerTask, type TaskParts } from './task.ts';
import { taskGroups } from './task-limits.ts';
import { ensureNetwork, removeNetwork, TASKS_NETWORK } from './tasks-network.ts';
import { type Machine, unsupportedByDocker } from './unsupported.ts';

export interface DockerOptions {
  /** What `dockerSupport` found. */
  readonly support: Extract<DockerSupport, { supported: true }>;
  /** Data directory, or that of a server that keeps nothing; the tasks' directories lie in it. */
  readonly home: string;
  /** Whether a server will be started again on the same data: then tasks outlive this one. */
  readonly durable: boolean;
  /** Whether an earlier server's task is still to be looked after. */
  readonly knows: (taskId: string) => boolean;
  /** The server as containers reach it on their own loopback address. */
  readonly server: {
    /** Base URL, `http://127.0.0.1:PORT`: the value of AWS_ENDPOINT_URL. */
    readonly endpoint: () => string;
    /** Takes over a connection that a container made there. It must answer AWS requests alone, not the admin endpoints. */
    readonly accept: (socket: Socket) => void;
  };
  /** `localhost:PORT` of Rolecall's registry; undefined: images named after ECR must be there. */
  readonly registry: () => string | undefined;
  /** Containers take this server for AWS. */
  readonly transparent?: Transparent | undefined;
  /** Networks made in advance. Default: 2. */
  readonly ready?: number;
}

/** Runs containers in the Docker Engine of this machine. */
export class DockerRuntime implements Runtime {
  readonly name = 'docker';
  readonly isolation: Isolation = {
    files: true,
    network: true,
    processes: true,
    callers: true,
    summary:
      "Containers run in the Docker Engine: files, processes and networks are apart, and a task's credentials are given " +
      'out in its own network namespace alone. Privileged containers, `pidMode: host` and paths of the host are as open as in ECS on EC2.',
  };
  readonly #parts: TaskParts;
  readonly #machine: Machine;
  /** Tasks that may have containers already. */
  readonly #known: Set<string>;

  private constructor(parts: TaskParts, machine: Machine, known: ReadonlySet<string>) {
    this.#parts = parts;
    this.#machine = machine;
    this.#known = new Set(known);
  }

  /** Makes the Engine ready for tasks, and removes what killed servers left in it. Throws EngineError. */
  static async open(options: DockerOptions): Promise<DockerRuntime> {
    const { support, durable, knows } = options;
    const home = realpathSync(options.home);
    const engine = new Engine(support.socketPath);
    await engine.negotiate();
    const known = await removeLeftovers(engine, serverId(home), knows);
    const groups = taskGroups(support.info, serverId(home));
    if (!('unavailable' in groups)) await groups.clear((taskId) => known.has(taskId));
    await ensureNetwork(engine);
    const namespaces = {
      engine,
      pauseImage: await ensurePauseImage(engine, process.arch),
      network: TASKS_NETWORK,
      labels: serverLabels(home, durable),
      serverPort: () => Number(new URL(options.server.endpoint()).port || 80),
      connect: options.server.accept,
      transparent: options.transparent,
    };
    const parts: TaskParts = {
      ...namespaces,
      images: new Images(engine, options.registry),
      ready: new ReadyNamespaces(namespaces, options.ready ?? 2),
      hostEndpoint: new HostEndpoint(),
      imageTrusts: new ImageTrusts(engine, namespaces.labels),
      groups: 'unavailable' in groups ? undefined : groups,
      cpus: support.info.NCPU,
    };
    const machine: Machine = {
      architecture: support.info.Architecture,
      closed: [home],
      engineSocket: support.socketPath,
      withoutTaskLimits: 'unavailable' in groups ? groups.unavailable : undefined,
      swappiness: support.info.CgroupVersion !== '2',
      swapLimit: support.info.SwapLimit !== false,
    };
    return new DockerRuntime(parts, machine, known);
  }

  unsupported(definition: Ecs.TaskDefinition): readonly Unsupported[] {
    const byMode = this.#parts.transparent?.unsupported(definition) ?? [];
    return [...unsupportedByDocker(definition, this.#machine), ...byMode];
  }

  /** Tasks in host mode share this machine's network: they are told by their containers. */
  readonly isTask = (socket: Socket): boolean => this.#parts.hostEndpoint.isGuest(socket);

  standsInFor(): boolean {
    return false;
  }

  /** Makes a few networks in advance; to be called once the server listens. Resolves when they are there. */
  warmUp(): Promise<void> {
    return this.#parts.ready.filled();
  }

  async prepareTask(place: TaskPlace): Promise<RuntimeTask> {
    mkdirSync(place.directory, { recursive: true, mode: 0o700 });
    const task = new DockerTask(this.#parts, place);
    const earlier = this.#known.has(place.taskId);
    this.#known.add(place.taskId);
    await task.prepare(earlier);
    return task;
  }

  /** Lets go of the Engine. Tasks that were not removed run on. */
  async close(): Promise<void> {
    await this.#parts.ready.close();
    // Those of tasks that run on are in use and stay.
    await this.#parts.groups?.clear(() => false);
    await removeNetwork(this.#parts.engine);
    this.#parts.engine.close();
  }
}
