import { loadModel, type ServiceId } from '../../wire/model.ts';
import type { Shape, StructureShape } from '../../wire/shapes.ts';
import { type MapNode, mapNode, type Node, scalar } from '../node.ts';
import { unset } from './scope.ts';

/**
 * Arguments of a resource as an operation's input: `execution_role_arn` is `executionRoleArn`, a block is a list of one,
 * and what is empty is not there. Arguments that the operation has no parameter for are left to the caller.
 */
export function apiInput(service: ServiceId, operation: string, values: MapNode): MapNode {
  const shape = loadModel(service).operation(operation)?.input;
  if (shape?.kind !== 'structure') throw new Error(`model of ${service}: ${operation} has no input`);
  return structure(shape, values);
}

function structure(shape: StructureShape, values: MapNode): MapNode {
  const byName = new Map(shape.members.map((member) => [member.name.toLowerCase(), member]));
  const members: [string, Node][] = [];
  for (const [name, value] of values.members) {
    const plainName = name.replaceAll('_', '').toLowerCase();
    const member = byName.get(plainName) ?? byName.get(`${plainName}s`);
    if (member === undefined || unset(value)) continue;
    const node = convert(member.shape, value);
    if (node !== undefined) members.push([member.name, node]);
  }
  return mapNode(members, values.origin);
}

function convert(shape: Shape, node: Node): Node | undefined {
  if (node.kind === 'unknown') return node;
  switch (shape.kind) {
    case 'structure': {
      const one = node.kind === 'list' ? node.items[0] : node;
      if (one === undefined || one.kind === 'unknown') return one;
      return one.kind === 'map' ? structure(shape, one) : undefined;
    }
    case 'list': {
      if (node.kind === 'map') return pairs(node);
      if (node.kind !== 'list') return undefined;
      const items = node.items.flatMap((item) => {
        const one = convert(shape.member.shape, item);
        return one === undefined ? [] : [one];
      });
      return { ...node, items };
    }
    case 'map':
      return node.kind === 'map' ? node : undefined;
    case 'boolean':
    case 'document':
      return node;
    case 'string':
      return node.kind === 'scalar' && typeof node.value !== 'string'
        ? scalar(node.text ?? String(node.value), node.origin)
        : node;
    default: {
      if (node.kind !== 'scalar') return node;
      // A port or number that is not set is 0 in a state.
      if (node.value === 0) return undefined;
      return typeof node.value === 'string' && /^-?\d+(\.\d+)?$/.test(node.value)
        ? { ...node, value: Number(node.value) }
        : node;
    }
  }
}

/** `{ A: "b" }` where the API has a list of names (or keys) and values. */
function pairs(node: MapNode): Node {
  const items = [...node.members].map(([name, value]) =>
    mapNode(
      [
        ['name', scalar(name, value.origin)],
        ['value', value],
      ],
      value.origin,
    ),
  );
  return { kind: 'list', items, origin: node.origin };
}
