import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { belongsTo, identify, isAlive, signalGroup, usageOf } from './process-table.ts';

async function session(script: string) {
  const child = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  const [data] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, leader: child.pid as number, printed: Number(data.toString()) };
}

test('a process is known by its number and start; an ended one is not there', async () => {
  const { child, leader } = await session('echo $$; exec sleep 100');
  const identity = identify(leader);
  expect(identity?.pid).toBe(leader);
  expect(identity !== undefined && isAlive(identity)).toBe(true);
  expect(isAlive({ pid: leader, started: 'another' })).toBe(false);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(identify(leader)).toBeUndefined();
});

test('a signal goes to all that the leader started, and to nobody when the number is another’s by now', async () => {
  const { child, leader, printed } = await session('sleep 100 & echo $!; wait');
  const identity = identify(leader);
  signalGroup({ pid: leader, started: 'boot/1' }, 'SIGKILL');
  signalGroup({ pid: leader, started: `${identity?.started.split('/')[0]}/1` }, 'SIGKILL');
  expect(identity !== undefined && isAlive(identity)).toBe(true);
  if (identity !== undefined) signalGroup(identity, 'SIGKILL');
  await once(child, 'exit');
  while (identify(printed) !== undefined) await new Promise((resolve) => setTimeout(resolve, 5));
});

test.runIf(process.platform === 'linux')(
  'descendants, group and session belong to the leader; others do not',
  async () => {
    const { child, leader, printed } = await session('sh -c "sleep 100 & echo \\$!; wait"');
    expect(belongsTo(leader, leader)).toBe(true);
    expect(belongsTo(printed, leader)).toBe(true);
    expect(belongsTo(process.pid, leader)).toBe(false);
    expect(belongsTo(1, leader)).toBe(false);
    const usage = usageOf(leader);
    expect(usage?.processes).toBeGreaterThanOrEqual(2);
    expect(usage?.memory).toBeGreaterThan(0);
    const identity = identify(leader);
    if (identity !== undefined) signalGroup(identity, 'SIGKILL');
    await once(child, 'exit');
  },
);
