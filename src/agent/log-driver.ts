import type { PlannedCall } from '../roles/plan-types.ts';
import type * as Ecs from '../wire/generated/types/ecs.ts';
import { LogOptionsFailure } from './failures/start-failure.ts';
import { datetimePattern, type Message, MessageJoiner } from './multiline.ts';
import { CallFailure, type PlannedCalls } from './planned-calls.ts';
import type { OutputLine, OutputPosition } from './runtimes/runtime.ts';

/** Limits of PutLogEvents. Source: CloudWatch Logs API, PutLogEvents; dockerd, awslogs. */
const MAX_BATCH_BYTES = 1_048_576;
const MAX_BATCH_EVENTS = 10_000;
const MAX_BATCH_SPAN = 24 * 60 * 60 * 1000;
const EVENT_OVERHEAD = 26;
const MAX_EVENT_BYTES = 262_144 - EVENT_OVERHEAD;
/** dockerd sends every 5 s; here a line shows up at once. Milliseconds. */
const FLUSH_INTERVAL = 200;

/** Options of `awslogs` that are carried out. `mode` and `max-buffer-size`: output goes to a file first, so no mode ever blocks or drops. */
const OPTIONS = new Set([
  'awslogs-region',
  'awslogs-group',
  'awslogs-create-group',
  'awslogs-stream-prefix',
  'awslogs-datetime-format',
  'awslogs-multiline-pattern',
  'awslogs-force-flush-interval-seconds',
  'awslogs-max-buffered-events',
  'mode',
  'max-buffer-size',
]);

/** Where a container's output goes besides the scratch directory. */
export interface LogDriver {
  /** Makes ready what the driver writes to. Throws CallFailure, MissingCredentials or LogOptionsFailure. */
  open(): Promise<void>;
  write(lines: readonly OutputLine[]): void;
  /** Sends what is left. Never throws: a container's end does not depend on its logs. */
  close(): Promise<void>;
}

/** The planned calls of one container's log driver. */
export interface LogCalls {
  readonly stream: PlannedCall;
  readonly group: PlannedCall | undefined;
  readonly events: PlannedCall;
}

export function logCallsOf(plan: readonly PlannedCall[], container: string): LogCalls | undefined {
  const own = plan.filter((call) => call.stage === 'logs' && call.containers.includes(container));
  const stream = own.find((call) => call.operation === 'CreateLogStream');
  const events = own.find((call) => call.operation === 'PutLogEvents');
  if (stream === undefined || events === undefined) return undefined;
  return { stream, group: own.find((call) => call.operation === 'CreateLogGroup'), events };
}

/** Refuses drivers and options that are not there, by name. Throws LogOptionsFailure. */
export function checkLogConfiguration(log: Ecs.LogConfiguration | undefined): void {
  // `none` is not in the API's list but agents accept it.
  const driver: string | undefined = log?.logDriver;
  if (log === undefined || driver === undefined || driver === 'json-file' || driver === 'none') return;
  if (driver !== 'awslogs') throw new LogOptionsFailure(`log driver ${driver} is not supported by Rolecall`);
  if ((log.secretOptions ?? []).length > 0) {
    throw new LogOptionsFailure('secretOptions are not supported by Rolecall for log driver awslogs');
  }
  const options = log.options ?? {};
  for (const name of Object.keys(options)) {
    // Source: dockerd, awslogs ValidateLogOpt.
    if (!OPTIONS.has(name)) throw new LogOptionsFailure(`unknown log opt '${name}' for awslogs log driver`);
  }
  patternOf(options);
}

/** Source: dockerd, awslogs parseMultilineOptions. */
function patternOf(options: Readonly<Record<string, string>>): RegExp | undefined {
  const format = options['awslogs-datetime-format'];
  const multiline = options['awslogs-multiline-pattern'];
  if (format !== undefined && multiline !== undefined) {
    throw new LogOptionsFailure(
      "you cannot configure log opt 'awslogs-datetime-format' and 'awslogs-multiline-pattern' at the same time",
    );
  }
  if (format !== undefined) {
    const pattern = datetimePattern(format);
    if (pattern === undefined) throw new LogOptionsFailure(`awslogs could not parse multiline pattern key "${format}"`);
    return pattern;
  }
  if (multiline === undefined) return undefined;
  try {
    return new RegExp(multiline);
  } catch {
    throw new LogOptionsFailure(`awslogs could not parse multiline pattern key "${multiline}"`);
  }
}

interface Event {
  /** Where reading goes on after it. */
  readonly position: OutputPosition;
  readonly timestamp: number;
  readonly message: string;
  readonly bytes: number;
}

/** The `awslogs` driver: one stream, written by whichever role the plan names. */
export class AwsLogs implements LogDriver {
  readonly #calls: PlannedCalls;
  readonly #planned: LogCalls;
  readonly #streamName: string;
  readonly #joiner: MessageJoiner<OutputPosition>;
  readonly #interval: number;
  readonly #delivered: (position: OutputPosition) => void;
  readonly #refused: (failure: Error) => void;
  #queue: Event[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> = Promise.resolve();

