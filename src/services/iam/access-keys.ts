import { type AuthorizationCheck, operation } from '../../gateway/operation.ts';
import { Trail } from '../../gateway/trail.ts';
import type { Read } from '../../store/collections.ts';
import type * as Iam from '../../wire/generated/types/iam.ts';
import { newSecret } from '../sts/sessions.ts';
import { entityCheck, existing, findEntity, putEntity, wholeSeconds } from './entities.ts';
import { accessKeyNotFound, limitExceeded, mustNameUser } from './errors.ts';
import { namedPage } from './paging.ts';
import { type AccessKeyRecord, accessKeys, accounts, EVERYWHERE, keyOf, type UserRecord } from './records.ts';
import { meantUser } from './users.ts';

/** Source: IAM User Guide, reference_iam-quotas. */
const MAX_KEYS = 2;

/** Whose keys a request is about: a user's, or (as root, naming nobody) the root user's own. */
interface Owner {
  readonly name: string | undefined;
  readonly user: UserRecord | undefined;
}

function ownerOf(context: {
  readonly tx: Read;
  readonly account: string;
  readonly input: { readonly UserName?: string | undefined };
  readonly principal: Parameters<typeof meantUser>[0]['principal'];
}): Owner {
  const name = meantUser(context);
  return { name, user: name === undefined ? undefined : findEntity(context.tx, 'user', context.account, name) };
}

function ownerCheck(
  action: string,
  context: { readonly account: string; readonly principal: { readonly type: string } } & Owner,
): readonly AuthorizationCheck[] {
  const { account, principal, name, user } = context;
  if (name !== undefined) return [entityCheck(action, 'user', account, name, user)];
  if (principal.type !== 'root') throw mustNameUser();
  return [{ action, resource: `arn:aws:iam::${account}:root` }];
}

/** The ids of the owner's keys. */
function keysOf(read: Read, account: string, { name, user }: Owner): readonly string[] {
  if (name === undefined) return read.get(accounts, EVERYWHERE, account)?.rootAccessKeys ?? [];
  return existing(user, 'user', name).accessKeys;
}

function keyOfOwner(read: Read, account: string, owner: Owner, id: string): AccessKeyRecord {
  const key = keysOf(read, account, owner).includes(id) ? read.get(accessKeys, EVERYWHERE, id) : undefined;
  if (key === undefined) throw accessKeyNotFound(id);
  return key;
}

export const CreateAccessKey = operation('iam', 'CreateAccessKey', {
  resolve: ownerOf,
  authorize: (context) => ownerCheck('iam:CreateAccessKey', context),
  handle: ({ tx, account, now, ids, name, user }) => {
    const before = keysOf(tx, account, { name, user });
    if (before.length >= MAX_KEYS) throw limitExceeded(`Cannot exceed quota for AccessKeysPerUser: ${MAX_KEYS}`);
    const key: AccessKeyRecord = {
      id: ids.iam('AKIA'),
      secret: newSecret(ids),
      account,
      status: 'Active',
      createdAt: wholeSeconds(now),
      ...(user === undefined ? {} : { user: keyOf(user.name) }),
    };
    tx.put(accessKeys, EVERYWHERE, key.id, key);
    if (user !== undefined) {
      putEntity(tx, 'user', account, { ...user, accessKeys: [...before, key.id] });
    } else {
      const record = tx.get(accounts, EVERYWHERE, account) ?? { account, createdAt: now, rootAccessKeys: [] };
      tx.put(accounts, EVERYWHERE, account, { ...record, rootAccessKeys: [...before, key.id] });
    }
    return {
      AccessKey: {
        UserName: user?.name ?? '',
        AccessKeyId: key.id,
        Status: key.status,
        SecretAccessKey: key.secret,
        CreateDate: key.createdAt,
      },
    };
  },
});

