import { type Origin, pointerSteps, SourceError } from './origin.ts';
import type { Text, Unknown } from './unknown.ts';

/** A value of an input file that knows where it was written. */
export type Node = ScalarNode | ListNode | MapNode | UnknownNode;

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  /** As written, where that says more than the value (`012345678901`). */
  readonly text?: string;
  readonly origin: Origin;
}
export interface ListNode {
  readonly kind: 'list';
  readonly items: readonly Node[];
  readonly origin: Origin;
}
export interface MapNode {
  readonly kind: 'map';
  readonly members: ReadonlyMap<string, Node>;
  readonly origin: Origin;
}
/** What the input does not say. */
export interface UnknownNode {
  readonly kind: 'unknown';
  readonly value: Unknown;
  readonly origin: Origin;
}

export function scalar(value: ScalarNode['value'], origin: Origin): ScalarNode {
  return { kind: 'scalar', value, origin };
}

export function textNode(text: Text, origin: Origin): Node {
  return typeof text === 'string' ? scalar(text, origin) : { kind: 'unknown', value: text, origin };
}

export function mapNode(members: Iterable<readonly [string, Node]>, origin: Origin): MapNode {
  return { kind: 'map', members: new Map(members), origin };
}

/** What a person would call it. */
export function describe(node: Node): string {
  if (node.kind === 'list') return 'a list';
  if (node.kind === 'map') return 'an object';
  if (node.kind === 'unknown') return 'a value that is not known';
  if (node.value === null) return 'null';
  const text = JSON.stringify(node.value);
  return `the ${typeof node.value} ${text.length > 60 ? `${text.slice(0, 59)}…` : text}`;
}

/** The node as an object. @throws SourceError */
export function asMap(node: Node, what: string): MapNode {
  if (node.kind === 'map') return node;
  throw wrongForm(node, what, 'an object');
}

/** The node as a list. @throws SourceError */
export function asList(node: Node, what: string): readonly Node[] {
  if (node.kind === 'list') return node.items;
  throw wrongForm(node, what, 'a list');
}

/** The node as text; numbers and booleans as they were written. @throws SourceError */
export function asText(node: Node, what: string): Text {
  if (node.kind === 'unknown') return node.value;
  if (node.kind === 'scalar' && node.value !== null) return node.text ?? String(node.value);
  throw wrongForm(node, what, 'text');
}

/** The node as text that must be known now. @throws SourceError */
export function asString(node: Node, what: string): string {
  if (node.kind === 'scalar' && typeof node.value === 'string') return node.value;
  throw wrongForm(node, what, 'a string');
}

export function wrongForm(node: Node, what: string, expected: string): SourceError {
  return new SourceError(
    'wrong-type',
    node.origin,
    `${what} must be ${expected}, and is ${describe(node)}`,
    `Write ${expected} here.`,
  );
}

/** A member that must be there. @throws SourceError */
export function required(map: MapNode, name: string, what: string): Node {
  const node = map.members.get(name);
  if (node !== undefined) return node;
  throw new SourceError('missing-member', map.origin, `${what} has no \`${name}\``, `Add \`${name}\`.`);
}

/** Plain JSON. Parts that are not known stay in it as `Unknown`. */
export function plain(node: Node): unknown {
  switch (node.kind) {
    case 'scalar':
    case 'unknown':
      return node.value;
    case 'list':
      return node.items.map(plain);
    case 'map':
      return Object.fromEntries([...node.members].map(([name, member]) => [name, plain(member)]));
  }
}

/** Every unknown inside the node. */
export function unknownsIn(node: Node): UnknownNode[] {
  switch (node.kind) {
    case 'scalar':
      return [];
    case 'unknown':
      return [node];
    case 'list':
      return node.items.flatMap(unknownsIn);
    case 'map':
      return [...node.members.values()].flatMap(unknownsIn);
  }
}

/** The node at a JSON pointer, or the nearest one above it that exists. */
export function nearest(node: Node, path: string): Node {
  let at = node;
  for (const step of pointerSteps(path)) {
    const next = at.kind === 'map' ? at.members.get(step) : at.kind === 'list' ? at.items[Number(step)] : undefined;
    if (next === undefined) break;
    at = next;
  }
  return at;
}
