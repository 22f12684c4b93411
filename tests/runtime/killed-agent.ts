import { createServer } from 'node:http';
import { join } from 'node:path';
import { NamespaceRuntime } from '../../src/agent/runtimes/namespace/namespace.ts';
import type { TaskPlace } from '../../src/agent/runtimes/runtime.ts';
import { Store } from '../../src/store/store.ts';

/** What the test tells this program, and it in turn when all runs. */
export interface Orders {
  readonly directory: string;
  readonly place: TaskPlace;
  readonly keep: boolean;
  readonly commands: Readonly<Record<string, readonly string[]>>;
  /** MiB, for each container. */
  readonly memory?: number;
}

// An agent's process of its own, so that it can be killed: starts the containers of one task and stays.
const { directory, place, keep, commands, memory } = JSON.parse(process.argv[2] ?? '{}') as Orders;
const runtime = await NamespaceRuntime.open({
  standIns: [{ pattern: '*', program: 'host' }],
  store: keep ? Store.open(join(directory, 'data')) : Store.inMemory(),
  server: { endpoint: () => 'http://127.0.0.1:4566', accept: (socket) => socket.destroy() },
  keep,
  sharedVolumes: join(directory, 'volumes'),
  hidden: [directory],
  knows: () => true,
});
const task = await runtime.prepareTask(place);
await task.listen(
  createServer((_request, response) => response.end('first agent')),
  'agent',
);
for (const [name, command] of Object.entries(commands)) {
  const container = await task.create({
    name,
    runtimeId: name,
    image: 'program',
    command,
    environment: { SECRET: 'kept by the program alone' },
    definition: memory === undefined ? { name } : { name, memory },
  });
  await container.start();
}
process.stdout.write('started\n');
setInterval(() => {}, 1000);
