import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { UserError } from '../../core/errors.ts';
import { commandLine, findStandIn, parseImagesFile, parseStandInOption, type StandIn } from './stand-ins.ts';

const directory = mkdtempSync(join(tmpdir(), 'rolecall-stand-ins-'));
afterAll(() => rmSync(directory, { recursive: true }));

function problem(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return `${(error as UserError).code} ${(error as UserError).message.replace(directory, 'DIR')}`;
  }
  throw new Error('not refused');
}

test('an exact name comes before a pattern, a longer pattern before a shorter one, a later entry before an earlier', () => {
  const standIns = ['*', 'repo/*', 'repo/app:*', 'repo/app:1', 'repo/*'].map(
    (pattern, index): StandIn => ({
      pattern,
      program: { command: [String(index)] },
    }),
  );
  const found = (image: string) => {
    const program = findStandIn(standIns, image)?.program;
    return program === 'host' ? program : program?.command?.[0];
  };
  expect(found('repo/app:1')).toBe('3');
  expect(found('repo/app:2')).toBe('2');
  expect(found('repo/other')).toBe('4');
  expect(found('nginx')).toBe('0');
  expect(findStandIn([{ pattern: 'a.b', program: 'host' }], 'aXb')).toBeUndefined();
  expect(findStandIn([], 'a')).toBeUndefined();
});

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
  ['{', /^images-invalid DIR\/images\.json: not JSON: /],
  ['[]', /^images-invalid DIR\/images\.json: \/: expected an object/],
  ['{"a/b":5}', /^images-invalid DIR\/images\.json: \/a~1b: expected an object with a "command", or "host"$/],
  ['{"a":{}}', /^images-invalid DIR\/images\.json: \/a\/command: expected a list of strings/],
  ['{"a":{"command":[]}}', /\/a\/command: expected/],
  ['{"a":{"command":["x"],"workingDirectory":5}}', /\/a\/workingDirectory: expected a string$/],
  ['{"a":{"command":["x"],"environment":{"A":1}}}', /\/a\/environment: expected an object of strings$/],
  ['{"a":{"command":["x"],"colour":1}}', /\/a\/colour: expected one of command, workingDirectory, environment$/],
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

test('the stand-in plays ENTRYPOINT, the container’s command CMD; its entryPoint replaces the stand-in', () => {
  const standIn: StandIn = { pattern: 'a', program: { command: ['node', 'app'] } };
  expect(commandLine(standIn, {})).toEqual(['node', 'app']);
  expect(commandLine(standIn, { command: ['--fast'] })).toEqual(['node', 'app', '--fast']);
  expect(commandLine(standIn, { entryPoint: ['sh', '-c'], command: ['ls'] })).toEqual(['sh', '-c', 'ls']);
  const host: StandIn = { pattern: 'a', program: 'host' };
  expect(commandLine(host, { command: ['ls'] })).toEqual(['ls']);
  expect(commandLine(host, { entryPoint: ['ls'], command: ['-l'] })).toEqual(['ls', '-l']);
  expect(commandLine(host, {})).toBeUndefined();
  expect(commandLine({ pattern: 'a', program: { workingDirectory: '/x' } }, { command: ['ls'] })).toEqual(['ls']);
});
