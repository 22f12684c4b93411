import { type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Waker } from '../waker.ts';
import type { OutputLine, OutputPosition } from './runtime.ts';

const STREAMS = ['stdout', 'stderr'] as const;
const CHUNK = 256 * 1024;
/** The largest event that CloudWatch Logs takes; a longer line is cut there. Source: PutLogEvents, 256 KiB less 26 bytes. */
const LONGEST_LINE = 262_118;
/** Looks again even when no change was announced: watches can fail or lose events. Milliseconds. */
const SAFETY_INTERVAL = 500;

/** When the writers of the files have ended. */
export interface Ending {
  readonly ended: boolean;
  readonly whenEnded: Promise<unknown>;
}

interface FileLine {
  readonly text: string;
  /** Offset of the first byte after it. */
  readonly end: number;
}

class Stream {
  readonly name: 'stdout' | 'stderr';
  /** Offset up to which lines were given out. */
  given: number;
  readonly #handle: FileHandle;
  /** Offset of the first byte in `#rest`, or of the next byte to be read when that is empty. */
  #offset: number;
  #rest: Buffer = Buffer.alloc(0);

  constructor(name: 'stdout' | 'stderr', handle: FileHandle, offset: number) {
    this.name = name;
    this.#handle = handle;
    this.#offset = offset;
    this.given = offset;
  }

  /** Complete lines that are new; undefined when there was nothing to read. */
  async read(): Promise<FileLine[] | undefined> {
    const chunk = Buffer.allocUnsafe(CHUNK);
    const { bytesRead } = await this.#handle.read(chunk, 0, CHUNK, this.#offset + this.#rest.length);
    if (bytesRead === 0) return undefined;
    const fresh = chunk.subarray(0, bytesRead);
    let data = this.#rest.length === 0 ? fresh : Buffer.concat([this.#rest, fresh]);
    const lines: FileLine[] = [];
    for (;;) {
      const end = data.indexOf(10);
      const cut = end < 0 ? (data.length > LONGEST_LINE ? LONGEST_LINE : -1) : Math.min(end, LONGEST_LINE);
      if (cut < 0) break;
      const text = data.toString('utf8', 0, cut);
      const next = cut === end ? cut + 1 : cut;
      data = data.subarray(next);
      this.#offset += next;
      lines.push({ text, end: this.#offset });
    }
    this.#rest = Buffer.from(data);
    return lines;
  }

  /** What stands after the last newline, once nobody writes any more. */
  remainder(): FileLine | undefined {
    if (this.#rest.length === 0) return undefined;
    const text = this.#rest.toString('utf8');
    this.#offset += this.#rest.length;
    this.#rest = Buffer.alloc(0);
    return { text, end: this.#offset };
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/**
 * Follows a container's two output files from a position until their writers have ended and all is read.
 * Files survive the agent: a later one goes on at the stored position. Ends early when `signal` aborts.
 */
export async function* followFiles(
  files: { readonly stdout: string; readonly stderr: string },
  from: OutputPosition | undefined,
  ending: Ending,
  signal: AbortSignal,
): AsyncGenerator<OutputLine[]> {
  const streams: Stream[] = [];
  const watchers: FSWatcher[] = [];
  const waker = new Waker();
  const onAbort = () => waker.wake();
  signal.addEventListener('abort', onAbort);
  ending.whenEnded.then(onAbort, onAbort);
  try {
    for (const name of STREAMS) {
      // `a+` makes the file when the container has not been started yet.
      streams.push(new Stream(name, await open(files[name], 'a+', 0o600), from?.[name] ?? 0));
      const watcher = watchFile(files[name], () => waker.wake());
      if (watcher !== undefined) watchers.push(watcher);
    }
    while (!signal.aborted) {
      const ended = ending.ended;
      const lines: OutputLine[] = [];
      let read = false;
      for (const stream of streams) {
        const fresh = await stream.read();
        if (fresh === undefined) continue;
        read = true;
        append(lines, stream, fresh, streams);
      }
      if (lines.length > 0) yield lines;
      if (read) continue;
      if (ended) {
        for (const stream of streams) {
          const rest = stream.remainder();
          if (rest !== undefined) append(lines, stream, [rest], streams);
        }
        if (lines.length > 0) yield lines;
        return;
      }
      await waker.sleep(SAFETY_INTERVAL);
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    for (const watcher of watchers) watcher.close();
    for (const stream of streams) await stream.close();
  }
}

/** Adds lines of one stream, each with the position after it: of the other stream all was given out that was read. */
function append(into: OutputLine[], stream: Stream, fresh: readonly FileLine[], streams: readonly Stream[]): void {
  const at = Date.now();
  const others = streams.filter((each) => each !== stream);
  const base = Object.fromEntries(others.map((each) => [each.name, each.given]));
  for (const { text, end } of fresh) {
    into.push({ stream: stream.name, line: text, at, position: { ...base, [stream.name]: end } });
    stream.given = end;
  }
}

function watchFile(file: string, changed: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(file, { persistent: false }, changed);
    // Without watches (their number is limited) the safety interval alone drives reading.
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
