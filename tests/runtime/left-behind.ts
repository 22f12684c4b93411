import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../../src/agent/runtimes/docker/engine.ts';
import { serverId } from '../../src/agent/runtimes/docker/leftovers.ts';

/** What tells a server's things from those of others on the same machine. */
export interface Traces {
  /** Data directory. */
  readonly home: string;
  /** Its directory for temporary files. */
  readonly temporary: string;
  readonly taskIds: readonly string[];
}

/** Mounts, sockets, control groups and files that are still there of a server whose tasks have all ended. */
export function leftOnMachine({ home, temporary, taskIds }: Traces): string[] {
  const marks = [home, ...taskIds];
  const isOurs = (text: string) => marks.some((mark) => text.includes(mark));
  return [
    ...linesOf('/proc/self/mountinfo').filter(isOurs),
    ...linesOf('/proc/net/unix').filter(isOurs),
    ...controlGroups().filter(isOurs),
    ...readdirSync(temporary).map((name) => join(temporary, name)),
    ...specialFiles(home),
    // What a task wrote stays readable for an hour; what its containers ran on does not.
    ...taskIds.flatMap((id) => directoriesIn(join(home, 'tasks', id))),
  ];
}

/** Containers, volumes and network connections of the server in the Docker Engine. */
export async function leftInEngine(engine: Engine, { home, taskIds }: Traces): Promise<string[]> {
  const server = serverId(home);
  const all = await engine.get<{ Id: string; Labels: Record<string, string> }[]>('/containers/json', { all: true });
  const ours = all.filter(({ Labels }) => Labels['dev.rolecall.server'] === server);
  const { Volumes } = await engine.get<{ Volumes: { Name: string }[] | null }>('/volumes');
  const volumes = (Volumes ?? []).filter(({ Name }) => taskIds.some((id) => Name.includes(id)));
  return [...ours.map(({ Id }) => `container ${Id}`), ...volumes.map(({ Name }) => `volume ${Name}`)];
}

function linesOf(file: string): string[] {
  return readFileSync(file, 'utf8').split('\n');
}

/** Paths of all control groups of this machine. Others may come and go meanwhile. */
export function controlGroups(): string[] {
  const found: string[] = [];
  const look = (directory: string, depth: number) => {
    let entries: { name: string; isDirectory(): boolean }[];
    try {
      entries = readdirSync(directory, { withFileTypes: true });
    } catch {
      return;
    }
    for (const entry of entries) {
      if (!entry.isDirectory()) continue;
      const path = join(directory, entry.name);
      found.push(path);
      if (depth > 0) look(path, depth - 1);
    }
  };
  look('/sys/fs/cgroup', 5);
  return found;
}

/** Unix sockets and pipes: ways to something that runs. */
function specialFiles(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isSocket() || entry.isFIFO())
    .map((entry) => join(entry.parentPath, entry.name));
}

function directoriesIn(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(directory, entry.name));
  } catch {
    return [];
  }
}
