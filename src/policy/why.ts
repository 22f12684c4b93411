import type { Explanation } from './explanation.ts';
import type { PolicyKind, RequestPrincipal, StatementRef } from './types.ts';

/** How people call a policy kind. */
export const KIND_WORDS: Readonly<Record<PolicyKind, string>> = {
  identity: 'identity policy',
  resource: 'resource policy',
  key: 'key policy',
  trust: 'trust policy',
  boundary: 'permissions boundary',
  session: 'session policy',
  scp: 'service control policy',
  rcp: 'resource control policy',
  vpce: 'VPC endpoint policy',
};

/** The short name people know a caller by: the role, the user, the service. */
export function callerName(principal: RequestPrincipal): string {
  switch (principal.type) {
    case 'root':
      return `the root user of ${principal.account}`;
    case 'role-session':
      return principal.roleArn.slice(principal.roleArn.lastIndexOf('/') + 1);
    case 'user':
    case 'federated-user':
      return principal.arn.slice(principal.arn.lastIndexOf('/') + 1);
    case 'service':
      return principal.service;
    case 'federated':
      return principal.provider;
    case 'anonymous':
      return 'an anonymous caller';
  }
}

/** `statement AllowRead of identity policy read-config`; without a Sid, the statement's number from 1. */
export function statementName(ref: StatementRef): string {
  const which = ref.sid === undefined || ref.sid === '' ? `${ref.index + 1}` : ref.sid;
  return `statement ${which} of ${KIND_WORDS[ref.kind]} ${ref.policy}`;
}

/** One line for a ledger: which policy decided, or which did not speak. */
export function whySentence({ decision, request }: Pick<Explanation, 'decision' | 'request'>): string {
  const { decidedBy, deniedBy, effect } = decision;
  if (effect === 'Allowed') {
    return decidedBy === undefined
      ? `${callerName(request.principal)} may do this without a policy`
      : `${statementName(decidedBy)} allows it`;
  }
  if (decidedBy !== undefined) return `${statementName(decidedBy)} denies it`;
  const caller = callerName(request.principal);
  switch (deniedBy) {
    case 'boundary':
      return `the permissions boundary of ${caller} does not allow it`;
    case 'session':
      return `no session policy of ${caller} allows it`;
    case 'trust':
      return `the trust policy of ${request.resource.slice(request.resource.lastIndexOf('/') + 1)} does not let ${caller} in`;
    case 'key':
      return `the key policy does not allow it, nor leave it to identity policies`;
    case 'resource':
      return `no resource policy lets ${caller} in`;
    case 'scp':
      return 'no service control policy allows it on every level';
    case 'vpce':
      return 'the VPC endpoint policy does not allow it';
    default:
      return `no identity policy of ${caller} allows it`;
  }
}
