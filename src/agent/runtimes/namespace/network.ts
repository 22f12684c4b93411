import { createHash } from 'node:crypto';
import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { AGENT_ADDRESS, METADATA_ADDRESS } from '../beside.ts';
import { RuntimeFailure, type TaskPlace } from '../runtime.ts';
import { type NetworkPlan, type Opened, openListeners, type ServerAccess } from './listeners.ts';
import type { TaskNamespaces } from './namespaces.ts';

const PORT = 80;

/** Networks by task: an agent started again in the same process takes over what the one before it had open. */
const open = new Map<string, TaskNetwork>();

/** The network of one task: loopback, the task's own address, and a cable to the agent's listeners. There is no way out of it. */
export class TaskNetwork {
  readonly address: string;
  readonly #taskArn: string;
  readonly #listeners: Opened;
  readonly #given: Server[] = [];
  readonly #isolated: boolean;

  private constructor(taskArn: string, address: string, listeners: Opened, isolated: boolean) {
    this.#taskArn = taskArn;
    this.address = address;
    this.#listeners = listeners;
    this.#isolated = isolated;
  }

  /** Takes over listening sockets that `openListeners` has made by the plan of such a task. */
  static adopt({ taskArn, taskId, definition }: TaskPlace, listeners: Opened): TaskNetwork {
    const network = new TaskNetwork(taskArn, addressOf(taskId), listeners, definition.networkMode === 'none');
    open.set(taskArn, network);
    return network;
  }

  /** Throws RuntimeFailure. */
  static async open(namespaces: TaskNamespaces, place: TaskPlace, server: ServerAccess): Promise<TaskNetwork> {
    open.get(place.taskArn)?.close();
    return TaskNetwork.adopt(place, await openListeners(namespaces, networkPlan(place, server), server));
  }

  /** Lets `server` answer at the address of its purpose. */
  async listen(server: Server, purpose: 'agent' | 'instance-metadata'): Promise<{ url: string; port: number }> {
    const url = `http://${purpose === 'agent' ? AGENT_ADDRESS : METADATA_ADDRESS}`;
    const listener = this.#listeners.get(purpose);
    if (!(listener instanceof NetServer)) {
      if (this.#isolated) return { url, port: PORT };
      throw new RuntimeFailure('create', `the task does not listen for ${purpose}`);
    }
    this.#listeners.delete(purpose);
    listener.ref();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(listener, () => {
        server.removeListener('error', reject);
        resolve();
      });
    });
    this.#given.push(server);
    return { url, port: PORT };
  }

  /** What nobody has taken by the start of a container must refuse, not keep waiting. */
  closeUnused(): void {
    for (const [name, listener] of this.#listeners) {
      if (name === 'server' || name === 'aws') continue;
      listener.close();
      this.#listeners.delete(name);
    }
  }

  /** An open listener would keep the namespace of a dead task alive. */
  close(): void {
    for (const listener of [...this.#listeners.values(), ...this.#given]) listener.close();
    this.#listeners.clear();
    if (open.get(this.#taskArn) === this) open.delete(this.#taskArn);
  }
}

/** What a task's network is made of. */
export function networkPlan(
  { definition, launchType }: Pick<TaskPlace, 'definition' | 'launchType'>,
  server: ServerAccess,
): NetworkPlan {
  const settings = settingsOf(definition);
  // Mode `none`: loopback alone, and nobody answers there.
  if (definition.networkMode === 'none') return { settings, own: [], beside: [] };
  const metadata = launchType === 'EC2';
  const endpoint = new URL(server.endpoint());
  return {
    settings,
    own: [{ name: 'server', host: loopback(endpoint.hostname), port: Number(endpoint.port || PORT) }],
    beside: [
      { name: 'agent', host: AGENT_ADDRESS, port: PORT },
      ...(metadata ? [{ name: 'instance-metadata', host: METADATA_ADDRESS, port: PORT }] : []),
    ],
  };
}

/**
 * The task's own address: one of this machine's loopback network, which nobody but this machine reaches. Ports of an
 * awsvpc task are published there, and inside of the task it is local as well.
 */
export function addressOf(taskId: string): string {
  const [a = 0, b = 0, c = 0] = createHash('sha256').update(taskId).digest();
  return `127.${(a % 254) + 1}.${b}.${(c % 254) + 1}`;
}

function loopback(hostname: string): string {
  if (hostname === 'localhost') return '127.0.0.1';
  return hostname.replace(/^\[|\]$/g, '');
}

/**
 * Ports below 1024 are free to everyone, as Docker has it since 20.10; then what `systemControls` ask for, which were
 * checked before (net.*, numbers).
 */
function settingsOf(definition: TaskPlace['definition']): ReadonlyMap<string, string> {
  const settings = new Map([
    ['ipv4/ip_unprivileged_port_start', '0'],
    ['ipv4/ping_group_range', '0 0'],
  ]);
  for (const container of definition.containerDefinitions ?? []) {
    for (const { namespace = '', value = '' } of container.systemControls ?? []) {
      if (/^net(\.[a-z0-9_-]+)+$/.test(namespace) && /^[0-9 \t-]+$/.test(value)) {
        settings.set(namespace.slice('net.'.length).replaceAll('.', '/'), value);
      }
    }
  }
  return settings;
}
