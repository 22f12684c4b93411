import type { PolicyKind } from '../../policy/types.ts';
import { asText, type MapNode, mapNode, type Node, scalar } from '../node.ts';
import { type PolicySource, policyNode } from '../policy-source.ts';
import { unknown } from '../unknown.ts';
import type { TfResource } from './plan.ts';
import { at, referencesOf, type TfScope, unset } from './scope.ts';

/** A policy document: JSON text of the plan, or what an `aws_iam_policy_document` says of it. @throws SourceError */
export function policyOf(
  scope: TfScope,
  resource: TfResource,
  kind: PolicyKind,
  ...path: readonly (string | 0)[]
): PolicySource | undefined {
  const node = scope.node(resource, ...path);
  if (node === undefined) return undefined;
  if (node.kind !== 'unknown') return policyNode(node, kind);
  const target = scope.target(resource, ...path);
  if (target === undefined || !/^(minified_)?json$/.test(target.attribute ?? 'json')) return policyNode(node, kind);
  if (target.resource.type !== 'aws_iam_policy_document') return policyNode(node, kind);
  return policyNode(builtDocument(target.resource) ?? node, kind);
}

/**
 * What the data source makes of its arguments, some of which may not be known yet.
 * Source: Terraform Registry, hashicorp/aws, aws_iam_policy_document.
 */
function builtDocument(data: TfResource): Node | undefined {
  const { values, origin } = data;
  // Documents that are merged into it: what comes out is only known when they are.
  for (const name of ['source_policy_documents', 'override_policy_documents', 'source_json', 'override_json'])
    if (!unset(values.members.get(name))) return undefined;
  const statements = values.members.get('statement');
  if (statements?.kind !== 'list') return undefined;
  const version = values.members.get('version');
  const written = data.expressions?.members.get('statement');
  // Where dynamic blocks make statements, the configuration has another number of them.
  const fits = written?.kind === 'list' && written.items.length === statements.items.length;
  const items = statements.items.map((item, index) =>
    item.kind === 'map' ? statement(item, data, fits ? written.items[index] : undefined) : item,
  );
  return mapNode(
    [
      ['Version', version === undefined || unset(version) ? scalar('2012-10-17', origin) : version],
      ['Statement', { kind: 'list', items, origin: statements.origin }],
    ],
    origin,
  );
}

function statement(block: MapNode, data: TfResource, written: Node | undefined): Node {
  const members: [string, Node][] = [];
  const value = (name: string) => {
    const node = block.members.get(name);
    return node === undefined || unset(node) ? undefined : dependent(node, name, data, at(written, [name]));
  };
  const copy = (from: string, to: string) => {
    const node = value(from);
    if (node !== undefined) members.push([to, node]);
  };
  copy('sid', 'Sid');
  members.push(['Effect', value('effect') ?? scalar('Allow', block.origin)]);
  copy('actions', 'Action');
  copy('not_actions', 'NotAction');
  copy('resources', 'Resource');
  copy('not_resources', 'NotResource');
  const principals = value('principals');
  if (principals !== undefined) members.push(['Principal', principalNode(principals)]);
  const others = value('not_principals');
  if (others !== undefined) members.push(['NotPrincipal', principalNode(others)]);
  const conditions = value('condition');
  if (conditions !== undefined) members.push(['Condition', conditionNode(conditions)]);
  return mapNode(members, block.origin);
}

/** What is not known in an argument says what the argument depends on. */
function dependent(node: Node, name: string, data: TfResource, written: Node | undefined): Node {
  const references = referencesOf(written);
  if (references.length === 0) return node;
  const why = `\`${name}\` of ${data.address} is known after apply: it depends on ${references.join(', ')}`;
  const say = (one: Node): Node => {
    if (one.kind === 'unknown') return { ...one, value: unknown({ ...one.value.missing[0]!, why }) };
    return one.kind === 'list' ? { ...one, items: one.items.map(say) } : one;
  };
  return say(node);
}

function principalNode(blocks: Node): Node {
  if (blocks.kind !== 'list') return blocks;
  const members = new Map<string, Node>();
  for (const block of blocks.items) {
    const type = at(block, ['type']);
    const identifiers = at(block, ['identifiers']);
    if (type?.kind !== 'scalar' || identifiers === undefined) return block.kind === 'unknown' ? block : blocks;
    if (type.value === '*') return scalar('*', blocks.origin);
    const name = String(type.value);
    members.set(name, joined(members.get(name), identifiers));
  }
  return { kind: 'map', members, origin: blocks.origin };
}

function conditionNode(blocks: Node): Node {
  if (blocks.kind !== 'list') return blocks;
  const tests = new Map<string, Map<string, Node>>();
  for (const block of blocks.items) {
    const test = at(block, ['test']);
    const variable = at(block, ['variable']);
    const values = at(block, ['values']);
    if (test?.kind !== 'scalar' || variable?.kind !== 'scalar' || values === undefined) return block;
    const keys = tests.get(String(test.value)) ?? new Map<string, Node>();
    const key = String(asText(variable, '`variable`'));
    keys.set(key, joined(keys.get(key), values));
    tests.set(String(test.value), keys);
  }
  const { origin } = blocks;
  return mapNode(
    [...tests].map(([test, keys]) => [test, { kind: 'map', members: keys, origin }]),
    origin,
  );
}

/** Blocks of the same kind add up. */
function joined(first: Node | undefined, second: Node): Node {
  if (first === undefined) return second;
  const items = [first, second].flatMap((node) => (node.kind === 'list' ? node.items : [node]));
  return { kind: 'list', items, origin: first.origin };
}
