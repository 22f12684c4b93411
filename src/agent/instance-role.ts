import { AwsError, UserError } from '../core/errors.ts';
import { findEntity } from '../services/iam/entities.ts';
import { instanceProfiles, keyOf } from '../services/iam/records.ts';
import type { Surroundings } from './ports.ts';

/** How the role of a container instance is named, and who must trust it. */
export interface InstanceRoleRequest {
  readonly launchType: 'EC2' | 'EXTERNAL';
  /** Role name. */
  readonly role?: string;
  /** Name of an instance profile; its role is the instance's. EC2 only. */
  readonly instanceProfile?: string;
}

export interface InstanceRole {
  readonly roleArn: string;
  readonly roleName: string;
  readonly profileArn?: string;
  readonly profileId?: string;
}

/**
 * Names, trust and policies of the roles that AWS's console and the ECS Anywhere guide make.
 * Source: ECS Developer Guide, instance_IAM_role and ecs-anywhere-iam-role.
 */
const DEFAULTS = {
  EC2: {
    name: 'ecsInstanceRole',
    service: 'ec2.amazonaws.com',
    policies: ['arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role'],
  },
  EXTERNAL: {
    name: 'ecsExternalInstanceRole',
    service: 'ssm.amazonaws.com',
    policies: [
      'arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore',
      'arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role',
    ],
  },
} as const;

/** The service that delivers the instance role's sessions. */
export function instanceService(launchType: 'EC2' | 'EXTERNAL'): string {
  return DEFAULTS[launchType].service;
}

/**
 * The role that an instance is to have: the one named, the instance profile's, or the default one, which is made when it
 * is missing, as AWS's console does. Throws UserError for a name that leads nowhere.
 */
export async function findInstanceRole(
  surroundings: Surroundings,
  request: InstanceRoleRequest,
): Promise<InstanceRole> {
  const { store, account } = surroundings;
  if (request.instanceProfile !== undefined) return roleOfProfile(surroundings, request.instanceProfile);
  const name = request.role ?? DEFAULTS[request.launchType].name;
  if (request.role === undefined && findEntity(store, 'role', account, name) === undefined) {
    await makeDefaultRole(surroundings, request.launchType);
  }
  const role = findEntity(store, 'role', account, name);
  if (role === undefined) {
    throw new UserError(
      'instance-role-missing',
      `there is no role ${name} for the container instance`,
      `Create it with a trust policy for ${DEFAULTS[request.launchType].service}, or name no role: then ${DEFAULTS[request.launchType].name} is used.`,
    );
  }
  const profile = store.list(instanceProfiles, account).find((each) => each.role === keyOf(name));
  return {
    roleArn: role.arn,
    roleName: role.name,
    ...(profile === undefined ? {} : { profileArn: profile.arn, profileId: profile.id }),
  };
}

function roleOfProfile({ store, account }: Surroundings, name: string): InstanceRole {
  const profile = store.get(instanceProfiles, account, keyOf(name));
  const role = profile?.role === undefined ? undefined : findEntity(store, 'role', account, profile.role);
  if (profile !== undefined && role !== undefined) {
    return { roleArn: role.arn, roleName: role.name, profileArn: profile.arn, profileId: profile.id };
  }
  throw new UserError(
    'instance-profile-missing',
    profile === undefined ? `there is no instance profile ${name}` : `the instance profile ${name} has no role`,
    'Create the instance profile and add a role to it, or name a role.',
  );
}

async function makeDefaultRole(surroundings: Surroundings, launchType: 'EC2' | 'EXTERNAL'): Promise<void> {
  const { gateway, account, region } = surroundings;
  const { name, service, policies } = DEFAULTS[launchType];
  // The user is the account's root user here; the calls stand in the trail as those of the console would.
  const as = { as: { type: 'root', account }, region } as const;
  const trust = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
  };
  await gateway.call('iam', 'CreateRole', { RoleName: name, AssumeRolePolicyDocument: JSON.stringify(trust) }, as);
  for (const PolicyArn of policies) await gateway.call('iam', 'AttachRolePolicy', { RoleName: name, PolicyArn }, as);
  if (launchType === 'EXTERNAL') return;
  try {
    await gateway.call('iam', 'CreateInstanceProfile', { InstanceProfileName: name }, as);
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== 'EntityAlreadyExists') throw error;
  }
  await gateway.call('iam', 'AddRoleToInstanceProfile', { InstanceProfileName: name, RoleName: name }, as);
}
