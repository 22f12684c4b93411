import { AwsError } from '../core/errors.ts';
import type { Form } from './form.ts';
import { base64, setOwn } from './json-codec.ts';
import type { ListShape, MapShape, Member, Shape, StructureShape } from './shapes.ts';
import { readTimestamp, writeTimestamp } from './timestamps.ts';

/** `Tags.member.1.Key=a` as a tree: Tags → member → 1 → Key → a. */
interface Node {
  value: string | undefined;
  children: Map<string, Node> | undefined;
}

const MAX_DEPTH = 64;

/** unverified: Coral's query handlers answer MalformedInput; the text after it is ours. */
function malformedInput(message: string): AwsError {
  return new AwsError('MalformedInput', message);
}

function treeOf(form: Form): Node {
  const root: Node = { value: undefined, children: undefined };
  for (const [name, value] of form) {
    let node = root;
    let depth = 0;
    for (const part of name.split('.')) {
      if (++depth > MAX_DEPTH) throw malformedInput('Too many nested parameters');
      node.children ??= new Map();
      let next = node.children.get(part);
      if (next === undefined) {
        next = { value: undefined, children: undefined };
        node.children.set(part, next);
      }
      node = next;
    }
    node.value ??= value;
  }
  return root;
}

/** Reads a form as the input of an operation. Names that the model does not know are ignored, as AWS does. */
export function readQueryInput(shape: StructureShape | undefined, form: Form): Record<string, unknown> {
  return shape === undefined || shape.members.length === 0 ? {} : readStructure(shape, treeOf(form));
}

const wireName = (member: Member): string => member.traits.xmlName ?? member.name;

function readStructure(shape: StructureShape, node: Node): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  if (node.children === undefined) return out;
  const taken = new Set<string>();
  for (const member of shape.members) {
    const name = wireName(member);
    // Two members of one wire name (SQS ReceiveMessage): the first has it.
    if (taken.has(name)) continue;
    const child = node.children.get(name);
    if (child === undefined) continue;
    taken.add(name);
    out[member.name] = readMember(member, child);
  }
  return out;
}

function readMember(member: Member, node: Node): unknown {
  const { shape } = member;
  if (shape.kind === 'list') return readList(shape, node, isFlattened(member, shape));
  if (shape.kind === 'map') return readMap(shape, node, isFlattened(member, shape));
  return readNode(shape, node);
}

function isFlattened(member: Member, shape: ListShape | MapShape): boolean {
  return member.traits.xmlFlattened === 1 || shape.traits.xmlFlattened === 1;
}

function readNode(shape: Shape, node: Node): unknown {
  switch (shape.kind) {
    case 'structure':
      return readStructure(shape, node);
    case 'list':
      return readList(shape, node, shape.traits.xmlFlattened === 1);
    case 'map':
      return readMap(shape, node, shape.traits.xmlFlattened === 1);
    default:
      return readText(shape, node.value ?? '');
  }
}

/** Children numbered from 1, in the order of their numbers. */
function numbered(node: Node): Node[] {
  return [...(node.children ?? [])]
    .filter(([key]) => /^[0-9]{1,9}$/.test(key))
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, child]) => child);
}

function readList(shape: ListShape, node: Node, flattened: boolean): unknown[] {
  const holder = flattened ? node : (node.children?.get(wireName(shape.member)) ?? node.children?.get('member'));
  return holder === undefined ? [] : numbered(holder).map((child) => readNode(shape.member.shape, child));
}

function readMap(shape: MapShape, node: Node, flattened: boolean): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  const holder = flattened ? node : node.children?.get('entry');
  if (holder === undefined) return out;
  for (const entry of numbered(holder)) {
    const key = entry.children?.get(wireName(shape.key))?.value;
    const value = entry.children?.get(wireName(shape.value));
    if (key !== undefined && value !== undefined) setOwn(out, key, readNode(shape.value.shape, value));
  }
  return out;
}

/** Reads the text of a simple type as the query and XML protocols write it. */
export function readText(shape: Shape, text: string): unknown {
  switch (shape.kind) {
    case 'string':
      return text;
    case 'boolean':
      if (text === 'true' || text === 'True') return true;
      if (text === 'false' || text === 'False') return false;
      throw malformedInput(`${text} is not a boolean`);
    case 'integer':
    case 'long': {
      if (!/^[+-]?\d{1,19}$/.test(text.trim())) throw malformedInput(`${text} is not an integer`);
      return Number(text);
    }
    case 'float':
    case 'double': {
      const value = Number(text);
      if (text.trim() === '' || (Number.isNaN(value) && text !== 'NaN'))
        throw malformedInput(`${text} is not a number`);
      return value;
    }
    case 'timestamp': {
      const value = readTimestamp(text.trim());
      if (value === undefined) throw malformedInput(`${text} is not a timestamp`);
      return value;
    }
    case 'blob':
      return Buffer.from(text, 'base64');
    default:
      throw malformedInput(`unexpected value ${text}`);
  }
}

/** The text of a simple type; timestamps as date-time unless the model says otherwise. */
export function textOf(shape: Shape, value: unknown): string {
  switch (shape.kind) {
    case 'timestamp':
      return String(writeTimestamp(value as number, shape.format ?? 'date-time'));
    case 'blob':
      return base64(value as Uint8Array);
    default:
      return String(value);
  }
}

/** Writes an input as form pairs (for our own client). */
export function writeQueryInput(
  shape: StructureShape | undefined,
  input: Readonly<Record<string, unknown>>,
): [string, string][] {
  const form: [string, string][] = [];
  if (shape !== undefined) writeStructure(shape, input, '', form);
  return form;
}

function writeStructure(
  shape: StructureShape,
  value: Readonly<Record<string, unknown>>,
  prefix: string,
  form: [string, string][],
): void {
  for (const member of shape.members) {
    const element = value[member.name];
    if (element !== undefined && element !== null) writeMember(member, element, `${prefix}${wireName(member)}`, form);
  }
}

function writeMember(member: Member, value: unknown, name: string, form: [string, string][]): void {
  const { shape } = member;
  switch (shape.kind) {
    case 'structure':
      writeStructure(shape, value as Record<string, unknown>, `${name}.`, form);
      return;
    case 'list': {
      const list = value as readonly unknown[];
      const prefix = isFlattened(member, shape) ? name : `${name}.${wireName(shape.member)}`;
      if (list.length === 0) form.push([name, '']);
      list.forEach((element, i) => {
        writeMember(shape.member, element, `${prefix}.${i + 1}`, form);
      });
      return;
    }
    case 'map': {
      const prefix = isFlattened(member, shape) ? name : `${name}.entry`;
      Object.entries(value as object).forEach(([key, element], i) => {
        form.push([`${prefix}.${i + 1}.${wireName(shape.key)}`, key]);
        writeMember(shape.value, element, `${prefix}.${i + 1}.${wireName(shape.value)}`, form);
      });
      return;
    }
    default:
      form.push([name, textOf(shape, value)]);
  }
}
