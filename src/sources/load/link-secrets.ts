import { type Node, unknownsIn } from '../node.ts';
import type { Origin } from '../origin.ts';
import type { PolicySource } from '../policy-source.ts';
import { concatenate, type Text, Unknown } from '../unknown.ts';
import type { Workload } from '../workload.ts';

/** A secret's ARN as it is in the account: the six characters at its end are Secrets Manager's own choice. */
const SUFFIXED = /(\d{12})?:secret:([\w/+=.@-]+)-([A-Za-z0-9]{6})(?![\w/+=.@-])/g;

/** Ids of the secrets that are made, by account and name. */
class Made {
  readonly #account: string;
  readonly #ids = new Map<string, string>();

  constructor(workload: Workload) {
    this.#account = workload.account;
    for (const part of [workload, ...workload.otherAccounts])
      for (const { name, id } of part.secrets)
        if (typeof name === 'string' && id !== undefined) this.#ids.set(`${part.account} ${name}`, id);
  }

  get size(): number {
    return this.#ids.size;
  }

  /** @param account where the ARN says one. */
  id(account: string | undefined, name: string): string | undefined {
    return this.#ids.get(`${account ?? this.#account} ${name}`);
  }
}

/**
 * Files written for an account name a secret by the ARN that it has there. When the workload makes that secret, the
 * server chooses other six characters: task definitions and policies then mean the secret that was made.
 */
export function linkSecrets(workload: Workload): Workload {
  const made = new Made(workload);
  if (made.size === 0) return workload;
  return { ...linkedPart(workload, made), otherAccounts: workload.otherAccounts.map((part) => linkedPart(part, made)) };
}

function linkedPart(workload: Workload, made: Made): Workload {
  const link = (node: Node) => linked(node, made);
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

function linked(node: Node, made: Made): Node {
  switch (node.kind) {
    case 'unknown':
      return node;
    case 'scalar': {
      if (typeof node.value !== 'string' || !node.value.includes(':secret:')) return node;
      const value = withSuffixes(node.value, node.origin, made);
      return typeof value === 'string' ? node : { kind: 'unknown', value, origin: node.origin };
    }
    case 'list':
      return { ...node, items: node.items.map((item) => linked(item, made)) };
    case 'map':
      return { ...node, members: new Map([...node.members].map(([name, member]) => [name, linked(member, made)])) };
  }
}

function withSuffixes(text: string, origin: Origin, made: Made): Text {
  const parts: Text[] = [];
  let from = 0;
  for (const found of text.matchAll(SUFFIXED)) {
    const [all, account, name] = found as unknown as [string, string | undefined, string];
    const resource = made.id(account, name);
    if (resource === undefined) continue;
    const end = found.index + all.length;
    const why = `the ARN of the secret \`${name}\` exists once it has been made`;
    const missing = {
      why,
      help: 'Declare the secret in the template.',
      origin,
      deferred: { resource, attribute: 'ArnSuffix' },
    };
    parts.push(text.slice(from, end - 6), new Unknown([missing]));
    from = end;
  }
  return parts.length === 0 ? text : concatenate([...parts, text.slice(from)]);
}
