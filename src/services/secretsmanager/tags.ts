import { operation } from '../../gateway/operation.ts';
import type { Tag } from '../../wire/generated/types/secretsmanager.ts';
import { secretCheck } from './authorization.ts';
import { invalidParameter } from './errors.ts';
import { putSecret } from './records.ts';
import { findSecret, live } from './secret-ids.ts';

export function tagsOf(tags: readonly Tag[] | undefined): Record<string, string> {
  return Object.fromEntries((tags ?? []).map((tag) => [tag.Key ?? '', tag.Value ?? '']));
}

export function tagList(tags: Readonly<Record<string, string>>): Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

const MOST_TAGS = 50;

/** Source: API Reference, TagResource. Texts unverified. */
export function checkTags(tags: readonly Tag[], present: Readonly<Record<string, string>> = {}): void {
  const names = tags.map((tag) => tag.Key);
  if (names.some((name) => name === undefined)) throw invalidParameter('Each tag must have a Key.');
  if (names.some((name) => name?.toLowerCase().startsWith('aws:'))) {
    throw invalidParameter('Tag keys that begin with "aws:" are reserved for AWS use.');
  }
  if (new Set([...Object.keys(present), ...names]).size > MOST_TAGS) {
    throw invalidParameter(`A secret can have at most ${MOST_TAGS} tags.`);
  }
}

export const TagResource = operation('secretsmanager', 'TagResource', {
  resolve: (context) => ({ found: findSecret(context, context.input.SecretId) }),
  authorize: ({ input, found }) => [secretCheck('TagResource', found, { requestTags: tagsOf(input.Tags) })],
  handle: ({ input, tx, found }) => {
    const secret = live(found);
    checkTags(input.Tags, secret.tags);
    putSecret(tx, { ...secret, tags: { ...secret.tags, ...tagsOf(input.Tags) } });
    return {};
  },
});

export const UntagResource = operation('secretsmanager', 'UntagResource', {
  resolve: (context) => ({ found: findSecret(context, context.input.SecretId) }),
  authorize: ({ input, found }) => [secretCheck('UntagResource', found, { context: { 'aws:TagKeys': input.TagKeys } })],
  handle: ({ input, tx, found }) => {
    const secret = live(found);
    const gone = new Set(input.TagKeys);
    const tags = Object.fromEntries(Object.entries(secret.tags).filter(([name]) => !gone.has(name)));
    putSecret(tx, { ...secret, tags });
    return {};
  },
});
