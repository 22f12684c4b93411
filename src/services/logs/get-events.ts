import { operation } from '../../gateway/operation.ts';
import type { GetLogEventsRequest } from '../../wire/generated/types/logs.ts';
import { existing, findEither, groupCheck, streamCheck } from './authorization.ts';
import { invalidToken, streamNotFound } from './errors.ts';
import { backward, type Cursor, type Entry, forward, readCursor, type TimeRange, writeCursor } from './event-cursor.ts';
import { eventBytes, eventsPartition, type LogGroupRecord, readStream, retainedFrom } from './records.ts';

const MOST_EVENTS = 10_000;
/** "1 MB of log events" a page. */
const MOST_BYTES = 1_048_576;

export const GetLogEvents = operation('logs', 'GetLogEvents', {
  resolve: (context) => ({ found: findEither(context, context.input) }),
  authorize: (context) => {
    const { input, found } = context;
    const read = streamCheck(context, 'GetLogEvents', found, input.logStreamName);
    // Nothing is masked here, but who asks for unmasked events needs the permission.
    return input.unmask === true ? [read, groupCheck(context, 'Unmask', found)] : [read];
  },
  handle: ({ input, now, tx, found }) => {
    const group = existing(found);
    if (readStream(tx, group, input.logStreamName) === undefined) throw streamNotFound();
    const partition = eventsPartition(group, input.logStreamName);
    const range = rangeOf(input, group, now);
    const token = input.nextToken === undefined ? undefined : readToken(input.nextToken);
    const goesForward = token === undefined ? input.startFromHead === true : token.direction === 'f';
    const limit = input.limit ?? MOST_EVENTS;
    const page = goesForward
      ? pageOf(forward(tx, partition, range, token?.cursor), limit)
      : pageOf(backward(tx, partition, range, token?.cursor), limit).reverse();
    const edges = edgesOf(page, range, token?.cursor);
    return {
      events: page.map(({ at, value }) => ({ timestamp: at, message: value.message, ingestionTime: value.ingestedAt })),
      nextForwardToken: `f/${writeCursor(edges.last)}/s`,
      nextBackwardToken: `b/${writeCursor(edges.first)}/s`,
    };
  },
});

/** "Events with a timestamp equal to … startTime are included … equal to or later than endTime are not." */
function rangeOf(input: GetLogEventsRequest, group: LogGroupRecord, now: number): TimeRange {
  return {
    from: Math.max(input.startTime ?? 0, retainedFrom(group, now)),
    to: input.endTime ?? Number.MAX_SAFE_INTEGER,
  };
}

function pageOf(entries: Generator<Entry>, limit: number): Entry[] {
  const page: Entry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    bytes += eventBytes(entry.value.message);
    if (page.length > 0 && bytes > MOST_BYTES) break;
    page.push(entry);
    if (page.length >= limit) break;
  }
  return page;
}

/** Where the page begins and ends. An empty page stays where it was asked for: the token comes back unchanged. */
function edgesOf(
  page: readonly Entry[],
  range: TimeRange,
  cursor: Cursor | undefined,
): { first: Cursor; last: Cursor } {
  const [first, last] = [page[0], page.at(-1)];
  if (first !== undefined && last !== undefined) return { first, last };
  if (cursor !== undefined) return { first: cursor, last: cursor };
  const start = { at: range.from, sequence: 0 };
  return { first: start, last: start };
}

function readToken(token: string): { direction: 'f' | 'b'; cursor: Cursor } {
  const [, direction, digits] = /^([fb])\/(\d{56})\/s$/.exec(token) ?? [];
  const cursor = digits === undefined ? undefined : readCursor(digits);
  if (cursor === undefined) throw invalidToken();
  return { direction: direction as 'f' | 'b', cursor };
}
