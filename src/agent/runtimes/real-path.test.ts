import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { realPath } from './real-path.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'rolecall-real-path-')));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('follows links whether or not what they lead to is there', () => {
  mkdirSync(join(root, 'data'));
  symlinkSync(join(root, 'data'), join(root, 'absolute'));
  symlinkSync('data', join(root, 'relative'));
  symlinkSync('absolute/new/er', join(root, 'dangling'));
  symlinkSync('circle', join(root, 'circle'));
  const led = (path: string) => realPath(join(root, path)).slice(root.length);
  expect(led('data')).toBe('/data');
  expect(led('absolute')).toBe('/data');
  expect(led('absolute/new/er')).toBe('/data/new/er');
  expect(led('relative/new')).toBe('/data/new');
  expect(led('dangling')).toBe('/data/new/er');
  expect(led('dangling/below')).toBe('/data/new/er/below');
  expect(realPath(`${root}/nowhere/../data/x`)).toBe(join(root, 'data/x'));
  expect(led('nothing/here')).toBe('/nothing/here');
  expect(led('circle')).toBe('/circle');
});
