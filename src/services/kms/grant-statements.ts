import type { Read } from '../../store/collections.ts';
import type { GrantConstraints, GrantOperation } from '../../wire/generated/types/kms.ts';
import type { EncryptionContext } from './ciphertext.ts';
import { grants, type KeyRecord } from './records.ts';

/** The grants on a key that cover an operation, each as the policy statement it amounts to. */
export function grantStatements(
  read: Read,
  key: KeyRecord,
  operation: GrantOperation,
  context: EncryptionContext | undefined,
): object[] {
  return read
    .list(grants, key.arn)
    .filter((grant) => grant.operations.includes(operation) && satisfies(grant.constraints, context))
    .map((grant) => ({
      Sid: `grant ${grant.grantId}`,
      Effect: 'Allow',
      Principal: { AWS: grant.granteePrincipal },
      Action: `kms:${operation}`,
      Resource: '*',
    }));
}

/**
 * Whether a request's encryption context fits a grant's constraints; they bind only operations that take a context.
 * Source: AWS KMS API Reference, GrantConstraints.
 */
export function satisfies(constraints: GrantConstraints | undefined, context: EncryptionContext | undefined): boolean {
  if (constraints === undefined || context === undefined) return true;
  const { EncryptionContextEquals: equals, EncryptionContextSubset: subset } = constraints;
  const wanted = equals ?? subset ?? {};
  const fits = Object.entries(wanted).every(([name, value]) => context[name] === value);
  return fits && (equals === undefined || Object.keys(context).length === Object.keys(equals).length);
}
