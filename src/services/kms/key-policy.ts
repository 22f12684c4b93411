import { MalformedPolicyDocument } from '../../policy/malformed.ts';
import { type CompiledPolicy, parsePolicy } from '../../policy/parse.ts';
import type { NamedPolicy } from '../../policy/types.ts';
import type { Read } from '../../store/collections.ts';
import type { GrantOperation } from '../../wire/generated/types/kms.ts';
import type { EncryptionContext } from './ciphertext.ts';
import { malformedPolicy } from './errors.ts';
import { grantStatements } from './grant-statements.ts';
import type { KeyRecord } from './records.ts';

/** The policy of a key made without one. Source: AWS KMS Developer Guide, key-policy-default; layout as GetKeyPolicy answers it. */
export function defaultKeyPolicy(account: string): string {
  return `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::${account}:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`;
}

const KEPT = 256;
const compiled = new Map<string, CompiledPolicy>();

/** A stored key policy, compiled. The last few hundred are kept. */
function compile(text: string): CompiledPolicy {
  let policy = compiled.get(text);
  if (policy === undefined) {
    policy = parsePolicy(text, 'key', { purpose: 'evaluate' });
    if (compiled.size >= KEPT) compiled.delete(compiled.keys().next().value as string);
    compiled.set(text, policy);
  }
  return policy;
}

/**
 * What stands in for the policy of a key of one's own account that does not exist (yet): identity policies decide, so
 * that who may call learns NotFoundException, and who may not learns nothing.
 */
export function absentKeyPolicy(keyArn: string, account: string): NamedPolicy<CompiledPolicy> {
  return { name: keyArn, source: 'resource', policy: compile(defaultKeyPolicy(account)) };
}

/** Compiles a key policy that a client wants stored; refuses what AWS KMS would not store. */
export function parseKeyPolicy(text: string): CompiledPolicy {
  try {
    return parsePolicy(text, 'key');
  } catch (error) {
    if (error instanceof MalformedPolicyDocument) throw malformedPolicy(error.message);
    throw error;
  }
}

/**
 * The key policy as it stands for one operation. A grant that covers the operation counts as one more statement of the
 * key policy that allows its grantee, so an explicit deny anywhere still wins.
 * Source: AWS KMS Developer Guide, grants and policy-evaluation ("key policies, IAM policies and grants").
 */
export function effectiveKeyPolicy(
  read: Read,
  key: KeyRecord,
  operation: string,
  context: EncryptionContext | undefined,
): NamedPolicy<CompiledPolicy> {
  const granted = grantStatements(read, key, operation as GrantOperation, context);
  if (granted.length === 0) return { name: key.arn, source: 'resource', policy: compile(key.policy) };
  const document = JSON.parse(key.policy) as { Statement: unknown };
  const own = Array.isArray(document.Statement) ? document.Statement : [document.Statement];
  const text = JSON.stringify({ ...document, Statement: [...own, ...granted] });
  return { name: key.arn, source: 'resource', policy: compile(text) };
}
