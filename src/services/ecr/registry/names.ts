import type { RepositoryAddress } from '../target.ts';

/** What a path below `/v2/` asks for. `name` is the repository as the client spells it. */
export type Route =
  | { readonly kind: 'ping' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'tags'; readonly name: string }
  | { readonly kind: 'uploads'; readonly name: string }
  | {
      readonly kind: 'manifest' | 'blob' | 'upload' | 'referrers';
      readonly name: string;
      /** Tag, digest or upload id, percent-decoded. */
      readonly reference: string;
    };

const ROUTES: readonly (readonly [RegExp, 'tags' | 'uploads' | 'manifest' | 'blob' | 'upload' | 'referrers'])[] = [
  [/^\/v2\/(.+)\/tags\/list$/, 'tags'],
  [/^\/v2\/(.+)\/blobs\/uploads\/?$/, 'uploads'],
  [/^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/, 'upload'],
  [/^\/v2\/(.+)\/blobs\/([^/]+)$/, 'blob'],
  [/^\/v2\/(.+)\/manifests\/([^/]+)$/, 'manifest'],
  [/^\/v2\/(.+)\/referrers\/([^/]+)$/, 'referrers'],
];

/** @param path as received, without the query. Undefined: no path of a registry. */
export function readRoute(path: string): Route | undefined {
  if (path === '/v2' || path === '/v2/') return { kind: 'ping' };
  if (path === '/v2/_catalog') return { kind: 'catalog' };
  for (const [pattern, kind] of ROUTES) {
    const found = pattern.exec(path);
    if (found === null) continue;
    const name = found[1] as string;
    if (kind === 'tags' || kind === 'uploads') return { kind, name };
    const reference = decoded(found[2] as string);
    return reference === undefined ? undefined : { kind, name, reference };
  }
  return undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

const ACCOUNT = /^\d{12}$/;
const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/;
/** Source: API Reference, CreateRepository, repositoryName. */
const REPOSITORY = /^[a-z0-9]+(?:[._-][a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-][a-z0-9]+)*)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,299}$/;
const HOST = /^(\d{12})\.dkr\.ecr\.([a-z]{2}(?:-[a-z]+)+-\d)\.(?:localhost|amazonaws\.com)(?::\d+)?$/i;

export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** ECR’s names: 2 to 256 characters. */
export function isRepositoryName(text: string): boolean {
  return text.length >= 2 && text.length <= 256 && REPOSITORY.test(text);
}

/** The registry that a Host header names: `ACCOUNT.dkr.ecr.REGION.amazonaws.com`, or the same below `localhost`. */
export function registryOfHost(host: string): { readonly account: string; readonly region: string } | undefined {
  const found = HOST.exec(host);
  return found === null ? undefined : { account: found[1] as string, region: (found[2] as string).toLowerCase() };
}

/** Which repository a name means: as ECR's own host has it, else `ACCOUNT/REGION/NAME`. Undefined: none can be named so. */
export function ecrRepository(host: string, name: string): RepositoryAddress | undefined {
  const registry = registryOfHost(host);
  if (registry !== undefined) return isRepositoryName(name) ? { ...registry, name } : undefined;
  const [account = '', region = '', ...rest] = name.split('/');
  const own = rest.join('/');
  if (!ACCOUNT.test(account) || !REGION.test(region) || !isRepositoryName(own)) return undefined;
  return { account, region, name: own };
}
