import { asText, type Node } from '../node.ts';
import { type PolicySource, policyNode } from '../policy-source.ts';
import type { Text } from '../unknown.ts';
import { sameText } from '../unknown.ts';
import type { Holder, OpenWorkload } from '../workload.ts';
import { policyOf } from './documents.ts';
import type { TfResource } from './plan.ts';
import { leaveOut, optional, type Reader, tagsOf } from './reader.ts';
import { configured, type TfScope } from './scope.ts';

type HolderKind = Holder['kind'];

function named(scope: TfScope, resource: TfResource) {
  return {
    id: resource.address,
    origin: resource.origin,
    name: scope.attribute(resource, 'name') ?? resource.address,
    path: scope.text(resource, 'path') ?? '/',
    arn: scope.attribute(resource, 'arn') ?? resource.address,
  };
}

const role: Reader = (scope, resource, workload) => {
  const common = named(scope, resource);
  const trust = policyOf(scope, resource, 'trust', 'assume_role_policy');
  if (trust === undefined) {
    leaveOut(resource, 'it has no `assume_role_policy`', workload);
    return;
  }
  workload.roles.push({
    ...common,
    trust,
    ...optional('description', scope.text(resource, 'description')),
    ...optional('maxSessionDuration', scope.text(resource, 'max_session_duration')),
    ...optional('boundary', scope.reference(resource, 'permissions_boundary')),
    tags: tagsOf(resource),
  });
};

/** After all others: a state lists here also what resources of their own put into the role. */
export const rolePolicies: Reader = (scope, resource, workload) => {
  const holder = { kind: 'role', name: scope.attribute(resource, 'name') ?? resource.address } as const;
  const blocks = configured(resource, 'inline_policy') ? scope.node(resource, 'inline_policy') : undefined;
  for (const block of itemsOf(blocks)) {
    const name = block.kind === 'map' ? block.members.get('name') : undefined;
    const document = block.kind === 'map' ? block.members.get('policy') : undefined;
    if (name === undefined || document === undefined) {
      if (block.kind === 'unknown')
        pushInline(resource, holder, block.value, policyNode(block, 'identity'), workload, block);
      continue;
    }
    pushInline(resource, holder, asText(name, '`name`'), policyNode(document, 'identity'), workload, block);
  }
  const arns = configured(resource, 'managed_policy_arns') ? scope.node(resource, 'managed_policy_arns') : undefined;
  for (const node of itemsOf(arns))
    pushAttachment(holder, asText(node, 'an item of `managed_policy_arns`'), node.origin, workload);
};

function itemsOf(node: Node | undefined): readonly Node[] {
  return node === undefined ? [] : node.kind === 'list' ? node.items : [node];
}

function pushInline(
  resource: TfResource,
  holder: { readonly kind: HolderKind; readonly name: Text },
  name: Text,
  document: PolicySource,
  workload: OpenWorkload,
  at: Node | undefined,
): void {
  const known = workload.inlinePolicies.some(
    (one) => one.holder.kind === holder.kind && sameText(one.holder.name, holder.name) && sameText(one.name, name),
  );
  if (known && at !== undefined) return;
  const id = at === undefined ? { id: resource.address } : {};
  workload.inlinePolicies.push({ ...id, origin: at?.origin ?? resource.origin, holder, name, document });
}

function pushAttachment(
  holder: { readonly kind: HolderKind; readonly name: Text },
  policyArn: Text,
  origin: TfResource['origin'],
  workload: OpenWorkload,
  id?: string,
): void {
  const known = workload.attachments.some(
    (one) =>
      one.holder.kind === holder.kind && sameText(one.holder.name, holder.name) && sameText(one.policyArn, policyArn),
  );
  if (!known) workload.attachments.push({ ...optional('id', id), origin, holder, policyArn });
}

function inline(kind: HolderKind): Reader {
  return (scope, resource, workload) => {
    const holder = scope.reference(resource, kind);
    const document = policyOf(scope, resource, 'identity', 'policy');
    if (holder === undefined || document === undefined) leaveOut(resource, 'it names no holder or no policy', workload);
    else {
      const name = scope.attribute(resource, 'name') ?? scope.text(resource, 'name') ?? resource.address;
      pushInline(resource, { kind, name: holder }, name, document, workload, undefined);
    }
  };
}

function attachment(kind: HolderKind): Reader {
  return (scope, resource, workload) => {
    const holder = scope.reference(resource, kind);
    const policyArn = scope.reference(resource, 'policy_arn');
    if (holder === undefined || policyArn === undefined)
      leaveOut(resource, 'it names no holder or no policy', workload);
    else pushAttachment({ kind, name: holder }, policyArn, resource.origin, workload, resource.address);
  };
}

