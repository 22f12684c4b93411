import { operation } from '../../gateway/operation.ts';
import type { Read } from '../../store/collections.ts';
import type { FilteredLogEvent, FilterLogEventsRequest } from '../../wire/generated/types/logs.ts';
import { existing, findEither, groupCheck } from './authorization.ts';
import { invalidParameter, invalidToken, streamNotFound, unsupported } from './errors.ts';
import { type Cursor, type Entry, forward, readCursor, type TimeRange, writeCursor } from './event-cursor.ts';
import { parsePattern } from './patterns/pattern.ts';
import { allStreams, eventBytes, eventsPartition, type LogGroupRecord, readStream, retainedFrom } from './records.ts';

const MOST_EVENTS = 10_000;
const MOST_BYTES = 1_048_576;
/** Events looked at in one call. What is left comes with the next page, as with AWS, where a page may be empty. */
const MOST_SCANNED = 50_000;

export const FilterLogEvents = operation('logs', 'FilterLogEvents', {
  resolve: (context) => ({ found: findEither(context, context.input) }),
  authorize: (context) => {
    const filter = groupCheck(context, 'FilterLogEvents', context.found);
    return context.input.unmask === true ? [filter, groupCheck(context, 'Unmask', context.found)] : [filter];
  },
  handle: ({ input, now, tx, found }) => {
    const group = existing(found);
    // `interleaved` is accepted and has no effect: AWS ignores it since 2019 (API Reference).
    if (input.startFromHead === false) throw unsupported('startFromHead false');
    const matches = parsePattern(input.filterPattern ?? '');
    const range: TimeRange = {
      from: Math.max(input.startTime ?? 0, retainedFrom(group, now)),
      // "Events with a timestamp later than this time are not returned": inclusive, other than in GetLogEvents.
      to: input.endTime === undefined ? Number.MAX_SAFE_INTEGER : input.endTime + 1,
    };
    const after = input.nextToken === undefined ? undefined : readToken(input.nextToken);
    const page: FilteredLogEvent[] = [];
    let bytes = 0;
    let scanned = 0;
    let last: Cursor | undefined;
    for (const { stream, entry } of interleaved(tx, group, streamsOf(tx, group, input), range, after)) {
      if (scanned === MOST_SCANNED) return { events: page, searchedLogStreams: [], nextToken: writeToken(last!) };
      scanned++;
      if (!matches(entry.value.message)) {
        last = entry;
        continue;
      }
      bytes += eventBytes(entry.value.message);
      if (page.length >= (input.limit ?? MOST_EVENTS) || (page.length > 0 && bytes > MOST_BYTES)) {
        return { events: page, searchedLogStreams: [], nextToken: writeToken(last!) };
      }
      page.push({
        logStreamName: stream,
        timestamp: entry.at,
        message: entry.value.message,
        ingestionTime: entry.value.ingestedAt,
        eventId: writeCursor(entry),
      });
      last = entry;
    }
    // "As of May 15, 2020, this parameter is no longer supported" (searchedLogStreams): the list is always empty.
    return { events: page, searchedLogStreams: [] };
  },
});

function streamsOf(read: Read, group: LogGroupRecord, input: FilterLogEventsRequest): readonly string[] {
  const { logStreamNames: names, logStreamNamePrefix: prefix } = input;
  if (names !== undefined && prefix !== undefined) {
    // unverified: text
    throw invalidParameter('logStreamNames and logStreamNamePrefix are mutually exclusive parameters.');
  }
  if (names === undefined) {
    return allStreams(read, group)
      .map((stream) => stream.name)
      .filter((name) => name.startsWith(prefix ?? ''));
  }
  if (names.some((name) => readStream(read, group, name) === undefined)) throw streamNotFound();
  return [...new Set(names)];
}

/** The events of several streams in one order of time. */
function* interleaved(
  read: Read,
  group: LogGroupRecord,
  streams: readonly string[],
  range: TimeRange,
  after: Cursor | undefined,
): Generator<{ stream: string; entry: Entry }> {
  const heads: { stream: string; rest: Generator<Entry>; entry: Entry }[] = [];
  for (const stream of streams) {
    const rest = forward(read, eventsPartition(group, stream), range, after);
    const first = rest.next();
    if (first.done !== true) heads.push({ stream, rest, entry: first.value });
  }
  while (heads.length > 0) {
    let earliest = 0;
    for (let index = 1; index < heads.length; index++) {
      if (isBefore(heads[index]!.entry, heads[earliest]!.entry)) earliest = index;
    }
    const head = heads[earliest]!;
    yield { stream: head.stream, entry: head.entry };
    const next = head.rest.next();
    if (next.done === true) heads.splice(earliest, 1);
    else head.entry = next.value;
  }
}

function isBefore(a: Cursor, b: Cursor): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence);
}

const PREFIX = 'filter:';

function writeToken(cursor: Cursor): string {
  return Buffer.from(PREFIX + writeCursor(cursor)).toString('base64url');
}

function readToken(token: string): Cursor {
  const text = Buffer.from(token, 'base64url').toString();
  const cursor = text.startsWith(PREFIX) ? readCursor(text.slice(PREFIX.length)) : undefined;
  if (cursor === undefined) throw invalidToken();
  return cursor;
}
