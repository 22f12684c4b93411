import { operation } from '../../gateway/operation.ts';
import type { Tag } from '../../wire/generated/types/kms.ts';
import { keyChecks } from './authorization.ts';
import { tagError } from './errors.ts';
import { existing, findKey, notPending } from './key-ids.ts';
import { page } from './pages.ts';
import { putKey } from './records.ts';

export function tagsOf(tags: readonly Tag[] | undefined): Record<string, string> {
  return Object.fromEntries((tags ?? []).map((tag) => [tag.TagKey, tag.TagValue]));
}

const MOST_TAGS = 50;

/** Refuses tags that AWS KMS does not take. Source: API Reference, TagResource; texts partly unverified. */
export function checkTags(tags: readonly Tag[], present: Readonly<Record<string, string>> = {}): void {
  const names = tags.map((tag) => tag.TagKey);
  if (new Set(names).size !== names.length) throw tagError('Duplicate tag keys');
  if (names.some((name) => name.toLowerCase().startsWith('aws:'))) {
    throw tagError('Tags beginning with aws: are reserved');
  }
  if (new Set([...Object.keys(present), ...names]).size > MOST_TAGS) {
    // unverified: text
    throw tagError(`The maximum number of tags per key is ${MOST_TAGS}`);
  }
}

export const TagResource = operation('kms', 'TagResource', {
  resolve: (context) => ({ found: findKey(context, context.input.KeyId, { aliases: false }) }),
  authorize: (context) => keyChecks(context, 'TagResource', context.found, { tags: tagsOf(context.input.Tags) }),
  handle: ({ input, tx, found }) => {
    const key = notPending(found);
    checkTags(input.Tags, key.tags);
    putKey(tx, { ...key, tags: { ...key.tags, ...tagsOf(input.Tags) } });
    return {};
  },
});

export const UntagResource = operation('kms', 'UntagResource', {
  resolve: (context) => ({ found: findKey(context, context.input.KeyId, { aliases: false }) }),
  authorize: (context) =>
    keyChecks(context, 'UntagResource', context.found, { context: { 'aws:TagKeys': context.input.TagKeys } }),
  handle: ({ input, tx, found }) => {
    const key = notPending(found);
    const gone = new Set(input.TagKeys);
    putKey(tx, { ...key, tags: Object.fromEntries(Object.entries(key.tags).filter(([name]) => !gone.has(name))) });
    return {};
  },
});

export const ListResourceTags = operation('kms', 'ListResourceTags', {
  resolve: (context) => ({ found: findKey(context, context.input.KeyId, { aliases: false }) }),
  authorize: (context) => keyChecks(context, 'ListResourceTags', context.found),
  handle: ({ input, found }) => {
    const tags = Object.entries(existing(found).tags).sort(([a], [b]) => (a < b ? -1 : 1));
    const { items, ...more } = page(tags, ([name]) => name, input, 50);
    return { Tags: items.map(([TagKey, TagValue]) => ({ TagKey, TagValue })), ...more };
  },
});
