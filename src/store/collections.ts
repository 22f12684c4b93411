/** A named, typed set of documents. Values are plain JSON; they are frozen when stored, so a change is always a `put`. */
export interface Collection<T> {
  readonly name: string;
  /** Never set: carries the type. */
  readonly type?: T;
}

/** An append-only sequence of documents in order of arrival (trail, log events). Read from disk, not held in memory. */
export interface Log<T> {
  readonly name: string;
  /** How many of the newest entries of a partition a store without a disk keeps; default: all. */
  readonly keepInMemory?: number;
  readonly type?: T;
}

export function collection<T>(name: string): Collection<T> {
  return { name };
}

export function log<T>(name: string, options: { readonly keepInMemory?: number } = {}): Log<T> {
  return { name, ...options };
}

/** What a handler may read. Two keys lead to a document: a partition (an account and Region, a queue, …) and a key in it. */
export interface Read {
  get<T>(from: Collection<T>, partition: string, key: string): T | undefined;
  /** All documents of a partition, in order of their keys. */
  list<T>(from: Collection<T>, partition: string): readonly T[];
  /** Keys and documents of a partition in order of insertion (after a restart: of their keys). Cheap to begin and to leave. */
  entries<T>(from: Collection<T>, partition: string): IterableIterator<[string, T]>;
  count(from: Collection<unknown>, partition: string): number;
  /** The partitions that hold at least one document. */
  partitions(from: Collection<unknown>): readonly string[];
  /** Entries of a log in order of arrival. */
  read<T>(from: Log<T>, partition: string, range?: LogRange): LogEntry<T>[];
}

export interface LogRange {
  /** Only entries after this sequence number (or before it, when descending). */
  readonly after?: number;
  /** Epoch milliseconds, inclusive. */
  readonly from?: number;
  /** Epoch milliseconds, exclusive. */
  readonly to?: number;
  readonly limit?: number;
  readonly descending?: boolean;
  /** `arrival` (default): by sequence number. `time`: by the entry's own time, then by sequence number. */
  readonly order?: 'arrival' | 'time';
}

export interface LogEntry<T> {
  readonly sequence: number;
  /** Epoch milliseconds, as given to `append`. */
  readonly at: number;
  readonly value: T;
}

/** What a handler may read and write inside a unit of work. */
export interface Tx extends Read {
  put<T>(into: Collection<T>, partition: string, key: string, value: T): void;
  delete(from: Collection<unknown>, partition: string, key: string): boolean;
  /** Removes every document of a partition. */
  clear(from: Collection<unknown>, partition: string): void;
  /** Adds to a log and returns the sequence number. */
  append<T>(into: Log<T>, partition: string, at: number, value: T): number;
  /** Removes a log's partition, or its entries before a time (epoch milliseconds). */
  truncate(from: Log<unknown>, partition: string, before?: number): void;
}
