import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { UserError } from '../../core/errors.ts';
import { placeOf, SourceError } from '../../sources/origin.ts';
import { parseImagesFile, parseStandInOption } from './stand-in-files.ts';

const directory = mkdtempSync(join(tmpdir(), 'rolecall-stand-ins-'));
afterAll(() => rmSync(directory, { recursive: true }));

function problem(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    const { code, message } = error as UserError;
    const place = error instanceof SourceError ? `${placeOf(error.origin)}: ` : '';
    return `${code} ${place}${message}`.replace(directory, 'DIR');
  }
  throw new Error('not refused');
}

test('images.json names programs relative to itself', () => {
  const text = JSON.stringify({
    'repo/app:1': { command: ['node', 'app.mjs'], workingDirectory: 'app', environment: { A: '1' } },
    'nginx:*': 'host',
  });
  expect(parseImagesFile(join(directory, 'images.json'), text)).toEqual([
    {
      pattern: 'repo/app:1',
      program: { command: ['node', 'app.mjs'], workingDirectory: join(directory, 'app'), environment: { A: '1' } },
    },
    { pattern: 'nginx:*', program: 'host' },
  ]);
});

test.each([
  ['{', /^malformed-json DIR\/images\.json:1: this is not JSON: /],
  ['{"a":"host",\n"a":"host"}', /^malformed-json DIR\/images\.json:2 \/a: .* twice/],
  ['[]', /^images-invalid DIR\/images\.json:1: expected an object/],
  ['{"a/b":5}', /^images-invalid DIR\/images\.json:1 \/a~1b: expected an object with a "command", or "host"$/],
  ['{\n"a":{}}', /^images-invalid DIR\/images\.json:2 \/a: expected a list of strings/],
  ['{"a":{"command":[]}}', /:1 \/a\/command: expected/],
  ['{"a":{"command":["x"],"workingDirectory":5}}', /:1 \/a\/workingDirectory: expected a string$/],
  ['{"a":{"command":["x"],"environment":{"A":1}}}', /:1 \/a\/environment: expected an object of strings$/],
  ['{"a":{"command":["x"],"colour":1}}', /:1 \/a\/colour: expected one of command, workingDirectory, environment$/],
])('%s is refused with its place', (text, message) => {
  expect(problem(() => parseImagesFile(join(directory, 'images.json'), text))).toMatch(message);
});

test('--stand-in names a directory or host', () => {
  mkdirSync(join(directory, 'bare'));
  mkdirSync(join(directory, 'app'));
  writeFileSync(join(directory, 'app', 'stand-in.json'), '{"command":["./run"]}');
  expect(parseStandInOption('nginx=host', directory)).toEqual({ pattern: 'nginx', program: 'host' });
  expect(parseStandInOption('nginx=bare', directory)).toEqual({
    pattern: 'nginx',
    program: { workingDirectory: join(directory, 'bare') },
  });
  expect(parseStandInOption('nginx=app', directory)).toEqual({
    pattern: 'nginx',
    program: { workingDirectory: join(directory, 'app'), command: ['./run'] },
  });
  expect(problem(() => parseStandInOption('nginx', directory))).toMatch(
    /^stand-in-invalid --stand-in nginx: not of the form/,
  );
  expect(problem(() => parseStandInOption('nginx=', directory))).toMatch(/not of the form/);
  expect(problem(() => parseStandInOption('nginx=nowhere', directory))).toBe(
    'stand-in-invalid --stand-in nginx=nowhere: there is no directory DIR/nowhere',
  );
});
