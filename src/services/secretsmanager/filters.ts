import type { ReadContext } from '../../gateway/operation.ts';
import type { Filter } from '../../wire/generated/types/secretsmanager.ts';
import { invalidParameter } from './errors.ts';
import { isGone, partitionOf, type SecretRecord, secrets } from './records.ts';

type ListContext = Pick<ReadContext<unknown>, 'account' | 'region' | 'now' | 'tx'>;

/** The secrets that fit all filters, in order of their names. Secrets marked for deletion only when asked for. */
export function matchingSecrets(
  { account, region, now, tx }: ListContext,
  filters: readonly Filter[] | undefined,
  includeDeleted = false,
): SecretRecord[] {
  return tx
    .list(secrets, partitionOf(account, region))
    .filter((secret) => !isGone(secret, now) && (includeDeleted || secret.deletedAt === undefined))
    .filter((secret) => (filters ?? []).every((filter) => matches(secret, filter)));
}

/**
 * One filter: one of its values must fit; a value with `!` in front must not.
 * Source: API Reference, Filter: what is compared by prefix, what as words, and what without regard to case.
 */
function matches(secret: SecretRecord, { Key, Values }: Filter): boolean {
  // unverified: text
  if (Key === undefined || Values === undefined) throw invalidParameter('Each filter must have a Key and Values.');
  const positive = Values.filter((value) => !value.startsWith('!'));
  const negative = Values.filter((value) => value.startsWith('!')).map((value) => value.slice(1));
  const fits = (value: string) => MATCHERS[Key](secret, value);
  return (positive.length === 0 || positive.some(fits)) && !negative.some(fits);
}

const MATCHERS: Readonly<Record<NonNullable<Filter['Key']>, (secret: SecretRecord, value: string) => boolean>> = {
  name: (secret, value) => secret.name.startsWith(value),
  description: (secret, value) => (secret.description ?? '').toLowerCase().startsWith(value.toLowerCase()),
  'tag-key': (secret, value) => Object.keys(secret.tags).some((key) => key.startsWith(value)),
  'tag-value': (secret, value) => Object.values(secret.tags).some((tag) => tag.startsWith(value)),
  'primary-region': (secret, value) => secret.region.startsWith(value),
  // No service owns a secret here.
  'owning-service': () => false,
  all: (secret, value) => {
    const words = value
      .toLowerCase()
      .split(/[^a-z0-9]+/)
      .filter((word) => word !== '');
    const text = [secret.name, secret.description ?? '', ...Object.entries(secret.tags).flat()].join(' ').toLowerCase();
    return words.every((word) => text.includes(word));
  },
};
