import { invalidInput, limitExceeded } from './errors.ts';
import type { Tags } from './records.ts';

export interface TagInput {
  readonly Key: string;
  readonly Value: string;
}

/** Source: IAM User Guide, reference_iam-quotas. */
const MAX_TAGS = 50;

/** The tags of a request by key; refuses keys given twice. Keys differ when more than their case does. */
export function requestTags(tags: readonly TagInput[] | undefined): Tags {
  const result: Record<string, string> = {};
  const seen = new Set<string>();
  for (const { Key, Value } of tags ?? []) {
    const key = Key.toLowerCase();
    if (seen.has(key)) {
      throw invalidInput('Duplicate tag keys found. Please note that Tag keys are case insensitive.');
    }
    if (key.startsWith('aws:')) {
      throw invalidInput('Invalid tag key: aws: prefixed tag key names are not allowed for external use.'); // unverified: text
    }
    seen.add(key);
    result[Key] = Value;
  }
  return result;
}

/** The same for `authorize`, which must not refuse on its own. */
export function askedTags(tags: readonly TagInput[] | undefined): Tags {
  const result: Record<string, string> = {};
  for (const { Key, Value } of tags ?? []) result[Key] = Value;
  return result;
}

/** Sets tags over those there are; a key in another case replaces the old one. */
export function withTags(before: Tags, added: Tags): Tags {
  const result: Record<string, string> = {};
  const replaced = new Set(Object.keys(added).map((key) => key.toLowerCase()));
  for (const [key, value] of Object.entries(before)) if (!replaced.has(key.toLowerCase())) result[key] = value;
  Object.assign(result, added);
  if (Object.keys(result).length > MAX_TAGS) {
    throw limitExceeded('The number of tags has reached the maximum limit.');
  }
  return result;
}

export function withoutTags(before: Tags, keys: readonly string[]): Tags {
  const removed = new Set(keys.map((key) => key.toLowerCase()));
  return Object.fromEntries(Object.entries(before).filter(([key]) => !removed.has(key.toLowerCase())));
}

export function shownTags(tags: Tags): TagInput[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** Tags as members of a description: absent when there are none. */
export function tagsMember(tags: Tags): { Tags?: TagInput[] } {
  const shown = shownTags(tags);
  return shown.length === 0 ? {} : { Tags: shown };
}

/** `iam:ResourceTag/…`, which users and roles have beside `aws:ResourceTag/…`. */
export function iamResourceTags(tags: Tags): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).map(([key, value]) => [`iam:ResourceTag/${key}`, value]));
}
