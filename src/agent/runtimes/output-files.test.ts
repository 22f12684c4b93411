import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { followFiles } from './output-files.ts';
import type { OutputPosition } from './runtime.ts';

const directory = mkdtempSync(join(tmpdir(), 'rolecall-output-'));
afterAll(() => rmSync(directory, { recursive: true }));

let number = 0;
function newFiles() {
  number += 1;
  return { stdout: join(directory, `${number}.stdout`), stderr: join(directory, `${number}.stderr`) };
}

function ending() {
  let end = () => {};
  const state = { ended: false, whenEnded: Promise.resolve() };
  state.whenEnded = new Promise<void>((resolve) => {
    end = () => {
      state.ended = true;
      resolve();
    };
  });
  return { state, end };
}

test('lines come whole, of both streams, also the last one without a newline', async () => {
  const files = newFiles();
  const { state, end } = ending();
  const lines: string[] = [];
  const done = (async () => {
    for await (const batch of followFiles(files, undefined, state, new AbortController().signal)) {
      lines.push(...batch.map((line) => `${line.stream} ${line.line}`));
    }
  })();
  appendFileSync(files.stdout, 'one\ntw');
  while (lines.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(lines).toEqual(['stdout one']);
  appendFileSync(files.stdout, 'o – é\n');
  appendFileSync(files.stderr, 'problem');
  end();
  await done;
  expect(lines.sort()).toEqual(['stderr problem', 'stdout one', 'stdout two – é']);
});

test('reading goes on at a position', async () => {
  const files = newFiles();
  appendFileSync(files.stdout, 'one\ntwo\nthree');
  const stop = new AbortController();
  let position: OutputPosition | undefined;
  for await (const batch of followFiles(files, undefined, ending().state, stop.signal)) {
    expect(batch.map((line) => line.line)).toEqual(['one', 'two']);
    position = batch.at(-1)?.position;
    stop.abort();
  }
  const { state, end } = ending();
  end();
  const rest: string[] = [];
  for await (const batch of followFiles(files, position, state, new AbortController().signal))
    rest.push(...batch.map((line) => line.line));
  expect(rest).toEqual(['three']);
});
