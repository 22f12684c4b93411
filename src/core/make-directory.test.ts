import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeDirectory } from './make-directory.ts';

const root = mkdtempSync(join(tmpdir(), 'rolecall-directories-'));
afterAll(() => rmSync(root, { recursive: true }));

test('makes what is missing with its permissions, and takes what is there', () => {
  const path = join(root, 'a/b/c');
  makeDirectory(path, 0o700);
  makeDirectory(path, 0o700);
  expect(['a', 'a/b', 'a/b/c'].map((each) => statSync(join(root, each)).mode & 0o777)).toEqual([0o700, 0o700, 0o700]);
});

test('says what is in the way', () => {
  writeFileSync(join(root, 'file'), '');
  expect(() => makeDirectory(join(root, 'file'), 0o700)).toThrow(/EEXIST/);
  expect(() => makeDirectory(join(root, 'file/below'), 0o700)).toThrow(/ENOTDIR/);
});

test.skipIf(!existsSync('/proc/self'))('where nothing can be made it comes to an end', () => {
  expect(() => makeDirectory('/proc/rolecall/data', 0o700)).toThrow(/ENOENT/);
});
