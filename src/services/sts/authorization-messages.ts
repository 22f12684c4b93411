import { createCipheriv, createDecipheriv } from 'node:crypto';
import { AwsError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import { operation } from '../../gateway/operation.ts';
import type { AccessRequest, Decision } from '../../policy/types.ts';
import { collection, type Read, type Tx } from '../../store/collections.ts';

/** The key that seals messages, made once per server. Partition: `''`; key: `key`. Base64. */
const messageKeys = collection<{ readonly key: string }>('sts/message-key');

const ALGORITHM = 'aes-256-gcm';
const NONCE = 12;
const TAG = 16;

/** Who was refused, as the decoded message names it. */
interface RefusedPrincipal {
  /** `aws:userid` */
  readonly id: string;
  readonly arn: string;
}

/** The decoded message. Source: AWS STS API reference, DecodeAuthorizationMessage, and its documented example. */
export function authorizationMessage(principal: RefusedPrincipal, request: AccessRequest, decision: Decision): string {
  const explicit = decision.effect === 'ExplicitlyDenied';
  return JSON.stringify({
    allowed: decision.effect === 'Allowed',
    explicitDeny: explicit,
    matchedStatements: {
      items:
        explicit && decision.decidedBy !== undefined
          ? [
              {
                statementId: decision.decidedBy.sid ?? '',
                effect: 'DENY',
                sourcePolicyId: decision.decidedBy.policy,
              },
            ]
          : [],
    },
    failures: { items: [] },
    context: {
      principal,
      action: request.action,
      resource: request.resource,
      conditions: {
        items: Object.entries(request.context).map(([key, values]) => ({
          key,
          values: { items: (typeof values === 'string' ? [values] : values).map((value) => ({ value })) },
        })),
      },
    },
  });
}

/** Seals a message so that only DecodeAuthorizationMessage of the same account opens it. */
export function encodeAuthorizationMessage(tx: Tx, ids: Ids, account: string, message: string): string {
  let stored = tx.get(messageKeys, '', 'key');
  if (stored === undefined) {
    stored = { key: ids.bytes(32).toString('base64') };
    tx.put(messageKeys, '', 'key', stored);
  }
  const nonce = ids.bytes(NONCE);
  const cipher = createCipheriv(ALGORITHM, Buffer.from(stored.key, 'base64'), nonce);
  cipher.setAAD(Buffer.from(account));
  const sealed = Buffer.concat([cipher.update(message, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
}

/** The message, or undefined when it was not sealed here, for this account. */
function openAuthorizationMessage(read: Read, account: string, encoded: string): string | undefined {
  const stored = read.get(messageKeys, '', 'key');
  const bytes = Buffer.from(encoded, 'base64url');
  if (stored === undefined || bytes.length <= NONCE + TAG || bytes.toString('base64url') !== encoded) return undefined;
  const opener = createDecipheriv(ALGORITHM, Buffer.from(stored.key, 'base64'), bytes.subarray(0, NONCE));
  opener.setAAD(Buffer.from(account));
  opener.setAuthTag(bytes.subarray(NONCE, NONCE + TAG));
  try {
    return Buffer.concat([opener.update(bytes.subarray(NONCE + TAG)), opener.final()]).toString('utf8');
  } catch {
    // The seal is broken: whatever the client sent, it is not one of our messages.
    return undefined;
  }
}

export const DecodeAuthorizationMessage = operation('sts', 'DecodeAuthorizationMessage', {
  authorize: () => [{ action: 'sts:DecodeAuthorizationMessage', resource: '*' }],
  handle: ({ tx, account, input }) => {
    const message = openAuthorizationMessage(tx, account, input.EncodedMessage);
    if (message === undefined) {
      throw new AwsError('InvalidAuthorizationMessageException', 'Message is not valid', { status: 400 }); // unverified: text
    }
    return { DecodedMessage: message };
  },
});
