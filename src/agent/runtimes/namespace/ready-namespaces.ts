import type { LaunchType } from '../../../roles/duty.ts';
import type { TaskPlace } from '../runtime.ts';
import type { Identities } from './identities.ts';
import { type Opened, openListeners, type ServerAccess } from './listeners.ts';
import { TaskNamespaces } from './namespaces.ts';
import { networkPlan } from './network.ts';
import type { Tools } from './tools.ts';

/** Namespaces with open listeners that no task has yet. */
export interface ReadyPlace {
  readonly namespaces: TaskNamespaces;
  readonly listeners: Opened;
}

/** Milliseconds without a new task before others are made ready: whoever starts many should not wait for those. */
const REST = 300;

/**
 * A few namespaces made in advance, for tasks that ask nothing special of their network. Each belongs to one task in
 * its life; those that nobody has taken end with the agent.
 */
export class ReadyNamespaces {
  readonly #tools: Tools;
  readonly #server: ServerAccess;
  readonly #keep: boolean;
  readonly #size: number;
  readonly #ready: { readonly launchType: LaunchType; readonly place: ReadyPlace }[] = [];
  #filling: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  /** Of what kind the last task was. */
  #kind: LaunchType = 'FARGATE';

  readonly #identities: Identities;

  constructor(
    tools: Tools,
    server: ServerAccess,
    options: { readonly keep: boolean; readonly size: number; readonly identities: Identities },
  ) {
    this.#identities = options.identities;
    this.#tools = tools;
    this.#server = server;
    this.#keep = options.keep;
    this.#size = options.size;
  }

  /** Undefined when none is ready that fits; then others are made, for the next tasks. */
  take({ launchType, definition }: TaskPlace): ReadyPlace | undefined {
    if (this.#size === 0 || this.#closed) return undefined;
    this.#kind = launchType;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.fill(), REST).unref();
    const special = (definition.containerDefinitions ?? []).some(
      ({ systemControls }) => (systemControls ?? []).length > 0,
    );
    if (special || definition.networkMode === 'none') return undefined;
    const index = this.#ready.findIndex((each) => each.launchType === launchType && each.place.namespaces.alive);
    return index < 0 ? undefined : this.#ready.splice(index, 1)[0]?.place;
  }

  /** Resolves when as many are ready as there should be, or none can be made. */
  fill(): Promise<void> {
    this.#filling ??= this.#fill().finally(() => {
      this.#filling = undefined;
    });
    return this.#filling;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#filling;
    await Promise.all(this.#ready.splice(0).map(({ place }) => end(place)));
  }

  async #fill(): Promise<void> {
    const launchType = this.#kind;
    for (const [index, each] of [...this.#ready.entries()].reverse()) {
      if (each.launchType === launchType && each.place.namespaces.alive) continue;
      this.#ready.splice(index, 1);
      await end(each.place);
    }
    while (!this.#closed && this.#ready.length < this.#size) {
      try {
        this.#ready.push({ launchType, place: await this.#make(launchType) });
      } catch {
        // The next task that needs one will say why there is none.
        return;
      }
    }
  }

  async #make(launchType: LaunchType): Promise<ReadyPlace> {
    const namespaces = await TaskNamespaces.create(this.#tools, this.#keep, this.#identities);
    const plan = networkPlan({ launchType, definition: {} }, this.#server);
    const opening = openListeners(namespaces, plan, this.#server);
    try {
      const [listeners] = await Promise.all([opening, namespaces.completed]);
      return { namespaces, listeners };
    } catch (error) {
      await opening.then((listeners) => listeners.forEach((listener) => void listener.close())).catch(() => {});
      await namespaces.end();
      throw error;
    }
  }
}

async function end({ namespaces, listeners }: ReadyPlace): Promise<void> {
  for (const listener of listeners.values()) listener.close();
  await namespaces.end();
}
