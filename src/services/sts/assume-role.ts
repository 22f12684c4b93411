import { parseArn } from '../../core/arn.ts';
import { type AuthorizationCheck, operation } from '../../gateway/operation.ts';
import { type Principal, principalArn, type SessionOrigin } from '../../gateway/principals.ts';
import type { RequestContext } from '../../policy/types.ts';
import type { RoleKind } from '../../roles/duty.ts';
import type { Read } from '../../store/collections.ts';
import { findEntity } from '../iam/entities.ts';
import type { RoleRecord } from '../iam/records.ts';
import { noteRoleUse } from '../iam/roles.ts';
import { iamResourceTags } from '../iam/tags.ts';
import { compiledTrust } from '../iam/trust.ts';
import { accessDenied, noMfa, notAuthorized, unsupported, validationError } from './errors.ts';
import { packedPolicySize, sessionPolicies } from './session-policies.ts';
import { askedSessionTags, inheritedTags, newSessionTags } from './session-tags.ts';
import { issueSession, type RoleSessionRecord, type SessionRecord } from './sessions.ts';

/** Seconds. Source: AWS STS API reference, AssumeRole, DurationSeconds. */
const DEFAULT_DURATION = 3600;
const CHAINED_DURATION = 3600;

interface AssumeRoleInput {
  readonly RoleArn: string;
  readonly RoleSessionName: string;
  readonly ExternalId?: string | undefined;
  readonly SourceIdentity?: string | undefined;
  readonly Tags?: readonly { readonly Key: string; readonly Value: string }[] | undefined;
  readonly TransitiveTagKeys?: readonly string[] | undefined;
}

/** The role that an ARN names, path included. */
function findRole(read: Read, roleArn: string): RoleRecord | undefined {
  const arn = parseArn(roleArn);
  if (arn?.service !== 'iam' || !arn.resource.startsWith('role/')) return undefined;
  const name = arn.resource.slice(arn.resource.lastIndexOf('/') + 1);
  const role = findEntity(read, 'role', arn.account, name);
  return role?.arn === roleArn ? role : undefined;
}

/** A source identity stays with all sessions that follow. Source: IAM User Guide, id_credentials_temp_control-access_monitor. */
function sourceIdentityOf(principal: Principal, input: AssumeRoleInput): string | undefined {
  const inherited = principal.type === 'role-session' ? principal.sourceIdentity : undefined;
  return inherited ?? input.SourceIdentity;
}

/**
 * sts:AssumeRole, and sts:TagSession and sts:SetSourceIdentity where tags or a source identity come along (also from the
 * calling session). A role that is not there has no trust policy, so it is refused in the same words as one that does not trust.
 * Condition keys: Service Authorization Reference, AWS STS.
 */
function assumeRoleChecks(
  read: Read,
  principal: Principal,
  input: AssumeRoleInput,
  role: RoleRecord | undefined,
): AuthorizationCheck[] {
  const sourceIdentity = sourceIdentityOf(principal, input);
  const requestTags = askedSessionTags(input);
  const context: Record<string, string | readonly string[]> = {
    ...(role === undefined ? {} : iamResourceTags(role.tags)),
    'sts:RoleSessionName': input.RoleSessionName,
  };
  if (input.ExternalId !== undefined) context['sts:ExternalId'] = input.ExternalId;
  if (sourceIdentity !== undefined) context['sts:SourceIdentity'] = sourceIdentity;
  if ((input.TransitiveTagKeys ?? []).length > 0) context['sts:TransitiveTagKeys'] = input.TransitiveTagKeys!;
  const check = (action: string): AuthorizationCheck => ({
    action,
    resource: input.RoleArn,
    context,
    requestTags,
    ...(role === undefined
      ? { absent: true }
      : {
          resourceTags: role.tags,
          resourcePolicy: { name: role.arn, source: 'resource' as const, policy: compiledTrust(read, role) },
        }),
  });
  const checks = [check('sts:AssumeRole')];
  // unverified: that inherited tags alone ask for sts:TagSession; the page's trust policies of chained roles all grant it.
  if (Object.keys(requestTags).length + Object.keys(inheritedTags(principal)).length > 0) {
    checks.push(check('sts:TagSession'));
  }
  if (sourceIdentity !== undefined) checks.push(check('sts:SetSourceIdentity'));
  return checks;
}

