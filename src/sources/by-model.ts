import { loadModel, type ServiceId } from '../wire/model.ts';
import type { Shape, StructureShape } from '../wire/shapes.ts';
import { describe, type MapNode, type Node } from './node.ts';
import { SourceError } from './origin.ts';
import { nearestName } from './suggest.ts';

/**
 * How members are spelled and how strict types are.
 * - `api`: as the API takes it; names exact, no conversion (the AWS CLI refuses the rest, too).
 * - `template`: CloudFormation's PascalCase; numbers, booleans and text convert into each other as CloudFormation does.
 */
export type Spelling = 'api' | 'template';

/** CloudFormation's names that are not the API's in another case. */
const RENAMED: Readonly<Record<string, string>> = { ProxyConfigurationProperties: 'properties' };

/** Input of an operation, converted to the API's own names and types; origins stay. @throws SourceError */
export function inputOf(service: ServiceId, operation: string, node: Node, spelling: Spelling, what: string): MapNode {
  const shape = loadModel(service).operation(operation)?.input;
  if (shape === undefined) throw new Error(`model of ${service}: ${operation} has no input`);
  const converted = convert(shape, node, spelling, what);
  if (converted.kind !== 'map')
    throw new SourceError('wrong-type', node.origin, `${what} must be an object`, 'Write an object here.');
  return converted;
}

function convert(shape: Shape, node: Node, spelling: Spelling, what: string): Node {
  if (node.kind === 'unknown') return node;
  switch (shape.kind) {
    case 'structure':
      return structure(shape, node, spelling, what);
    case 'list':
      if (node.kind !== 'list') throw mismatch(node, what, 'a list');
      return {
        ...node,
        items: node.items.map((item, index) => convert(shape.member.shape, item, spelling, `${what}[${index}]`)),
      };
    case 'map': {
      if (node.kind !== 'map') throw mismatch(node, what, 'an object');
      const members = new Map<string, Node>();
      for (const [key, value] of node.members)
        members.set(key, convert(shape.value.shape, value, spelling, `${what}.${key}`));
      return { ...node, members };
    }
    case 'document':
      return node;
    default:
      return simple(shape, node, spelling, what);
  }
}

function structure(shape: StructureShape, node: Node, spelling: Spelling, what: string): Node {
  if (node.kind !== 'map') throw mismatch(node, what, 'an object');
  const members = new Map<string, Node>();
  for (const [key, value] of node.members) {
    const name = spelling === 'api' ? key : templateName(shape, key);
    const member = shape.byName.get(name);
    if (member === undefined) throw unknownMember(shape, key, value, spelling, what);
    if (value.kind === 'scalar' && value.value === null && spelling === 'api') continue; // as AWS's JSON services read null
    members.set(name, convert(member.shape, value, spelling, `${what}.${key}`));
  }
  return { ...node, members };
}

const namesByLowerCase = new WeakMap<StructureShape, Map<string, string>>();

function templateName(shape: StructureShape, key: string): string {
  let names = namesByLowerCase.get(shape);
  if (names === undefined) {
    names = new Map(shape.members.map((member) => [member.name.toLowerCase(), member.name]));
    namesByLowerCase.set(shape, names);
  }
  return RENAMED[key] ?? (/^[A-Z]/.test(key) ? names.get(key.toLowerCase()) : undefined) ?? key.concat('?');
}

function simple(
  shape: Exclude<Shape, { kind: 'structure' | 'list' | 'map' | 'document' }>,
  node: Node,
  spelling: Spelling,
  what: string,
): Node {
  if (node.kind !== 'scalar' || node.value === null) throw mismatch(node, what, NAMES[shape.kind]);
  const lenient = spelling === 'template';
  const { value } = node;
  switch (shape.kind) {
    case 'string':
    case 'blob':
    case 'timestamp':
      if (typeof value === 'string') return node;
      if (lenient) return { kind: 'scalar', value: node.text ?? String(value), origin: node.origin };
      break;
    case 'boolean':
      if (typeof value === 'boolean') return node;
      if (lenient && /^(true|false)$/i.test(String(value)))
        return { ...node, value: String(value).toLowerCase() === 'true' };
      break;
    default: {
      const whole = shape.kind === 'integer' || shape.kind === 'long';
      if (typeof value === 'number' && (!whole || Number.isInteger(value))) return node;
      if (lenient && typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value.trim())) {
        const number = Number(value);
        if (!whole || Number.isInteger(number)) return { ...node, value: number };
      }
    }
  }
  throw mismatch(node, what, NAMES[shape.kind]);
}

const NAMES = {
  string: 'a string',
  blob: 'a string',
  timestamp: 'a string',
  boolean: 'true or false',
  integer: 'a whole number',
  long: 'a whole number',
  float: 'a number',
  double: 'a number',
  document: 'a JSON value',
} as const;

function mismatch(node: Node, what: string, expected: string): SourceError {
  return new SourceError(
    'wrong-type',
    node.origin,
    `${what} must be ${expected}, and is ${describe(node)}`,
    expected === 'a string' && node.kind === 'scalar' && node.value !== null
      ? `Put it in quotes: "${node.text ?? String(node.value)}".`
      : expected.endsWith('number') && node.kind === 'scalar' && /^\d+$/.test(String(node.value))
        ? `Remove the quotes: ${node.value}.`
        : `Write ${expected} here.`,
  );
}

function unknownMember(shape: StructureShape, key: string, value: Node, spelling: Spelling, what: string): SourceError {
  const names = shape.members.map(({ name }) =>
    spelling === 'api' ? name : name.charAt(0).toUpperCase() + name.slice(1),
  );
  const similar = nearestName(key, names);
  return new SourceError(
    'unknown-member',
    value.origin,
    `${what} has no member \`${key}\``,
    similar === undefined ? `Its members: ${names.join(', ')}.` : `Did you mean \`${similar}\`?`,
  );
}
