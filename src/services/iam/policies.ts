import { parseArn } from '../../core/arn.ts';
import { type AuthorizationCheck, operation } from '../../gateway/operation.ts';
import type { Read } from '../../store/collections.ts';
import type * as Iam from '../../wire/generated/types/iam.ts';
import { checkManagedDocument } from './documents.ts';
import { wholeSeconds } from './entities.ts';
import { deleteConflict, entityExists, policyNotFound } from './errors.ts';
import { type AwsManagedPolicy, awsManagedPolicies } from './managed-policies.ts';
import { byKey, namedPage, page } from './paging.ts';
import { checkPathPrefix, iamArn, pathOf } from './paths.ts';
import { findManagedPolicy } from './principal-policies.ts';
import {
  type Entity,
  groups,
  keyOf,
  type PolicyRecord,
  policies,
  policyNames,
  roles,
  type Tags,
  users,
} from './records.ts';
import { askedTags, requestTags, tagsMember, withTags } from './tags.ts';

export type AnyPolicy = AwsManagedPolicy | PolicyRecord;

/** A policy of AWS's own, which belongs to no customer's account. */
export function isAws(policy: AnyPolicy): policy is AwsManagedPolicy {
  return 'document' in policy;
}

/**
 * The check of an action on a managed policy. Reading one of AWS's is a matter of the caller's own account; changing
 * one is not, and is refused as any change across accounts.
 */
export function policyCheck(
  action: string,
  account: string,
  arn: string,
  policy: AnyPolicy | undefined,
  reads: boolean,
  asked?: Tags,
): AuthorizationCheck {
  const ofAws = parseArn(arn)?.account === 'aws';
  return {
    action,
    resource: arn,
    resourceTags: policy === undefined || isAws(policy) ? {} : policy.tags,
    ...(asked === undefined ? {} : { requestTags: asked }),
    ...(ofAws && reads ? { resourceAccount: account } : {}),
  };
}

/** How often each policy is attached, and used as a boundary. */
export interface Usage {
  readonly attachments: number;
  readonly boundaries: number;
}

const UNUSED: Usage = { attachments: 0, boundaries: 0 };

/** The uses of all policies of an account, by ARN; made anew when asked, since entities know what is attached to them. */
export function policyUsage(read: Read, account: string): ReadonlyMap<string, Usage> {
  const usage = new Map<string, { attachments: number; boundaries: number }>();
  const of = (arn: string) => {
    const found = usage.get(arn) ?? { attachments: 0, boundaries: 0 };
    usage.set(arn, found);
    return found;
  };
  const entities: readonly (Entity & { boundary?: string })[] = [
    ...read.list(users, account),
    ...read.list(groups, account),
    ...read.list(roles, account),
  ];
  for (const entity of entities) {
    for (const arn of entity.attached) of(arn).attachments++;
    if (entity.boundary !== undefined) of(entity.boundary).boundaries++;
  }
  return usage;
}

/** A policy as ListPolicies shows it. */
export function shownPolicy(policy: AnyPolicy, { attachments, boundaries }: Usage = UNUSED): Iam.Policy {
  const aws = isAws(policy);
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: aws ? policy.version : policy.defaultVersion,
    AttachmentCount: attachments,
    PermissionsBoundaryUsageCount: boundaries,
    IsAttachable: true,
    CreateDate: aws ? policy.updatedAt : policy.createdAt,
    UpdateDate: policy.updatedAt,
  };
}

export const CreatePolicy = operation('iam', 'CreatePolicy', {
  authorize: ({ account, input }) => {
    const arn = iamArn(account, 'policy', pathOf(input.Path), input.PolicyName);
    const asked = askedTags(input.Tags);
    const check = (action: string) => policyCheck(action, account, arn, undefined, false, asked);
    return (input.Tags ?? []).length === 0
      ? [check('iam:CreatePolicy')]
      : [check('iam:CreatePolicy'), check('iam:TagPolicy')];
  },
  handle: ({ tx, account, input, now, ids }) => {
    const key = keyOf(input.PolicyName);
    if (tx.get(policyNames, account, key) !== undefined) {
      throw entityExists(`A policy called ${input.PolicyName} already exists. Duplicate names are not allowed.`);
    }
    checkManagedDocument(input.PolicyDocument);
    const path = pathOf(input.Path);
    const createdAt = wholeSeconds(now);
    const policy: PolicyRecord = {
      name: input.PolicyName,
      path,
      arn: iamArn(account, 'policy', path, input.PolicyName),
      id: ids.iam('ANPA'),
      createdAt,
      updatedAt: createdAt,
      tags: withTags({}, requestTags(input.Tags)),
      versions: [{ id: 'v1', document: input.PolicyDocument, createdAt }],
      defaultVersion: 'v1',
      nextVersion: 2,
      ...(input.Description === undefined ? {} : { description: input.Description }),
    };
    tx.put(policies, account, policy.arn, policy);
    tx.put(policyNames, account, key, { arn: policy.arn });
    return { Policy: { ...shownPolicy(policy), ...tagsMember(policy.tags) } };
  },
});

