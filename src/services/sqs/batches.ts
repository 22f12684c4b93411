import { AwsError } from '../../core/errors.ts';

const MOST_ENTRIES = 10;

/** The checks that every batch operation makes of its entries. Texts observed. */
export function checkBatch(entries: readonly { readonly Id: string }[], entryType: string): void {
  if (entries.length === 0) {
    throw new AwsError('EmptyBatchRequest', `There should be at least one ${entryType} in the request.`);
  }
  if (entries.length > MOST_ENTRIES) {
    throw new AwsError(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are ${MOST_ENTRIES}. You have sent ${entries.length}.`,
    );
  }
  const seen = new Set<string>();
  for (const { Id } of entries) {
    if (!/^[A-Za-z0-9_-]{1,80}$/.test(Id)) {
      throw new AwsError(
        'InvalidBatchEntryId',
        'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
      );
    }
    if (seen.has(Id)) throw new AwsError('BatchEntryIdsNotDistinct', `Id ${Id} repeated.`);
    seen.add(Id);
  }
}

interface FailedEntry {
  readonly Id: string;
  readonly SenderFault: boolean;
  readonly Code: string;
  readonly Message?: string;
}

/** Does the work for each entry; one that AWS refuses is reported beside those that succeed. */
export function eachEntry<E extends { readonly Id: string }, R>(
  entries: readonly E[],
  work: (entry: E) => R,
): { readonly done: readonly (readonly [E, R])[]; readonly Failed: readonly FailedEntry[] } {
  const done: (readonly [E, R])[] = [];
  const Failed: FailedEntry[] = [];
  for (const entry of entries) {
    try {
      done.push([entry, work(entry)]);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      Failed.push({
        Id: entry.Id,
        SenderFault: error.fault === 'client',
        Code: error.code,
        ...(error.message === '' ? {} : { Message: error.message }),
      });
    }
  }
  return { done, Failed };
}
