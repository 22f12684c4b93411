import { expect, test } from 'vitest';
import { resolveUser } from './user.ts';

const passwd = 'root:x:0:0:root:/root:/bin/sh\n# comment\napp:x:1000:1001::/home/app:/bin/sh\nhomeless:x:7:7:::\n';
const group = 'root:x:0:\nstaff:x:50:app\n';
const of = (asked?: string) => {
  const { uid, gid, home } = resolveUser(asked, { passwd, group });
  return `${uid}:${gid} ${home}`;
};

test.each([
  [undefined, '0:0 /root'],
  ['', '0:0 /root'],
  ['app', '1000:1001 /home/app'],
  ['app:staff', '1000:50 /home/app'],
  ['app:77', '1000:77 /home/app'],
  ['1000', '1000:1001 /home/app'],
  ['4242', '4242:0 /'],
  ['4242:4343', '4242:4343 /'],
  [':staff', '0:50 /root'],
  ['homeless', '7:7 /'],
])('%s is %s', (asked, expected) => expect(of(asked)).toBe(expected));

test.each([
  ['nobody-there', 'unable to find user nobody-there: no matching entries in passwd file'],
  ['app:nobody-there', 'unable to find group nobody-there: no matching entries in group file'],
  ['-1', 'unable to find user -1: no matching entries in passwd file'],
  ['4294967295', 'uids and gids must be in range 0-2147483647'],
])('%s is refused', (asked, message) => expect(() => of(asked)).toThrow(message));

test('a user that is named is a member of other groups; with a group of its own it is not', () => {
  const groups = (asked?: string) => resolveUser(asked, { passwd, group: `${group}wheel:x:10:root,app\n` }).groups;
  expect(groups('app')).toEqual([50, 10]);
  expect(groups('1000')).toEqual([50, 10]);
  expect(groups()).toEqual([10]);
  for (const asked of ['app:staff', '4242', '1000:1000']) expect(groups(asked)).toEqual([]);
});

test('an image without tables has its root', () => {
  expect(resolveUser(undefined, { passwd: '', group: '' })).toMatchObject({ uid: 0, gid: 0, home: '/root' });
});
