import type { Missing, PolicyStatement } from '../policy/explanation.ts';
import type { StatementRef } from '../policy/types.ts';
import type { RoleKind, Stage } from '../roles/duty.ts';
import { type LogEntry, type LogRange, log, type Read, type Tx } from '../store/collections.ts';
import { entryOf, type RecordedCall } from './record.ts';

/** One authorization check of a call, as it was decided. */
export interface RecordedCheck {
  readonly action: string;
  readonly resource: string;
  readonly effect: 'Allowed' | 'ImplicitlyDenied' | 'ExplicitlyDenied';
  /** `policy / statement` that decided, as the ledger shows it. */
  readonly decidedBy?: StatementRef;
  /** For a refusal: the resource does not exist. */
  readonly absent?: boolean;
  /** For a refusal: one sentence that says why. */
  readonly why?: string;
  /** For a refusal: the smallest change that would allow it, where there is one. */
  readonly missing?: Missing;
}

/** What a person needs to know of a refusal. */
export interface Diagnosis {
  readonly why: string;
  /** The smallest changes, each for one role (or other principal, or resource). */
  readonly fix: readonly Fix[];
}

export interface Fix {
  /** What to change: `role orders-execution`, `the key policy of …`. */
  readonly target: string;
  /** What to do there, in one sentence. */
  readonly action: string;
  /** A ready policy statement, where one is the fix. */
  readonly statement?: PolicyStatement;
}

/** One call, as Rolecall keeps it: CloudTrail's record and what CloudTrail does not say. */
export interface TrailEntry {
  readonly eventId: string;
  readonly service: string;
  readonly operation: string;
  readonly region: string;
  readonly account: string;
  readonly principalArn: string;
  /** Which of the three roles made the call, when one of them did. */
  readonly role?: RoleKind;
  /** Name of the role (or user) that made the call. */
  readonly principalName: string;
  readonly stage?: Stage;
  readonly taskArn?: string;
  readonly containerInstanceArn?: string;
  readonly outcome: 'allowed' | 'denied' | 'failed';
  readonly checks: readonly RecordedCheck[];
  readonly error?: { readonly code: string; readonly message: string };
  /** For a refusal: why, in a sentence or two, and what to change, for the right role. */
  readonly diagnosis?: Diagnosis;
  /** The call that this one was made for (SSM's call of KMS). */
  readonly parentEventId?: string;
  /** The record in CloudTrail's own shape. */
  readonly cloudTrail: Readonly<Record<string, unknown>>;
}

/** A server without data directory forgets its oldest calls rather than fill the machine. */
const calls = log<RecordedCall>('trail', { keepInMemory: 200_000 });
const PARTITION = '';

/** The record of every call, in order of arrival. Followers are told of an entry once it is recorded. */
export class Trail {
  readonly #followers = new Set<(entry: LogEntry<TrailEntry>) => void>();

  append(tx: Tx, call: RecordedCall): void {
    const sequence = tx.append(calls, PARTITION, call.at, call);
    if (this.#followers.size === 0) return;
    const entry = { sequence, at: call.at, value: entryOf(call) };
    for (const follower of this.#followers) follower(entry);
  }

  read(read: Read, range: LogRange = {}): LogEntry<TrailEntry>[] {
    return read
      .read(calls, PARTITION, range)
      .map(({ sequence, at, value }) => ({ sequence, at, value: entryOf(value) }));
  }

  /** Calls back for every new entry. Returns how to stop. */
  follow(callback: (entry: LogEntry<TrailEntry>) => void): () => void {
    this.#followers.add(callback);
    return () => this.#followers.delete(callback);
  }
}
