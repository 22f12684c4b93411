import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { UserError } from '../core/errors.ts';
import { placeOf, SourceError } from '../sources/origin.ts';
import { standInsOf } from './stand-ins.ts';

const folder = mkdtempSync(join(tmpdir(), 'rolecall-stand-ins-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'images.json');

it('takes files and options', () => {
  writeFileSync(file, '{"a": "host", "b": {"command": ["x"]}}');
  expect(standInsOf([file], ['a=host', 'c=host'], folder).map(({ pattern }) => pattern)).toEqual(['a', 'b', 'a', 'c']);
});

it('refuses an image that is given twice', () => {
  expect(() => standInsOf([], ['a=host', 'b=host', `a=${folder}`], folder)).toThrow(
    new UserError('flag-twice', '--stand-in a is given twice', 'Give it once.'),
  );
});

it('names file, line and JSON path of what is wrong', () => {
  writeFileSync(file, '{"a": "host",\n\n"b c/d": {\n"command": []}}');
  let error: unknown;
  try {
    standInsOf([file], [], folder);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(SourceError);
  expect(placeOf((error as SourceError).origin)).toBe(`${file}:4 /b c~1d/command`);
});
