import type { Member, Shape, StructureShape } from '../shapes.ts';

/** A small seeded generator (mulberry32): the same seed gives the same values on every machine. */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }
  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }
}

export interface ValueOptions {
  /** Members to leave out, by structure and member (`PutObjectRequest.Body`) or by member alone. */
  readonly without?: ReadonlySet<string>;
  /** Letters of plain ASCII only (what travels in headers). */
  readonly ascii?: boolean;
  /** No structure without a member (the query protocol cannot say it). */
  readonly filled?: boolean;
}

const ASCII = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/=+@';
const RICH = `${ASCII}&<>"'%#?;,!*()[]{}|~^\u0024\u00e9\u00df\u20ac\u65e5`;
const MAX_DEPTH = 5;

/** Random values of a shape, as the program has them: timestamps in epoch milliseconds, blobs as bytes. */
export function randomStructure(
  shape: StructureShape | undefined,
  random: Random,
  options: ValueOptions = {},
  depth = 0,
): Record<string, unknown> {
  if (shape === undefined) return {};
  const out: Record<string, unknown> = {};
  const isLeftOut = (member: Member): boolean =>
    options.without?.has(member.name) === true || options.without?.has(`${shape.name}.${member.name}`) === true;
  const candidates = shape.members.filter((m) => !isLeftOut(m));
  if (shape.isUnion) {
    const chosen = random.pick(candidates);
    out[chosen.name] = randomValue(chosen.shape, random, options, depth + 1);
    return out;
  }
  for (const member of candidates) {
    const isRequired = shape.required.includes(member.name) || member.traits.httpLabel === 1;
    if (isRequired || random.next() < (depth > 2 ? 0.3 : 0.7)) {
      if (!isRequired && depth >= MAX_DEPTH && !isLeaf(member.shape)) continue;
      out[member.name] = randomValue(member.shape, random, options, depth + 1);
    }
  }
  if (options.filled === true && depth > 0 && Object.keys(out).length === 0) {
    const first = candidates.find((m) => isLeaf(m.shape)) ?? candidates[0];
    if (first !== undefined) out[first.name] = randomValue(first.shape, random, options, depth + 1);
  }
  return out;
}

function isLeaf(shape: Shape): boolean {
  return shape.kind !== 'structure' && shape.kind !== 'list' && shape.kind !== 'map';
}

function randomValue(shape: Shape, random: Random, options: ValueOptions, depth: number): unknown {
  switch (shape.kind) {
    case 'structure':
      return randomStructure(shape, random, options, depth);
    case 'list':
      return Array.from({ length: depth > 6 ? 1 : 1 + random.below(3) }, () =>
        randomValue(shape.member.shape, random, options, depth + 1),
      );
    case 'map': {
      const out: Record<string, unknown> = {};
      for (let i = 1 + random.below(depth > 6 ? 1 : 3); i > 0; i--) {
        const text = shape.key.shape.kind === 'string' ? randomString(shape.key.shape.enum, random, options) : 'key';
        // Names of headers know no case and no separators.
        const key = options.ascii === true ? text.toLowerCase().replace(/[^a-z0-9-]/g, '-') : text;
        out[key] = randomValue(shape.value.shape, random, options, depth + 1);
      }
      return out;
    }
    case 'string':
      return randomString(shape.enum, random, options);
    case 'boolean':
      return random.next() < 0.5;
    case 'integer':
      return random.below(2_000_000) - 1000;
    case 'long':
      return random.below(2 ** 45);
    case 'float':
    case 'double':
      return Math.round(random.next() * 1e6) / 64;
    case 'blob':
      return Uint8Array.from({ length: 1 + random.below(20) }, () => random.below(256));
    case 'timestamp':
      return (1_600_000_000 + random.below(400_000_000)) * 1000;
    case 'document':
      return { text: 'a', list: [1, true], nested: { x: 'y' } };
  }
}

function randomString(values: readonly string[] | undefined, random: Random, options: ValueOptions): string {
  if (values !== undefined) return random.pick(values);
  const letters = options.ascii === true ? ASCII : RICH;
  // The first and last letter are plain: spaces around a value do not survive headers and XML alike.
  let text = ASCII[random.below(62)] as string;
  for (let i = random.below(12); i > 0; i--) text += random.next() < 0.1 ? ' ' : letters[random.below(letters.length)];
  return text + (ASCII[random.below(62)] as string);
}

/** The same values as the AWS SDK for JavaScript takes them: timestamps as Date. */
export function forSdk(shape: Shape, value: unknown): unknown {
  switch (shape.kind) {
    case 'structure':
      return Object.fromEntries(
        Object.entries(value as object).map(([name, element]) => [
          name,
          forSdk((shape.byName.get(name) as Member).shape, element),
        ]),
      );
    case 'list':
      return (value as unknown[]).map((element) => forSdk(shape.member.shape, element));
    case 'map':
      return Object.fromEntries(
        Object.entries(value as object).map(([key, element]) => [key, forSdk(shape.value.shape, element)]),
      );
    case 'timestamp':
      return new Date(value as number);
    default:
      return value;
  }
}

/** One form for values of either side, so that they can be compared: Dates as milliseconds, bytes as hex. */
export function comparable(value: unknown): unknown {
  if (value instanceof Date) return value.getTime();
  if (value instanceof Uint8Array)
    return `0x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`;
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name, element]) => name !== '$metadata' && element !== undefined)
        .map(([name, element]) => [name, comparable(element)]),
    );
  }
  return value;
}
