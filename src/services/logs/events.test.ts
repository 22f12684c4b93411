import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTestBench } from '../../gateway/testing.ts';
import { logsService } from './index.ts';
import { events } from './records.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const group = { logGroupName: 'g' };
const stream = { ...group, logStreamName: 's' };

async function setUp(...more: string[]) {
  const b = createTestBench([logsService]);
  await b.call('logs', 'CreateLogGroup', group);
  for (const logStreamName of ['s', ...more]) await b.call('logs', 'CreateLogStream', { ...group, logStreamName });
  const put = (logEvents: { timestamp: number; message: string }[], logStreamName = 's') =>
    b.call('logs', 'PutLogEvents', { ...group, logStreamName, logEvents });
  return { b, put, now: b.clock.now() };
}
const texts = (found: readonly { message?: string | undefined }[] | undefined) => found?.map((event) => event.message);

describe('PutLogEvents', () => {
  it('needs group and stream', async () => {
    const { b, put, now } = await setUp();
    expect((await b.refused(put([{ timestamp: now, message: 'x' }], 'nope'))).message).toBe(
      'The specified log stream does not exist.',
    );
    const other = b.call('logs', 'PutLogEvents', {
      ...stream,
      logGroupName: 'nope',
      logEvents: [{ timestamp: now, message: 'x' }],
    });
    expect((await b.refused(other)).message).toBe('The specified log group does not exist.');
  });

  it('answers with a token, and takes any', async () => {
    const { b, now } = await setUp();
    const answer = await b.call('logs', 'PutLogEvents', {
      ...stream,
      sequenceToken: 'old',
      logEvents: [{ timestamp: now, message: 'x' }],
    });
    expect(answer.nextSequenceToken).toMatch(/^49\d{54}$/);
    expect(answer).not.toHaveProperty('rejectedLogEventsInfo');
  });

  it.each([
    [
      'order',
      [
        [1, 'b'],
        [0, 'a'],
      ],
      'Log events in a single PutLogEvents request must be in chronological order.',
    ],
    [
      'span',
      [
        [-DAY - 1, 'a'],
        [0, 'b'],
      ],
      'The batch of log events in a single PutLogEvents request cannot span more than 24 hours.',
    ],
    ['event', [[0, 'x'.repeat(1_048_576)]], 'Log event too large: 1048602 bytes exceeds limit of 1048576'],
    [
      'batch',
      [
        [0, 'x'.repeat(600_000)],
        [0, 'é'.repeat(300_000)],
      ],
      'Upload too large: 1200052 bytes exceeds limit of 1048576',
    ],
  ] as [string, [number, string][], string][])('refuses a batch by its %s', async (_name, batch, message) => {
    const { b, put, now } = await setUp();
    const error = await b.refused(put(batch.map(([after, text]) => ({ timestamp: now + after, message: text }))));
    expect(error).toMatchObject({ code: 'InvalidParameterException', message });
  });

  it('takes what is in time and says what was not', async () => {
    const { b, put, now } = await setUp();
    const answer = await put([
      { timestamp: now - 15 * DAY, message: 'old' },
      { timestamp: now, message: 'fine' },
      { timestamp: now + 3 * HOUR, message: 'new' },
    ]);
    expect(answer.rejectedLogEventsInfo).toEqual({ tooOldLogEventEndIndex: 1, tooNewLogEventStartIndex: 2 });
    await b.call('logs', 'PutRetentionPolicy', { ...group, retentionInDays: 1 });
    const expired = await put([{ timestamp: now - 2 * DAY, message: 'expired' }]);
    expect(expired.rejectedLogEventsInfo).toEqual({ expiredLogEventEndIndex: 1 });
    expect(texts((await b.call('logs', 'GetLogEvents', stream)).events)).toEqual(['fine']);
    b.clock.advance(DAY + 1);
    expect((await b.call('logs', 'GetLogEvents', stream)).events).toEqual([]);
    await put([{ timestamp: b.clock.now(), message: 'later' }]);
    await b.call('logs', 'DeleteRetentionPolicy', group);
    expect(texts((await b.call('logs', 'GetLogEvents', stream)).events)).toEqual(['later']);
  });

  it('leaves out entities, and says so', async () => {
    const { b, now } = await setUp();
    const answer = await b.call('logs', 'PutLogEvents', {
      ...stream,
      logEvents: [{ timestamp: now, message: 'hush-hush' }],
      entity: { keyAttributes: { Type: 'Service' } },
    });
    expect(answer.rejectedEntityInfo).toBeDefined();
    expect(JSON.stringify(b.trail())).not.toContain('hush-hush');
  });
});

