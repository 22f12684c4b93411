import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OutputPosition } from '../runtime.ts';
import { LogFrames } from './log-frames.ts';
import { LogPosition } from './log-position.ts';

const stamp = (seconds: number, nanos: number) =>
  `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(nanos).padStart(9, '0')}Z`;

function frame(stream: 'stdout' | 'stderr', text: string): Buffer {
  const body = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream === 'stderr' ? 2 : 1;
  header.writeUInt32BE(body.length, 4);
  return Buffer.concat([header, body]);
}

interface Entry {
  readonly stream: 'stdout' | 'stderr';
  readonly seconds: number;
  readonly nanos: number;
  readonly text: string;
}

/** A log as the Engine keeps it: the times of each stream never fall back, those of both together may, by a little. */
const logs = fc
  .array(
    fc.record({ stdout: fc.boolean(), step: fc.integer({ min: 0, max: 2 }), back: fc.integer({ min: 0, max: 3 }) }),
    {
      maxLength: 60,
    },
  )
  .map((steps): Entry[] => {
    let now = 1_700_000_000_000_000_000n;
    const last = { stdout: 0n, stderr: 0n };
    return steps.map(({ stdout, step, back }, index) => {
      const stream = stdout ? 'stdout' : 'stderr';
      now += BigInt(step);
      const at = now - BigInt(back) > last[stream] ? now - BigInt(back) : last[stream] === 0n ? now : last[stream];
      last[stream] = at;
      return {
        stream,
        seconds: Number(at / 1_000_000_000n),
        nanos: Number(at % 1_000_000_000n),
        text: `line ${index}`,
      };
    });
  });

/** Source: dockerd: messages before `since` are left out, the others come in the order in which they were written. */
function since(log: readonly Entry[], from: string | undefined): readonly Entry[] {
  if (from === undefined) return log;
  const [seconds = '0', nanos = '0'] = from.split('.');
  const limit = BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
  return log.filter((entry) => BigInt(entry.seconds) * 1_000_000_000n + BigInt(entry.nanos) >= limit);
}

describe('the position in a log', () => {
  test('however often reading begins again, each line comes once and in order', () => {
    fc.assert(
      fc.property(logs, fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 6 }), (log, cuts) => {
        const got: string[] = [];
        let stored: OutputPosition | undefined;
        for (const cut of [...cuts, Number.POSITIVE_INFINITY]) {
          const position = new LogPosition(stored);
          let read = 0;
          for (const entry of since(log, position.since)) {
            if (read >= cut) break;
            const message = { ...entry, bytes: Buffer.from(entry.text), complete: true };
            if (!position.take(message)) continue;
            got.push(entry.text);
            stored = JSON.parse(JSON.stringify(position.settle(entry.stream))) as OutputPosition;
            read++;
          }
        }
        expect(got).toEqual(log.map(({ text }) => text));
      }),
    );
  });

  test('pieces of a line that is not whole are read again', () => {
    const position = new LogPosition(undefined);
    const piece = { stream: 'stdout', seconds: 5, nanos: 1, bytes: Buffer.from('half'), complete: false } as const;
    expect(position.take(piece)).toBe(true);
    position.take({ ...piece, stream: 'stderr', nanos: 2, complete: true });
    const later = new LogPosition(position.settle('stderr'));
    expect(later.since).toBe('4.000000002');
    expect(later.take(piece)).toBe(true);
  });
});

describe('frames of a log', () => {
  test('are found in whatever pieces the stream arrives', () => {
    const text = `${stamp(1_700_000_000, 123_456_789)} hällo\n`;
    const data = Buffer.concat([frame('stdout', text), frame('stderr', text.trimEnd()), frame('stdout', text)]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 })), (sizes) => {
        const frames = new LogFrames(false);
        const messages = [];
        let offset = 0;
        for (const size of [...sizes, data.length]) {
          messages.push(...frames.add(data.subarray(offset, offset + size)));
          offset += size;
        }
        expect(messages.map(({ stream, bytes, complete }) => [stream, bytes.toString(), complete])).toEqual([
          ['stdout', 'hällo', true],
          ['stderr', 'hällo', false],
          ['stdout', 'hällo', true],
        ]);
        expect(messages[0]).toMatchObject({ seconds: 1_700_000_000, nanos: 123_456_789 });
      }),
    );
  });

  test('a terminal has lines instead, and its long ones have time stamps in their middle', () => {
    const time = `${stamp(1_700_000_000, 5)} `;
    const frames = new LogFrames(true);
    const long = `${time}${'x'.repeat(16_384)}${time}${'y'.repeat(10)}\n${time}rest`;
    const messages = [...frames.add(Buffer.from(long)), ...frames.end()];
    expect(messages.map(({ bytes }) => bytes.toString())).toEqual(['x'.repeat(16_384) + 'y'.repeat(10), 'rest']);
  });
});
