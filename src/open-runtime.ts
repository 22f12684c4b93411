import type { Socket } from 'node:net';
import { join } from 'node:path';
import { ProcessRuntime } from './agent/runtimes/process.ts';
import type { Runtime, RuntimeName } from './agent/runtimes/runtime.ts';
import type { StandIns } from './agent/runtimes/stand-ins.ts';
import type { Transparent } from './agent/transparent/transparent.ts';
import { UserError } from './core/errors.ts';
import { tasks } from './services/ecs/records.ts';
import type { Store } from './store/store.ts';

/** How containers are run; `auto` takes the strongest that this machine can do. */
export type RuntimeChoice = RuntimeName | 'auto';

export interface RuntimeSurroundings {
  readonly store: Store;
  readonly standIns: StandIns;
  /** Data directory, or the directory of a server that keeps nothing. */
  readonly home: string;
  /** Whether a server will be started again on the same data. */
  readonly durable: boolean;
  /** How many empty tasks the runtimes that isolate hold ready; default: theirs. */
  readonly ready?: number | undefined;
  /** Base URL of the server on loopback. */
  readonly endpoint: () => string;
  /** Takes over a connection that a container made to that URL in its own network. */
  readonly accept: (socket: Socket) => void;
  /** Opens what makes containers take the server for AWS; undefined: they are told of it. */
  readonly transparent?: (() => Promise<Transparent>) | undefined;
}

/** A runtime and what is to be done once the server listens, and when it stops. */
export interface OpenRuntime {
  readonly runtime: Runtime;
  readonly listening: () => Promise<void>;
  readonly close: () => Promise<void>;
}

const nothing = async () => {};

/** Opens the runtime asked for. Only what it needs is loaded. Throws UserError when this machine cannot do it. */
export async function openRuntime(choice: RuntimeChoice, around: RuntimeSurroundings): Promise<OpenRuntime> {
  const name = choice === 'auto' ? await strongest() : choice;
  switch (name) {
    case 'process':
      if (around.transparent !== undefined) throw notTransparent(choice);
      return { runtime: new ProcessRuntime(around), listening: nothing, close: nothing };
    case 'namespace':
      return openNamespace(around);
    case 'docker':
      return openDocker(around);
  }
}

async function strongest(): Promise<RuntimeName> {
  const { availableRuntimes, preferredRuntime } = await import('./agent/runtimes/available.ts');
  return preferredRuntime(await availableRuntimes());
}

async function openNamespace({
  store,
  standIns,
  home,
  durable,
  endpoint,
  accept,
  ready,
  transparent,
}: RuntimeSurroundings): Promise<OpenRuntime> {
  const { namespaceSupport } = await import('./agent/runtimes/namespace/support.ts');
  const { reason } = namespaceSupport();
  if (reason !== undefined) throw unavailable('namespace', reason);
  const { NamespaceRuntime } = await import('./agent/runtimes/namespace/namespace.ts');
  const { RegistryImages } = await import('./agent/runtimes/namespace/images/registry-images.ts');
  const images = new RegistryImages({ directory: join(home, 'images'), endpoint });
  const runtime = await NamespaceRuntime.open({
    store,
    standIns,
    server: { endpoint, accept, transparent: await transparent?.() },
    keep: durable,
    sharedVolumes: join(home, 'volumes'),
    hidden: [home],
    images,
    knows: (taskArn) => isUnfinished(store, taskArn.slice(taskArn.lastIndexOf('/') + 1)),
    ...(ready === undefined ? {} : { ready }),
  });
  const close = async () => {
    await runtime.close();
    // Their files need not be this user's: who removes the directory could not.
    if (!durable) await images.remove();
  };
  return { runtime, listening: () => runtime.warmUp(), close };
}

async function openDocker({
  store,
  home,
  durable,
  endpoint,
  accept,
  ready,
  transparent,
}: RuntimeSurroundings): Promise<OpenRuntime> {
  const { dockerSupport } = await import('./agent/runtimes/docker/support.ts');
  const support = await dockerSupport();
  if (!support.supported) throw unavailable('docker', support.reason);
  const { DockerRuntime } = await import('./agent/runtimes/docker/docker.ts');
  const runtime = await DockerRuntime.open({
    support,
    home,
    durable,
    knows: (taskId) => isUnfinished(store, taskId),
    server: { endpoint, accept },
    registry: () => `localhost:${new URL(endpoint()).port}`,
    transparent: await transparent?.(),
    ...(ready === undefined ? {} : { ready }),
  });
  return { runtime, listening: () => runtime.warmUp(), close: () => runtime.close() };
}

/** Whether a task of this id is in the store and has not stopped: its containers are looked after. */
function isUnfinished(store: Store, taskId: string): boolean {
  return store.partitions(tasks).some((cluster) => {
    const task = store.get(tasks, cluster, taskId);
    return task !== undefined && task.lastStatus !== 'STOPPED';
  });
}

function notTransparent(choice: RuntimeChoice): UserError {
  const which = choice === 'auto' ? 'the process runtime, which `auto` is here' : 'the process runtime';
  return new UserError(
    'transparent-unavailable',
    `--transparent cannot be had with ${which}: its tasks use the name servers and the trusted authorities of this machine, which are not changed`,
    'Use --runtime docker or --runtime namespace; `rolecall doctor` says what this machine can do.',
  );
}

function unavailable(runtime: RuntimeName, reason: string): UserError {
  return new UserError(
    'runtime-unavailable',
    `the ${runtime} runtime cannot be used here: ${reason}`,
    '`rolecall doctor` says what this machine can do; `--runtime process` works everywhere.',
  );
}
