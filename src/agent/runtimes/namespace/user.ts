import { RuntimeFailure } from '../runtime.ts';

export interface ContainerUser {
  readonly uid: number;
  readonly gid: number;
  /** Other groups that the user is a member of. */
  readonly groups: readonly number[];
  readonly name: string;
  readonly home: string;
}

/** Texts of the image's /etc/passwd and /etc/group; empty where there are none. */
export interface UserTables {
  readonly passwd: string;
  readonly group: string;
}

const ROOT: ContainerUser = { uid: 0, gid: 0, groups: [], name: 'root', home: '/root' };
const NUMBER = /^\d{1,10}$/;

/**
 * `user`, `user:group`, `uid`, `uid:gid`, … as Docker reads it. Source: moby/sys/user, GetExecUser: a name must be in
 * /etc/passwd, a number need not. Throws RuntimeFailure with its text.
 */
export function resolveUser(asked: string | undefined, tables: UserTables): ContainerUser {
  if (asked === undefined || asked === '') return withGroups(named('0', tables.passwd) ?? ROOT, tables.group);
  const [user = '', group] = asked.split(':', 2);
  const known = user === '' ? ROOT : named(user, tables.passwd);
  if (known === undefined && !NUMBER.test(user))
    throw refused(`unable to find user ${user}: no matching entries in passwd file`);
  const base = known ?? { ...ROOT, uid: Number(user), name: user, home: '/' };
  if (base.uid > 0x7fffffff) throw refused('uids and gids must be in range 0-2147483647');
  if (group === undefined || group === '') return known === undefined ? base : withGroups(base, tables.group);
  const row = rows(tables.group).find((fields) => fields[0] === group || fields[2] === group);
  if (row === undefined && !NUMBER.test(group))
    throw refused(`unable to find group ${group}: no matching entries in group file`);
  return { ...base, gid: Number(row?.[2] ?? group) };
}

function named(user: string, passwd: string): ContainerUser | undefined {
  const row = rows(passwd).find((fields) => fields[0] === user || fields[2] === user);
  if (row === undefined) return undefined;
  const [name = '', , uid, gid, , home] = row;
  return { uid: Number(uid), gid: Number(gid), groups: [], name, home: home === undefined || home === '' ? '/' : home };
}

/** Only a user that is named without a group is a member of others. Source: moby/sys/user, GetExecUser, Sgids. */
function withGroups(user: ContainerUser, table: string): ContainerUser {
  const groups = rows(table)
    .filter((fields) => (fields[3] ?? '').split(',').includes(user.name))
    .map((fields) => Number(fields[2]))
    .filter(Number.isInteger);
  return { ...user, groups };
}

function rows(table: string): string[][] {
  return table
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => line.trim().split(':'));
}

function refused(message: string): RuntimeFailure {
  return new RuntimeFailure('create', message);
}
