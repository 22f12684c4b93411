import { AwsError } from '../../core/errors.ts';
import type { AnyOperation } from '../../gateway/operation.ts';
import type { Principal } from '../../gateway/principals.ts';

/**
 * IAM cannot be called with the credentials of GetSessionToken (without MFA) and GetFederationToken.
 * Source: IAM User Guide, id_credentials_temp_control-access_getsessiontoken and …_getfederationtoken; code and text
 * observed (aws/aws-sdk-js#460).
 */
export function withoutSessionTokens<T extends Readonly<Record<string, AnyOperation>>>(operations: T): T {
  const guarded = Object.entries(operations).map(([name, operation]) => [name, guard(operation)] as const);
  return Object.fromEntries(guarded) as T;
}

function guard(operation: AnyOperation): AnyOperation {
  const { authorize } = operation;
  if (authorize === 'always-allowed') return operation;
  return {
    ...operation,
    authorize: (context) => {
      if (isSessionToken(context.principal)) {
        throw new AwsError('InvalidClientTokenId', 'The security token included in the request is invalid', {
          status: 403,
        });
      }
      return authorize(context);
    },
  };
}

/** Credentials of GetSessionToken and GetFederationToken. */
export function isSessionToken(principal: Principal): boolean {
  if (principal.type === 'federated-user') return true;
  return (principal.type === 'root' || principal.type === 'user') && principal.issuedAt !== undefined;
}
