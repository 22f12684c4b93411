import type { ErrorFacts } from '../error-text.ts';

/** What an error text means. */
export interface Meaning {
  /** Short name, for good. */
  readonly key: string;
  /** `role`: permissions or trust; `not-a-role-problem`: only looks like it; `local`: of a local tool; `unseen`: no error at all. */
  readonly kind: 'role' | 'not-a-role-problem' | 'local' | 'unseen';
  /** Which role, in words. */
  readonly role: string;
  readonly stage: string;
  readonly cause: string;
  readonly fix: string;
  /** Rules of `rolecall check` that find the same in the input. */
  readonly rules: readonly string[];
  /** The first that fits is meant. */
  readonly fits: (facts: ErrorFacts) => boolean;
}

export const says =
  (...patterns: readonly RegExp[]): Meaning['fits'] =>
  ({ text }) =>
    patterns.every((pattern) => pattern.test(text));

export const EXECUTION = 'task execution role';
export const TASK = 'task role';
export const INSTANCE = 'container instance role';