describe('GetLogEvents', () => {
  it('shows the newest first page, or the oldest, in order of time', async () => {
    const { b, put, now } = await setUp();
    await put([0, 1, 2, 3, 4].map((n) => ({ timestamp: now + n, message: String(n) })));
    const get = (input: object = {}) => b.call('logs', 'GetLogEvents', { ...stream, ...input });
    expect(texts((await get({ limit: 2 })).events)).toEqual(['3', '4']);
    expect(texts((await get({ limit: 2, startFromHead: true })).events)).toEqual(['0', '1']);
    expect(texts((await get({ startTime: now + 1, endTime: now + 3 })).events)).toEqual(['1', '2']);
    expect((await get({ limit: 1 })).events).toEqual([{ timestamp: now + 4, message: '4', ingestionTime: now }]);
    expect((await b.refused(get({ nextToken: 'x' }))).message).toBe('The specified nextToken is invalid.');
    expect((await b.refused(get({ logStreamName: 'nope' }))).code).toBe('ResourceNotFoundException');
  });

  it('walks both ways with its tokens, and stands still at the ends', async () => {
    const { b, put, now } = await setUp();
    await put([0, 0, 0, 1, 2].map((n, index) => ({ timestamp: now + n, message: String(index) })));
    const get = (input: object) => b.call('logs', 'GetLogEvents', { ...stream, limit: 2, ...input });
    const seen: (string | undefined)[] = [];
    let page = await get({ startFromHead: true });
    while (page.events!.length > 0) {
      seen.push(...texts(page.events)!);
      page = await get({ nextToken: page.nextForwardToken });
    }
    expect(seen).toEqual(['0', '1', '2', '3', '4']);
    expect((await get({ nextToken: page.nextForwardToken })).nextForwardToken).toBe(page.nextForwardToken);
    await put([{ timestamp: now + 3, message: '5' }]);
    expect(texts((await get({ nextToken: page.nextForwardToken })).events)).toEqual(['5']);
    const back: (string | undefined)[] = [];
    page = await get({});
    while (page.events!.length > 0) {
      back.unshift(...texts(page.events)!);
      page = await get({ nextToken: page.nextBackwardToken });
    }
    expect(back).toEqual(['0', '1', '2', '3', '4', '5']);
  });

  it('follows an empty stream', async () => {
    const { b, put, now } = await setUp();
    const empty = await b.call('logs', 'GetLogEvents', { ...stream, startFromHead: true });
    expect(empty.nextForwardToken).toMatch(/^f\/\d{56}\/s$/);
    await put([{ timestamp: now, message: 'first' }]);
    const next = await b.call('logs', 'GetLogEvents', { ...stream, nextToken: empty.nextForwardToken });
    expect(texts(next.events)).toEqual(['first']);
  });

  it('ends a page at a megabyte', async () => {
    const { b, put, now } = await setUp();
    for (const n of [0, 1]) await put([{ timestamp: now + n, message: String(n).repeat(700_000) }]);
    const page = await b.call('logs', 'GetLogEvents', { ...stream, startFromHead: true });
    expect(page.events).toHaveLength(1);
  });

  it('pages through any events without loss or repetition', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(3), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 7 }),
        async (gaps, limit) => {
          const { b, put, now } = await setUp('t');
          let at = now;
          const all: string[] = [];
          for (const [index, gap] of gaps.entries()) {
            at += gap > 1 ? 0 : gap;
            all.push(String(index));
            await put([{ timestamp: at, message: String(index) }], index % 3 === 0 ? 't' : 's');
          }
          const filtered: string[] = [];
          let nextToken: string | undefined;
          do {
            const page = await b.call('logs', 'FilterLogEvents', { ...group, limit, nextToken });
            filtered.push(...page.events!.map((event) => event.message!));
            nextToken = page.nextToken;
          } while (nextToken !== undefined);
          expect(filtered).toEqual(all);
        },
      ),
      { numRuns: 15 },
    );
  });
});

describe('FilterLogEvents', () => {
  it('looks at so many events a call, and goes on with the next', async () => {
    const { b, now } = await setUp();
    b.store.transact((tx) => {
      for (let n = 0; n <= 50_000; n++) {
        tx.append(events, '000000000000/eu-west-1/g:s', now, {
          message: n === 50_000 ? 'needle' : 'hay',
          ingestedAt: now,
        });
      }
    });
    const first = await b.call('logs', 'FilterLogEvents', { ...group, filterPattern: 'needle' });
    expect(first.events).toEqual([]);
    const second = await b.call('logs', 'FilterLogEvents', {
      ...group,
      filterPattern: 'needle',
      nextToken: first.nextToken,
    });
    expect(texts(second.events)).toEqual(['needle']);
    expect(second.nextToken).toBeUndefined();
  });

  it('joins streams in order of time, and filters by stream, time and pattern', async () => {
    const { b, put, now } = await setUp('t', 'other');
    await put([
      { timestamp: now, message: 'one ERROR' },
      { timestamp: now + 2, message: 'three' },
    ]);
    await put([{ timestamp: now + 1, message: 'two ERROR' }], 't');
    await put([{ timestamp: now + 3, message: 'four' }], 'other');
    const filter = (input: object = {}) => b.call('logs', 'FilterLogEvents', { ...group, ...input });
    expect(texts((await filter()).events)).toEqual(['one ERROR', 'two ERROR', 'three', 'four']);
    expect(texts((await filter({ filterPattern: 'ERROR' })).events)).toEqual(['one ERROR', 'two ERROR']);
    expect(texts((await filter({ logStreamNames: ['t', 'other'] })).events)).toEqual(['two ERROR', 'four']);
    expect(texts((await filter({ logStreamNamePrefix: 'o' })).events)).toEqual(['four']);
    expect(texts((await filter({ startTime: now + 1, endTime: now + 2 })).events)).toEqual(['two ERROR', 'three']);
    const page = await filter({ filterPattern: 'ERROR', limit: 1 });
    expect(page.events).toMatchObject([{ logStreamName: 's', timestamp: now, ingestionTime: now }]);
    expect(page.events?.[0]?.eventId).toMatch(/^\d{56}$/);
    expect(texts((await filter({ filterPattern: 'ERROR', limit: 1, nextToken: page.nextToken })).events)).toEqual([
      'two ERROR',
    ]);
    expect((await b.refused(filter({ logStreamNames: ['s'], logStreamNamePrefix: 's' }))).code).toBe(
      'InvalidParameterException',
    );
    expect((await b.refused(filter({ logStreamNames: ['nope'] }))).code).toBe('ResourceNotFoundException');
    expect((await b.refused(filter({ nextToken: 'x' }))).code).toBe('InvalidParameterException');
    expect((await b.refused(filter({ filterPattern: '[a, b]' }))).message).toContain('space-delimited');
  });
});