export const AssumeRole = operation('sts', 'AssumeRole', {
  resolve: ({ tx, input }) => ({ role: findRole(tx, input.RoleArn) }),
  authorize: ({ tx, input, principal, role }) => {
    // Source: IAM User Guide, id_roles_use_switch-role-api; text observed.
    if (principal.type === 'root') throw accessDenied('Roles may not be assumed by root accounts.');
    // Source: the comparison table in IAM User Guide, id_credentials_sts-comparison. unverified: text.
    if (principal.type === 'federated-user') {
      throw accessDenied('Cannot call AssumeRole with federation token credentials');
    }
    if (input.SerialNumber !== undefined || input.TokenCode !== undefined) throw noMfa();
    return assumeRoleChecks(tx, principal, input, role);
  },
  handle: ({ tx, input, principal, role, now, ids, region, callerContext }) => {
    // The checks have refused a missing role; an account's own rules could not have let it through.
    if (role === undefined) throw notAuthorized(principalArn(principal), 'sts:AssumeRole', input.RoleArn);
    if ((input.ProvidedContexts ?? []).length > 0) throw unsupported('ProvidedContexts');
    if (input.MinimumSessionTokenSize !== undefined) throw unsupported('MinimumSessionTokenSize');
    const sourceIdentity = sourceIdentityOf(principal, input);
    if (input.SourceIdentity !== undefined && input.SourceIdentity !== sourceIdentity) {
      // Source: the page above: "the source identity … cannot be changed". unverified: text.
      throw accessDenied('The source identity of a session cannot be changed.');
    }
    const account = parseArn(role.arn)!.account;
    const chained = principal.type === 'role-session';
    const duration = input.DurationSeconds ?? DEFAULT_DURATION;
    checkDuration(duration, principal, role);
    const { tags, transitiveTagKeys } = newSessionTags(principal, input);
    const limits = sessionPolicies(tx, account, input);
    const packed = packedPolicySize(limits, tags);
    const origin = originOf(callerContext);
    const session = issueSession(tx, ids, now, duration, {
      kind: 'role',
      account,
      roleArn: role.arn,
      roleName: role.name,
      roleId: role.id,
      sessionName: input.RoleSessionName,
      serviceLinked: role.linkedTo !== undefined,
      tags,
      transitiveTagKeys,
      chained,
      ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
      ...(limits === undefined ? {} : { policies: limits }),
      ...(origin === undefined ? {} : { origin }),
      ...(principal.type === 'service' && principal.service === 'ec2.amazonaws.com'
        ? { ec2RoleDelivery: roleDelivery(callerContext) }
        : {}),
    }) as RoleSessionRecord;
    noteRoleUse(tx, account, role.id, now, region);
    return {
      Credentials: shownCredentials(session),
      AssumedRoleUser: {
        AssumedRoleId: `${role.id}:${session.sessionName}`,
        Arn: `arn:aws:sts::${account}:assumed-role/${role.name}/${session.sessionName}`,
      },
      ...(packed === undefined ? {} : { PackedPolicySize: packed }),
      ...(sourceIdentity === undefined ? {} : { SourceIdentity: sourceIdentity }),
    };
  },
});

/**
 * How long a session may last. AWS's own services are not bound by the role's MaxSessionDuration.
 * Source: IAM User Guide, id_roles_use (role chaining) and id_roles_update-role-settings; texts observed.
 */
function checkDuration(duration: number, principal: Principal, role: RoleRecord): void {
  if (principal.type === 'role-session' && duration > CHAINED_DURATION) {
    throw validationError(
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
    );
  }
  if (principal.type !== 'service' && duration > role.maxSessionDuration) {
    throw validationError('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
  }
}

/** For whom an internal caller makes the session: keys that never reach a policy. */
function originOf(callerContext: RequestContext): SessionOrigin | undefined {
  const role = callerContext['rolecall:OriginRole'];
  if (typeof role !== 'string') return undefined;
  const task = callerContext['rolecall:OriginTask'];
  const instance = callerContext['rolecall:OriginContainerInstance'];
  return {
    role: role as RoleKind,
    ...(typeof task === 'string' ? { taskArn: task } : {}),
    ...(typeof instance === 'string' ? { containerInstanceArn: instance } : {}),
  };
}

/** Through which version of the metadata service instances get them. Source: condition keys page, ec2:RoleDelivery. */
function roleDelivery(callerContext: RequestContext): '1.0' | '2.0' {
  return callerContext['rolecall:RoleDelivery'] === '1.0' ? '1.0' : '2.0';
}

/** Credentials as every operation of STS answers them. */
export function shownCredentials(session: SessionRecord) {
  return {
    AccessKeyId: session.accessKeyId,
    SecretAccessKey: session.secret,
    SessionToken: session.token,
    Expiration: session.expiresAt,
  };
}
