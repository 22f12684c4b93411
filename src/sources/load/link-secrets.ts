import { type Node, unknownsIn } from '../node.ts';
import type { Origin } from '../origin.ts';
import type { PolicySource } from '../policy-source.ts';
import { concatenate, type Text, Unknown } from '../unknown.ts';
import type { Workload } from '../workload.ts';

/** A secret's ARN as it is in the account: the six characters at its end are Secrets Manager's own choice. */
const SUFFIXED = /(?<=:secret:)([\w/+=.@-]+)-([A-Za-z0-9]{6})(?![\w/+=.@-])/g;

/**
 * Files written for an account name a secret by the ARN that it has there. When the workload makes that secret, the
 * server chooses other six characters: task definitions and policies then mean the secret that was made.
 */
export function linkSecrets(workload: Workload): Workload {
  const ids = new Map(
    workload.secrets.flatMap(({ name, id }) =>
      typeof name === 'string' && id !== undefined ? [[name, id] as const] : [],
    ),
  );
  if (ids.size === 0) return workload;
  const link = (node: Node) => linked(node, ids);
  const policy = (source: PolicySource): PolicySource => {
    const node = link(source.node);
    if (unknownsIn(node).length === unknownsIn(source.node).length) return source;
    const { text: _, ...rest } = source;
    return { ...rest, node };
  };
  return {
    ...workload,
    taskDefinitions: workload.taskDefinitions.map((each) => ({
      ...each,
      input: link(each.input) as typeof each.input,
    })),
    inlinePolicies: workload.inlinePolicies.map((each) => ({ ...each, document: policy(each.document) })),
    managedPolicies: workload.managedPolicies.map((each) => ({ ...each, document: policy(each.document) })),
    resourcePolicies: workload.resourcePolicies.map((each) => ({ ...each, document: policy(each.document) })),
    keys: workload.keys.map((each) => (each.policy === undefined ? each : { ...each, policy: policy(each.policy) })),
  };
}

function linked(node: Node, ids: ReadonlyMap<string, string>): Node {
  switch (node.kind) {
    case 'unknown':
      return node;
    case 'scalar': {
      if (typeof node.value !== 'string' || !node.value.includes(':secret:')) return node;
      const value = withSuffixes(node.value, node.origin, ids);
      return typeof value === 'string' ? node : { kind: 'unknown', value, origin: node.origin };
    }
    case 'list':
      return { ...node, items: node.items.map((item) => linked(item, ids)) };
    case 'map':
      return { ...node, members: new Map([...node.members].map(([name, member]) => [name, linked(member, ids)])) };
  }
}

function withSuffixes(text: string, origin: Origin, ids: ReadonlyMap<string, string>): Text {
  const parts: Text[] = [];
  let from = 0;
  for (const found of text.matchAll(SUFFIXED)) {
    const resource = ids.get(found[1]!);
    if (resource === undefined) continue;
    const start = found.index + found[1]!.length + 1;
    const why = `the ARN of the secret \`${found[1]}\` exists once it has been made`;
    const missing = {
      why,
      help: 'Declare the secret in the template.',
      origin,
      deferred: { resource, attribute: 'ArnSuffix' },
    };
    parts.push(text.slice(from, start), new Unknown([missing]));
    from = start + 6;
  }
  return parts.length === 0 ? text : concatenate([...parts, text.slice(from)]);
}
