import type { AwsClient } from '../../wire/client.ts';
import type { Text } from '../unknown.ts';
import type { AttachmentSource, InlinePolicySource, Workload } from '../workload.ts';
import { at, type Outcome, type Step } from './step.ts';

/**
 * One step for each role that the workload gives policies to. A role that the workload declares has afterwards exactly
 * what the workload says: a policy that was taken out of the input is taken from the role.
 */
export function roleHoldings(workload: Workload): Step[] {
  return holdings(workload, 'role', workload.roles);
}

export function userHoldings(workload: Workload): Step[] {
  return holdings(workload, 'user', workload.users);
}

function holdings(
  workload: Workload,
  kind: 'role' | 'user',
  declared: readonly { readonly name: Text; readonly origin: Step['origin'] }[],
): Step[] {
  const holders = new Map<string, Holder>();
  const holder = (name: Text, origin: Step['origin'], own: boolean): Holder => {
    const key = String(name);
    let found = holders.get(key);
    if (found === undefined) {
      found = { name, origin, own, inline: [], attached: [] };
      holders.set(key, found);
    }
    return found;
  };
  for (const { name, origin } of declared) holder(name, origin, true);
  for (const policy of workload.inlinePolicies)
    if (policy.holder.kind === kind) holder(policy.holder.name, policy.origin, false).inline.push(policy);
  for (const attachment of workload.attachments)
    if (attachment.holder.kind === kind)
      holder(attachment.holder.name, attachment.origin, false).attached.push(attachment);
  return [...holders.values()].map((each) => holdingsStep(kind, each));
}

interface Holder {
  readonly name: Text;
  readonly origin: Step['origin'];
  /** Declared by the workload, not only given policies by it. */
  readonly own: boolean;
  readonly inline: InlinePolicySource[];
  readonly attached: AttachmentSource[];
}

function holdingsStep(kind: 'role' | 'user', holder: Holder): Step {
  const count = holder.inline.length + holder.attached.length;
  return {
    what: `${count} ${count === 1 ? 'policy' : 'policies'} of ${kind} ${holder.name}`,
    origin: holder.origin,
    provides: [],
    from: [holder.name, holder.inline, holder.attached],
    needs: holder.attached.map(({ policyArn }) => String(policyArn)),
    async run(making): Promise<Outcome> {
      const name = making.text(holder.name);
      const calls = CALLS[kind](making.client, name);
      const inline = new Set<string>();
      for (const policy of holder.inline) {
        const policyName = making.text(policy.name);
        inline.add(policyName);
        const document = making.policy(policy.document);
        await at(policy.origin, `policy ${policyName} of ${kind} ${name}`, calls.put(policyName, document));
      }
      const attached = new Set<string>();
      for (const { policyArn, origin } of holder.attached) {
        const arn = making.text(policyArn);
        attached.add(arn);
        await at(origin, `policy ${arn} of ${kind} ${name}`, calls.attach(arn));
      }
      if (holder.own) await takeAway(calls, inline, attached);
      return 'updated';
    },
  };
}

async function takeAway(calls: Calls, inline: ReadonlySet<string>, attached: ReadonlySet<string>): Promise<void> {
  for (const name of await calls.listInline()) if (!inline.has(name)) await calls.delete(name);
  for (const arn of await calls.listAttached()) if (!attached.has(arn)) await calls.detach(arn);
}

interface Calls {
  put(name: string, document: string): Promise<unknown>;
  delete(name: string): Promise<unknown>;
  attach(arn: string): Promise<unknown>;
  detach(arn: string): Promise<unknown>;
  listInline(): Promise<readonly string[]>;
  listAttached(): Promise<readonly string[]>;
}

/** Roles and users hold at most 20 attached and a few inline policies: one page of each. */
const CALLS: Readonly<Record<'role' | 'user', (client: AwsClient, name: string) => Calls>> = {
  role: (client, RoleName) => ({
    put: (PolicyName, PolicyDocument) => client.call('iam', 'PutRolePolicy', { RoleName, PolicyName, PolicyDocument }),
    delete: (PolicyName) => client.call('iam', 'DeleteRolePolicy', { RoleName, PolicyName }),
    attach: (PolicyArn) => client.call('iam', 'AttachRolePolicy', { RoleName, PolicyArn }),
    detach: (PolicyArn) => client.call('iam', 'DetachRolePolicy', { RoleName, PolicyArn }),
    listInline: async () => (await client.call('iam', 'ListRolePolicies', { RoleName, MaxItems: 1000 })).PolicyNames,
    listAttached: async () =>
      arns((await client.call('iam', 'ListAttachedRolePolicies', { RoleName, MaxItems: 1000 })).AttachedPolicies),
  }),
  user: (client, UserName) => ({
    put: (PolicyName, PolicyDocument) => client.call('iam', 'PutUserPolicy', { UserName, PolicyName, PolicyDocument }),
    delete: (PolicyName) => client.call('iam', 'DeleteUserPolicy', { UserName, PolicyName }),
    attach: (PolicyArn) => client.call('iam', 'AttachUserPolicy', { UserName, PolicyArn }),
    detach: (PolicyArn) => client.call('iam', 'DetachUserPolicy', { UserName, PolicyArn }),
    listInline: async () => (await client.call('iam', 'ListUserPolicies', { UserName, MaxItems: 1000 })).PolicyNames,
    listAttached: async () =>
      arns((await client.call('iam', 'ListAttachedUserPolicies', { UserName, MaxItems: 1000 })).AttachedPolicies),
  }),
};

function arns(policies: readonly { readonly PolicyArn?: string | undefined }[] | undefined): string[] {
  return (policies ?? []).flatMap(({ PolicyArn }) => (PolicyArn === undefined ? [] : [PolicyArn]));
}
