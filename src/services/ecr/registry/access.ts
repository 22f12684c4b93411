import { createHash, timingSafeEqual } from 'node:crypto';
import type { Principal } from '../../../gateway/principals.ts';
import type { Stage } from '../../../roles/duty.ts';
import type { Read } from '../../../store/collections.ts';
import { awsHost } from '../../../wire/aws-host.ts';
import { findTokenGrant, tokenDigest } from '../authorization-tokens.ts';
import type { RepositoryAddress } from '../target.ts';
import { denied, unauthorized } from './answers.ts';
import { ecrRepository, isRepositoryName, registryOfHost } from './names.ts';

/** Who a request is from. */
export interface Visitor {
  readonly principal: Principal;
  readonly stage?: Stage;
  /** Digest of the token that was shown, for registries with ECR's tokens. */
  readonly token?: string;
  /** The only Region whose registries the visitor's password opens; undefined: all. */
  readonly region?: string;
}

/** Who may come in, and which repository a name means to them. */
export interface Access {
  /** The visitor, by the Authorization header. @throws RegistryError 401 with a challenge, or 403 */
  visitor(read: Read, authorization: string | undefined, host: string, now: number): Visitor;
  /** How repositories are named, in a sentence: for whoever names one otherwise. */
  readonly naming: string;
  /** Undefined: no repository can be named so. */
  repository(host: string, name: string): RepositoryAddress | undefined;
}

/**
 * Passwords are the tokens of GetAuthorizationToken, for the user `AWS`: whoever shows one is the principal that asked
 * for it. Texts observed on ECR; its tokens open one Region's registries only.
 */
export const ecrAccess: Access = {
  naming: 'Images are named ACCOUNT/REGION/REPOSITORY here, with a repository name as ECR allows it.',
  visitor: (read, authorization, host, now) => {
    const shown = basic(authorization);
    // Some clients show an empty name and password when they have none.
    if (shown?.user !== 'AWS')
      throw unauthorized(`${awsHost(host) === undefined ? 'http' : 'https'}://${host}/`, 'ecr.amazonaws.com');
    const grant = findTokenGrant(read, shown.password);
    if (grant === undefined) throw denied('Your Authorization Token is invalid.');
    if (grant.expiresAt <= now) {
      throw denied('Your authorization token has expired. Reauthenticate and try again.');
    }
    const region = registryOfHost(host)?.region;
    if (region !== undefined && region !== grant.region) throw denied('Your Authorization Token is invalid.');
    return {
      principal: grant.principal,
      token: tokenDigest(shown.password),
      region: grant.region,
      ...(grant.stage === undefined ? {} : { stage: grant.stage }),
    };
  },
  repository: ecrRepository,
};

/** A private registry with one user, whose names are plain: every repository belongs to that user's account and one Region. */
export function passwordAccess(options: {
  readonly user: string;
  readonly password: string;
  readonly principal: Principal;
  readonly region: string;
}): Access {
  return {
    naming: 'Repositories are named in lower-case letters and digits, with `.`, `_`, `-` and `/` between them.',
    visitor: (_read, authorization, host) => {
      const shown = basic(authorization);
      const known = shown !== undefined && same(shown.user, options.user) && same(shown.password, options.password);
      if (!known) throw unauthorized(`http://${host}/`);
      return { principal: options.principal };
    },
    repository: (_host, name) =>
      isRepositoryName(name) ? { account: options.principal.account, region: options.region, name } : undefined,
  };
}

function basic(authorization: string | undefined): { readonly user: string; readonly password: string } | undefined {
  const encoded = /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon === -1 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** In the same time wherever they differ, and however long they are. */
function same(left: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text, 'utf8').digest();
  return timingSafeEqual(digest(left), digest(right));
}
