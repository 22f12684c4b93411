import { expect, test } from 'vitest';
import { findRange, type IdentitySystem, mapLines, outside } from './identities.ts';

const WHOLE = '         0          0 4294967295\n';

function found(system: Partial<Omit<IdentitySystem, 'read'>>, files: Readonly<Record<string, string>> = {}) {
  const all: Readonly<Record<string, string>> = { '/proc/self/uid_map': WHOLE, '/proc/self/gid_map': WHOLE, ...files };
  return findRange({ uid: 1000, name: 'ana', tools: true, read: (file) => all[file] ?? '', ...system });
}

const lists = (text: string) => ({ '/etc/subuid': text, '/etc/subgid': text });

test('an ordinary user has what /etc/subuid and /etc/subgid give', () => {
  expect(found({}, lists('bob:100000:65536\nana:165536:65536\n'))).toEqual({
    firstUid: 165_536,
    firstGid: 165_536,
    count: 65_535,
  });
  expect(found({}, { '/etc/subuid': '1000:200000:1000\n', '/etc/subgid': 'ana:300000:500\n' })).toEqual({
    firstUid: 200_000,
    firstGid: 300_000,
    count: 500,
  });
});

test('and none without newuidmap, or without an entry in both', () => {
  const text = 'ana:165536:65536\n';
  expect(found({ tools: false }, lists(text))).toEqual({
    alone: 'newuidmap and newgidmap are not installed (package uidmap)',
  });
  for (const files of [
    {},
    { '/etc/subuid': text },
    lists('bob:1:2\n'),
    lists('ana:x:65536\n'),
    lists('ana:100000:0\n'),
  ]) {
    expect(found({}, files)).toHaveProperty('alone');
  }
});

test('root takes its own numbers, else some that nobody has', () => {
  const root = { uid: 0, name: 'root', tools: false };
  expect(found(root, lists('root:100000:65536\n'))).toMatchObject({ firstUid: 100_000 });
  expect(found(root)).toEqual({ firstUid: 1_879_048_192, firstGid: 1_879_048_192, count: 65_535 });
});

test('root of a container with few users has none to give', () => {
  const map = '0 1000 1\n1 100000 65536\n';
  expect(found({ uid: 0, name: 'root' }, { '/proc/self/uid_map': map })).toHaveProperty('alone');
});

test('inside and outside', () => {
  expect(mapLines(1000, undefined)).toBe('0 1000 1\n');
  expect(mapLines(1000, 100_000, 65_535)).toBe('0 1000 1\n1 100000 65535\n');
  expect([0, 1, 500, 501].map((id) => outside(id, 1000, 100_000, 500))).toEqual([1000, 100_000, 100_499, undefined]);
  expect(outside(1, 1000, undefined, 0)).toBeUndefined();
});
