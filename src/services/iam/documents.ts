import { INLINE_TOTAL, policySize } from '../../policy/limits.ts';
import { MalformedPolicyDocument } from '../../policy/malformed.ts';
import { parsePolicy } from '../../policy/parse.ts';
import { type EntityKind, limitExceeded, malformedPolicyDocument } from './errors.ts';
import type { InlinePolicies } from './records.ts';

/** Percent-encoded as IAM answers documents. Source: IAM API reference, "URL-encoded compliant with RFC 3986". */
export function encodeDocument(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Source: IAM User Guide, reference_iam-quotas: 6,144 characters without white space. */
const MANAGED_SIZE = 6144;
/** The default quota; AWS raises it up to 4,096 on request. */
const TRUST_SIZE = 2048;

/** A document that an inline policy may hold. @throws MalformedPolicyDocument as AWS words it. */
export function checkInlineDocument(text: string): void {
  parsed(() => parsePolicy(text, 'identity'));
}

export function checkManagedDocument(text: string): void {
  if (policySize(text, false) > MANAGED_SIZE)
    throw limitExceeded(`Cannot exceed quota for PolicySize: ${MANAGED_SIZE}`);
  parsed(() => parsePolicy(text, 'identity', { managed: true }));
}

export function checkTrustDocument(text: string): void {
  if (policySize(text, false) > TRUST_SIZE)
    throw limitExceeded(`Cannot exceed quota for ACLSizePerRole: ${TRUST_SIZE}`);
  parsed(() => parsePolicy(text, 'trust'));
}

/** The sum over an entity's inline policies has a limit, not each of them. Source: reference_iam-quotas. */
export function checkInlineTotal(kind: EntityKind, name: string, inline: InlinePolicies): void {
  const limit = INLINE_TOTAL[kind];
  let total = 0;
  for (const document of Object.values(inline)) total += policySize(document, false);
  if (total > limit) throw limitExceeded(`Maximum policy size of ${limit} bytes exceeded for ${kind} ${name}`);
}

/** The client gets AWS's message; what exactly is wrong and where, which AWS often does not say, is the error's cause. */
function parsed(parse: () => unknown): void {
  try {
    parse();
  } catch (error) {
    if (error instanceof MalformedPolicyDocument) throw malformedPolicyDocument(error.message, error);
    throw error;
  }
}
