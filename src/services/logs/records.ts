import { collection, log, type Read, type Tx } from '../../store/collections.ts';

export interface LogGroupRecord {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly createdAt: number;
  readonly retentionInDays?: number;
  readonly tags: Readonly<Record<string, string>>;
}

export interface LogStreamRecord {
  readonly name: string;
  readonly createdAt: number;
  readonly firstEventAt?: number;
  readonly lastEventAt?: number;
  readonly lastIngestionAt?: number;
  /** Bytes of its events as CloudWatch Logs counts them: the message in UTF-8 and 26 more. */
  readonly bytes: number;
  readonly uploadSequenceToken: string;
}

/** A log event; its timestamp is the time of the entry in the store's log. */
export interface StoredEvent {
  readonly message: string;
  readonly ingestedAt: number;
}

/** Partition: `account/region`; key: the group's name. */
export const groups = collection<LogGroupRecord>('logs/groups');
/** Partition: `account/region/group`; key: the stream's name. */
export const streams = collection<LogStreamRecord>('logs/streams');
/** Partition: `account/region/group:stream`. */
export const events = log<StoredEvent>('logs/events');

export const partitionOf = (account: string, region: string): string => `${account}/${region}`;

export const streamsPartition = (group: LogGroupRecord): string => `${group.account}/${group.region}/${group.name}`;

/** Neither names of groups nor of streams contain a colon. */
export const eventsPartition = (group: LogGroupRecord, stream: string): string =>
  `${streamsPartition(group)}:${stream}`;

export function putGroup(tx: Tx, group: LogGroupRecord): void {
  tx.put(groups, partitionOf(group.account, group.region), group.name, group);
}

export function readStream(read: Read, group: LogGroupRecord, name: string): LogStreamRecord | undefined {
  return read.get(streams, streamsPartition(group), name);
}

export function allStreams(read: Read, group: LogGroupRecord): readonly LogStreamRecord[] {
  return read.list(streams, streamsPartition(group));
}

/** Bytes that CloudWatch Logs counts for an event besides its message. Source: API Reference, PutLogEvents. */
export const EVENT_OVERHEAD = 26;

export function eventBytes(message: string): number {
  return Buffer.byteLength(message) + EVENT_OVERHEAD;
}

const DAY = 86_400_000;

/** Events before this time are past the group's retention. */
export function retainedFrom(group: LogGroupRecord, now: number): number {
  return group.retentionInDays === undefined ? 0 : now - group.retentionInDays * DAY;
}
