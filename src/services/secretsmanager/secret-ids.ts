import { parseArn } from '../../core/arn.ts';
import type { ReadContext } from '../../gateway/operation.ts';
import { markedForDeletion, notFound } from './errors.ts';
import { readSecret, type SecretRecord, secretArn } from './records.ts';

/** What a SecretId stands for. */
export interface FoundSecret {
  /** As the request spelt it: refusals name it so. */
  readonly asked: string;
  /** What to authorize against: the secret's full ARN; without such a secret, the ARN that its name makes, with no suffix. */
  readonly arn: string;
  readonly secret: SecretRecord | undefined;
}

type FindContext = Pick<ReadContext<unknown>, 'account' | 'region' | 'now' | 'tx'>;

const SUFFIX_LENGTH = 7;

/**
 * Finds a secret by name, ARN, or ARN without its random suffix.
 * Source: Secrets Manager User Guide, troubleshoot ("secret ARN"); which ARN is authorized: measured by others on AWS.
 */
export function findSecret({ account, region, now, tx }: FindContext, asked: string): FoundSecret {
  const parsed = parseArn(asked);
  const isArn = parsed !== undefined && parsed.service === 'secretsmanager' && parsed.resource.startsWith('secret:');
  if (!isArn) {
    const secret = readSecret(tx, account, region, asked, now);
    return { asked, arn: secret?.arn ?? secretArn(region, account, asked), secret };
  }
  // An endpoint serves its own Region only.
  if (parsed.region !== region) return { asked, arn: asked, secret: undefined };
  const name = parsed.resource.slice('secret:'.length);
  const full = readSecret(tx, parsed.account, region, name.slice(0, -SUFFIX_LENGTH), now);
  const secret = full?.arn === asked ? full : readSecret(tx, parsed.account, region, name, now);
  return { asked, arn: secret?.arn ?? asked, secret };
}

/** The secret; refuses when there is none. */
export function existing({ secret }: FoundSecret): SecretRecord {
  if (secret === undefined) throw notFound();
  return secret;
}

/** The secret; refuses when there is none or it waits for its deletion. */
export function live(found: FoundSecret): SecretRecord {
  const secret = existing(found);
  if (secret.deletedAt !== undefined) throw markedForDeletion();
  return secret;
}
