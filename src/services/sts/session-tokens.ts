import { operation } from '../../gateway/operation.ts';
import { isSessionToken } from '../iam/session-tokens.ts';
import { shownCredentials } from './assume-role.ts';
import { accessDenied, noMfa, unsupported } from './errors.ts';
import { packedPolicySize, sessionPolicies } from './session-policies.ts';
import { issueSession } from './sessions.ts';

/** Seconds. Source: AWS STS API reference, GetSessionToken and GetFederationToken, DurationSeconds. */
const DEFAULT_DURATION = 43_200;
/** "… sessions for account owners are restricted to a maximum of 3,600 seconds (one hour). If the duration is longer … defaults to one hour." */
const ROOT_DURATION = 3600;

export const GetSessionToken = operation('sts', 'GetSessionToken', {
  // "No permissions are required to perform this operation." Source: IAM User Guide, id_credentials_temp_control-access_getsessiontoken.
  authorize: 'always-allowed',
  handle: ({ tx, input, principal, now, ids }) => {
    if ((principal.type !== 'user' && principal.type !== 'root') || isSessionToken(principal)) {
      throw accessDenied('Cannot call GetSessionToken with session credentials');
    }
    if (input.SerialNumber !== undefined || input.TokenCode !== undefined) throw noMfa();
    if (input.MinimumSessionTokenSize !== undefined) throw unsupported('MinimumSessionTokenSize');
    const wanted = input.DurationSeconds ?? DEFAULT_DURATION;
    const { account } = principal;
    const session =
      principal.type === 'root'
        ? issueSession(tx, ids, now, Math.min(wanted, ROOT_DURATION), { kind: 'root', account })
        : issueSession(tx, ids, now, wanted, {
            kind: 'user',
            account,
            userName: principal.userName,
            userId: principal.userId,
          });
    return { Credentials: shownCredentials(session) };
  },
});

export const GetFederationToken = operation('sts', 'GetFederationToken', {
  authorize: ({ account, input, principal }) => {
    if ((principal.type !== 'user' && principal.type !== 'root') || isSessionToken(principal)) {
      throw accessDenied('Cannot call GetFederationToken with session credentials');
    }
    return [{ action: 'sts:GetFederationToken', resource: `arn:aws:sts::${account}:federated-user/${input.Name}` }];
  },
  handle: ({ tx, account, input, principal, now, ids }) => {
    if ((input.Tags ?? []).length > 0) throw unsupported('Tags');
    if (input.MinimumSessionTokenSize !== undefined) throw unsupported('MinimumSessionTokenSize');
    const limits = sessionPolicies(tx, account, input);
    const packed = packedPolicySize(limits, {});
    const wanted = input.DurationSeconds ?? DEFAULT_DURATION;
    const session = issueSession(tx, ids, now, principal.type === 'root' ? Math.min(wanted, ROOT_DURATION) : wanted, {
      kind: 'federated',
      account,
      name: input.Name,
      tags: {},
      ...(principal.type === 'user'
        ? { userName: principal.userName, userId: principal.userId, userArn: principal.arn }
        : {}),
      ...(limits === undefined ? {} : { policies: limits }),
    });
    return {
      Credentials: shownCredentials(session),
      FederatedUser: {
        FederatedUserId: `${account}:${input.Name}`,
        Arn: `arn:aws:sts::${account}:federated-user/${input.Name}`,
      },
      ...(packed === undefined ? {} : { PackedPolicySize: packed }),
    };
  },
});
