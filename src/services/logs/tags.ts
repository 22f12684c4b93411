import { parseArn } from '../../core/arn.ts';
import { AwsError } from '../../core/errors.ts';
import { operation, type ReadContext } from '../../gateway/operation.ts';
import type { Tx } from '../../store/collections.ts';
import { existing, type FoundGroup, findGroup, groupCheck, tagCheck } from './authorization.ts';
import { invalidParameter, unsupported } from './errors.ts';
import { type LogGroupRecord, putGroup } from './records.ts';

type Tags = Readonly<Record<string, string>>;

const MOST_TAGS = 50;

/** Source: API Reference, TagResource. Texts unverified. */
export function checkTags(tags: Tags, present: Tags = {}): void {
  if (Object.keys(tags).some((key) => key.toLowerCase().startsWith('aws:'))) {
    throw invalidParameter('Tag keys that begin with "aws:" are reserved for AWS use.');
  }
  if (Object.keys({ ...present, ...tags }).length > MOST_TAGS) {
    throw new AwsError('TooManyTagsException', `A resource can have at most ${MOST_TAGS} tags.`);
  }
}

function addTags(tx: Tx, group: LogGroupRecord, tags: Tags): void {
  checkTags(tags, group.tags);
  putGroup(tx, { ...group, tags: { ...group.tags, ...tags } });
}

function removeTags(tx: Tx, group: LogGroupRecord, keys: readonly string[]): void {
  const gone = new Set(keys);
  const tags = Object.fromEntries(Object.entries(group.tags).filter(([key]) => !gone.has(key)));
  putGroup(tx, { ...group, tags });
}

export const TagResource = operation('logs', 'TagResource', {
  resolve: (context) => ({ found: findByArn(context, context.input.resourceArn) }),
  authorize: (context) => [tagCheck(context, 'TagResource', context.found, { requestTags: { ...context.input.tags } })],
  handle: ({ input, tx, found }) => {
    addTags(tx, existing(found), input.tags);
    return {};
  },
});

export const UntagResource = operation('logs', 'UntagResource', {
  resolve: (context) => ({ found: findByArn(context, context.input.resourceArn) }),
  authorize: (context) => [
    tagCheck(context, 'UntagResource', context.found, { context: { 'aws:TagKeys': context.input.tagKeys } }),
  ],
  handle: ({ input, tx, found }) => {
    removeTags(tx, existing(found), input.tagKeys);
    return {};
  },
});

export const ListTagsForResource = operation('logs', 'ListTagsForResource', {
  resolve: (context) => ({ found: findByArn(context, context.input.resourceArn) }),
  authorize: (context) => [tagCheck(context, 'ListTagsForResource', context.found)],
  handle: ({ found }) => ({ tags: existing(found).tags }),
});

export const TagLogGroup = operation('logs', 'TagLogGroup', {
  resolve: (context) => ({ found: findGroup(context, context.input.logGroupName) }),
  authorize: (context) => [
    groupCheck(context, 'TagLogGroup', context.found, { requestTags: { ...context.input.tags } }),
  ],
  handle: ({ input, tx, found }) => {
    addTags(tx, existing(found), input.tags);
    return {};
  },
});

export const UntagLogGroup = operation('logs', 'UntagLogGroup', {
  resolve: (context) => ({ found: findGroup(context, context.input.logGroupName) }),
  authorize: (context) => [
    { ...groupCheck(context, 'UntagLogGroup', context.found), context: { 'aws:TagKeys': context.input.tags } },
  ],
  handle: ({ input, tx, found }) => {
    removeTags(tx, existing(found), input.tags);
    return {};
  },
});

export const ListTagsLogGroup = operation('logs', 'ListTagsLogGroup', {
  resolve: (context) => ({ found: findGroup(context, context.input.logGroupName) }),
  authorize: (context) => [groupCheck(context, 'ListTagsLogGroup', context.found)],
  handle: ({ found }) => ({ tags: existing(found).tags }),
});

/** Log groups are the only resources with tags here. */
function findByArn(context: ReadContext<unknown>, resourceArn: string): FoundGroup {
  const parsed = parseArn(resourceArn);
  // unverified: text
  if (parsed === undefined || parsed.service !== 'logs') throw invalidParameter(`Invalid ARN: ${resourceArn}`);
  if (!parsed.resource.startsWith('log-group:')) throw unsupported(`Tagging of ${resourceArn}`);
  return findGroup(context, resourceArn);
}
