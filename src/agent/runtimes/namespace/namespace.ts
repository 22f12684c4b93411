import { mkdirSync } from 'node:fs';
import type { Store } from '../../../store/store.ts';
import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import type { Isolation, Runtime, RuntimeTask, TaskPlace, Unsupported } from '../runtime.ts';
import { findStandIn, type StandIns } from '../stand-ins.ts';
import { type Identities, ownIdentities } from './identities.ts';
import type { ImageSource } from './image.ts';
import { aboutLimits } from './limits/about.ts';
import { findCgroups } from './limits/cgroup-place.ts';
import { Limits } from './limits/limiter.ts';
import type { ServerAccess } from './listeners.ts';
import { removeAsTask } from './overlay.ts';
import { ReadyNamespaces } from './ready-namespaces.ts';
import { cgroupsOf, NamespaceTask, removeLeftovers } from './task.ts';
import { findTools, type Tools } from './tools.ts';
import { unsupportedByNamespaces } from './unsupported.ts';

export interface NamespaceRuntimeOptions {
  readonly standIns: StandIns;
  readonly store: Store;
  /** How containers reach the server under the same URL as everybody else on this machine. */
  readonly server: ServerAccess;
  /** Containers outlive the agent and are found again (a server with a data directory); without, they end with it. */
  readonly keep: boolean;
  /** Directory of Docker volumes that tasks share. */
  readonly sharedVolumes: string;
  /** Directories that no container may see: the data directory, the scratch directories. */
  readonly hidden: readonly string[];
  /** Where images come from that nothing stands in for. */
  readonly images?: ImageSource;
  /** Whether an earlier server's task is still to be looked after; what is left of others is removed. */
  readonly knows: (taskArn: string) => boolean;
  /** Namespaces made in advance, once there has been a task or a `warmUp`. Default: 2. */
  readonly ready?: number;
  /** Default: this user's. */
  readonly identities?: Promise<Identities>;
  /** Default: as this machine and this user can keep them. */
  readonly limits?: Promise<Limits>;
}

/**
 * Runs each task in user, network, mount, pid, IPC and UTS namespaces of its own, without root and without Docker:
 * `unshare` makes them, bubblewrap builds each container's sandbox in them. Linux only; see `namespaceSupport`.
 */
export class NamespaceRuntime implements Runtime {
  readonly name = 'namespace';
  readonly isolation: Isolation;
  readonly #options: NamespaceRuntimeOptions;
  readonly #tools: Tools;
  readonly #ready: ReadyNamespaces;
  readonly #identities: Identities;
  readonly #limits: Limits;

  private constructor(options: NamespaceRuntimeOptions, tools: Tools, identities: Identities, limits: Limits) {
    this.#options = options;
    this.#tools = tools;
    this.#identities = identities;
    this.#limits = limits;
    const { keep, ready = 2 } = options;
    this.#ready = new ReadyNamespaces(tools, options.server, { keep, size: ready, identities });
    this.isolation = {
      files: true,
      network: true,
      processes: true,
      callers: true,
      summary:
        'Each task has its own network, processes and files and sees nothing else of this machine; 169.254.170.2 answers inside it. ' +
        aboutLimits(limits.enforcement),
    };
  }

  /** Finds the programs that it needs, and removes what a killed server left behind. Throws Error that says what is missing. */
  static async open(options: NamespaceRuntimeOptions): Promise<NamespaceRuntime> {
    const found = findTools();
    if ('missing' in found) throw new Error(`not installed: ${found.missing.join(', ')}`);
    const identities = await (options.identities ?? ownIdentities());
    await removeLeftovers({ tools: found.tools, store: options.store, identities }, options.knows);
    return new NamespaceRuntime(
      options,
      found.tools,
      identities,
      await (options.limits ?? Limits.open(findCgroups(), cgroupsOf(options.store))),
    );
  }

  unsupported(definition: Ecs.TaskDefinition): readonly Unsupported[] {
    const byMode = this.#options.server.transparent?.unsupported(definition) ?? [];
    const own = unsupportedByNamespaces(definition, this.#limits.enforcement);
    // What is refused in any mode is said once.
    const refused = new Set(own.filter(({ effect }) => effect === 'refused').map(({ field }) => field));
    return [...own, ...byMode.filter(({ field }) => !refused.has(field))];
  }

  standsInFor(image: string): boolean {
    return findStandIn(this.#options.standIns, image) !== undefined;
  }

  async prepareTask(place: TaskPlace): Promise<RuntimeTask> {
    mkdirSync(place.directory, { recursive: true, mode: 0o700 });
    const { images, ...options } = this.#options;
    const own = { tools: this.#tools, ready: this.#ready, identities: this.#identities, limits: this.#limits };
    return NamespaceTask.open({ ...options, images, ...own }, place);
  }

  /** Makes a few namespaces in advance; to be called once the server listens. Resolves when they are there. */
  warmUp(): Promise<void> {
    return this.#ready.fill();
  }

  /** Ends what no task has taken. Tasks that were not removed run on. */
  async close(): Promise<void> {
    await this.#ready.close();
    await this.#limits.close();
    if (!this.#options.keep) await removeAsTask(this.#identities, [this.#options.sharedVolumes]);
  }
}
