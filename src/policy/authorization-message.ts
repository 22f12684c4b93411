import { accountOf } from './settle.ts';
import type { AccessRequest, Decision, RequestPrincipal } from './types.ts';

/**
 * What sts:DecodeAuthorizationMessage answers about a decision, as JSON text; services that send it encode it first.
 * Source of the shape: AWS STS API reference, DecodeAuthorizationMessage.
 * @param principalId the caller's unique id, `AROA…:session` for a role.
 */
export function authorizationMessage(request: AccessRequest, decision: Decision, principalId: string): string {
  const { action, resource, context, principal } = request;
  const { decidedBy, effect } = decision;
  const conditions = Object.entries(context).map(([key, value]) => ({
    key,
    values: { items: (typeof value === 'string' ? [value] : value).map((each) => ({ value: each })) },
  }));
  const matched =
    decidedBy === undefined
      ? []
      : [{ statementId: decidedBy.sid ?? '', effect: effect === 'Allowed' ? 'ALLOW' : 'DENY' }];
  return JSON.stringify({
    allowed: effect === 'Allowed',
    explicitDeny: effect === 'ExplicitlyDenied',
    matchedStatements: { items: matched },
    failures: { items: [] },
    context: {
      principal: { id: principalId, arn: arnOf(principal) },
      action,
      resource,
      conditions: { items: conditions },
    },
  });
}

function arnOf(principal: RequestPrincipal): string {
  if ('arn' in principal) return principal.arn;
  const account = accountOf(principal);
  return account === undefined ? '' : `arn:aws:iam::${account}:root`;
}
