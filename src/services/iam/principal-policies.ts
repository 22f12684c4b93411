import type { Principal } from '../../gateway/principals.ts';
import type { CompiledPolicy } from '../../policy/compiled.ts';
import { parsePolicy } from '../../policy/parse.ts';
import { type PreparedPolicies, preparePolicies } from '../../policy/prepare.ts';
import type { NamedPolicy, PolicyKind, PolicySet } from '../../policy/types.ts';
import type { Read } from '../../store/collections.ts';
import { findSession, type SessionPolicies } from '../sts/sessions.ts';
import { type AwsManagedPolicy, awsManagedPolicy, compiledAwsManagedPolicy } from './managed-policies.ts';
import { type Entity, groups, keyOf, type PolicyRecord, policies, roles, users } from './records.ts';

type Named = NamedPolicy<CompiledPolicy>;

/** A policy set and the frozen records it was read from. It holds as long as each of them is the one in the store. */
interface Collected {
  readonly prepared: PreparedPolicies;
  readonly sources: readonly Source[];
}

interface Source {
  readonly record: object | undefined;
  readonly current: (read: Read) => object | undefined;
}

const nothing = preparePolicies({ identity: [] });

/** Collected sets by the role, user or session record that they begin with: a changed record begins a new one. */
const collectedFor = new WeakMap<object, Collected>();

/**
 * All policies that bind a principal: of the role, or of the user and its groups; boundary; session policies.
 * Root users, AWS's services and strangers have none. A role or user that is gone leaves nothing that allows.
 */
export function principalPolicies(read: Read, principal: Principal): PreparedPolicies {
  switch (principal.type) {
    case 'role-session': {
      const role = read.get(roles, principal.account, keyOf(principal.roleName));
      // A later role of the same name is another role. Source: IAM User Guide, reference_policies_elements_principal.
      if (role === undefined || role.id !== principal.roleId) return nothing;
      // What limits a session is known only while the session is.
      const session = findSession(read, principal.accessKeyId);
      if (session?.kind !== 'role' || session.roleId !== role.id) return nothing;
      return cached(read, session.policies === undefined ? role : session, role, () =>
        collect(read, principal.account, (reader) => reader.ofEntity(role, role.boundary), session.policies),
      );
    }
    case 'user': {
      const user = read.get(users, principal.account, keyOf(principal.userName));
      if (user === undefined || user.id !== principal.userId) return nothing;
      return cached(read, user, user, () =>
        collect(read, principal.account, (reader) => {
          reader.ofEntity(user, user.boundary);
          for (const key of user.groups) reader.ofGroup(key);
        }),
      );
    }
    case 'federated-user': {
      const session = findSession(read, principal.accessKeyId);
      if (session?.kind !== 'federated') return nothing;
      // "If you do not pass a policy … the resulting session has no permissions". Source: AWS STS API, GetFederationToken.
      const limits = session.policies ?? { arns: [] };
      if (session.userName === undefined) {
        return cached(read, session, session, () =>
          collect(read, session.account, (reader) => reader.everything(), limits),
        );
      }
      const user = read.get(users, session.account, keyOf(session.userName));
      if (user === undefined || user.id !== session.userId) return nothing;
      return cached(read, session, user, () =>
        collect(
          read,
          session.account,
          (reader) => {
            reader.ofEntity(user, user.boundary);
            for (const key of user.groups) reader.ofGroup(key);
          },
          limits,
        ),
      );
    }
    default:
      return nothing;
  }
}

/** @param first the record the set is filed under. @param entity the role or user, which must not have changed either. */
function cached(read: Read, first: object, entity: object, make: () => Collected): PreparedPolicies {
  const known = collectedFor.get(first);
  if (known !== undefined && holds(read, known, first, entity)) return known.prepared;
  const made = make();
  const sources = first === entity ? made.sources : [...made.sources, { record: entity, current: () => undefined }];
  collectedFor.set(first, { prepared: made.prepared, sources });
  return made.prepared;
}

function holds(read: Read, known: Collected, first: object, entity: object): boolean {
  const { sources } = known;
  let last = sources.length;
  if (first !== entity) {
    last -= 1;
    if (sources[last]!.record !== entity) return false;
  }
  for (let index = 0; index < last; index++) {
    const source = sources[index]!;
    if (source.current(read) !== source.record) return false;
  }
  return true;
}

