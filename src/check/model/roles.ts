import { parseArn, roleNameOf } from '../../core/arn.ts';
import type { CompiledPolicy } from '../../policy/compiled.ts';
import { type PreparedPolicies, preparePolicies } from '../../policy/prepare.ts';
import type { NamedPolicy } from '../../policy/types.ts';
import { awsManagedPolicy, compiledAwsManagedPolicy } from '../../services/iam/managed-policies.ts';
import type { Origin } from '../../sources/origin.ts';
import type { PolicySource } from '../../sources/policy-source.ts';
import type { Missing, Text } from '../../sources/unknown.ts';
import type { Holder, RoleSource, Workload } from '../../sources/workload.ts';
import type { BoundedPolicy, PolicyReader } from './policy-document.ts';
import type { Tokens } from './tokens.ts';

/** Service control policies by level, from the organization's root to the account. */
export type ScpLevels = readonly (readonly NamedPolicy<CompiledPolicy>[])[];

/** A policy of a role, with its place. */
export interface HeldPolicy {
  /** Name of an inline policy, ARN of a managed one. */
  readonly name: string;
  readonly how: 'inline' | 'attached';
  /** One of AWS's own. */
  readonly awsManaged: boolean;
  readonly bounds: BoundedPolicy;
  /** Where it is attached or, for an inline policy, written. */
  readonly origin: Origin;
  /** The document, where the input has it. */
  readonly source?: PolicySource;
}

/** A role as the input shows it. */
export interface RoleView {
  /** `absent`: the input has nothing of it. `partial`: policies, but not the role itself. */
  readonly state: 'known' | 'partial' | 'absent';
  /** With tokens where it is not known. */
  readonly arn: string;
  readonly name: string;
  readonly account: string;
  readonly held: readonly HeldPolicy[];
  readonly least: PreparedPolicies;
  readonly most: PreparedPolicies;
  readonly missing: readonly Missing[];
  readonly trust?: BoundedPolicy;
  readonly tags: Readonly<Record<string, string>>;
  readonly source?: RoleSource;
  /** A user, not a role: only a caller can be one. */
  readonly isUser?: boolean;
}

const ANYTHING = 'a policy that is not in the input';

/** The roles of a workload, each read once. */
export class RoleBook {
  readonly #workload: Workload;
  readonly #tokens: Tokens;
  readonly #reader: PolicyReader;
  readonly #scp: ScpLevels | undefined;
  readonly #views = new Map<string, RoleView>();
  readonly #byArn = new Map<string, RoleSource>();
  readonly #held = new Map<string, HeldPolicy[]>();
  /** The roles of other accounts, by account. */
  readonly #others: ReadonlyMap<string, RoleBook>;
  /** Why a resource may not be made, by its id. */
  readonly #uncertain: ReadonlyMap<string, Missing>;

