import type { LogEntry } from './collections.ts';

/** Limits of a block: a reader that wants one entry reads the whole block. */
const MOST_ENTRIES = 256;
const MOST_CHARACTERS = 256 * 1024;

/**
 * An entry as it stands in a block's JSON. The first of a block is whole; of a later one with the same members in the
 * same order only those are kept that are not the same as the first one's, since the calls of a burst differ in little
 * but their ids, and what is written costs more than what is compared.
 */
type StoredEntry = readonly [sequence: number, at: number, whole: unknown] | LaterEntry;
type LaterEntry = readonly [sequence: number, at: number, whole: 0, changed: Members];
type Members = Readonly<Record<string, unknown>>;

/** Entries of one partition of a log on their way to the disk, with the ranges of their sequence numbers and times. */
export class Block {
  readonly log: string;
  readonly partition: string;
  readonly first: number;
  last: number;
  earliest: number;
  latest: number;
  #count = 1;
  readonly #model: Model | undefined;
  /** The entries without the outer brackets. */
  #json: string;

  constructor(log: string, partition: string, { sequence, at, value }: LogEntry<unknown>) {
    this.log = log;
    this.partition = partition;
    this.first = sequence;
    this.last = sequence;
    this.earliest = at;
    this.latest = at;
    this.#model = isMembers(value) ? new Model(value) : undefined;
    this.#json = `[${sequence},${at},${JSON.stringify(value)}]`;
  }

  get full(): boolean {
    return this.#count >= MOST_ENTRIES || this.#json.length >= MOST_CHARACTERS;
  }

  get json(): string {
    return `[${this.#json}]`;
  }

  add({ sequence, at, value }: LogEntry<unknown>): void {
    this.last = sequence;
    if (at < this.earliest) this.earliest = at;
    if (at > this.latest) this.latest = at;
    this.#count += 1;
    const changed = isMembers(value) ? this.#model?.changed(value) : undefined;
    const stored = changed === undefined ? JSON.stringify(value) : `0,${changed}`;
    this.#json += `,[${sequence},${at},${stored}]`;
  }
}

/** The entries of a block's JSON. */
export function entriesOf(json: string): LogEntry<unknown>[] {
  const stored = JSON.parse(json) as StoredEntry[];
  const model = stored[0]?.[2] as Members;
  return stored.map((entry) => {
    const [sequence, at, whole] = entry;
    return { sequence, at, value: isLater(entry) ? { ...model, ...entry[3] } : whole };
  });
}

function isLater(entry: StoredEntry): entry is LaterEntry {
  return entry.length === 4;
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The first value of a block, with which later ones are compared. */
class Model {
  readonly #names: string[] = [];
  readonly #members: unknown[] = [];
  /** `"name":` for each name. */
  readonly #keys: string[] = [];
  /** The JSON of members that are objects, made when first needed. */
  readonly #texts: (string | undefined)[] = [];

  constructor(value: Members) {
    for (const name in value) {
      this.#names.push(name);
      this.#members.push(value[name]);
      this.#keys.push(`${JSON.stringify(name)}:`);
    }
  }

  /** JSON of the members that are not the same here; undefined for a value that has other members. */
  changed(value: Members): string | undefined {
    const names = this.#names;
    const members = this.#members;
    let json = '';
    let index = 0;
    for (const name in value) {
      if (name !== names[index]) return undefined;
      const member = value[name];
      if (member !== members[index]) {
        if (member === undefined) return undefined;
        const text = JSON.stringify(member);
        if (typeof member !== 'object' || text !== this.#text(index))
          json += `${json === '' ? '' : ','}${this.#keys[index]}${text}`;
      }
      index += 1;
    }
    return index === names.length ? `{${json}}` : undefined;
  }

  #text(index: number): string | undefined {
    this.#texts[index] ??= JSON.stringify(this.#members[index]);
    return this.#texts[index];
  }
}
