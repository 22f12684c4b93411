import { AwsError } from '../../core/errors.ts';
import { type AuthorizationCheck, operation } from '../../gateway/operation.ts';
import type { ResourceTypeForTagging, Tag } from '../../wire/generated/types/ssm.ts';
import { type FoundParameter, findParameter, parameterCheck } from './authorization.ts';
import { validation } from './errors.ts';
import { type ParameterRecord, parameters, partitionOf } from './records.ts';

export function tagsOf(tags: readonly Tag[] | undefined): Record<string, string> {
  return Object.fromEntries((tags ?? []).map((tag) => [tag.Key, tag.Value]));
}

const MOST_TAGS = 50;

/** Source: API Reference, AddTagsToResource. Texts unverified. */
export function checkTags(tags: readonly Tag[], present: Readonly<Record<string, string>> = {}): void {
  const names = tags.map((tag) => tag.Key);
  if (names.some((name) => name.toLowerCase().startsWith('aws:'))) {
    throw validation('Tag keys that begin with "aws:" are reserved for AWS use.');
  }
  if (new Set([...Object.keys(present), ...names]).size > MOST_TAGS) {
    throw new AwsError('TooManyTagsError', `The limit of ${MOST_TAGS} tags per resource is exceeded.`);
  }
}

export const AddTagsToResource = operation('ssm', 'AddTagsToResource', {
  resolve: (context) => ({ found: findParameter(context, context.input.ResourceId) }),
  authorize: ({ input, found }) =>
    checks('AddTagsToResource', input.ResourceType, found, { requestTags: tagsOf(input.Tags) }),
  handle: ({ input, tx, found }) => {
    const record = tagged(input.ResourceType, found);
    checkTags(input.Tags, record.tags);
    const tags = { ...record.tags, ...tagsOf(input.Tags) };
    tx.put(parameters, partitionOf(found.named.account, found.named.region), record.name, { ...record, tags });
    return {};
  },
});

export const RemoveTagsFromResource = operation('ssm', 'RemoveTagsFromResource', {
  resolve: (context) => ({ found: findParameter(context, context.input.ResourceId) }),
  authorize: ({ input, found }) =>
    checks('RemoveTagsFromResource', input.ResourceType, found, { context: { 'aws:TagKeys': input.TagKeys } }),
  handle: ({ input, tx, found }) => {
    const record = tagged(input.ResourceType, found);
    const gone = new Set(input.TagKeys);
    const tags = Object.fromEntries(Object.entries(record.tags).filter(([name]) => !gone.has(name)));
    tx.put(parameters, partitionOf(found.named.account, found.named.region), record.name, { ...record, tags });
    return {};
  },
});

export const ListTagsForResource = operation('ssm', 'ListTagsForResource', {
  resolve: (context) => ({ found: findParameter(context, context.input.ResourceId) }),
  authorize: ({ input, found }) => checks('ListTagsForResource', input.ResourceType, found),
  handle: ({ input, found }) => {
    const { tags } = tagged(input.ResourceType, found);
    return { TagList: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
  },
});

function checks(
  action: string,
  type: ResourceTypeForTagging,
  found: FoundParameter,
  more: Parameters<typeof parameterCheck>[2] = {},
): AuthorizationCheck[] {
  if (type === 'Parameter') return [parameterCheck(action, found, more)];
  return [{ action: `ssm:${action}`, resource: '*', ...more }];
}

function tagged(type: ResourceTypeForTagging, { record, named }: FoundParameter): ParameterRecord {
  if (type !== 'Parameter') {
    throw new AwsError('InvalidResourceType', `Rolecall serves tags of resources of type Parameter, not ${type}.`);
  }
  if (record === undefined || named.selector !== undefined) {
    // unverified: text
    throw new AwsError(
      'InvalidResourceId',
      'The resource ID is not valid. Verify that you entered the correct ID and try again.',
    );
  }
  return record;
}
