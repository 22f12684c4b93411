import type { AuthorizationCheck, ReadContext } from '../../gateway/operation.ts';
import { entityCheck, findEntity } from './entities.ts';
import { findInstanceProfile, profileCheck } from './instance-profiles.ts';
import { policyCheck } from './policies.ts';
import { findManagedPolicy } from './principal-policies.ts';

/** What an operation that is not served would be authorized against: the resource its input names. */
export function authorizeUnserved(
  operation: string,
  { tx, account, input }: ReadContext<Record<string, unknown>>,
): readonly AuthorizationCheck[] {
  const action = `iam:${operation}`;
  for (const [member, kind] of [
    ['UserName', 'user'],
    ['RoleName', 'role'],
    ['GroupName', 'group'],
  ] as const) {
    const name = input[member];
    if (typeof name === 'string')
      return [entityCheck(action, kind, account, name, findEntity(tx, kind, account, name))];
  }
  const { InstanceProfileName: profile, PolicyArn: policy } = input;
  if (typeof profile === 'string') {
    return [profileCheck(action, account, profile, findInstanceProfile(tx, account, profile))];
  }
  if (typeof policy === 'string') {
    return [policyCheck(action, account, policy, findManagedPolicy(tx, account, policy), true)];
  }
  return [{ action, resource: '*' }];
}
