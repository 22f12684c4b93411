import { AwsError } from '../../core/errors.ts';
import type { AwsClient } from '../../wire/client.ts';
import { type Node, plain } from '../node.ts';
import type { Origin } from '../origin.ts';
import { type PolicySource, policyText } from '../policy-source.ts';
import { type Deferred, fillIn, type Text, Unknown } from '../unknown.ts';
import type { Tags } from '../workload.ts';

export type Outcome = 'created' | 'updated' | 'unchanged';

/** One thing of the workload, made with as many calls as it takes. */
export interface Step {
  /** What a person calls it: `role orders-task`. */
  readonly what: string;
  readonly origin: Origin;
  /** Ids and ARNs by which other steps name it. */
  readonly provides: readonly (string | undefined)[];
  /** Everything it is made from; deferred values in it are waited for. */
  readonly from: unknown;
  /** Further ids and ARNs that must be there first. */
  readonly needs?: readonly string[];
  /** Makes it, or brings what is there up to date. */
  run(making: Making): Promise<Outcome>;
}

/** What a step works with. */
export class Making {
  readonly client: AwsClient;
  readonly #made: Map<string, string>;

  constructor(client: AwsClient, made = new Map<string, string>()) {
    this.client = client;
    this.#made = made;
  }

  /** The same, with another account's keys. */
  as(client: AwsClient): Making {
    return new Making(client, this.#made);
  }

  /** Keeps a value that only exists now, e.g. the id of a key. */
  keep(id: string | undefined, attribute: string, value: string): void {
    if (id !== undefined) this.#made.set(`${id} ${attribute}`, value);
  }

  readonly fill = ({ resource, attribute }: Deferred): string | undefined => this.#made.get(`${resource} ${attribute}`);

  text(text: Text): string {
    return fillIn(text, this.fill);
  }

  optional(text: Text | undefined): string | undefined {
    return text === undefined ? undefined : this.text(text);
  }

  policy(source: PolicySource): string {
    return policyText(source, this.fill);
  }

  /** Input of an operation as plain JSON, all of it known. */
  input(node: Node): Record<string, unknown> {
    return this.#filled(plain(node)) as Record<string, unknown>;
  }

  /** `[{ Key, Value }]`, as most services take tags. */
  tagList(tags: Tags): { Key: string; Value: string }[] {
    return tags.map(({ key, value }) => ({ Key: this.text(key), Value: this.text(value) }));
  }

  /** `{ key: value }`, as the others do. */
  tagMap(tags: Tags): Record<string, string> {
    return Object.fromEntries(tags.map(({ key, value }) => [this.text(key), this.text(value)]));
  }

  #filled(value: unknown): unknown {
    if (value instanceof Unknown) return this.text(value);
    if (Array.isArray(value)) return value.map((item) => this.#filled(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, this.#filled(member)]));
  }
}

/** A refusal of a call for a part of a step that was written somewhere else than the step. */
export class PartRefused extends Error {
  readonly what: string;
  readonly origin: Origin;
  readonly refusal: AwsError;

  constructor(what: string, origin: Origin, refusal: AwsError) {
    super(refusal.message);
    this.name = 'PartRefused';
    this.what = what;
    this.origin = origin;
    this.refusal = refusal;
  }
}

/** What `call` answers. @throws PartRefused when AWS refuses it */
export async function at<T>(origin: Origin, what: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw error instanceof AwsError ? new PartRefused(what, origin, error) : error;
  }
}

/** Runs `work`; when it ends with one of these error codes, runs `otherwise` instead. */
export async function unless<T>(
  codes: readonly string[],
  work: () => Promise<T>,
  otherwise: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && 'code' in error && codes.includes(String(error.code))) return otherwise();
    throw error;
  }
}

type Given<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Members that are undefined are left out: the API tells them apart. */
export function given<T extends object>(members: T): Given<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Given<T>;
}