export const UpdateAccessKey = operation('iam', 'UpdateAccessKey', {
  resolve: ownerOf,
  authorize: (context) => ownerCheck('iam:UpdateAccessKey', context),
  handle: ({ tx, account, input, name, user }) => {
    const key = keyOfOwner(tx, account, { name, user }, input.AccessKeyId);
    tx.put(accessKeys, EVERYWHERE, key.id, { ...key, status: input.Status === 'Active' ? 'Active' : 'Inactive' });
    return {};
  },
});

export const DeleteAccessKey = operation('iam', 'DeleteAccessKey', {
  resolve: ownerOf,
  authorize: (context) => ownerCheck('iam:DeleteAccessKey', context),
  handle: ({ tx, account, input, name, user }) => {
    const key = keyOfOwner(tx, account, { name, user }, input.AccessKeyId);
    tx.delete(accessKeys, EVERYWHERE, key.id);
    const left = keysOf(tx, account, { name, user }).filter((id) => id !== key.id);
    if (user !== undefined) putEntity(tx, 'user', account, { ...user, accessKeys: left });
    else tx.put(accounts, EVERYWHERE, account, { ...tx.get(accounts, EVERYWHERE, account)!, rootAccessKeys: left });
    return {};
  },
});

export const ListAccessKeys = operation('iam', 'ListAccessKeys', {
  resolve: ownerOf,
  authorize: (context) => ownerCheck('iam:ListAccessKeys', context),
  handle: ({ tx, account, input, name, user }) => {
    const ids = [...keysOf(tx, account, { name, user })].sort();
    return namedPage(
      'AccessKeyMetadata',
      ids,
      (id) => id,
      input,
      (id): Iam.AccessKeyMetadata => {
        const key = tx.get(accessKeys, EVERYWHERE, id)!;
        return {
          ...(user === undefined ? {} : { UserName: user.name }),
          AccessKeyId: id,
          Status: key.status,
          CreateDate: key.createdAt,
        };
      },
    );
  },
});

export const GetAccessKeyLastUsed = operation('iam', 'GetAccessKeyLastUsed', {
  resolve: ({ tx, account, input }) => {
    const key = tx.get(accessKeys, EVERYWHERE, input.AccessKeyId);
    const owned = key?.account === account ? key : undefined;
    return { key: owned, user: owned?.user === undefined ? undefined : findEntity(tx, 'user', account, owned.user) };
  },
  authorize: ({ account, user }) => [
    user === undefined
      ? { action: 'iam:GetAccessKeyLastUsed', resource: `arn:aws:iam::${account}:user/*` }
      : entityCheck('iam:GetAccessKeyLastUsed', 'user', account, user.name, user),
  ],
  handle: ({ tx, input, key, user }) => {
    if (key === undefined) throw accessKeyNotFound(input.AccessKeyId);
    return { ...(user === undefined ? {} : { UserName: user.name }), AccessKeyLastUsed: lastUse(tx, key.id) };
  },
});

const trail = new Trail();
const CHUNK = 500;
/** How far back the record of calls is searched. */
const MAX_SEARCHED = 20_000;

/**
 * The last call that came with the key, found in the record of calls: nothing has to be written at every request.
 * N/A for a key never used. Source: IAM API reference, AccessKeyLastUsed.
 */
function lastUse(read: Read, accessKeyId: string): Iam.AccessKeyLastUsed {
  let after: number | undefined;
  for (let searched = 0; searched < MAX_SEARCHED; searched += CHUNK) {
    const entries = trail.read(read, { descending: true, limit: CHUNK, ...(after === undefined ? {} : { after }) });
    for (const { at, value } of entries) {
      const identity = value.cloudTrail.userIdentity as { readonly accessKeyId?: string } | undefined;
      if (identity?.accessKeyId === accessKeyId) {
        return { LastUsedDate: wholeSeconds(at), ServiceName: value.service, Region: value.region };
      }
    }
    if (entries.length < CHUNK) break;
    after = entries.at(-1)!.sequence;
  }
  return { ServiceName: 'N/A', Region: 'N/A' };
}
