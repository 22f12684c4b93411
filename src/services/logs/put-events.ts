import { operation } from '../../gateway/operation.ts';
import type { InputLogEvent, RejectedLogEventsInfo } from '../../wire/generated/types/logs.ts';
import { existing, findGroup, streamCheck } from './authorization.ts';
import { invalidParameter, streamNotFound } from './errors.ts';
import {
  eventBytes,
  events,
  eventsPartition,
  type LogGroupRecord,
  type LogStreamRecord,
  readStream,
  retainedFrom,
  streams,
  streamsPartition,
} from './records.ts';
import { sequenceToken } from './streams.ts';

/** Source of the limits: API Reference, PutLogEvents. */
const MOST_BYTES = 1_048_576;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export const PutLogEvents = operation('logs', 'PutLogEvents', {
  resolve: (context) => ({ found: findGroup(context, context.input.logGroupName) }),
  authorize: (context) => [streamCheck(context, 'PutLogEvents', context.found, context.input.logStreamName)],
  handle: ({ input, now, ids, tx, found }) => {
    const group = existing(found);
    const stream = readStream(tx, group, input.logStreamName);
    if (stream === undefined) throw streamNotFound();
    checkSizes(input.logEvents);
    checkOrder(input.logEvents);
    const { accepted, rejected } = sort(input.logEvents, group, now);
    checkSpan(accepted);
    const partition = eventsPartition(group, stream.name);
    forgetExpired();
    for (const { timestamp, message } of accepted)
      tx.append(events, partition, timestamp, { message, ingestedAt: now });
    const nextSequenceToken = sequenceToken(ids.bytes(23));
    const next = withEvents(stream, accepted, now);
    tx.put(streams, streamsPartition(group), stream.name, { ...next, uploadSequenceToken: nextSequenceToken });
    return {
      nextSequenceToken,
      ...(rejected === undefined ? {} : { rejectedLogEventsInfo: rejected }),
      // Events are taken without their entity, as AWS does with one that it cannot use.
      ...(input.entity === undefined ? {} : { rejectedEntityInfo: { errorType: 'UnsupportedLogGroupType' as const } }),
    };

    /** Events past the retention are never shown; they leave the disk when new ones come. */
    function forgetExpired(): void {
      const from = retainedFrom(group, now);
      if (stream?.firstEventAt !== undefined && stream.firstEventAt < from) tx.truncate(events, partition, from);
    }
  },
});

function checkSizes(batch: readonly InputLogEvent[]): void {
  let total = 0;
  for (const { message } of batch) {
    const bytes = eventBytes(message);
    if (bytes > MOST_BYTES) {
      throw invalidParameter(`Log event too large: ${bytes} bytes exceeds limit of ${MOST_BYTES}`);
    }
    total += bytes;
  }
  if (total > MOST_BYTES) throw invalidParameter(`Upload too large: ${total} bytes exceeds limit of ${MOST_BYTES}`);
}

function checkOrder(batch: readonly InputLogEvent[]): void {
  for (let index = 1; index < batch.length; index++) {
    if (batch[index]!.timestamp < batch[index - 1]!.timestamp) {
      throw invalidParameter('Log events in a single PutLogEvents request must be in chronological order.');
    }
  }
}

function checkSpan(batch: readonly InputLogEvent[]): void {
  const [first, last] = [batch[0], batch.at(-1)];
  if (first !== undefined && last !== undefined && last.timestamp - first.timestamp > DAY) {
    throw invalidParameter('The batch of log events in a single PutLogEvents request cannot span more than 24 hours.');
  }
}

/** Parts the events that are taken from those too old, expired or too new; the batch is in order of time. */
function sort(
  batch: readonly InputLogEvent[],
  group: LogGroupRecord,
  now: number,
): { accepted: readonly InputLogEvent[]; rejected: RejectedLogEventsInfo | undefined } {
  const count = (before: number) => batch.filter((event) => event.timestamp < before).length;
  const tooOld = count(now - 14 * DAY);
  const expired = count(retainedFrom(group, now));
  const tooNew = batch.findIndex((event) => event.timestamp > now + 2 * HOUR);
  const accepted = batch.slice(Math.max(tooOld, expired), tooNew < 0 ? undefined : tooNew);
  if (accepted.length === batch.length) return { accepted, rejected: undefined };
  // End indexes are exclusive, the start index is inclusive. Source: API Reference, RejectedLogEventsInfo.
  const rejected = {
    ...(tooOld > 0 ? { tooOldLogEventEndIndex: tooOld } : {}),
    ...(expired > tooOld ? { expiredLogEventEndIndex: expired } : {}),
    ...(tooNew < 0 ? {} : { tooNewLogEventStartIndex: tooNew }),
  };
  return { accepted, rejected };
}

function withEvents(stream: LogStreamRecord, accepted: readonly InputLogEvent[], now: number): LogStreamRecord {
  const [first, last] = [accepted[0], accepted.at(-1)];
  if (first === undefined || last === undefined) return stream;
  return {
    ...stream,
    firstEventAt: Math.min(stream.firstEventAt ?? first.timestamp, first.timestamp),
    lastEventAt: Math.max(stream.lastEventAt ?? last.timestamp, last.timestamp),
    lastIngestionAt: now,
    bytes: stream.bytes + accepted.reduce((sum, event) => sum + eventBytes(event.message), 0),
  };
}
