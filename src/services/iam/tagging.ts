import { type AuthorizationCheck, type Operation, operation } from '../../gateway/operation.ts';
import type { Read, Tx } from '../../store/collections.ts';
import type { Unit } from '../../wire/generated/types/iam.ts';
import { entityCheck, existing, findEntity, putEntity } from './entities.ts';
import { policyNotFound } from './errors.ts';
import { existingProfile, findInstanceProfile, profileCheck } from './instance-profiles.ts';
import { byKey, type PageRequest, page } from './paging.ts';
import { policyCheck } from './policies.ts';
import { findManagedPolicy } from './principal-policies.ts';
import { instanceProfiles, keyOf, policies, type Tags } from './records.ts';
import { askedTags, requestTags, shownTags, type TagInput, withoutTags, withTags } from './tags.ts';

/** A kind of resource that carries tags: how a request names one, and how its tags are read and written. */
interface Tagged<N> {
  check(action: string, read: Read, account: string, input: N, asked?: Tags): AuthorizationCheck;
  /** The tags there are. @throws NoSuchEntity. */
  tags(read: Read, account: string, input: N): Tags;
  put(tx: Tx, account: string, input: N, tags: Tags): void;
}

const role: Tagged<{ readonly RoleName: string }> = {
  check: (action, read, account, { RoleName }, asked) =>
    entityCheck(action, 'role', account, RoleName, findEntity(read, 'role', account, RoleName), withAsked(asked)),
  tags: (read, account, { RoleName }) => existing(findEntity(read, 'role', account, RoleName), 'role', RoleName).tags,
  put: (tx, account, { RoleName }, tags) => {
    // Service-linked roles may be tagged too: Terraform's aws_iam_service_linked_role does.
    const found = existing(findEntity(tx, 'role', account, RoleName), 'role', RoleName);
    putEntity(tx, 'role', account, { ...found, tags });
  },
};

const user: Tagged<{ readonly UserName: string }> = {
  check: (action, read, account, { UserName }, asked) =>
    entityCheck(action, 'user', account, UserName, findEntity(read, 'user', account, UserName), withAsked(asked)),
  tags: (read, account, { UserName }) => existing(findEntity(read, 'user', account, UserName), 'user', UserName).tags,
  put: (tx, account, { UserName }, tags) => {
    const found = existing(findEntity(tx, 'user', account, UserName), 'user', UserName);
    putEntity(tx, 'user', account, { ...found, tags });
  },
};

const policy: Tagged<{ readonly PolicyArn: string }> = {
  check: (action, read, account, { PolicyArn }, asked) =>
    policyCheck(
      action,
      account,
      PolicyArn,
      findManagedPolicy(read, account, PolicyArn),
      action === 'iam:ListPolicyTags',
      asked,
    ),
  tags: (read, account, { PolicyArn }) => {
    const found = findManagedPolicy(read, account, PolicyArn);
    if (found === undefined) throw policyNotFound(PolicyArn);
    return 'tags' in found ? found.tags : {};
  },
  put: (tx, account, { PolicyArn }, tags) => {
    const found = tx.get(policies, account, PolicyArn);
    if (found === undefined) throw policyNotFound(PolicyArn);
    tx.put(policies, account, PolicyArn, { ...found, tags });
  },
};

const instanceProfile: Tagged<{ readonly InstanceProfileName: string }> = {
  check: (action, read, account, { InstanceProfileName }, asked) =>
    profileCheck(
      action,
      account,
      InstanceProfileName,
      findInstanceProfile(read, account, InstanceProfileName),
      withAsked(asked),
    ),
  tags: (read, account, { InstanceProfileName }) =>
    existingProfile(findInstanceProfile(read, account, InstanceProfileName), InstanceProfileName).tags,
  put: (tx, account, { InstanceProfileName }, tags) => {
    const found = existingProfile(findInstanceProfile(tx, account, InstanceProfileName), InstanceProfileName);
    tx.put(instanceProfiles, account, keyOf(found.name), { ...found, tags });
  },
};

function withAsked(asked: Tags | undefined): { requestTags?: Tags } {
  return asked === undefined ? {} : { requestTags: asked };
}

function tag<N>(kind: Tagged<N>, action: string): Operation<N & { readonly Tags: readonly TagInput[] }, Unit, object> {
  return {
    authorize: ({ tx, account, input }) => [kind.check(action, tx, account, input, askedTags(input.Tags))],
    handle: ({ tx, account, input }) => {
      kind.put(tx, account, input, withTags(kind.tags(tx, account, input), requestTags(input.Tags)));
      return {};
    },
  };
}

function untag<N>(
  kind: Tagged<N>,
  action: string,
): Operation<N & { readonly TagKeys: readonly string[] }, Unit, object> {
  return {
    authorize: ({ tx, account, input }) => {
      const check = kind.check(action, tx, account, input);
      return [{ ...check, context: { ...check.context, 'aws:TagKeys': input.TagKeys } }];
    },
    handle: ({ tx, account, input }) => {
      kind.put(tx, account, input, withoutTags(kind.tags(tx, account, input), input.TagKeys));
      return {};
    },
  };
}

interface TagPage {
  readonly Tags: readonly TagInput[];
  readonly IsTruncated: boolean;
  readonly Marker?: string;
}

function list<N>(kind: Tagged<N>, action: string): Operation<N & PageRequest, TagPage, object> {
  return {
    authorize: ({ tx, account, input }) => [kind.check(action, tx, account, input)],
    handle: ({ tx, account, input }) => {
      const tags = byKey(shownTags(kind.tags(tx, account, input)), ({ Key }) => Key);
      const { items, ...rest } = page(tags, ({ Key }) => Key, input);
      return { Tags: items, ...rest };
    },
  };
}

export const TagRole = operation('iam', 'TagRole', tag(role, 'iam:TagRole'));
export const UntagRole = operation('iam', 'UntagRole', untag(role, 'iam:UntagRole'));
export const ListRoleTags = operation('iam', 'ListRoleTags', list(role, 'iam:ListRoleTags'));

export const TagUser = operation('iam', 'TagUser', tag(user, 'iam:TagUser'));
export const UntagUser = operation('iam', 'UntagUser', untag(user, 'iam:UntagUser'));
export const ListUserTags = operation('iam', 'ListUserTags', list(user, 'iam:ListUserTags'));

export const TagPolicy = operation('iam', 'TagPolicy', tag(policy, 'iam:TagPolicy'));
export const UntagPolicy = operation('iam', 'UntagPolicy', untag(policy, 'iam:UntagPolicy'));
export const ListPolicyTags = operation('iam', 'ListPolicyTags', list(policy, 'iam:ListPolicyTags'));

export const TagInstanceProfile = operation(
  'iam',
  'TagInstanceProfile',
  tag(instanceProfile, 'iam:TagInstanceProfile'),
);
export const UntagInstanceProfile = operation(
  'iam',
  'UntagInstanceProfile',
  untag(instanceProfile, 'iam:UntagInstanceProfile'),
);
export const ListInstanceProfileTags = operation(
  'iam',
  'ListInstanceProfileTags',
  list(instanceProfile, 'iam:ListInstanceProfileTags'),
);
