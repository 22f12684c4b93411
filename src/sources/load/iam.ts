import { parseArn, roleNameOf } from '../../core/arn.ts';
import { plain } from '../node.ts';
import type { PolicySource } from '../policy-source.ts';
import { Unknown } from '../unknown.ts';
import type { RoleSource, UserSource, Workload } from '../workload.ts';
import { roleHoldings, userHoldings } from './iam-holdings.ts';
import { EXISTS, managedPolicyStep, putManagedPolicy } from './iam-managed-policies.ts';
import { isAwsOwn } from './not-made.ts';
import { given, type Making, type Outcome, type Step, unless } from './step.ts';

/** Roles and users themselves: what they may do comes later, when everything it names is there. */
export function principalSteps(workload: Workload): Step[] {
  return [...workload.users.map(userStep), ...workload.roles.map(roleStep)];
}

/** Managed policies, inline policies, attachments, boundaries and instance profiles. */
export function permissionSteps(workload: Workload): Step[] {
  return [
    ...workload.managedPolicies.filter(({ arn }) => !isAwsOwn(arn)).map(managedPolicyStep),
    ...workload.roles.flatMap(boundarySteps),
    ...roleHoldings(workload),
    ...userHoldings(workload),
    ...workload.instanceProfiles.map(instanceProfileStep),
  ];
}

function roleStep(role: RoleSource): Step {
  return {
    what: `role ${role.name}`,
    origin: role.origin,
    provides: [role.id, String(role.arn)],
    from: [role.name, role.path, role.trust, role.description, role.maxSessionDuration, role.tags],
    // IAM refuses a trust policy that names a role which is not there.
    needs: principalsOf(role.trust),
    async run(making): Promise<Outcome> {
      const name = making.text(role.name);
      const trust = making.policy(role.trust);
      const tags = making.tagList(role.tags);
      const duration = making.optional(role.maxSessionDuration);
      const description = making.optional(role.description);
      const shared = given({
        RoleName: name,
        Description: description,
        MaxSessionDuration: duration === undefined ? undefined : Number(duration),
      });
      const { client } = making;
      const outcome = await unless<Outcome>(
        EXISTS,
        async () => {
          const { Role } = await client.call('iam', 'CreateRole', {
            ...shared,
            Path: making.text(role.path),
            AssumeRolePolicyDocument: trust,
            ...(tags.length === 0 ? {} : { Tags: tags }),
          });
          making.keep(role.id, 'RoleId', Role.RoleId);
          return 'created';
        },
        async () => {
          const { Role } = await client.call('iam', 'GetRole', { RoleName: name });
          making.keep(role.id, 'RoleId', Role.RoleId);
          await client.call('iam', 'UpdateAssumeRolePolicy', { RoleName: name, PolicyDocument: trust });
          await client.call('iam', 'UpdateRole', { Description: '', MaxSessionDuration: 3600, ...shared });
          if (tags.length > 0) await client.call('iam', 'TagRole', { RoleName: name, Tags: tags });
          if (role.boundary === undefined && Role.PermissionsBoundary !== undefined)
            await client.call('iam', 'DeleteRolePermissionsBoundary', { RoleName: name });
          return 'updated';
        },
      );
      return outcome;
    },
  };
}

/** ARNs of the roles and users that a trust policy names. */
function principalsOf(trust: PolicySource): string[] {
  const found: string[] = [];
  JSON.stringify(plain(trust.node), (_, value) => {
    if (value instanceof Unknown) return String(value);
    if (typeof value === 'string' && parseArn(value)?.service === 'iam') found.push(value);
    return value;
  });
  return found;
}

function userStep(user: UserSource): Step {
  return {
    what: `user ${user.name}`,
    origin: user.origin,
    provides: [user.id, String(user.arn)],
    from: [user.name, user.path, user.tags],
    async run(making): Promise<Outcome> {
      const UserName = making.text(user.name);
      const Tags = making.tagList(user.tags);
      const { client } = making;
      return unless<Outcome>(
        EXISTS,
        async () => {
          await client.call('iam', 'CreateUser', {
            UserName,
            Path: making.text(user.path),
            ...(Tags.length === 0 ? {} : { Tags }),
          });
          return 'created';
        },
        async () => {
          if (Tags.length > 0) await client.call('iam', 'TagUser', { UserName, Tags });
          return 'updated';
        },
      );
    },
  };
}

function boundarySteps(role: RoleSource): Step[] {
  const { boundary } = role;
  if (boundary === undefined) return [];
  return [
    {
      what: `permissions boundary of role ${role.name}`,
      origin: role.origin,
      provides: [],
      from: boundary,
      needs: typeof boundary === 'string' ? [boundary] : [],
      async run(making): Promise<Outcome> {
        const RoleName = making.text(role.name);
        const PermissionsBoundary = await boundaryArn(making, role, boundary);
        await making.client.call('iam', 'PutRolePermissionsBoundary', { RoleName, PermissionsBoundary });
        return 'updated';
      },
    },
  ];
}

/** `boundary.json` becomes a managed policy `NAME-boundary`: boundaries are managed policies. */
async function boundaryArn(
  making: Making,
  role: RoleSource,
  boundary: NonNullable<RoleSource['boundary']>,
): Promise<string> {
  if (typeof boundary === 'string' || boundary instanceof Unknown) return making.text(boundary);
  const account = parseArn(making.text(role.arn))!.account;
  const name = `${roleNameOf(making.text(role.arn))}-boundary`;
  const arn = `arn:aws:iam::${account}:policy/${name}`;
  await putManagedPolicy(making.client, { arn, name, path: '/', document: making.policy(boundary) });
  return arn;
}

function instanceProfileStep(profile: Workload['instanceProfiles'][number]): Step {
  return {
    what: `instance profile ${profile.name}`,
    origin: profile.origin,
    provides: [profile.id, String(profile.arn)],
    from: profile,
    async run(making): Promise<Outcome> {
      const { client } = making;
      const InstanceProfileName = making.text(profile.name);
      const wanted = making.optional(profile.role);
      let there: string | undefined;
      const outcome = await unless<Outcome>(
        EXISTS,
        async () => {
          await client.call('iam', 'CreateInstanceProfile', { InstanceProfileName, Path: making.text(profile.path) });
          return 'created';
        },
        async () => {
          const { InstanceProfile } = await client.call('iam', 'GetInstanceProfile', { InstanceProfileName });
          there = InstanceProfile.Roles[0]?.RoleName;
          return there === wanted ? 'unchanged' : 'updated';
        },
      );
      if (there === wanted) return outcome;
      if (there !== undefined)
        await client.call('iam', 'RemoveRoleFromInstanceProfile', { InstanceProfileName, RoleName: there });
      if (wanted !== undefined)
        await client.call('iam', 'AddRoleToInstanceProfile', { InstanceProfileName, RoleName: wanted });
      return outcome;
    },
  };
}