  /**
   * `runtimeId` names the stream where the plan could not (EC2 without a prefix: the container's own id).
   * `delivered` is called when everything up to a position of the output is in CloudWatch Logs.
   */
  constructor(
    calls: PlannedCalls,
    planned: LogCalls,
    log: Ecs.LogConfiguration,
    container: {
      readonly runtimeId: string;
      readonly delivered: (position: OutputPosition) => void;
      readonly refused: (failure: Error) => void;
    },
  ) {
    const options = log.options ?? {};
    this.#calls = calls;
    this.#planned = planned;
    const name = planned.stream.input.logStreamName as string | undefined;
    this.#streamName =
      options['awslogs-stream-prefix'] === undefined || name === undefined ? container.runtimeId : name;
    this.#joiner = new MessageJoiner(patternOf(options));
    const seconds = Number(options['awslogs-force-flush-interval-seconds']);
    this.#interval = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : FLUSH_INTERVAL;
    this.#delivered = container.delivered;
    this.#refused = container.refused;
  }

  /** CreateLogStream; where the group is missing and may be made, CreateLogGroup and the stream again. Source: dockerd, awslogs create. */
  async open(): Promise<void> {
    try {
      await this.#createStream();
    } catch (error) {
      const { group } = this.#planned;
      if (!isCode(error, 'ResourceNotFoundException') || group === undefined) throw error;
      await this.#createGroup(group);
      await this.#createStream();
    }
  }

  write(lines: readonly OutputLine[]): void {
    for (const line of lines) {
      for (const message of this.#joiner.add(line.line, line.at, line.position)) this.#add(message);
    }
    this.#timer ??= setTimeout(() => this.#flush(), this.#interval);
  }

  async close(): Promise<void> {
    this.#flush();
    await this.#sending;
  }

  async #createStream(): Promise<void> {
    try {
      await this.#calls.make(this.#planned.stream, 'logs', 'CreateLogStream', { logStreamName: this.#streamName });
    } catch (error) {
      if (!isCode(error, 'ResourceAlreadyExistsException')) throw error;
    }
  }

  async #createGroup(call: PlannedCall): Promise<void> {
    try {
      await this.#calls.make(call, 'logs', 'CreateLogGroup');
    } catch (error) {
      if (!isCode(error, 'ResourceAlreadyExistsException')) throw error;
    }
  }

  /** A message longer than an event is cut into several. CloudWatch Logs refuses empty ones: dockerd leaves them out. */
  #add({ message, at: timestamp, position }: Message<OutputPosition>): void {
    if (message === '') return;
    const parts = Buffer.byteLength(message) <= MAX_EVENT_BYTES ? [message] : cut(message, MAX_EVENT_BYTES);
    for (const part of parts) {
      this.#queue.push({ timestamp, message: part, bytes: Buffer.byteLength(part) + EVENT_OVERHEAD, position });
    }
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const message of this.#joiner.flush()) this.#add(message);
    const events = this.#queue;
    this.#queue = [];
    this.#sending = this.#sending.then(async () => {
      for (const batch of batches(events)) await this.#send(batch);
    });
  }

  /** A refused batch is lost, as in dockerd, which only writes a line about it into its own log. */
  async #send(batch: readonly Event[]): Promise<void> {
    const logEvents = batch.map(({ timestamp, message }) => ({ timestamp, message }));
    const position = batch.at(-1)?.position;
    // Written together with the events: an agent that dies here neither loses nor repeats a line.
    const done = () => position !== undefined && this.#delivered(position);
    try {
      await this.#calls.make(
        this.#planned.events,
        'logs',
        'PutLogEvents',
        {
          logStreamName: this.#streamName,
          logEvents,
        },
        done,
      );
    } catch (error) {
      this.#refused(error as Error);
    }
  }
}

function* batches(events: readonly Event[]): Generator<Event[]> {
  const ordered = [...events].sort((a, b) => a.timestamp - b.timestamp);
  let batch: Event[] = [];
  let bytes = 0;
  for (const event of ordered) {
    const first = batch[0];
    const full =
      batch.length >= MAX_BATCH_EVENTS ||
      bytes + event.bytes > MAX_BATCH_BYTES ||
      (first !== undefined && event.timestamp - first.timestamp >= MAX_BATCH_SPAN);
    if (full) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(event);
    bytes += event.bytes;
  }
  if (batch.length > 0) yield batch;
}

/** Pieces of at most `limit` bytes of UTF-8, never within a character. */
function cut(text: string, limit: number): string[] {
  const bytes = Buffer.from(text);
  const parts: string[] = [];
  for (let start = 0; start < bytes.length; ) {
    let end = Math.min(start + limit, bytes.length);
    // Bytes of the form 10xxxxxx continue a character.
    while (end < bytes.length && ((bytes[end] as number) & 0xc0) === 0x80) end--;
    parts.push(bytes.toString('utf8', start, end));
    start = end;
  }
  return parts;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof CallFailure && error.error.code === code;
}
