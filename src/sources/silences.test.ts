import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../core/errors.ts';
import { readWorkload } from './read-workload.ts';
import { readScps } from './scps.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'silences-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const read = (path = folder) => readWorkload([path], { account: '123456789012', region: 'eu-west-1' });
const TASK = 'family: web\ncontainerDefinitions: [{name: a, image: i, memory: 64}]\n';

describe('silencing', () => {
  it('by a comment keeps the comment’s place', () => {
    const path = file('task-definition.yaml', `${TASK}# rolecall:silence RC301 a shared role is wanted here \n`);
    expect(read().silences).toEqual([
      { id: 'RC301', reason: 'a shared role is wanted here', origin: { file: path, path: '', line: 3 } },
    ]);
  });

  it.each(['# rolecall:silence RC301', '# rolecall:silence rc301 why', '# rolecall:silence'])(
    'by a comment without id or reason (%s) does not work, and is named',
    (comment) => {
      const path = file('task.yaml', `${comment}\n${TASK}`);
      const { silences, leftOut } = read(path);
      expect(silences).toEqual([]);
      expect(leftOut.map(({ what, origin }) => `${what} ${origin.line}`)).toEqual(['comment `rolecall:silence` 1']);
    },
  );

  it('by rolecall.json', () => {
    file('task-definition.yaml', TASK);
    const settings = file(
      'rolecall.json',
      '{"silence": [\n{"id": "RC301", "reason": "wanted", "path": "task-definition.yaml"}]}',
    );
    const origin = { file: settings, path: '/silence/0', line: 2 };
    expect(read().settings.silence).toEqual([{ id: 'RC301', reason: 'wanted', path: 'task-definition.yaml', origin }]);
  });

  it.each([
    ['[{"id": "RC301"}]', 'needs `id` and `reason`'],
    ['[{"id": "RC301", "reason": " "}]', 'needs `id` and `reason`'],
    ['[{"id": "301", "reason": "r"}]', 'the id of a finding'],
    ['[{"id": "RC301", "reason": "r", "file": "x"}]', 'no member `file`'],
  ])('by rolecall.json with %s is refused', (silence, message) => {
    file('task-definition.yaml', TASK);
    file('rolecall.json', `{"silence": ${silence}}`);
    expect(() => read()).toThrow(UserError);
    expect(() => read()).toThrow(message);
  });
});

describe('service control policies', () => {
  it('are read from files, and checked', () => {
    const good = file(
      'a.json',
      '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
    );
    expect(readScps([good]).map(({ kind, origin }) => [kind, origin.file])).toEqual([['scp', good]]);
    const bad = file(
      'b.json',
      '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}',
    );
    expect(() => readScps([bad])).toThrow('AWS refuses');
  });
});
