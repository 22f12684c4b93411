import type { OutputPosition } from '../runtime.ts';
import type { LogMessage } from './log-frames.ts';

interface Mark {
  readonly seconds: number;
  readonly nanos: number;
  /** Messages with exactly this time that were read. */
  readonly count: number;
}

type Stream = LogMessage['stream'];

/**
 * How far a container's output was read, for each of its streams: the time of the last message, and how many had that
 * very time. The times of one stream never fall behind each other; those of two can.
 */
export class LogPosition {
  /** After the last line that was given out. */
  readonly #given = new Map<Stream, Mark>();
  /** After the last message that was read: it may be a piece of a line whose end is not there yet. */
  readonly #read = new Map<Stream, Mark>();
  /** Messages of the mark's time that were seen in the present reading. */
  readonly #again = new Map<Stream, number>();

  constructor(from: OutputPosition | undefined) {
    for (const stream of ['stdout', 'stderr'] as const) {
      const [seconds, nanos, count] = ['Seconds', 'Nanos', 'Count'].map((name) => from?.[`${stream}${name}`]);
      if (seconds === undefined || nanos === undefined || count === undefined) continue;
      this.#given.set(stream, { seconds, nanos, count });
    }
    this.rewind();
  }

  /** The time from which everything must be read again, as the Engine takes it; undefined: from the beginning. */
  get since(): string | undefined {
    const [stdout, stderr] = [this.#given.get('stdout'), this.#given.get('stderr')];
    // A stream that has said nothing yet may have a message that is older than those of the other one by a moment.
    const earliest = stdout === undefined || (stderr !== undefined && compare(stderr, stdout) < 0) ? stderr : stdout;
    if (earliest === undefined) return undefined;
    const both = stdout !== undefined && stderr !== undefined;
    return `${earliest.seconds - (both ? 0 : 1)}.${String(earliest.nanos).padStart(9, '0')}`;
  }

  /** To be called when a reading begins: it goes on after the last line that was given out. */
  rewind(): void {
    this.#again.clear();
    this.#read.clear();
    for (const [stream, mark] of this.#given) this.#read.set(stream, mark);
  }

  /** Whether the message is new; then it counts as read. */
  take({ stream, seconds, nanos }: LogMessage): boolean {
    const mark = this.#read.get(stream);
    const order = mark === undefined ? 1 : compare({ seconds, nanos }, mark);
    if (order < 0) return false;
    const seen = order === 0 ? (this.#again.get(stream) ?? 0) + 1 : 1;
    this.#again.set(stream, seen);
    if (order === 0 && seen <= (mark?.count ?? 0)) return false;
    this.#read.set(stream, { seconds, nanos, count: seen });
    return true;
  }

  /** A line of the stream is given out with everything that was read of it. */
  settle(stream: Stream): OutputPosition {
    const mark = this.#read.get(stream);
    if (mark !== undefined) this.#given.set(stream, mark);
    return this.#stored;
  }

  get #stored(): OutputPosition {
    const stored: Record<string, number> = {};
    for (const [stream, { seconds, nanos, count }] of this.#given) {
      stored[`${stream}Seconds`] = seconds;
      stored[`${stream}Nanos`] = nanos;
      stored[`${stream}Count`] = count;
    }
    return stored;
  }
}

function compare(left: { seconds: number; nanos: number }, right: { seconds: number; nanos: number }): number {
  return left.seconds - right.seconds || left.nanos - right.nanos;
}
