import { parseArn } from '../../core/arn.ts';
import type { CompiledPolicy } from '../../policy/compiled.ts';
import { MalformedPolicyDocument } from '../../policy/malformed.ts';
import { parsePolicy } from '../../policy/parse.ts';
import type { PolicyKind, RequestContext, RequestPrincipal } from '../../policy/types.ts';
import type { Read } from '../../store/collections.ts';
import type * as Iam from '../../wire/generated/types/iam.ts';
import { findEntity } from './entities.ts';
import { type EntityKind, entityNotFound, invalidInput } from './errors.ts';
import { compiledAwsManagedPolicy } from './managed-policies.ts';
import { isAws } from './policies.ts';
import { compiledManagedPolicy, compiledText, findManagedPolicy } from './principal-policies.ts';
import type { Entity, GroupRecord, RoleRecord, UserRecord } from './records.ts';
import { groups } from './records.ts';
import type { SimulatedPolicy } from './simulation.ts';

/** A document of a request, compiled. Documents need only a clear meaning: they are not stored. */
function compiledInput(text: string, kind: PolicyKind, place: string): CompiledPolicy {
  try {
    return parsePolicy(text, kind, { purpose: 'evaluate' });
  } catch (error) {
    if (!(error instanceof MalformedPolicyDocument)) throw error;
    throw invalidInput(`${place}: ${error.message}`); // unverified: text
  }
}

/** The documents of an input list; results name them `PolicyInputList.1`. Source: IAM API reference, SimulateCustomPolicy, example. */
export function inputPolicies(texts: readonly string[], list: string, kind: PolicyKind): SimulatedPolicy[] {
  return texts.map((text, index) => {
    const id = `${list}.${index + 1}`;
    return { id, type: 'none', policy: compiledInput(text, kind, id) };
  });
}

export function resourcePolicy(text: string | undefined): SimulatedPolicy | undefined {
  if (text === undefined) return undefined;
  return { id: 'ResourcePolicy', type: 'resource', policy: compiledInput(text, 'resource', 'ResourcePolicy') };
}

/** Condition keys as the request gives them; a list type stays a list whatever its length. */
export function contextOf(entries: readonly Iam.ContextEntry[] | undefined): RequestContext {
  const context: Record<string, string | readonly string[]> = {};
  for (const { ContextKeyName, ContextKeyValues, ContextKeyType } of entries ?? []) {
    if (ContextKeyName === undefined || ContextKeyType === undefined) {
      throw invalidInput('A context entry needs ContextKeyName, ContextKeyType and ContextKeyValues.'); // unverified: text
    }
    const values = ContextKeyValues ?? [];
    if (ContextKeyType.endsWith('List')) context[ContextKeyName] = values;
    else if (values.length === 1) context[ContextKeyName] = values[0]!;
    else if (values.length > 1) {
      throw invalidInput(`Context key ${ContextKeyName} of type ${ContextKeyType} takes one value.`); // unverified: text
    }
  }
  return context;
}

export function checkActionNames(names: readonly string[]): void {
  for (const name of names) {
    if (!/^[\w-]+:[\w-]+$/.test(name)) throw invalidInput(`Invalid action name: ${name}`); // unverified: text
  }
}

/** A caller given by its ARN: only a user can be simulated. Source: IAM API reference, CallerArn. */
export function callerOf(arn: string): Extract<RequestPrincipal, { type: 'user' }> {
  const parsed = parseArn(arn);
  if (parsed?.service !== 'iam' || !parsed.resource.startsWith('user/')) {
    throw invalidInput(`Invalid Caller ARN: ${arn}. Only the ARN of an IAM user can be the simulated caller.`); // unverified: text
  }
  return { type: 'user', account: parsed.account, arn };
}

/** The account of `ResourceOwner`, which is the ARN of an account's root or a user. */
export function ownerOf(arn: string | undefined): string | undefined {
  if (arn === undefined) return undefined;
  const account = parseArn(arn)?.account;
  if (account === undefined || !/^\d{12}$/.test(account)) throw invalidInput(`Invalid resource owner: ${arn}`); // unverified: text
  return account;
}

/** A user, group or role whose policies are simulated. */
export interface PolicySource {
  readonly kind: EntityKind;
  readonly entity: UserRecord | GroupRecord | RoleRecord;
}

/** Kind and name that a PolicySourceArn points to, whether they exist or not. */
export function sourceName(arn: string): { readonly kind: EntityKind; readonly name: string } {
  const resource = parseArn(arn)?.resource ?? '';
  const kind = (['user', 'group', 'role'] as const).find((candidate) => resource.startsWith(`${candidate}/`));
  if (kind === undefined)
    throw invalidInput(`Invalid Entity Arn: ${arn} does not clearly define entity type and name.`);
  return { kind, name: resource.slice(resource.lastIndexOf('/') + 1) };
}

export function policySource(read: Read, account: string, arn: string): PolicySource {
  const { kind, name } = sourceName(arn);
  const entity = findEntity(read, kind, account, name);
  if (entity === undefined || entity.arn !== arn) throw entityNotFound(kind, name);
  return { kind, entity };
}

/** The policies of an entity, of its groups for a user, without those excluded. */
export function policiesOf(
  read: Read,
  account: string,
  { kind, entity }: PolicySource,
  excluded: readonly Iam.PolicyIdentifier[] = [],
): SimulatedPolicy[] {
  const result = ownPolicies(read, account, kind, entity, excluded);
  for (const key of kind === 'user' ? (entity as UserRecord).groups : []) {
    const group = read.get(groups, account, key);
    if (group !== undefined) result.push(...ownPolicies(read, account, 'group', group, excluded));
  }
  return result;
}

function ownPolicies(
  read: Read,
  account: string,
  kind: EntityKind,
  entity: Entity,
  excluded: readonly Iam.PolicyIdentifier[],
): SimulatedPolicy[] {
  const inline = Object.entries(entity.inline)
    .filter(([name]) => !excluded.some((one) => isInline(one.InlinePolicyIdentifier, kind, entity.name, name)))
    .map(
      ([name, document]): SimulatedPolicy => ({
        // unverified: the form of ids of inline policies; public examples show kind, entity and policy joined like this.
        id: `${kind}_${entity.name}_${name}`,
        type: kind,
        policy: compiledText(document, 'identity'),
      }),
    );
  const attached = entity.attached
    .filter((arn) => !excluded.some(({ PolicyArn }) => PolicyArn === arn))
    .flatMap((arn) => managed(read, account, arn));
  return [...inline, ...attached];
}

function isInline(
  identifier: Iam.InlinePolicyIdentifierType | undefined,
  kind: EntityKind,
  entity: string,
  policy: string,
): boolean {
  return (
    identifier !== undefined &&
    identifier.PolicyName === policy &&
    identifier.AttachmentName === entity &&
    identifier.AttachmentType.toLowerCase() === kind
  );
}

/** A managed policy under its name. */
function managed(read: Read, account: string, arn: string): SimulatedPolicy[] {
  const policy = findManagedPolicy(read, account, arn);
  if (policy === undefined) return [];
  return isAws(policy)
    ? [{ id: policy.name, type: 'aws-managed', policy: compiledAwsManagedPolicy(policy) }]
    : [{ id: policy.name, type: 'user-managed', policy: compiledManagedPolicy(policy) }];
}

/** The boundary of a user or role; undefined when there is none. */
export function boundaryOf(read: Read, account: string, { entity }: PolicySource): SimulatedPolicy[] | undefined {
  const arn = (entity as { boundary?: string }).boundary;
  return arn === undefined ? undefined : managed(read, account, arn);
}
