import { expect, test } from 'vitest';
import { OutputHistory } from './output-history.ts';

const TASK = 'arn:aws:ecs:eu-west-1:000000000000:task/default/0123';

function line(text: string) {
  return { taskArn: TASK, container: 'app', stream: 'stdout', line: text, at: 0 } as const;
}

test('a slow follower misses nothing, however much is written', async () => {
  const history = new OutputHistory(() => '/nowhere');
  history.begin(TASK);
  const seen: string[] = [];
  const done = (async () => {
    for await (const each of history.read(TASK, true, new AbortController().signal)) {
      if (seen.length % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
      seen.push(each.line);
    }
  })();
  await new Promise((resolve) => setImmediate(resolve));
  for (let index = 0; index < 100_000; index++) history.add(line(String(index)));
  history.end(TASK);
  await done;
  expect(seen).toHaveLength(100_000);
  expect(seen.every((text, index) => text === String(index))).toBe(true);
});

test('without a follower only the last lines are kept', async () => {
  const history = new OutputHistory(() => '/nowhere');
  history.begin(TASK);
  for (let index = 0; index < 100_000; index++) history.add(line(String(index)));
  const kept: string[] = [];
  for await (const each of history.read(TASK, false, new AbortController().signal)) kept.push(each.line);
  expect(kept.length).toBeLessThanOrEqual(40_000);
  expect(kept.at(-1)).toBe('99999');
});

test('following ends when it is not wanted any more', async () => {
  const history = new OutputHistory(() => '/nowhere');
  history.begin(TASK);
  history.add(line('one'));
  const stop = new AbortController();
  const seen: string[] = [];
  for await (const each of history.read(TASK, true, stop.signal)) {
    seen.push(each.line);
    setImmediate(() => stop.abort());
  }
  expect(seen).toEqual(['one']);
});

test('of an unknown task there is nothing', async () => {
  const history = new OutputHistory(() => '/nowhere');
  const seen: unknown[] = [];
  for await (const each of history.read(TASK, true, new AbortController().signal)) seen.push(each);
  expect(seen).toEqual([]);
});
