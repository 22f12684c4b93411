import type { Server } from 'node:http';
import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import { RuntimeFailure, type TaskPlace } from '../runtime.ts';
import { isStatus } from './engine.ts';
import type { ContainerInspection } from './engine-types.ts';
import { LABEL } from './labels.ts';
import { type ListeningPurpose, Namespace, type NamespaceParts } from './namespaces.ts';
import { heldSettings, isPlain, type NetworkSettings, ownNetwork, sharedNetwork } from './network-settings.ts';
import { freeRanges } from './port-ranges.ts';
import type { ReadyNamespaces } from './ready-namespaces.ts';

/** Stands for all containers of the task. */
const SHARED = '';

/**
 * The namespaces of one task: a network for all containers (awsvpc) or for each of them (bridge), none in the other
 * modes; and one that holds processes or IPC where the containers share those.
 */
export class TaskNetworks {
  readonly #parts: NamespaceParts & { readonly ready: ReadyNamespaces };
  readonly #place: TaskPlace;
  readonly #mode: Ecs.NetworkMode;
  readonly #networks = new Map<string, Namespace>();
  readonly #opening = new Map<Namespace, Promise<void>>();
  readonly #servers = new Map<ListeningPurpose, Server>();
  /** Whether it is known by now who listens. */
  #asked = false;
  #processes: Promise<Namespace> | undefined;

  constructor(parts: NamespaceParts & { readonly ready: ReadyNamespaces }, place: TaskPlace) {
    this.#parts = parts;
    this.#place = place;
    this.#mode = place.definition.networkMode ?? 'bridge';
  }

  /** What is there before any container. Throws RuntimeFailure. */
  async prepare(): Promise<void> {
    if (this.#mode === 'awsvpc') this.#networks.set(SHARED, await this.#make(sharedNetwork(this.#place.definition)));
  }

  serve(purpose: ListeningPurpose, server: Server): void {
    this.#asked = true;
    this.#servers.set(purpose, server);
  }

  /** The namespace of a container's network; undefined where it has none. */
  get(container: string): Namespace | undefined {
    return this.#networks.get(SHARED) ?? this.#networks.get(container);
  }

  /** As `get`; one that is missing is made. `linked`: names that it is to know. Throws RuntimeFailure. */
  async obtain(container: Ecs.ContainerDefinition, linked: readonly Ecs.HostEntry[]): Promise<Namespace | undefined> {
    if (container.disableNetworking === true) return undefined;
    const name = container.name ?? '';
    const known = this.get(name);
    if (known !== undefined || this.#mode !== 'bridge') return known;
    const made = await this.#makeOwn(container, linked);
    this.#networks.set(name, made);
    return made;
  }

  /** Finds the namespace that an earlier agent made. */
  async find(container: string, networkMode: string): Promise<Namespace | undefined> {
    if (!networkMode.startsWith('container:')) return undefined;
    const key = this.#mode === 'awsvpc' ? SHARED : container;
    const known = this.#networks.get(key);
    if (known !== undefined) return known;
    try {
      const id = networkMode.slice('container:'.length);
      const inspection = await this.#parts.engine.get<ContainerInspection>(`/containers/${id}/json`);
      const found = new Namespace(this.#parts, inspection);
      this.#networks.set(key, found);
      return found;
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw error;
    }
  }

  /** The namespace whose processes or IPC the containers share; undefined where they share none. */
  async processes(): Promise<Namespace | undefined> {
    const { pidMode, ipcMode } = this.#place.definition;
    if (pidMode !== 'task' && ipcMode !== 'task') return undefined;
    const shared = this.#networks.get(SHARED);
    if (shared !== undefined) return shared;
    this.#processes ??= Namespace.create(this.#parts, {
      role: 'namespace',
      labels: this.#labels,
      settings: heldSettings(this.#place.definition),
      networked: false,
    });
    return this.#processes;
  }

  /** Lets the servers answer in all networks that are there. */
  async openAll(): Promise<void> {
    await Promise.all([...this.#networks.values()].map((network) => this.open(network)));
  }

  /** Lets the servers answer in one network; what is open already stays. Throws RuntimeFailure. */
  open(network: Namespace): Promise<void> {
    const before = this.#opening.get(network) ?? Promise.resolve();
    const opened = before.catch(() => {}).then(() => this.#openNow(network));
    opened.catch(() => {});
    this.#opening.set(network, opened);
    return opened;
  }

  async remove(): Promise<void> {
    await Promise.allSettled([...this.#opening.values(), this.#processes]);
    await Promise.all([...this.#networks.values()].map((network) => network.remove()));
    await (await this.#processes?.catch(() => undefined))?.remove();
    this.#networks.clear();
  }

  get #labels(): Record<string, string> {
    return { [LABEL.task]: this.#place.taskId };
  }

  async #make(settings: NetworkSettings): Promise<Namespace> {
    // Whether the metadata may be asked is not known before anybody listens for it: on EC2 it mostly may.
    const metadata = this.#servers.has('instance-metadata') || (!this.#asked && this.#place.launchType === 'EC2');
    const ready = isPlain(settings) ? this.#parts.ready.take(metadata) : undefined;
    return ready ?? Namespace.create(this.#parts, { role: 'namespace', labels: this.#labels, settings });
  }

  /** Ports that were free when they were chosen may have been taken since. */
  async #makeOwn(container: Ecs.ContainerDefinition, linked: readonly Ecs.HostEntry[]): Promise<Namespace> {
    for (let attempt = 1; ; attempt++) {
      const ranges = await freeRanges(container);
      try {
        return await this.#make(ownNetwork(container, linked, ranges));
      } catch (error) {
        const taken = /already allocated|already in use/.test(error instanceof Error ? error.message : '');
        if (ranges.length === 0 || !taken || attempt === 3) throw error;
      }
    }
  }

  async #openNow(network: Namespace): Promise<void> {
    try {
      await network.open(this.#servers.has('instance-metadata'));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new RuntimeFailure('create', `the endpoint of the task cannot listen: ${message}`);
    }
    for (const [purpose, server] of this.#servers) network.serve(purpose, server);
  }
}