function collect(
  read: Read,
  account: string,
  fill: (reader: PolicyReader) => void,
  limits?: SessionPolicies,
): Collected {
  const reader = new PolicyReader(read, account);
  fill(reader);
  if (limits !== undefined) reader.ofSession(limits);
  return { prepared: preparePolicies(reader.set()), sources: reader.sources };
}

class PolicyReader {
  readonly sources: Source[] = [];
  readonly #read: Read;
  readonly #account: string;
  readonly #identity: Named[] = [];
  #boundary: Named[] | undefined;
  #session: Named[] | undefined;

  constructor(read: Read, account: string) {
    this.#read = read;
    this.#account = account;
  }

  set(): PolicySet<CompiledPolicy> {
    return {
      identity: this.#identity,
      ...(this.#boundary === undefined ? {} : { boundary: this.#boundary }),
      ...(this.#session === undefined ? {} : { session: this.#session }),
    };
  }

  add(source: Source): void {
    this.sources.push(source);
  }

  ofEntity(entity: Entity, boundary: string | undefined): void {
    this.#ownPolicies(entity, 'inline', 'attached');
    // A boundary whose policy cannot be found bounds to nothing.
    if (boundary !== undefined) this.#boundary = this.#managed(boundary, 'attached');
  }

  ofGroup(key: string): void {
    const current = (read: Read) => read.get(groups, this.#account, key);
    const group = current(this.#read);
    this.add({ record: group, current });
    if (group !== undefined) this.#ownPolicies(group, 'group', 'group');
  }

  ofSession(limits: SessionPolicies): void {
    const session: Named[] = [];
    if (limits.document !== undefined) {
      session.push({ name: 'session policy', policy: compiledText(limits.document, 'session') });
    }
    for (const arn of limits.arns) session.push(...this.#managed(arn, 'attached'));
    this.#session = session;
  }

  /** The root user's right, for sessions it hands out. */
  everything(): void {
    this.#identity.push(...this.#managed('arn:aws:iam::aws:policy/AdministratorAccess', 'attached'));
  }

  #ownPolicies(entity: Entity, inline: 'inline' | 'group', attached: 'attached' | 'group'): void {
    for (const [name, document] of Object.entries(entity.inline)) {
      this.#identity.push({ name, source: inline, policy: compiledText(document, 'identity') });
    }
    for (const arn of entity.attached) this.#identity.push(...this.#managed(arn, attached));
  }

  #managed(arn: string, source: 'attached' | 'group'): Named[] {
    const aws = awsManagedPolicy(arn);
    if (aws !== undefined) return [{ name: arn, source, policy: compiledAwsManagedPolicy(aws) }];
    const current = (read: Read) => read.get(policies, this.#account, arn);
    const record = current(this.#read);
    this.add({ record, current });
    return record === undefined ? [] : [{ name: arn, source, policy: compiledManagedPolicy(record) }];
  }
}

const compiledRecords = new WeakMap<PolicyRecord, CompiledPolicy>();

/** A customer managed policy's default version, compiled once. */
export function compiledManagedPolicy(record: PolicyRecord): CompiledPolicy {
  let compiled = compiledRecords.get(record);
  if (compiled === undefined) {
    compiled = parsePolicy(defaultDocument(record), 'identity', { purpose: 'evaluate' });
    compiledRecords.set(record, compiled);
  }
  return compiled;
}

/** The document of the version in force. */
export function defaultDocument(record: PolicyRecord): string {
  return record.versions.find((version) => version.id === record.defaultVersion)!.document;
}

/** A managed policy of AWS or of the account; undefined when there is none. */
export function findManagedPolicy(
  read: Read,
  account: string,
  arn: string,
): AwsManagedPolicy | PolicyRecord | undefined {
  return awsManagedPolicy(arn) ?? read.get(policies, account, arn);
}

/** Inline documents that many entities share (a module stamped out often) are compiled once; the newest are kept. */
const compiledTexts = new Map<string, CompiledPolicy>();
const MAX_COMPILED_TEXTS = 1000;

/** A stored document ready to be asked. It parsed when it was stored, so this does not throw. */
export function compiledText(document: string, kind: PolicyKind): CompiledPolicy {
  const key = `${kind}\n${document}`;
  let compiled = compiledTexts.get(key);
  if (compiled === undefined) {
    compiled = parsePolicy(document, kind, { purpose: 'evaluate' });
    if (compiledTexts.size >= MAX_COMPILED_TEXTS) compiledTexts.delete(compiledTexts.keys().next().value!);
    compiledTexts.set(key, compiled);
  }
  return compiled;
}
