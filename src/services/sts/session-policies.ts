import { deflateRawSync } from 'node:zlib';
import { MalformedPolicyDocument } from '../../policy/malformed.ts';
import { parsePolicy } from '../../policy/parse.ts';
import type { Read } from '../../store/collections.ts';
import { findManagedPolicy } from '../iam/principal-policies.ts';
import { malformedPolicyDocument, packedPolicyTooLarge, validationError } from './errors.ts';
import type { SessionPolicies } from './sessions.ts';

interface PolicyInput {
  readonly Policy?: string | undefined;
  readonly PolicyArns?: readonly { readonly arn?: string | undefined }[] | undefined;
}

/** Source: AWS STS API reference, AssumeRole, Policy and PolicyArns: "can't exceed 2,048 characters" together. */
const MAX_CHARACTERS = 2048;

/** The session policies of a request, checked; undefined when it passes none. @param account whose managed policies count. */
export function sessionPolicies(read: Read, account: string, input: PolicyInput): SessionPolicies | undefined {
  const arns = (input.PolicyArns ?? []).map(({ arn }) => arn).filter((arn) => arn !== undefined);
  if (input.Policy === undefined && arns.length === 0) return undefined;
  const characters = (input.Policy?.length ?? 0) + arns.reduce((sum, arn) => sum + arn.length, 0);
  if (characters > MAX_CHARACTERS) throw packedPolicyTooLarge(percentOf(characters, MAX_CHARACTERS));
  if (input.Policy !== undefined) checkDocument(input.Policy);
  for (const arn of arns) {
    if (findManagedPolicy(read, account, arn) === undefined) {
      throw validationError(`Policy ${arn} does not exist or is not attachable.`); // unverified: code and text
    }
  }
  return { arns, ...(input.Policy === undefined ? {} : { document: input.Policy }) };
}

function checkDocument(text: string): void {
  try {
    parsePolicy(text, 'session');
  } catch (error) {
    if (error instanceof MalformedPolicyDocument) throw malformedPolicyDocument(error.message, error);
    throw error;
  }
}

/** unverified: AWS publishes neither its packed form nor its limit; this is the compressed size against the plain limit. */
const PACKED_BYTES = 2048;

/**
 * How much of the room for policies and tags a request takes, in percent.
 * @throws PackedPolicyTooLarge above 100.
 */
export function packedPolicySize(
  policies: SessionPolicies | undefined,
  tags: Readonly<Record<string, string>>,
): number | undefined {
  if (policies === undefined && Object.keys(tags).length === 0) return undefined;
  const packed = deflateRawSync(JSON.stringify([policies?.document ?? '', policies?.arns ?? [], tags])).length;
  const percent = percentOf(packed, PACKED_BYTES);
  if (percent > 100) throw packedPolicyTooLarge(percent);
  return percent;
}

function percentOf(used: number, room: number): number {
  return Math.max(1, Math.ceil((100 * used) / room));
}
