import type { PolicyKind } from './types.ts';

/**
 * How long a policy document may be, in characters.
 * Sources: IAM User Guide, reference_iam-quotas ("IAM doesn't count white space"); AWS Organizations User Guide,
 * orgs_reference_limits (white space counts); AWS KMS Developer Guide, resource-limits; Amazon S3 User Guide, bucket policies.
 */
interface Limit {
  readonly characters: number;
  readonly whiteSpaceCounts: boolean;
  /** AWS's message; the code is LimitExceeded for IAM. */
  readonly message: string;
}

/** Per kind. Inline policies have their limit over all of an entity's inline policies together: see INLINE_TOTAL. */
export const LIMITS: Readonly<Record<PolicyKind, Limit>> = {
  identity: { characters: 10_240, whiteSpaceCounts: false, message: 'Maximum policy size of 10240 bytes exceeded' },
  boundary: { characters: 6144, whiteSpaceCounts: false, message: 'Cannot exceed quota for PolicySize: 6144' },
  trust: { characters: 8192, whiteSpaceCounts: false, message: 'Cannot exceed quota for ACLSizePerRole: 8192' },
  session: { characters: 2048, whiteSpaceCounts: true, message: 'Packed policy consumes more than the allotted space' },
  // unverified: Organizations answers with PolicySizeLimitExceeded wording of its own.
  scp: { characters: 10_240, whiteSpaceCounts: true, message: 'You have exceeded the maximum size of a policy: 10240' },
  rcp: { characters: 5120, whiteSpaceCounts: true, message: 'You have exceeded the maximum size of a policy: 5120' },
  key: { characters: 32_768, whiteSpaceCounts: true, message: 'The key policy is larger than 32768 bytes' },
  resource: { characters: 20_480, whiteSpaceCounts: true, message: 'The resource policy is larger than 20480 bytes' },
  vpce: { characters: 20_480, whiteSpaceCounts: false, message: 'The endpoint policy is larger than 20480 characters' },
};

export const MANAGED_POLICY_LIMIT: Limit = LIMITS.boundary;

/** Characters over all inline policies of one entity. */
export const INLINE_TOTAL = { user: 2048, group: 5120, role: 10_240 } as const;

/** The length AWS counts. */
export function policySize(text: string, whiteSpaceCounts: boolean): number {
  return whiteSpaceCounts ? text.length : text.replace(/\s+/g, '').length;
}
