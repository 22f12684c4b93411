import { asList, asText, describe, type MapNode, type Node, scalar } from '../node.ts';
import { SourceError } from '../origin.ts';
import { missingValue } from '../unknown.ts';
import { evaluate } from './evaluate.ts';
import type { Stack } from './scope.ts';

const LOOP = 'Fn::ForEach::';

/**
 * The node with its loops carried out, outer ones first. Source: CloudFormation User Guide,
 * intrinsic-function-reference-foreach. @throws SourceError, also where the collection is not known
 */
export function withoutLoops(node: Node, stack: Stack): Node {
  switch (node.kind) {
    case 'scalar':
    case 'unknown':
      return node;
    case 'list':
      return { ...node, items: node.items.map((item) => withoutLoops(item, stack)) };
    case 'map': {
      const members = new Map<string, Node>();
      for (const [name, member] of node.members)
        if (!name.startsWith(LOOP)) members.set(name, withoutLoops(member, stack));
        else for (const [key, value] of turns(member, stack)) members.set(key, withoutLoops(value, stack));
      return { ...node, members };
    }
  }
}

/** `[identifier, collection, { key: value }]`, once for each item of the collection. */
function turns(loop: Node, stack: Stack): (readonly [string, Node])[] {
  const [identifier, collection, body] = asList(loop, 'the argument of Fn::ForEach');
  if (identifier?.kind !== 'scalar' || collection === undefined || body?.kind !== 'map')
    throw new SourceError(
      'malformed-function',
      loop.origin,
      '`Fn::ForEach` takes an identifier, a collection and an object',
      'Write [NAME, [value, …], { "key${NAME}": value }].',
    );
  const name = String(identifier.value);
  const items = evaluate(collection, stack);
  if (items.kind === 'unknown') throw missingValue(items.value.missing[0]!);
  return asList(items, `the collection of Fn::ForEach (${describe(items)})`).flatMap((item) => {
    const text = asText(item, 'an item of the collection');
    if (typeof text !== 'string') throw missingValue(text.missing[0]!);
    return [...substituted(body, name, text).members];
  });
}

/** `${NAME}` is the item, `&{NAME}` its letters and digits, `{ "Ref": NAME }` the item, too. */
function substituted(body: MapNode, name: string, item: string): MapNode {
  const put = (text: string) =>
    text.replaceAll(`\${${name}}`, item).replaceAll(`&{${name}}`, item.replaceAll(/[^A-Za-z0-9]/g, ''));
  const walk = (node: Node): Node => {
    switch (node.kind) {
      case 'unknown':
        return node;
      case 'scalar':
        return typeof node.value === 'string' ? { ...node, value: put(node.value) } : node;
      case 'list':
        return { ...node, items: node.items.map(walk) };
      case 'map': {
        const ref = node.members.size === 1 ? node.members.get('Ref') : undefined;
        if (ref?.kind === 'scalar' && ref.value === name) return scalar(item, node.origin);
        return { ...node, members: new Map([...node.members].map(([key, value]) => [put(key), walk(value)])) };
      }
    }
  };
  return walk(body) as MapNode;
}

/** Whether there is a loop anywhere: most templates have none, and need not be gone through again. */
export function hasLoop(node: Node): boolean {
  if (node.kind === 'list') return node.items.some(hasLoop);
  if (node.kind !== 'map') return false;
  for (const [name, member] of node.members) if (name.startsWith(LOOP) || hasLoop(member)) return true;
  return false;
}
