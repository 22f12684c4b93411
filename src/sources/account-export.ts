import type { PolicyKind } from '../policy/types.ts';
import { asList, asMap, asString, type MapNode, type Node, required, scalar } from './node.ts';
import { placeOf, SourceError } from './origin.ts';
import { type PolicySource, policyNode } from './policy-source.ts';
import type { LeftOut, OpenWorkload, Sourced, Tags } from './workload.ts';

/** True for the output of `aws iam get-account-authorization-details`. */
export function isAccountExport(document: Node): boolean {
  return (
    document.kind === 'map' &&
    ['RoleDetailList', 'UserDetailList', 'GroupDetailList'].some((name) => document.members.get(name)?.kind === 'list')
  );
}

/** The account of an export, by its ARNs; undefined where it has none. */
export function exportedAccount(document: Node): string | undefined {
  for (const list of ['RoleDetailList', 'UserDetailList', 'GroupDetailList'])
    for (const entry of listOf(document, list)) {
      const arn = entry.kind === 'map' ? entry.members.get('Arn') : undefined;
      const account = arn?.kind === 'scalar' ? /^arn:[\w-]+:iam::(\d{12}):/.exec(String(arn.value))?.[1] : undefined;
      if (account !== undefined) return account;
    }
  return undefined;
}

/**
 * Reads what an account has: roles, users, groups, managed policies, instance profiles. What the rest of the input
 * declares goes before it: the input is what will be deployed, the export what is there now.
 * Source: IAM API, GetAccountAuthorizationDetails. @throws SourceError
 */
export function readAccountExport(document: Node, workload: OpenWorkload): void {
  const declared = new Map<string, Sourced>();
  for (const thing of [...workload.roles, ...workload.users, ...workload.managedPolicies, ...workload.instanceProfiles])
    declared.set(String(thing.arn), thing);
  const own = (entry: MapNode, what: string, arn: string): boolean => {
    const other = declared.get(arn);
    if (other === undefined) return true;
    const why = `${placeOf(other.origin)} declares it; what the account has now is not used`;
    workload.leftOut.push({ what: `${what} ${arn} of the account`, why, origin: entry.origin } satisfies LeftOut);
    return false;
  };
  for (const policy of listOf(document, 'Policies'))
    readManagedPolicy(asMap(policy, 'a managed policy'), own, workload);
  for (const node of listOf(document, 'GroupDetailList')) readGroup(asMap(node, 'a group'), workload);
  for (const node of listOf(document, 'UserDetailList')) {
    const user = asMap(node, 'a user');
    const arn = textOf(user, 'Arn');
    if (!own(user, 'user', arn)) continue;
    const name = textOf(user, 'UserName');
    const boundary = boundaryOf(user);
    workload.users.push({
      origin: user.origin,
      name,
      path: optional(user, 'Path') ?? '/',
      arn,
      ...(boundary === undefined ? {} : { boundary }),
      tags: tagsOf(user),
    });
    for (const group of listOf(user, 'GroupList')) addMember(asString(group, 'the name of a group'), name, workload);
    readHeld('user', name, user, 'UserPolicyList', workload);
  }
  for (const node of listOf(document, 'RoleDetailList')) readRole(asMap(node, 'a role'), own, workload);
  reportOtherMembers(document, workload);
}

type Own = (entry: MapNode, what: string, arn: string) => boolean;

function readRole(role: MapNode, own: Own, workload: OpenWorkload): void {
  const arn = textOf(role, 'Arn');
  for (const profile of listOf(role, 'InstanceProfileList'))
    readInstanceProfile(asMap(profile, 'an instance profile'), own, workload);
  if (!own(role, 'role', arn)) return;
  const name = textOf(role, 'RoleName');
  const boundary = boundaryOf(role);
  workload.roles.push({
    origin: role.origin,
    name,
    path: optional(role, 'Path') ?? '/',
    arn,
    trust: documentOf(required(role, 'AssumeRolePolicyDocument', `the role \`${name}\``), 'trust'),
    ...(boundary === undefined ? {} : { boundary }),
    tags: tagsOf(role),
  });
  readHeld('role', name, role, 'RolePolicyList', workload);
}

function readHeld(kind: 'role' | 'user', name: string, entry: MapNode, inline: string, workload: OpenWorkload): void {
  const holder = { kind, name };
  for (const { origin, ...policy } of inlineOf(entry, inline))
    workload.inlinePolicies.push({ origin, holder, ...policy });
  for (const attachment of attachedOf(entry)) workload.attachments.push({ holder, ...attachment });
}

function inlineOf(entry: MapNode, list: string) {
  return listOf(entry, list).map((node) => {
    const policy = asMap(node, 'an inline policy');
    return {
      origin: node.origin,
      name: textOf(policy, 'PolicyName'),
      document: documentOf(required(policy, 'PolicyDocument', 'an inline policy'), 'identity'),
    };
  });
}

