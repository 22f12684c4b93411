import type { TrailEntry } from '../gateway/trail.ts';
import type { LogEntry } from '../store/collections.ts';
import type { AwsClient } from '../wire/client.ts';
import type { OutputLine } from './output/container-output.ts';

/** The records of the trail from a number on, once. */
export async function readTrail(
  client: AwsClient,
  query: Readonly<Record<string, string>>,
): Promise<LogEntry<TrailEntry>[]> {
  const entries: LogEntry<TrailEntry>[] = [];
  for await (const entry of client.streamSigned('GET', target('trail', query)))
    entries.push(entry as LogEntry<TrailEntry>);
  return entries;
}

/** The number of the newest record. */
export async function trailEnd(client: AwsClient): Promise<number> {
  return (await readTrail(client, { last: '1' })).at(-1)?.sequence ?? 0;
}

/** Calls back for each record from a number on, until stopped; each once, in order. */
export class TrailFollower {
  readonly #client: AwsClient;
  readonly #onEntry: (entry: LogEntry<TrailEntry>) => void;
  readonly #stopping = new AbortController();
  readonly #following: Promise<void>;
  #seen: number;

  constructor(client: AwsClient, after: number, onEntry: (entry: LogEntry<TrailEntry>) => void) {
    this.#client = client;
    this.#seen = after;
    this.#onEntry = onEntry;
    this.#following = this.#follow();
    this.#following.catch(() => {}); // thrown again where it is awaited
  }

  async #follow(): Promise<void> {
    try {
      const query = { after: String(this.#seen), follow: '1' };
      for await (const entry of this.#client.streamSigned('GET', target('trail', query), {
        signal: this.#stopping.signal,
      }))
        this.#take(entry as LogEntry<TrailEntry>);
    } catch (error) {
      if (!this.#stopping.signal.aborted) throw error;
    }
  }

  #take(entry: LogEntry<TrailEntry>): void {
    if (entry.sequence <= this.#seen) return;
    this.#seen = entry.sequence;
    this.#onEntry(entry);
  }

  /** Reads what is there by now, and stops. */
  async finish(): Promise<void> {
    this.#stopping.abort();
    await this.#following;
    for (const entry of await readTrail(this.#client, { after: String(this.#seen) })) this.#take(entry);
  }
}

/** Calls back for each line that a task's containers write. Ends with the task's output, or when aborted. */
export async function followOutput(
  client: AwsClient,
  taskArn: string,
  signal: AbortSignal,
  onLine: (line: OutputLine) => void,
): Promise<void> {
  try {
    for await (const line of client.streamSigned('GET', target('output', { task: taskArn, follow: '1' }), { signal }))
      onLine(line as OutputLine);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function target(path: string, query: Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(query).toString();
  return `/_rolecall/${path}${text === '' ? '' : `?${text}`}`;
}
