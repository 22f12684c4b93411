import type { Node } from '../node.ts';
import type { PolicySource } from '../policy-source.ts';
import { concatenate, type Text, Unknown } from '../unknown.ts';
import type { Workload } from '../workload.ts';

const KEY_ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}/g;

/**
 * A state names a key by the id that it has in the account; the server chooses another id for the one that it makes.
 * Whatever names the key then means that one.
 */
export function linkKeys(workload: Workload): Workload {
  const ids = new Map(
    [workload, ...workload.otherAccounts].flatMap(({ keys }) =>
      keys.flatMap(({ id, arn }) => {
        const found = typeof arn === 'string' ? new RegExp(`key/(${KEY_ID.source})$`).exec(arn)?.[1] : undefined;
        return id === undefined || found === undefined ? [] : [[found, id] as const];
      }),
    ),
  );
  return ids.size === 0 ? workload : (linked(workload, ids) as Workload);
}

type Ids = ReadonlyMap<string, string>;

/** Every text of a workload, wherever it stands; places and names of resources stay. */
function linked(value: unknown, ids: Ids): unknown {
  if (typeof value === 'string') return linkedText(value, ids);
  if (Array.isArray(value)) return value.map((item) => linked(item, ids));
  if (value instanceof Map) return new Map([...value].map(([name, member]) => [name, linked(member, ids)]));
  if (typeof value !== 'object' || value === null || value instanceof Unknown) return value;
  if (isNode(value)) return linkedNode(value, ids);
  const members = Object.entries(value).map(([name, member]) => [
    name,
    name === 'origin' || name === 'id' ? member : linked(member, ids),
  ]);
  const result = Object.fromEntries(members) as Record<string, unknown>;
  // A policy whose text is kept as it was written would keep the old id.
  if (isPolicy(value) && result.text instanceof Unknown) delete result.text;
  return result;
}

function linkedNode(node: Node, ids: Ids): Node {
  switch (node.kind) {
    case 'unknown':
      return node;
    case 'scalar': {
      const text = typeof node.value === 'string' ? linkedText(node.value, ids) : undefined;
      return text instanceof Unknown ? { kind: 'unknown', value: text, origin: node.origin } : node;
    }
    case 'list':
      return { ...node, items: node.items.map((item) => linkedNode(item, ids)) };
    case 'map':
      return { ...node, members: new Map([...node.members].map(([name, one]) => [name, linkedNode(one, ids)])) };
  }
}

function linkedText(text: string, ids: Ids): Text {
  const parts: Text[] = [];
  let from = 0;
  for (const found of text.matchAll(KEY_ID)) {
    const resource = ids.get(found[0]);
    if (resource === undefined) continue;
    const missing = {
      why: `the id of the key ${found[0]} exists once it has been made`,
      help: 'Declare the key in the input.',
      origin: { file: '', path: '', line: 0 },
      deferred: { resource, attribute: 'Ref' },
    };
    parts.push(text.slice(from, found.index), new Unknown([missing]));
    from = found.index + found[0].length;
  }
  return parts.length === 0 ? text : concatenate([...parts, text.slice(from)].filter((part) => part !== ''));
}

function isNode(value: object): value is Node {
  return 'kind' in value && ['scalar', 'list', 'map', 'unknown'].includes(String(value.kind)) && 'origin' in value;
}

function isPolicy(value: object): value is PolicySource {
  return 'node' in value && 'kind' in value;
}
