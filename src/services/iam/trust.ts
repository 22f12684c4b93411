import { parseArn } from '../../core/arn.ts';
import type { CompiledPolicy } from '../../policy/compiled.ts';
import type { Read } from '../../store/collections.ts';
import { checkTrustDocument } from './documents.ts';
import { findEntity } from './entities.ts';
import { malformedPolicyDocument } from './errors.ts';
import { compiledText } from './principal-policies.ts';
import { accounts, EVERYWHERE, type RoleRecord } from './records.ts';

/**
 * Checks a trust policy and finds the unique ids of the users and roles it names: IAM keeps these, so that a later user
 * of the same name is not trusted. Source: IAM User Guide, reference_policies_elements_principal.
 * Principals of accounts that are not held here are taken as they are.
 */
export function readTrust(read: Read, account: string, document: string): Readonly<Record<string, string>> {
  checkTrustDocument(document);
  const ids: Record<string, string> = {};
  for (const statement of compiledText(document, 'trust').statements) {
    for (const text of statement.principals?.arns ?? []) {
      const named = userOrRole(text);
      if (named === undefined) continue;
      if (named.account !== account && read.get(accounts, EVERYWHERE, named.account) === undefined) continue;
      const id = uniqueId(read, text);
      if (id === undefined) throw malformedPolicyDocument(`Invalid principal in policy: "AWS":"${text}"`);
      ids[text] = id;
    }
  }
  return ids;
}

/** The trust policy as it counts and is shown: principals that are gone appear by their unique ids, which name nobody. */
export function trustInForce(read: Read, role: RoleRecord): string {
  let text = role.trust;
  for (const [arn, id] of Object.entries(role.trustedIds)) {
    if (uniqueId(read, arn) !== id) text = text.replaceAll(`"${arn}"`, `"${id}"`);
  }
  return text;
}

/** The trust policy ready to be asked. */
export function compiledTrust(read: Read, role: RoleRecord): CompiledPolicy {
  return compiledText(trustInForce(read, role), 'trust');
}

function userOrRole(text: string): { account: string; kind: 'user' | 'role'; name: string } | undefined {
  const arn = parseArn(text);
  const kind = arn?.resource.startsWith('user/') ? 'user' : arn?.resource.startsWith('role/') ? 'role' : undefined;
  if (arn?.service !== 'iam' || kind === undefined) return undefined;
  return { account: arn.account, kind, name: arn.resource.slice(arn.resource.lastIndexOf('/') + 1) };
}

function uniqueId(read: Read, arn: string): string | undefined {
  const named = userOrRole(arn);
  if (named === undefined) return undefined;
  const entity = findEntity(read, named.kind, named.account, named.name);
  return entity?.arn === arn ? entity.id : undefined;
}
