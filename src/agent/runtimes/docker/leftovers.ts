import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { identify, isAlive } from '../process-table.ts';
import type { Engine } from './engine.ts';
import type { ContainerSummary } from './engine-types.ts';
import { LABEL } from './labels.ts';
import { removeContainer } from './namespaces.ts';
import { removeVolumes } from './volumes.ts';

/** Whose the containers are: the same for every server on the same data directory. */
export function serverId(home: string): string {
  return createHash('sha256').update(realpathSync(home)).digest('hex').slice(0, 16);
}

/** Labels of everything that this server makes. `durable`: it can be started again on its data. */
export function serverLabels(home: string, durable: boolean): Record<string, string> {
  const identity = identify(process.pid);
  return {
    [LABEL.server]: serverId(home),
    [LABEL.process]: `${process.pid} ${identity?.started ?? ''}`,
    [LABEL.home]: durable ? realpathSync(home) : '',
  };
}

/**
 * Removes what nobody will come back for: containers and volumes of this server whose task is not known any more, and
 * those of servers that were killed and kept nothing, or whose data is gone. Answers the ids of tasks that have containers
 * of this server.
 */
export async function removeLeftovers(
  engine: Engine,
  server: string,
  knows: (taskId: string) => boolean,
): Promise<ReadonlySet<string>> {
  const all = await listContainers(engine, [LABEL.server]);
  const mine = all.filter(({ Labels }) => Labels[LABEL.server] === server);
  const kept = new Set(
    mine
      .filter(({ Labels }) => Labels[LABEL.task] !== undefined && knows(Labels[LABEL.task] as string))
      .flatMap(({ Id, HostConfig }) => [Id, HostConfig.NetworkMode.replace(/^container:/, '')]),
  );
  const left = all.filter(({ Id, Labels }) => {
    if (isMakerAlive(Labels)) return false;
    return Labels[LABEL.server] === server ? !kept.has(Id) : isForgotten(Labels);
  });
  // Those that use the network of another one first.
  const inOthers = ({ HostConfig }: ContainerSummary) => HostConfig.NetworkMode.startsWith('container:');
  for (const first of [true, false]) {
    await Promise.all(left.filter((each) => inOthers(each) === first).map(({ Id }) => removeContainer(engine, Id)));
  }
  const tasks = new Set(left.flatMap(({ Labels }) => Labels[LABEL.task] ?? []));
  for (const task of tasks) await removeVolumes(engine, [`${LABEL.task}=${task}`]);
  return new Set(mine.filter(({ Id }) => kept.has(Id)).flatMap(({ Labels }) => Labels[LABEL.task] ?? []));
}

/** All containers that have the labels (`NAME` or `NAME=VALUE`), whatever their state. */
export function listContainers(engine: Engine, labels: readonly string[]): Promise<readonly ContainerSummary[]> {
  return engine.get('/containers/json', { all: true, filters: JSON.stringify({ label: labels }) });
}

function isMakerAlive(labels: Readonly<Record<string, string>>): boolean {
  const [pid = '', started = ''] = (labels[LABEL.process] ?? '').split(' ');
  return isAlive({ pid: Number(pid), started });
}

/** Nobody will be started again on that data. */
function isForgotten(labels: Readonly<Record<string, string>>): boolean {
  const home = labels[LABEL.home] ?? '';
  return home === '' || !existsSync(home);
}
