import type { AuthorizationCheck } from '../../gateway/operation.ts';
import type { Read, Tx } from '../../store/collections.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import { invalidParameter } from './errors.ts';
import type { Scope } from './identifiers.ts';
import { regional, resourceTags } from './records.ts';

export type Tags = Readonly<Record<string, string>>;

/** Tags per resource. Source: ECS API, Tag: "Maximum number of tags per resource - 50". */
const MOST_TAGS = 50;

/**
 * The request's tags as a map, checked. Source of the rules: ECS API, TagResource (tags): at most 50, keys unique,
 * `aws:` is reserved.
 */
export function readTags(tags: readonly Ecs.Tag[] | undefined): Tags {
  const result: Record<string, string> = {};
  for (const { key, value } of tags ?? []) {
    // unverified: texts of this function, except that the code is InvalidParameterException
    if (key === undefined || key === '') throw invalidParameter('Tag keys cannot be null or empty.');
    if (/^aws:/i.test(key)) throw invalidParameter('Tag keys cannot start with the reserved prefix aws:.');
    if (Object.hasOwn(result, key)) throw invalidParameter(`Duplicate tag keys found: ${key}`);
    result[key] = value ?? '';
  }
  if (Object.keys(result).length > MOST_TAGS) throw tooManyTags();
  return result;
}

// unverified: text
export const tooManyTags = () => invalidParameter(`The maximum number of tags per resource is ${MOST_TAGS}.`);

/** The request's tags for an authorization check: like `readTags`, but what is malformed is left to the handler. */
export function requestedTags(tags: readonly Ecs.Tag[] | undefined): Tags {
  const result: Record<string, string> = {};
  for (const { key, value } of tags ?? []) if (key !== undefined && key !== '') result[key] = value ?? '';
  return result;
}

export function tagsOf(read: Read, scope: Scope, arn: string): Tags {
  return read.get(resourceTags, regional(scope.account, scope.region), arn) ?? {};
}

export function setTags(tx: Tx, scope: Scope, arn: string, tags: Tags): void {
  const partition = regional(scope.account, scope.region);
  if (Object.keys(tags).length === 0) tx.delete(resourceTags, partition, arn);
  else tx.put(resourceTags, partition, arn, tags);
}

export function tagList(tags: Tags): Ecs.Tag[] {
  return Object.entries(tags).map(([key, value]) => ({ key, value }));
}

/** The members of a check that say what tags its resource carries: `aws:ResourceTag/…` and ECS's own `ecs:ResourceTag/…`. */
export function tagged(
  tags: Tags,
  context: Readonly<Record<string, string | readonly string[]>> = {},
): Pick<AuthorizationCheck, 'resourceTags' | 'context'> {
  const own = Object.fromEntries(Object.entries(tags).map(([key, value]) => [`ecs:ResourceTag/${key}`, value]));
  return { resourceTags: tags, context: { ...own, ...context } };
}

/**
 * The check of ecs:TagResource that comes with tags given at creation; none when there are no tags.
 * Source: ECS Developer Guide, "Grant permission to tag resources on creation" (`ecs:CreateAction`).
 */
export function tagOnCreate(
  createAction: string,
  resource: string,
  tags: readonly Ecs.Tag[] | undefined,
): readonly AuthorizationCheck[] {
  if (tags === undefined || tags.length === 0) return [];
  const requested = requestedTags(tags);
  return [
    {
      action: 'ecs:TagResource',
      resource,
      requestTags: requested,
      // unverified: that the tags to be set count as the resource's, as IAM documents for tags "being created"
      ...tagged(requested, { 'ecs:CreateAction': createAction }),
    },
  ];
}
