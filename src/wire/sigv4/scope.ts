import { Memo } from '../../core/memo.ts';
import type { HttpRequest } from '../http.ts';
import { headerParameter } from './header-parameter.ts';

/** The scope part of a credential: `AKID/20260102/eu-west-1/sts/aws4_request` without the key. */
export interface CredentialScope {
  /** `YYYYMMDD` */
  readonly date: string;
  readonly region: string;
  /** The signing name: the service the client thinks it is talking to. */
  readonly service: string;
}

const CREDENTIAL = /^[^/,\s]+\/(\d{8})\/([^/,\s]+)\/([^/,\s]+)\/aws4_request$/;
const QUERY_CREDENTIAL = /(?:^|&)X-Amz-Credential=([^&]+)/;

const scopes = new Memo((credential): CredentialScope | null => {
  const found = CREDENTIAL.exec(credential);
  return found === null ? null : { date: found[1]!, region: found[2]!, service: found[3]! };
});

/** What the request claims to be signed for, not yet verified; undefined for an unsigned request. Only routing may use it. */
export function claimedScope(request: HttpRequest): CredentialScope | undefined {
  const header = request.headers.authorization;
  if (header !== undefined) return scopes.of(headerParameter(header, 'Credential=')) ?? undefined;
  const inQuery = request.query === '' ? null : QUERY_CREDENTIAL.exec(request.query);
  if (inQuery === null) return undefined;
  const parts = inQuery[1]!.replaceAll(/%2[fF]/g, '/').split('/');
  if (parts.length !== 5) return undefined;
  return { date: parts[1]!, region: parts[2]!, service: parts[3]! };
}