  constructor(workload: Workload, tokens: Tokens, reader: PolicyReader, scp: ScpLevels | undefined) {
    this.#workload = workload;
    this.#tokens = tokens;
    this.#reader = reader;
    this.#scp = scp;
    for (const role of workload.roles) this.#byArn.set(tokens.text(role.arn), role);
    this.#uncertain = new Map(
      workload.uncertain.flatMap(({ id, missing }) => (id === undefined ? [] : [[id, missing] as const])),
    );
    this.#others = new Map(
      mergedByAccount(workload).map((other) => [other.account, new RoleBook(other, tokens, reader, undefined)]),
    );
    this.#collect();
  }

  /** ARNs of the roles in the input, but for other accounts'. */
  get arns(): readonly string[] {
    return [...this.#byArn.keys()];
  }

  all(): readonly RoleView[] {
    return this.arns.map((arn) => this.find(arn));
  }

  /** @param arn with tokens where it is not known. */
  find(arn: string): RoleView {
    let view = this.#views.get(arn);
    if (view === undefined) {
      view = this.#others.get(accountIn(arn) ?? '')?.find(arn) ?? this.#view(arn);
      this.#views.set(arn, view);
    }
    return view;
  }

  /** A user of the input, by ARN or name: its own policies and those of its groups. */
  user(given: string): RoleView | undefined {
    const other = this.#others.get(accountIn(given) ?? '');
    if (other !== undefined) return other.user(given);
    const tokens = this.#tokens;
    const source = this.#workload.users.find(
      ({ arn, name }) => tokens.text(arn) === given || tokens.text(name) === given,
    );
    if (source === undefined) return undefined;
    const name = tokens.text(source.name);
    const groups = this.#groupsOf(name);
    const theirs = ({ kind, name: holder }: Holder) =>
      (kind === 'user' && tokens.text(holder) === name) || (kind === 'group' && groups.has(tokens.text(holder)));
    const held: HeldPolicy[] = [];
    const inline = (policy: Text, document: PolicySource, origin: Origin, id?: string) =>
      held.push(this.#perhaps(id, this.#inline(policy, document, origin)));
    const attached = (arn: Text, origin: Origin, id?: string) =>
      held.push(this.#perhaps(id, this.#managed(tokens.text(arn), origin, 'managed policy')));
    for (const one of this.#workload.inlinePolicies)
      if (theirs(one.holder)) inline(one.name, one.document, one.origin, one.id);
    for (const one of this.#workload.attachments) if (theirs(one.holder)) attached(one.policyArn, one.origin, one.id);
    for (const group of this.#workload.groups) {
      if (!groups.has(tokens.text(group.name))) continue;
      for (const one of group.inlinePolicies) inline(one.name, one.document, one.origin);
      for (const one of group.attachments) attached(one.policyArn, one.origin);
    }
    const boundary = source.boundary === undefined ? undefined : this.#boundary(source.boundary, source.origin);
    return {
      ...this.#prepared(held, boundary, []),
      state: 'known',
      isUser: true,
      arn: tokens.text(source.arn),
      name,
      account: accountIn(tokens.text(source.arn)) ?? this.#workload.account,
      held,
      tags: {},
    };
  }

  /** Names of the groups that a user is in. */
  #groupsOf(user: string): ReadonlySet<string> {
    const { groups, memberships } = this.#workload;
    const text = (name: Text) => this.#tokens.text(name);
    return new Set([
      ...groups.filter(({ users }) => users.some((name) => text(name) === user)).map(({ name }) => text(name)),
      ...memberships.filter((one) => text(one.user) === user).map(({ group }) => text(group)),
    ]);
  }

  /** By name, as an instance profile names its role. */
  named(name: Text): RoleView | undefined {
    const wanted = this.#tokens.text(name);
    const source = this.#workload.roles.find((role) => this.#tokens.text(role.name) === wanted);
    return source === undefined ? undefined : this.find(this.#tokens.text(source.arn));
  }

  /** The same, or the view of a role of this account that is not in the input. */
  byName(name: string): RoleView {
    return this.named(name) ?? this.find(`arn:aws:iam::${this.#workload.account}:role/${name}`);
  }

  #view(arn: string): RoleView {
    const source = this.#byArn.get(arn);
    const name = roleNameOf(arn);
    const account = accountIn(arn) ?? this.#workload.account;
    // A policy is given to a role by its name; names are one per account.
    const unsure = source?.id === undefined ? undefined : this.#uncertain.get(source.id);
    // A policy is given to a role by its name; names are one per account.
    const mine = source !== undefined || account === this.#workload.account;
    const held = (mine ? this.#held.get(holderKey(source, name, this.#tokens)) : undefined) ?? [];
    const unseen: Missing[] = [];
    if (source === undefined) unseen.push(this.#absent(arn));
    if (unsure !== undefined) unseen.push(unsure);
    const boundary = source?.boundary === undefined ? undefined : this.#boundary(source.boundary, source.origin);
    return {
      // Of a role that may not be made nothing can be said.
      state: unsure !== undefined ? 'absent' : source !== undefined ? 'known' : held.length > 0 ? 'partial' : 'absent',
      arn,
      name,
      account,
      held,
      ...this.#prepared(held, boundary, unseen),
      ...(source === undefined ? {} : { source }),
      ...(source === undefined || unsure !== undefined ? {} : { trust: this.#reader.read(source.trust) }),
      tags: Object.fromEntries(
        (source?.tags ?? []).map(({ key, value }) => [this.#tokens.text(key), this.#tokens.text(value)]),
      ),
    };
  }

  /** The policies ready to be asked, at both bounds. */
  #prepared(
    held: readonly HeldPolicy[],
    boundary: BoundedPolicy | undefined,
    unseen: readonly Missing[],
  ): Pick<RoleView, 'least' | 'most' | 'missing'> {
    const missing = [...unseen, ...held.flatMap(({ bounds }) => bounds.missing), ...(boundary?.missing ?? [])];
    const set = (bound: 'least' | 'most') => {
      const identity: NamedPolicy<CompiledPolicy>[] = held.map(({ name, how, bounds }) => ({
        name,
        source: how,
        policy: bounds[bound],
      }));
      if (bound === 'most' && unseen.length > 0)
        identity.push({ name: ANYTHING, policy: this.#reader.nothingKnown('identity', unseen).most });
      return preparePolicies({
        identity,
        ...(boundary === undefined
          ? {}
          : { boundary: [{ name: 'permissions boundary', source: 'attached', policy: boundary[bound] }] }),
        ...(this.#scp === undefined ? {} : { scp: this.#scp }),
      });
    };
    const least = set('least');
    return { least, most: missing.length === 0 ? least : set('most'), missing };
  }

  #absent(arn: string): Missing {
    const unknown = this.#tokens.missingIn(arn)[0];
    if (unknown !== undefined) return unknown;
    return {
      why: `the role ${arn} is not in the input`,
      help: 'Give its files too: roles/NAME/, its template, or the output of `aws iam get-account-authorization-details`.',
      origin: { file: '', path: '', line: 0 },
    };
  }

  #boundary(boundary: Text | PolicySource, origin: Origin): BoundedPolicy {
    if (typeof boundary === 'object' && 'kind' in boundary) return this.#reader.read(boundary);
    return this.#managed(this.#tokens.text(boundary), origin, 'permissions boundary').bounds;
  }

  #collect(): void {
    const of = (name: Text): HeldPolicy[] => {
      const key = this.#tokens.text(name);
      const list = this.#held.get(key) ?? [];
      this.#held.set(key, list);
      return list;
    };
    for (const { id, holder, name, document, origin } of this.#workload.inlinePolicies)
      if (holder.kind === 'role') of(holder.name).push(this.#perhaps(id, this.#inline(name, document, origin)));
    for (const { id, holder, policyArn, origin } of this.#workload.attachments)
      if (holder.kind === 'role')
        of(holder.name).push(this.#perhaps(id, this.#managed(this.#tokens.text(policyArn), origin, 'managed policy')));
  }

  /** A policy of which it cannot be known whether it is made allows nothing for certain. */
  #perhaps(id: string | undefined, held: HeldPolicy): HeldPolicy {
    const unsure = id === undefined ? undefined : this.#uncertain.get(id);
    if (unsure === undefined) return held;
    const { least } = this.#reader.nothingKnown('identity', [unsure]);
    return { ...held, bounds: { least, most: held.bounds.most, missing: [...held.bounds.missing, unsure] } };
  }

  #inline(name: Text, document: PolicySource, origin: Origin): HeldPolicy {
    return {
      name: this.#tokens.shown(this.#tokens.text(name)),
      how: 'inline',
      awsManaged: false,
      bounds: this.#reader.read(document),
      origin,
      source: document,
    };
  }

  #managed(arn: string, origin: Origin, what: string): HeldPolicy {
    const common = { name: this.#tokens.shown(arn), how: 'attached', origin } as const;
    const aws = awsManagedPolicy(arn);
    if (aws !== undefined) {
      const policy = compiledAwsManagedPolicy(aws);
      return { ...common, awsManaged: true, bounds: { least: policy, most: policy, missing: [] } };
    }
    const own = this.#workload.managedPolicies.find((policy) => this.#tokens.text(policy.arn) === arn);
    if (own !== undefined) {
      return { ...common, awsManaged: false, bounds: this.#reader.read(own.document), source: own.document };
    }
    const missing: Missing = this.#tokens.missingIn(arn)[0] ?? {
      why: `the ${what} ${arn} is not in the input`,
      help: arn.startsWith('arn:aws:iam::aws:')
        ? 'Rolecall does not hold this AWS managed policy; give it in the output of `aws iam get-account-authorization-details`.'
        : 'Give the template that declares it, or the output of `aws iam get-account-authorization-details`.',
      origin,
    };
    return { ...common, awsManaged: false, bounds: this.#reader.nothingKnown('identity', [missing]) };
  }
}

function holderKey(source: RoleSource | undefined, name: string, tokens: Tokens): string {
  if (source !== undefined) return tokens.text(source.name);
  return name;
}

/** What the input says of the roles of each other account, whatever the Region: IAM has none. */
function mergedByAccount(workload: Workload): Workload[] {
  const accounts = new Map<string, Workload>();
  for (const part of workload.otherAccounts) {
    const known = accounts.get(part.account);
    const merged: Workload = known === undefined ? part : { ...known, ...mergedIam(known, part) };
    accounts.set(part.account, { ...merged, otherAccounts: [], uncertain: workload.uncertain });
  }
  return [...accounts.values()];
}

function mergedIam(a: Workload, b: Workload) {
  return {
    roles: [...a.roles, ...b.roles],
    users: [...a.users, ...b.users],
    groups: [...a.groups, ...b.groups],
    memberships: [...a.memberships, ...b.memberships],
    inlinePolicies: [...a.inlinePolicies, ...b.inlinePolicies],
    managedPolicies: [...a.managedPolicies, ...b.managedPolicies],
    attachments: [...a.attachments, ...b.attachments],
  };
}

/** The account of an ARN; undefined for a placeholder in its place. */
function accountIn(arn: string): string | undefined {
  const account = parseArn(arn)?.account;
  return account !== undefined && /^\d{12}$/.test(account) ? account : undefined;
}
