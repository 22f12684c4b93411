import type { Principal } from '../../gateway/principals.ts';
import { invalidParameterValue } from './errors.ts';

interface TagInput {
  readonly Tags?: readonly { readonly Key: string; readonly Value: string }[] | undefined;
  readonly TransitiveTagKeys?: readonly string[] | undefined;
}

/** The tags that a new session will carry. */
export interface SessionTags {
  readonly tags: Readonly<Record<string, string>>;
  readonly transitiveTagKeys: readonly string[];
}

/**
 * Tags that go on from the calling session to the next.
 * Source: IAM User Guide, id_session-tags, "Chaining roles with session tags".
 */
export function inheritedTags(principal: Principal): Readonly<Record<string, string>> {
  if (principal.type !== 'role-session') return {};
  const inherited: Record<string, string> = {};
  for (const key of principal.transitiveTagKeys ?? []) {
    const value = principal.tags[key];
    if (value !== undefined) inherited[key] = value;
  }
  return inherited;
}

/** The tags in the request by key, without a check (for authorization). */
export function askedSessionTags(input: TagInput): Record<string, string> {
  return Object.fromEntries((input.Tags ?? []).map(({ Key, Value }) => [Key, Value]));
}

/** The tags of the new session. @throws InvalidParameterValue as the page above words it. */
export function newSessionTags(principal: Principal, input: TagInput): SessionTags {
  const inherited = inheritedTags(principal);
  const inheritedKeys = new Set(Object.keys(inherited).map((key) => key.toLowerCase()));
  const seen = new Set<string>();
  for (const { Key } of input.Tags ?? []) {
    const key = Key.toLowerCase();
    if (seen.has(key)) {
      throw invalidParameterValue('Duplicate tag keys found. Please note that Tag keys are case insensitive.'); // unverified: text
    }
    seen.add(key);
    if (inheritedKeys.has(key)) {
      throw invalidParameterValue(
        "One or more of the specified transitive tag keys can't be set because they conflict with the transitive tag keys from the calling session.",
      );
    }
  }
  const transitive = input.TransitiveTagKeys ?? [];
  if (transitive.some((key) => !seen.has(key.toLowerCase()))) {
    throw invalidParameterValue('The specified transitive tag key must be included in the requested tags.');
  }
  const byLowerCase = new Map((input.Tags ?? []).map(({ Key }) => [Key.toLowerCase(), Key]));
  return {
    tags: { ...inherited, ...askedSessionTags(input) },
    transitiveTagKeys: [
      ...Object.keys(inherited),
      ...transitive.map((key) => byLowerCase.get(key.toLowerCase()) ?? key),
    ],
  };
}