export const GetPolicy = operation('iam', 'GetPolicy', {
  resolve: ({ tx, account, input }) => ({ policy: findManagedPolicy(tx, account, input.PolicyArn) }),
  authorize: ({ account, input, policy }) => [policyCheck('iam:GetPolicy', account, input.PolicyArn, policy, true)],
  handle: ({ tx, account, input, policy }) => {
    if (policy === undefined) throw policyNotFound(input.PolicyArn);
    const shown = shownPolicy(policy, policyUsage(tx, account).get(policy.arn));
    if (isAws(policy)) return { Policy: shown };
    const description = policy.description === undefined ? {} : { Description: policy.description };
    return { Policy: { ...shown, ...description, Tags: tagsMember(policy.tags).Tags ?? [] } };
  },
});

export const ListPolicies = operation('iam', 'ListPolicies', {
  // Source: observed (aws/aws-sam-cli#394): `iam:ListPolicies on resource: policy path /`. It is no ARN, so only `*` fits.
  authorize: ({ account, input }) => [
    {
      action: 'iam:ListPolicies',
      resource: `policy path ${input.PathPrefix ?? '/'}`,
      resourceAccount: account,
    },
  ],
  handle: ({ tx, account, input }) => {
    const prefix = checkPathPrefix(input.PathPrefix);
    const usage = policyUsage(tx, account);
    const scope = input.Scope ?? 'All';
    const all: AnyPolicy[] = [
      ...(scope === 'Local' ? [] : awsManagedPolicies()),
      ...(scope === 'AWS' ? [] : tx.list(policies, account)),
    ];
    const wanted = all.filter((policy) => {
      const { attachments, boundaries } = usage.get(policy.arn) ?? UNUSED;
      if (!policy.path.startsWith(prefix)) return false;
      if (input.PolicyUsageFilter === 'PermissionsPolicy' && attachments === 0) return false;
      if (input.PolicyUsageFilter === 'PermissionsBoundary' && boundaries === 0) return false;
      return input.OnlyAttached !== true || attachments + boundaries > 0;
    });
    const key = (policy: AnyPolicy) => `${policy.name} ${policy.arn}`;
    return namedPage('Policies', byKey(wanted, key), key, input, (policy) =>
      shownPolicy(policy, usage.get(policy.arn)),
    );
  },
});

export const DeletePolicy = operation('iam', 'DeletePolicy', {
  resolve: ({ tx, account, input }) => ({ policy: tx.get(policies, account, input.PolicyArn) }),
  authorize: ({ account, input, policy }) => [policyCheck('iam:DeletePolicy', account, input.PolicyArn, policy, false)],
  handle: ({ tx, account, input, policy }) => {
    if (policy === undefined) throw policyNotFound(input.PolicyArn);
    if (policyUsage(tx, account).has(policy.arn)) {
      throw deleteConflict('Cannot delete a policy attached to entities.');
    }
    if (policy.versions.length > 1) {
      throw deleteConflict(
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
      );
    }
    tx.delete(policies, account, policy.arn);
    tx.delete(policyNames, account, keyOf(policy.name));
    return {};
  },
});

interface UsingEntity {
  readonly kind: 'User' | 'Group' | 'Role';
  readonly entity: Entity;
}

export const ListEntitiesForPolicy = operation('iam', 'ListEntitiesForPolicy', {
  resolve: ({ tx, account, input }) => ({ policy: findManagedPolicy(tx, account, input.PolicyArn) }),
  authorize: ({ account, input, policy }) => [
    policyCheck('iam:ListEntitiesForPolicy', account, input.PolicyArn, policy, true),
  ],
  handle: ({ tx, account, input, policy }) => {
    if (policy === undefined) throw policyNotFound(input.PolicyArn);
    const prefix = checkPathPrefix(input.PathPrefix);
    const uses = ({ attached, boundary }: Entity & { boundary?: string }) =>
      (input.PolicyUsageFilter !== 'PermissionsBoundary' && attached.includes(policy.arn)) ||
      (input.PolicyUsageFilter !== 'PermissionsPolicy' && boundary === policy.arn);
    const all: UsingEntity[] = [
      ...tx.list(groups, account).map((entity) => ({ kind: 'Group' as const, entity })),
      ...tx.list(roles, account).map((entity) => ({ kind: 'Role' as const, entity })),
      ...tx.list(users, account).map((entity) => ({ kind: 'User' as const, entity })),
    ].filter(
      ({ kind, entity }) =>
        uses(entity) &&
        entity.path.startsWith(prefix) &&
        (input.EntityFilter === undefined || input.EntityFilter === kind),
    );
    const key = ({ kind, entity }: UsingEntity) => `${kind} ${entity.name}`;
    const { items, ...rest } = page(byKey(all, key), key, input);
    const named = (kind: UsingEntity['kind']) => items.filter((item) => item.kind === kind).map((item) => item.entity);
    return {
      PolicyGroups: named('Group').map(({ name, id }) => ({ GroupName: name, GroupId: id })),
      PolicyUsers: named('User').map(({ name, id }) => ({ UserName: name, UserId: id })),
      PolicyRoles: named('Role').map(({ name, id }) => ({ RoleName: name, RoleId: id })),
      ...rest,
    };
  },
});
