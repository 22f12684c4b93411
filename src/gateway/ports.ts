import type { PreparedPolicies } from '../policy/prepare.ts';
import type { Read } from '../store/collections.ts';
import type { Principal } from './principals.ts';

/** An access key as authentication needs it. */
export interface Credential {
  readonly secretAccessKey: string;
  /** Set for temporary credentials: the request must carry the same token. */
  readonly sessionToken?: string;
  /** Epoch milliseconds; temporary credentials only. */
  readonly expiresAt?: number;
  readonly principal: Principal;
}

/** What the gateway asks of IAM and STS; the composition root wires them. */
export interface Identities {
  /** The credential of an access key id, or undefined when it is unknown or inactive. */
  credential(read: Read, accessKeyId: string): Credential | undefined;
  /** All policies that bind the principal, ready to be asked. Cached until one of them changes. */
  policies(read: Read, principal: Principal): PreparedPolicies;
}
