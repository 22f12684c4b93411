import { createHash } from 'node:crypto';
import { operation } from '../../gateway/operation.ts';
import type { Read, Tx } from '../../store/collections.ts';
import { invalidParameter } from './errors.ts';
import { registryHost, type TokenGrant, tokenGrants } from './records.ts';

/** Source: API Reference, GetAuthorizationToken: "valid for 12 hours". */
const VALID_FOR = 12 * 3_600_000;
const PARTITION = '';

/**
 * A password for `docker login`. It is a random text bound to its principal: whoever shows it is that principal, with
 * that principal's permissions. Only its digest is kept.
 */
export const GetAuthorizationToken = operation('ecr', 'GetAuthorizationToken', {
  authorize: () => [{ action: 'ecr:GetAuthorizationToken', resource: '*' }],
  handle: ({ input, account, region, principal, stage, tx, now, ids }) => {
    const registries = input.registryIds ?? [account];
    if (registries.length < 1 || registries.length > 10) {
      throw invalidParameter('registryIds', 'Member must have length between 1 and 10');
    }
    forgetExpired(tx, now);
    const expiresAt = now + VALID_FOR;
    return {
      authorizationData: registries.map((registry) => {
        const password = ids.bytes(96).toString('base64url');
        tx.put(tokenGrants, PARTITION, tokenDigest(password), {
          principal,
          region,
          expiresAt,
          ...(stage === undefined ? {} : { stage }),
        });
        return {
          authorizationToken: Buffer.from(`AWS:${password}`, 'ascii').toString('base64'),
          expiresAt,
          proxyEndpoint: `https://${registryHost(registry, region)}`,
        };
      }),
    };
  },
});

/** Who got the token; undefined when nobody did or its time is over. `token` is the password: what follows `AWS:`. */
export function findAuthorizationToken(read: Read, token: string, now: number): TokenGrant | undefined {
  const grant = findTokenGrant(read, token);
  return grant !== undefined && grant.expiresAt > now ? grant : undefined;
}

/** The grant of a token even when its time is over, as long as it is remembered. */
export function findTokenGrant(read: Read, token: string): TokenGrant | undefined {
  return read.get(tokenGrants, PARTITION, tokenDigest(token));
}

function forgetExpired(tx: Tx, now: number): void {
  const expired: string[] = [];
  for (const [key, grant] of tx.entries(tokenGrants, PARTITION)) if (grant.expiresAt <= now) expired.push(key);
  for (const key of expired) tx.delete(tokenGrants, PARTITION, key);
}

/** What is kept of a password. */
export function tokenDigest(token: string): string {
  return createHash('sha256').update(token, 'utf8').digest('hex');
}
