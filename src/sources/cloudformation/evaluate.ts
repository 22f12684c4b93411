import { asList, asText, type MapNode, type Node, scalar } from '../node.ts';
import { SourceError } from '../origin.ts';
import { nearestName } from '../suggest.ts';
import { unknown } from '../unknown.ts';
import { conditionHolds } from './conditions.ts';
import { NO_VALUE } from './no-value.ts';
import { getAtt, reference } from './reference.ts';
import type { Stack } from './scope.ts';
import { join, select, split, substitute } from './text-functions.ts';

type IntrinsicFunction = (argument: Node, stack: Stack, at: MapNode) => Node;

/** The value of a node: every function in it carried out, `AWS::NoValue` removed. @throws SourceError */
export function evaluate(node: Node, stack: Stack): Node {
  switch (node.kind) {
    case 'scalar':
    case 'unknown':
      return node;
    case 'list': {
      const items = node.items.map((item) => evaluate(item, stack)).filter((item) => item !== NO_VALUE);
      return { ...node, items };
    }
    case 'map': {
      const name = functionName(node);
      if (name !== undefined) return call(name, node, stack);
      const members = new Map<string, Node>();
      for (const [key, member] of node.members) {
        const value = evaluate(member, stack);
        if (value !== NO_VALUE) members.set(key, value);
      }
      return { ...node, members };
    }
  }
}

/** `Ref` or `Fn::…` when the object is a call of a function. */
function functionName(node: MapNode): string | undefined {
  for (const key of node.members.keys()) {
    if (key !== 'Ref' && !key.startsWith('Fn::')) continue;
    if (node.members.size === 1) return key;
    // `Ref` may be an ordinary member's name.
    if (key === 'Ref') return undefined;
    // What a macro makes of the members beside it is not known.
    if (key === 'Fn::Transform') return key;
    throw new SourceError(
      'function-with-siblings',
      node.origin,
      `\`${key}\` must be the only member of its object`,
      'Move the other members out.',
    );
  }
  return undefined;
}

function call(name: string, node: MapNode, stack: Stack): Node {
  const known = FUNCTIONS[name];
  if (known !== undefined) return known(node.members.get(name)!, stack, node);
  const names = Object.keys(FUNCTIONS);
  const similar = nearestName(name, names);
  throw new SourceError(
    'unknown-function',
    node.origin,
    `the function \`${name}\` is not supported`,
    similar === undefined ? `Supported: ${names.join(', ')}.` : `Did you mean \`${similar}\`?`,
  );
}

const FUNCTIONS: Readonly<Record<string, IntrinsicFunction>> = {
  Ref: reference,
  'Fn::GetAtt': getAtt,
  'Fn::Sub': (argument, stack, at) => substitute(argument, stack, at.origin),
  'Fn::Join': (argument, stack, at) => join(argument, stack, at.origin),
  'Fn::Select': (argument, stack, at) => select(argument, stack, at.origin),
  'Fn::Split': (argument, stack, at) => split(argument, stack, at.origin),
  'Fn::If': choose,
  'Fn::FindInMap': findInMap,
  'Fn::Base64': (argument, stack, at) => {
    const value = asText(evaluate(argument, stack), 'the argument of Fn::Base64');
    return typeof value === 'string'
      ? scalar(Buffer.from(value, 'utf8').toString('base64'), at.origin)
      : { kind: 'unknown', value, origin: at.origin };
  },
  'Fn::Length': (argument, stack, at) => {
    const value = evaluate(argument, stack);
    return value.kind === 'unknown' ? value : scalar(asList(value, 'the argument of Fn::Length').length, at.origin);
  },
  'Fn::ImportValue': importValue,
  'Fn::GetAZs': notComputed('the Availability Zones of a Region are the account’s own'),
  'Fn::Cidr': notComputed('address ranges are not computed: no role depends on them'),
  'Fn::Transform': notComputed('a macro runs in the account and changes the template there'),
};

function choose(argument: Node, stack: Stack, at: MapNode): Node {
  const parts = asList(argument, 'the argument of Fn::If');
  const [condition, whenTrue, whenFalse] = parts;
  if (parts.length !== 3 || condition === undefined || whenTrue === undefined || whenFalse === undefined)
    throw new SourceError(
      'malformed-function',
      at.origin,
      '`Fn::If` takes three values',
      'Write [condition, value if true, value if false].',
    );
  const holds = conditionHolds(condition, stack);
  if (typeof holds === 'boolean') return evaluate(holds ? whenTrue : whenFalse, stack);
  return { kind: 'unknown', value: unknown({ ...holds, origin: at.origin }), origin: at.origin };
}

function findInMap(argument: Node, stack: Stack, at: MapNode): Node {
  const parts = asList(argument, 'the argument of Fn::FindInMap').map((part) => evaluate(part, stack));
  const keys = parts.slice(0, 3).map((part) => asText(part, 'a key of Fn::FindInMap'));
  let found: Node | undefined;
  for (const [index, key] of keys.entries()) {
    if (typeof key !== 'string') return { kind: 'unknown', value: key, origin: at.origin };
    found = index === 0 ? stack.mappings.get(key) : found?.kind === 'map' ? found.members.get(key) : undefined;
    if (found !== undefined) continue;
    const fallback = parts[3]?.kind === 'map' ? parts[3].members.get('DefaultValue') : undefined;
    if (fallback !== undefined) return fallback;
    throw new SourceError(
      'mapping-not-found',
      at.origin,
      `the template has no mapping ${keys.slice(0, index + 1).join(' / ')}`,
      'Add it to `Mappings`, or correct the key.',
    );
  }
  if (found === undefined || keys.length !== 3)
    throw new SourceError(
      'malformed-function',
      at.origin,
      '`Fn::FindInMap` takes three values',
      'Write [map, top-level key, second-level key].',
    );
  return found;
}

function importValue(argument: Node, stack: Stack, at: MapNode): Node {
  const name = asText(evaluate(argument, stack), 'the argument of Fn::ImportValue');
  if (typeof name !== 'string') return { kind: 'unknown', value: unknown(name.missing[0]!), origin: at.origin };
  const given = stack.given.get(`import:${name}`);
  if (given !== undefined) return scalar(given, at.origin);
  const exported = stack.imported(name, at.origin);
  if (exported !== undefined) return { ...exported, origin: at.origin };
  const missing = {
    why: `\`${name}\` is exported by another stack`,
    help: `Give the template that exports it as a further path, or supply it: --parameter import:${name}=VALUE`,
    origin: at.origin,
  };
  return { kind: 'unknown', value: unknown(missing), origin: at.origin };
}

function notComputed(why: string): IntrinsicFunction {
  return (_, _stack, at) => ({
    kind: 'unknown',
    value: unknown({ why, help: 'Write the value into the template, or make it a parameter.', origin: at.origin }),
    origin: at.origin,
  });
}
