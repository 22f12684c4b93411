import type { LogEntry } from './collections.ts';

/** What a unit of work has done, in order. Documents and entries become JSON only where there is a disk. */
export type Write =
  | {
      readonly kind: 'put';
      readonly collection: string;
      readonly partition: string;
      readonly key: string;
      readonly value: unknown;
    }
  | { readonly kind: 'delete'; readonly collection: string; readonly partition: string; readonly key: string }
  | {
      readonly kind: 'append';
      readonly log: string;
      readonly partition: string;
      readonly entry: LogEntry<unknown>;
      /** How many of the newest entries a store without a disk keeps. */
      readonly keep: number;
    }
  | { readonly kind: 'truncate'; readonly log: string; readonly partition: string; readonly before: number };
