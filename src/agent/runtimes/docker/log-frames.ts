/** One message of a container's output as the Engine keeps it: a line, or a piece of a line that was longer than it takes. */
export interface LogMessage {
  readonly stream: 'stdout' | 'stderr';
  /** Epoch seconds and nanoseconds. */
  readonly seconds: number;
  readonly nanos: number;
  /** UTF-8, without the newline; a piece may end within a character. */
  readonly bytes: Buffer;
  /** False for a piece that is not the last of its line. */
  readonly complete: boolean;
}

const HEADER = 8;
/** `2026-01-02T03:04:05.123456789Z `. Source: Docker, jsonmessage.RFC3339NanoFixed. */
const STAMP = 31;
const NEWLINE = 10;
/** dockerd cuts lines into pieces of this size. Source: dockerd, logger copier. */
const PIECE = 16 * 1024;

/** Takes the Engine's log stream apart, whatever pieces it arrives in. */
export class LogFrames {
  readonly #tty: boolean;
  readonly #stamps = new Stamps();
  #rest: Buffer = Buffer.alloc(0);

  /** `tty`: the container has a terminal; then the stream is not multiplexed. */
  constructor(tty: boolean) {
    this.#tty = tty;
  }

  add(chunk: Buffer): LogMessage[] {
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const messages: LogMessage[] = [];
    const used = this.#tty ? this.#lines(data, messages) : this.#frames(data, messages);
    this.#rest = data.subarray(used);
    return messages;
  }

  /** What is left once the stream has ended: with a terminal, a last line without a newline. */
  end(): LogMessage[] {
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    return this.#tty && rest.length >= STAMP ? [this.#message('stdout', rest, 0, rest.length, true)] : [];
  }

  /** Source: Docker Engine API, ContainerAttach: kind of stream, three zeros, length. */
  #frames(data: Buffer, into: LogMessage[]): number {
    let offset = 0;
    while (data.length - offset >= HEADER) {
      const end = offset + HEADER + data.readUInt32BE(offset + 4);
      if (end > data.length) break;
      const stream = data[offset] === 2 ? 'stderr' : 'stdout';
      const complete = data[end - 1] === NEWLINE;
      into.push(this.#message(stream, data, offset + HEADER, complete ? end - 1 : end, complete));
      offset = end;
    }
    return offset;
  }

  #lines(data: Buffer, into: LogMessage[]): number {
    let offset = 0;
    for (;;) {
      const end = data.indexOf(NEWLINE, offset);
      if (end < 0) return offset;
      into.push(this.#message('stdout', data, offset, end, true));
      offset = end + 1;
    }
  }

  #message(stream: 'stdout' | 'stderr', data: Buffer, start: number, end: number, complete: boolean): LogMessage {
    const { seconds, nanos } = this.#stamps.read(data, start);
    const bytes = this.#tty ? joinPieces(data, start + STAMP, end) : data.subarray(start + STAMP, end);
    return { stream, seconds, nanos, bytes, complete };
  }
}

/** Lines of the same second share the greater part of their time stamp. */
class Stamps {
  #prefix = '';
  #seconds = 0;

  read(data: Buffer, start: number): { seconds: number; nanos: number } {
    const prefix = data.toString('latin1', start, start + 19);
    if (prefix !== this.#prefix) {
      this.#prefix = prefix;
      this.#seconds = Date.parse(`${prefix}Z`) / 1000;
    }
    let nanos = 0;
    for (let at = start + 20; at < start + 29; at++) nanos = nanos * 10 + ((data[at] as number) - 48);
    return { seconds: this.#seconds, nanos };
  }
}

/** Without frames the pieces of a long line follow each other, each with its time stamp. */
function joinPieces(data: Buffer, start: number, end: number): Buffer {
  if (end - start <= PIECE + STAMP) return data.subarray(start, end);
  const pieces: Buffer[] = [];
  for (let at = start; at < end; ) {
    const next = at + PIECE;
    pieces.push(data.subarray(at, Math.min(next, end)));
    const stamped = next < end && /^\d{4}-\d\d-\d\dT[\d:.]{18}Z $/.test(data.toString('latin1', next, next + STAMP));
    at = next + (stamped ? STAMP : 0);
  }
  return Buffer.concat(pieces);
}