/** `aws_iam_policy_attachment`: a policy with all that it is attached to. */
const attachments: Reader = (scope, resource, workload) => {
  const policyArn = scope.reference(resource, 'policy_arn');
  if (policyArn === undefined) {
    leaveOut(resource, 'it names no policy', workload);
    return;
  }
  for (const [kind, list] of [
    ['role', 'roles'],
    ['user', 'users'],
    ['group', 'groups'],
  ] as const)
    for (const name of namesOf(scope, resource, list))
      pushAttachment({ kind, name }, policyArn, resource.origin, workload, resource.address);
};

/** Names in a list. A list of one reference is that reference; of several the order is not known. */
function namesOf(scope: TfScope, resource: TfResource, list: string): Text[] {
  const items = itemsOf(scope.node(resource, list));
  return items.map((node) =>
    node.kind === 'unknown' && items.length === 1
      ? (scope.reference(resource, list) ?? node.value)
      : asText(node, `an item of \`${list}\``),
  );
}

const policy: Reader = (scope, resource, workload) => {
  const document = policyOf(scope, resource, 'identity', 'policy');
  if (document === undefined) leaveOut(resource, 'it has no `policy`', workload);
  else
    workload.managedPolicies.push({
      ...named(scope, resource),
      ...optional('description', scope.text(resource, 'description')),
      document,
    });
};

const instanceProfile: Reader = (scope, resource, workload) => {
  workload.instanceProfiles.push({ ...named(scope, resource), ...optional('role', scope.reference(resource, 'role')) });
};

const user: Reader = (scope, resource, workload) => {
  workload.users.push({
    ...named(scope, resource),
    ...optional('boundary', scope.reference(resource, 'permissions_boundary')),
    tags: tagsOf(resource),
  });
};

const group: Reader = (scope, resource, workload) => {
  workload.groups.push({ ...named(scope, resource), users: [], inlinePolicies: [], attachments: [] });
};

/** `aws_iam_group_membership`: a group with its users. */
const groupMembership: Reader = (scope, resource, workload) => {
  const name = scope.reference(resource, 'group');
  if (name === undefined) leaveOut(resource, 'it names no group', workload);
  else
    for (const member of namesOf(scope, resource, 'users'))
      workload.memberships.push({ id: resource.address, origin: resource.origin, group: name, user: member });
};

/** `aws_iam_user_group_membership`: a user with its groups. */
const userMembership: Reader = (scope, resource, workload) => {
  const name = scope.reference(resource, 'user');
  if (name === undefined) leaveOut(resource, 'it names no user', workload);
  else
    for (const each of namesOf(scope, resource, 'groups'))
      workload.memberships.push({ id: resource.address, origin: resource.origin, group: each, user: name });
};

/** It makes no policies; it takes away those that it does not name. */
const policiesExclusive: Reader = (scope, resource, workload) => {
  const role = scope.reference(resource, 'role_name');
  const names = itemsOf(scope.node(resource, 'policy_names'));
  if (role === undefined || names.some(({ kind }) => kind === 'unknown')) {
    leaveOut(resource, 'which policies it leaves in the role cannot be known', workload);
    return;
  }
  const kept = names.map((node) => String(asText(node, 'a policy name')));
  for (const one of workload.inlinePolicies)
    if (one.holder.kind === 'role' && sameText(one.holder.name, role) && !kept.includes(String(one.name)))
      leaveOut(resource, `it does not name the policy ${one.name}, which the input puts into the role`, workload);
};

/** It attaches what it names. */
const attachmentsExclusive: Reader = (scope, resource, workload) => {
  const role = scope.reference(resource, 'role_name');
  if (role === undefined) leaveOut(resource, 'it names no role', workload);
  else
    for (const node of itemsOf(scope.node(resource, 'policy_arns')))
      pushAttachment(
        { kind: 'role', name: role },
        asText(node, 'an item of `policy_arns`'),
        node.origin,
        workload,
        resource.address,
      );
};

export const iamReaders: Readonly<Record<string, Reader>> = {
  aws_iam_group: group,
  aws_iam_group_membership: groupMembership,
  aws_iam_group_policy: inline('group'),
  aws_iam_group_policy_attachment: attachment('group'),
  aws_iam_instance_profile: instanceProfile,
  aws_iam_policy: policy,
  aws_iam_policy_attachment: attachments,
  aws_iam_role: role,
  aws_iam_role_policies_exclusive: policiesExclusive,
  aws_iam_role_policy: inline('role'),
  aws_iam_role_policy_attachment: attachment('role'),
  aws_iam_role_policy_attachments_exclusive: attachmentsExclusive,
  aws_iam_user: user,
  aws_iam_user_group_membership: userMembership,
  aws_iam_user_policy: inline('user'),
  aws_iam_user_policy_attachment: attachment('user'),
};
