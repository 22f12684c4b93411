import { setTimeout as delay } from 'node:timers/promises';
import type { OutputLine, OutputPosition } from '../runtime.ts';
import { type Engine, isStatus } from './engine.ts';
import { LogFrames, type LogMessage } from './log-frames.ts';
import { LogPosition } from './log-position.ts';

export interface OutputSource {
  readonly engine: Engine;
  readonly id: string;
  readonly tty: boolean;
  /** False once the container has ended, or is gone. */
  running(): Promise<boolean>;
}

/** A line whose end does not come is given out in parts of this many bytes. Source: PutLogEvents, the largest event. */
const LONGEST_LINE = 256 * 1024;
/** Messages that are looked at once more after the end. */
const TAIL = 500;
/** Milliseconds before an Engine that has gone away is asked again. */
const RETRY = 250;

/**
 * A container's output from a position on, line by line, until it has ended and everything is read, or `signal`
 * aborts. A reading that breaks off (the Engine is started again) is taken up where it stood.
 */
export async function* readOutput(
  source: OutputSource,
  from: OutputPosition | undefined,
  signal: AbortSignal,
): AsyncGenerator<OutputLine[]> {
  const reader = new LineReader(source.tty, from);
  let ended = false;
  while (!signal.aborted && !ended) {
    try {
      yield* read(source, reader, { follow: true, since: reader.begin() }, signal);
      if (signal.aborted) return;
      ended = !(await source.running());
    } catch (error) {
      if (signal.aborted || isGone(error)) return;
      await delay(RETRY, undefined, { signal }).catch(() => {});
    }
  }
  if (signal.aborted) return;
  try {
    yield* readTail(source, reader, signal);
    const rest = reader.rest();
    if (rest.length > 0) yield rest;
  } catch (error) {
    if (!signal.aborted && !isGone(error)) throw error;
  }
}

/** Somebody removed the container, or is about to. */
function isGone(error: unknown): boolean {
  return isStatus(error, 404, 409);
}

/**
 * The following reader can end a moment too early. Messages come in one order: where the last few hold one that was
 * read, everything before it was read too; where they hold none, all is read again from the position.
 */
async function* readTail(source: OutputSource, reader: LineReader, signal: AbortSignal): AsyncGenerator<OutputLine[]> {
  reader.begin();
  let seen = 0;
  let known = 0;
  const fresh: LogMessage[] = [];
  for await (const messages of request(source, { tail: TAIL }, signal)) {
    for (const message of messages) {
      seen++;
      if (reader.take(message)) fresh.push(message);
      else known++;
    }
  }
  if (known > 0 || seen < TAIL) {
    const lines = fresh.flatMap((message) => reader.line(message) ?? []);
    if (lines.length > 0) yield lines;
    return;
  }
  yield* read(source, reader, { since: reader.begin() }, signal);
}

async function* read(
  source: OutputSource,
  reader: LineReader,
  query: Query,
  signal: AbortSignal,
): AsyncGenerator<OutputLine[]> {
  for await (const messages of request(source, query, signal)) {
    const lines: OutputLine[] = [];
    for (const message of messages) {
      if (!reader.take(message)) continue;
      const line = reader.line(message);
      if (line !== undefined) lines.push(line);
    }
    if (lines.length > 0) yield lines;
  }
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

async function* request(
  { engine, id, tty }: OutputSource,
  query: Query,
  signal: AbortSignal,
): AsyncGenerator<LogMessage[]> {
  const frames = new LogFrames(tty);
  const path = `/containers/${id}/logs`;
  const all = { stdout: true, stderr: true, timestamps: true, ...query };
  const answer = await engine.stream('GET', path, all, { signal });
  for await (const chunk of answer) yield frames.add(chunk as Buffer);
  yield frames.end();
}

/** Puts lines together from messages, each with the position after it. */
class LineReader {
  readonly #position: LogPosition;
  readonly #tty: boolean;
  readonly #pieces = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  readonly #lengths = { stdout: 0, stderr: 0 };
  #last: LogMessage | undefined;

  constructor(tty: boolean, from: OutputPosition | undefined) {
    this.#tty = tty;
    this.#position = new LogPosition(from);
  }

  /** Begins a reading; answers the time from which to read. */
  begin(): string | undefined {
    this.#position.rewind();
    this.#clear('stdout');
    this.#clear('stderr');
    return this.#position.since;
  }

  take(message: LogMessage): boolean {
    return this.#position.take(message);
  }

  line(message: LogMessage): OutputLine | undefined {
    const { stream, bytes, complete } = message;
    const pieces = this.#pieces[stream];
    if (complete && pieces.length === 0) return this.#given(message, bytes);
    // A copy: a piece would keep the whole chunk it came in.
    pieces.push(Buffer.from(bytes));
    this.#lengths[stream] += bytes.length;
    this.#last = message;
    if (!complete && this.#lengths[stream] < LONGEST_LINE) return undefined;
    return this.#joined(message);
  }

  /** What stands after the last newline, once nothing more will come. */
  rest(): OutputLine[] {
    const last = this.#last;
    if (last === undefined) return [];
    return (['stdout', 'stderr'] as const).flatMap((stream) =>
      this.#pieces[stream].length === 0 ? [] : [this.#joined({ ...last, stream })],
    );
  }

  #joined(message: LogMessage): OutputLine {
    const bytes = Buffer.concat(this.#pieces[message.stream]);
    this.#clear(message.stream);
    return this.#given(message, bytes);
  }

  #given({ stream, seconds, nanos }: LogMessage, bytes: Buffer): OutputLine {
    // A terminal ends its lines with two characters.
    const end = this.#tty && bytes.at(-1) === 13 ? bytes.length - 1 : bytes.length;
    return {
      stream,
      line: bytes.toString('utf8', 0, end),
      at: seconds * 1000 + Math.floor(nanos / 1e6),
      position: this.#position.settle(stream),
    };
  }

  #clear(stream: LogMessage['stream']): void {
    this.#pieces[stream] = [];
    this.#lengths[stream] = 0;
  }
}