function attachedOf(entry: MapNode) {
  return listOf(entry, 'AttachedManagedPolicies').map((node) => ({
    origin: node.origin,
    policyArn: textOf(asMap(node, 'an attached policy'), 'PolicyArn'),
  }));
}

function readGroup(group: MapNode, workload: OpenWorkload): void {
  workload.groups.push({
    origin: group.origin,
    name: textOf(group, 'GroupName'),
    path: optional(group, 'Path') ?? '/',
    arn: textOf(group, 'Arn'),
    users: [],
    inlinePolicies: inlineOf(group, 'GroupPolicyList'),
    attachments: attachedOf(group),
  });
}

function addMember(group: string, user: string, workload: OpenWorkload): void {
  const at = workload.groups.findIndex(({ name }) => name === group);
  const found = workload.groups[at];
  if (found !== undefined) workload.groups[at] = { ...found, users: [...found.users, user] };
}

function readInstanceProfile(profile: MapNode, own: Own, workload: OpenWorkload): void {
  const arn = textOf(profile, 'Arn');
  if (!own(profile, 'instance profile', arn) || workload.instanceProfiles.some((known) => known.arn === arn)) return;
  const [role] = listOf(profile, 'Roles');
  workload.instanceProfiles.push({
    origin: profile.origin,
    name: textOf(profile, 'InstanceProfileName'),
    path: optional(profile, 'Path') ?? '/',
    arn,
    ...(role === undefined ? {} : { role: textOf(asMap(role, 'a role'), 'RoleName') }),
  });
}

/** Of its versions the default one counts. */
function readManagedPolicy(policy: MapNode, own: Own, workload: OpenWorkload): void {
  const arn = textOf(policy, 'Arn');
  if (!own(policy, 'managed policy', arn)) return;
  const versions = listOf(policy, 'PolicyVersionList').map((node) => asMap(node, 'a version of a policy'));
  const wanted = optional(policy, 'DefaultVersionId');
  const version =
    versions.find((each) => wanted !== undefined && optional(each, 'VersionId') === wanted) ??
    versions.find((each) => flag(each, 'IsDefaultVersion'));
  const document = version?.members.get('Document');
  if (document === undefined) {
    const why = 'the export has no document of its default version';
    workload.leftOut.push({ what: `managed policy ${arn} of the account`, why, origin: policy.origin });
    return;
  }
  workload.managedPolicies.push({
    origin: policy.origin,
    name: textOf(policy, 'PolicyName'),
    path: optional(policy, 'Path') ?? '/',
    arn,
    document: documentOf(document, 'identity'),
  });
}

/** The API gives documents as URL-encoded JSON; the AWS CLI decodes them into objects. */
function documentOf(node: Node, kind: PolicyKind): PolicySource {
  if (node.kind !== 'scalar' || typeof node.value !== 'string' || !/^%[0-9A-Fa-f]{2}/.test(node.value))
    return policyNode(node, kind);
  let text: string;
  try {
    text = decodeURIComponent(node.value);
  } catch {
    throw new SourceError(
      'malformed-policy',
      node.origin,
      'this policy document is not URL-encoded as IAM does it',
      'Write the export again: aws iam get-account-authorization-details > account.json.',
    );
  }
  return policyNode(scalar(text, node.origin), kind);
}

function boundaryOf(entry: MapNode): string | undefined {
  const boundary = entry.members.get('PermissionsBoundary');
  return boundary?.kind === 'map' ? optional(boundary, 'PermissionsBoundaryArn') : undefined;
}

function tagsOf(entry: MapNode): Tags {
  return listOf(entry, 'Tags').map((node) => {
    const tag = asMap(node, 'a tag');
    return { key: textOf(tag, 'Key'), value: textOf(tag, 'Value') };
  });
}

function reportOtherMembers(document: Node, workload: OpenWorkload): void {
  const truncated = document.kind === 'map' && flag(document, 'IsTruncated');
  if (!truncated) return;
  workload.leftOut.push({
    what: 'the rest of the account’s export',
    why: 'the output ends here (`IsTruncated`): write it again without --max-items',
    origin: document.origin,
  });
}

function listOf(node: Node, name: string): readonly Node[] {
  const list = node.kind === 'map' ? node.members.get(name) : undefined;
  return list === undefined ? [] : asList(list, `\`${name}\``);
}

function textOf(map: MapNode, name: string): string {
  return asString(required(map, name, 'this entry'), `\`${name}\``);
}

function optional(map: MapNode, name: string): string | undefined {
  const node = map.members.get(name);
  return node?.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined;
}

function flag(map: MapNode, name: string): boolean {
  const node = map.members.get(name);
  return node?.kind === 'scalar' && node.value === true;
}
