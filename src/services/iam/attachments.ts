import { type AuthorizationCheck, type Operation, operation } from '../../gateway/operation.ts';
import type { Tx } from '../../store/collections.ts';
import type { Unit } from '../../wire/generated/types/iam.ts';
import { entityCheck, existing, modifiable, putEntity } from './entities.ts';
import {
  type EntityKind,
  limitExceeded,
  policyNotAttachable,
  policyNotFound,
  serviceRolePolicyNotAttachable,
} from './errors.ts';
import { byKey, type PageRequest, page } from './paging.ts';
import { checkPathPrefix } from './paths.ts';
import { findManagedPolicy } from './principal-policies.ts';
import type { Entity, RoleRecord } from './records.ts';
import { type Found, ofGroup, ofRole, ofUser, resolver, type Target } from './targets.ts';

/** Source: IAM User Guide, reference_iam-quotas: managed policies attached to a user, group or role. */
const MAX_ATTACHED = { user: 10, group: 10, role: 10 } as const;
const QUOTA_NAME = { user: 'PoliciesPerUser', group: 'PoliciesPerGroup', role: 'PoliciesPerRole' } as const;

function checks<N>(
  target: Target<N>,
  account: string,
  input: N,
  entity: Entity | undefined,
  policyArn?: string,
): readonly AuthorizationCheck[] {
  const options = policyArn === undefined ? {} : { policyArn };
  return [entityCheck(target.action, target.kind, account, target.nameOf(input), entity, options)];
}

function attach<N>(target: Target<N>): Operation<N & { readonly PolicyArn: string }, Unit, Found> {
  const { kind, nameOf } = target;
  return {
    resolve: resolver(target),
    authorize: ({ account, input, entity }) => checks(target, account, input, entity, input.PolicyArn),
    handle: ({ tx, account, input, entity }) => {
      const found = existing(entity, kind, nameOf(input));
      if (kind === 'role') modifiable(found as RoleRecord);
      attachPolicy(tx, kind, account, found, input.PolicyArn);
      return {};
    },
  };
}

/** Attaching what is attached already changes nothing, as in AWS. */
function attachPolicy(tx: Tx, kind: EntityKind, account: string, entity: Entity, arn: string): void {
  const policy = findManagedPolicy(tx, account, arn);
  if (policy === undefined) throw policyNotAttachable(arn);
  // Policies of service-linked roles stand under this path. Source: observed, PolicyNotAttachable.
  if (policy.path === '/aws-service-role/') throw serviceRolePolicyNotAttachable();
  if (entity.attached.includes(arn)) return;
  if (entity.attached.length >= MAX_ATTACHED[kind]) {
    throw limitExceeded(`Cannot exceed quota for ${QUOTA_NAME[kind]}: ${MAX_ATTACHED[kind]}`);
  }
  putEntity(tx, kind, account, { ...entity, attached: [...entity.attached, arn] } as never);
}

function detach<N>(target: Target<N>): Operation<N & { readonly PolicyArn: string }, Unit, Found> {
  const { kind, nameOf } = target;
  return {
    resolve: resolver(target),
    authorize: ({ account, input, entity }) => checks(target, account, input, entity, input.PolicyArn),
    handle: ({ tx, account, input, entity }) => {
      const found = existing(entity, kind, nameOf(input));
      if (kind === 'role') modifiable(found as RoleRecord);
      if (!found.attached.includes(input.PolicyArn)) throw policyNotFound(input.PolicyArn);
      const attached = found.attached.filter((arn) => arn !== input.PolicyArn);
      putEntity(tx, kind, account, { ...found, attached } as never);
      return {};
    },
  };
}

interface AttachedPage {
  readonly AttachedPolicies: { readonly PolicyName: string; readonly PolicyArn: string }[];
  readonly IsTruncated: boolean;
  readonly Marker?: string;
}

function list<N>(
  target: Target<N>,
): Operation<N & PageRequest & { readonly PathPrefix?: string | undefined }, AttachedPage, Found> {
  const { kind, nameOf } = target;
  return {
    resolve: resolver(target),
    authorize: ({ account, input, entity }) => checks(target, account, input, entity),
    handle: ({ input, entity }) => {
      const found = existing(entity, kind, nameOf(input));
      const prefix = checkPathPrefix(input.PathPrefix);
      const policies = byKey(found.attached.map(attachedPolicy), ({ PolicyArn }) => PolicyArn).filter(({ PolicyArn }) =>
        policyPath(PolicyArn).startsWith(prefix),
      );
      const { items, ...rest } = page(policies, ({ PolicyArn }) => PolicyArn, input);
      return { AttachedPolicies: [...items], ...rest };
    },
  };
}

/** `arn:…:policy/a/b/Name` as lists of attached policies show it. */
export function attachedPolicy(arn: string): { readonly PolicyName: string; readonly PolicyArn: string } {
  return { PolicyName: arn.slice(arn.lastIndexOf('/') + 1), PolicyArn: arn };
}

function policyPath(arn: string): string {
  const resource = arn.slice(arn.indexOf(':policy/') + ':policy'.length);
  return resource.slice(0, resource.lastIndexOf('/') + 1);
}

export const AttachUserPolicy = operation('iam', 'AttachUserPolicy', attach(ofUser('iam:AttachUserPolicy')));
export const AttachGroupPolicy = operation('iam', 'AttachGroupPolicy', attach(ofGroup('iam:AttachGroupPolicy')));
export const AttachRolePolicy = operation('iam', 'AttachRolePolicy', attach(ofRole('iam:AttachRolePolicy')));

export const DetachUserPolicy = operation('iam', 'DetachUserPolicy', detach(ofUser('iam:DetachUserPolicy')));
export const DetachGroupPolicy = operation('iam', 'DetachGroupPolicy', detach(ofGroup('iam:DetachGroupPolicy')));
export const DetachRolePolicy = operation('iam', 'DetachRolePolicy', detach(ofRole('iam:DetachRolePolicy')));

export const ListAttachedUserPolicies = operation(
  'iam',
  'ListAttachedUserPolicies',
  list(ofUser('iam:ListAttachedUserPolicies')),
);
export const ListAttachedGroupPolicies = operation(
  'iam',
  'ListAttachedGroupPolicies',
  list(ofGroup('iam:ListAttachedGroupPolicies')),
);
export const ListAttachedRolePolicies = operation(
  'iam',
  'ListAttachedRolePolicies',
  list(ofRole('iam:ListAttachedRolePolicies')),
);
