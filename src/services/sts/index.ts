import { defineService, type Service } from '../../gateway/service.ts';
import { AssumeRole } from './assume-role.ts';
import { DecodeAuthorizationMessage } from './authorization-messages.ts';
import { GetAccessKeyInfo, GetCallerIdentity } from './caller-identity.ts';
import { GetFederationToken, GetSessionToken } from './session-tokens.ts';

export { authorizationMessage, encodeAuthorizationMessage } from './authorization-messages.ts';
export { findSession, issueSession, pruneSessions } from './sessions.ts';

export const stsService: Service = defineService({
  id: 'sts',
  actionPrefix: 'sts',
  eventSource: 'sts.amazonaws.com',
  operations: {
    AssumeRole,
    DecodeAuthorizationMessage,
    GetAccessKeyInfo,
    GetCallerIdentity,
    GetFederationToken,
    GetSessionToken,
  },
  // These two come unsigned: there is nobody to authorize, and no identity provider here to vouch for anyone.
  authorizeUnserved: (name) =>
    name === 'AssumeRoleWithWebIdentity' || name === 'AssumeRoleWithSAML'
      ? []
      : [{ action: `sts:${name}`, resource: '*' }],
});
