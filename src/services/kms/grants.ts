import { AwsError } from '../../core/errors.ts';
import { operation, type ReadContext } from '../../gateway/operation.ts';
import { type Principal, principalArn } from '../../gateway/principals.ts';
import type { RequestContext } from '../../policy/types.ts';
import type { Read } from '../../store/collections.ts';
import type { CreateGrantRequest, GrantListEntry } from '../../wire/generated/types/kms.ts';
import { accountCheck, encryptionContextKeys, keyChecks } from './authorization.ts';
import { dryRun, unsupported, validation } from './errors.ts';
import { existing, findKey, type KeyReference, usable } from './key-ids.ts';
import { page } from './pages.ts';
import { type GrantRecord, grants, type KeyRecord } from './records.ts';

const PRINCIPAL = /^(arn:aws[a-z-]*:(iam|sts)::\d{12}:(root|(user|role|assumed-role|federated-user)\/.+)|\d{12})$/;

/** Refuses grant tokens that are none. (A grant is in force here as soon as it is made, so a token adds nothing.) */
export function checkGrantTokens(read: Read, key: KeyRecord, tokens: readonly string[] | undefined): void {
  if (tokens === undefined || tokens.length === 0) return;
  const known = new Set(read.list(grants, key.arn).map((grant) => grant.token));
  for (const token of tokens) {
    // unverified: text
    if (!known.has(token)) throw new AwsError('InvalidGrantTokenException', `Invalid grant token: ${token}`);
  }
}

export const CreateGrant = operation('kms', 'CreateGrant', {
  resolve: (context) => ({ found: findKey(context, context.input.KeyId, { aliases: false }) }),
  authorize: (context) =>
    keyChecks(context, 'CreateGrant', context.found, { context: grantContext(context.input, context.callerContext) }),
  handle: ({ input, account, now, ids, tx, found }) => {
    const key = usable(found);
    const grantee = checkGrant(input);
    checkGrantTokens(tx, key, input.GrantTokens);
    if (input.DryRun === true) throw dryRun();
    // "When the Name is not unique, the request with identical parameters returns the existing grant's id." (CreateGrant)
    const same = tx.list(grants, key.arn).find((grant) => input.Name !== undefined && sameGrant(grant, input, grantee));
    if (same !== undefined) return { GrantId: same.grantId, GrantToken: same.token };
    const grant: GrantRecord = {
      grantId: ids.hex(64),
      token: ids.bytes(96).toString('base64'),
      keyArn: key.arn,
      createdAt: now,
      granteePrincipal: grantee,
      issuingAccount: `arn:aws:iam::${account}:root`,
      operations: input.Operations,
      ...(input.Name === undefined ? {} : { name: input.Name }),
      ...(input.RetiringPrincipal === undefined ? {} : { retiringPrincipal: input.RetiringPrincipal }),
      ...(input.Constraints === undefined ? {} : { constraints: input.Constraints }),
    };
    tx.put(grants, key.arn, grant.grantId, grant);
    return { GrantId: grant.grantId, GrantToken: grant.token };
  },
});

function checkGrant(input: CreateGrantRequest): string {
  if (input.GranteeServicePrincipal !== undefined) throw unsupported('GranteeServicePrincipal');
  if (input.RetiringServicePrincipal !== undefined) throw unsupported('RetiringServicePrincipal');
  if (input.Constraints?.SourceArn !== undefined) throw unsupported('Constraints.SourceArn');
  // unverified: text
  if (input.GranteePrincipal === undefined) throw validation('GranteePrincipal is required.');
  for (const principal of [input.GranteePrincipal, input.RetiringPrincipal]) {
    if (principal !== undefined && !PRINCIPAL.test(principal)) {
      // unverified: text
      throw new AwsError('InvalidArnException', `Invalid principal: ${principal}`);
    }
  }
  const unfit = input.Operations.find((operation) => !SYMMETRIC_OPERATIONS.has(operation));
  if (unfit !== undefined) {
    throw validation(`Grant operations [${unfit}] are not supported on symmetric encryption keys.`); // unverified: text
  }
  return input.GranteePrincipal;
}

/** Source: AWS KMS Developer Guide, grants, "Grant operations for symmetric encryption keys". */
const SYMMETRIC_OPERATIONS: ReadonlySet<string> = new Set([
  'Decrypt',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
  'ReEncryptFrom',
  'ReEncryptTo',
  'CreateGrant',
  'DescribeKey',
  'RetireGrant',
]);

function sameGrant(grant: GrantRecord, input: CreateGrantRequest, grantee: string): boolean {
  const shape = (value: unknown) => JSON.stringify(value ?? null);
  return (
    grant.name === input.Name &&
    grant.granteePrincipal === grantee &&
    grant.retiringPrincipal === input.RetiringPrincipal &&
    shape([...grant.operations].sort()) === shape([...input.Operations].sort()) &&
    shape(grant.constraints) === shape(input.Constraints)
  );
}

function grantContext(input: CreateGrantRequest, caller: RequestContext): RequestContext {
  const { EncryptionContextEquals: equals, EncryptionContextSubset: subset } = input.Constraints ?? {};
  return {
    'kms:GrantOperations': input.Operations,
    'kms:GrantIsForAWSResource': String(caller['kms:ViaService'] !== undefined),
    ...(input.GranteePrincipal === undefined ? {} : { 'kms:GranteePrincipal': input.GranteePrincipal }),
    ...(input.RetiringPrincipal === undefined ? {} : { 'kms:RetiringPrincipal': input.RetiringPrincipal }),
    ...(equals === undefined && subset === undefined
      ? {}
      : {
          'kms:GrantConstraintType': equals === undefined ? 'EncryptionContextSubset' : 'EncryptionContextEquals',
          ...encryptionContextKeys(equals ?? subset ?? {}),
        }),
  };
}

export const ListGrants = operation('kms', 'ListGrants', {
  resolve: (context) => ({ found: findKey(context, context.input.KeyId, { aliases: false }) }),
  authorize: (context) =>
    keyChecks(context, 'ListGrants', context.found, { context: forAwsResource(context.callerContext) }),
  handle: ({ input, tx, found }) => {
    if (input.GranteeServicePrincipal !== undefined) throw unsupported('GranteeServicePrincipal');
    const key = existing(found);
    const all = tx
      .list(grants, key.arn)
      .filter((grant) => input.GrantId === undefined || grant.grantId === input.GrantId)
      .filter((grant) => input.GranteePrincipal === undefined || grant.granteePrincipal === input.GranteePrincipal);
    const { items, ...more } = page(all, (grant) => grant.grantId, input, 50);
    return { Grants: items.map(listed), ...more };
  },
});

export const ListRetirableGrants = operation('kms', 'ListRetirableGrants', {
  authorize: ({ account }) => accountCheck(account, 'ListRetirableGrants'),
  handle: ({ input, account, region, tx }) => {
    if (input.RetiringServicePrincipal !== undefined) throw unsupported('RetiringServicePrincipal');
    // unverified: text
    if (input.RetiringPrincipal === undefined) throw validation('RetiringPrincipal is required.');
    const own = `arn:aws:kms:${region}:${account}:`;
    const all = tx
      .partitions(grants)
      .filter((partition) => partition.startsWith(own))
      .flatMap((partition) => tx.list(grants, partition))
      .filter((grant) => grant.retiringPrincipal === input.RetiringPrincipal)
      .sort((a, b) => (a.grantId < b.grantId ? -1 : 1));
    const { items, ...more } = page(all, (grant) => grant.grantId, input, 50);
    return { Grants: items.map(listed), ...more };
  },
});

function listed(grant: GrantRecord): GrantListEntry {
  return {
    KeyId: grant.keyArn,
    GrantId: grant.grantId,
    Name: grant.name ?? '',
    CreationDate: grant.createdAt,
    GranteePrincipal: grant.granteePrincipal,
    RetiringPrincipal: grant.retiringPrincipal,
    IssuingAccount: grant.issuingAccount,
    Operations: grant.operations,
    Constraints: grant.constraints,
  };
}

export const RevokeGrant = operation('kms', 'RevokeGrant', {
  resolve: (context) => ({ found: findKey(context, context.input.KeyId, { aliases: false }) }),
  authorize: (context) =>
    keyChecks(context, 'RevokeGrant', context.found, { context: forAwsResource(context.callerContext) }),
  handle: ({ input, tx, found }) => {
    const key = existing(found);
    if (tx.get(grants, key.arn, input.GrantId) === undefined) throw grantNotFound(input.GrantId);
    if (input.DryRun === true) throw dryRun();
    tx.delete(grants, key.arn, input.GrantId);
    return {};
  },
});

export const RetireGrant = operation('kms', 'RetireGrant', {
  resolve: (context) => findGrant(context),
  authorize: (context) => {
    const { grant, found, principal } = context;
    if (grant === undefined || found === undefined) return [];
    // The grant itself lets its retiring principal retire it, and its grantee when RetireGrant is among the operations.
    if (grant.retiringPrincipal !== undefined && isPrincipal(principal, grant.retiringPrincipal)) return [];
    if (grant.operations.includes('RetireGrant') && isPrincipal(principal, grant.granteePrincipal)) return [];
    return keyChecks(context, 'RetireGrant', found);
  },
  handle: ({ input, tx, grant }) => {
    if (grant === undefined) throw grantNotFound(input.GrantId ?? input.GrantToken ?? '');
    if (input.DryRun === true) throw dryRun();
    tx.delete(grants, grant.keyArn, grant.grantId);
    return {};
  },
});

function findGrant(
  context: ReadContext<{
    readonly GrantToken?: string | undefined;
    readonly KeyId?: string | undefined;
    readonly GrantId?: string | undefined;
  }>,
): { grant: GrantRecord | undefined; found: KeyReference | undefined } {
  const { input, tx } = context;
  if (input.GrantToken !== undefined) {
    const grant = tx
      .partitions(grants)
      .flatMap((partition) => tx.list(grants, partition))
      .find((candidate) => candidate.token === input.GrantToken);
    if (grant === undefined)
      throw new AwsError('InvalidGrantTokenException', `Invalid grant token: ${input.GrantToken}`);
    return { grant, found: findKey(context, grant.keyArn, { aliases: false }) };
  }
  if (input.KeyId === undefined || input.GrantId === undefined) {
    // unverified: text
    throw validation('Either GrantToken, or KeyId and GrantId must be specified.');
  }
  const found = findKey(context, input.KeyId, { aliases: false });
  return { grant: tx.get(grants, found.arn, input.GrantId), found };
}

const grantNotFound = (grantId: string): AwsError => new AwsError('NotFoundException', `Grant ID ${grantId} not found`);

/** Whether a grant's principal is the caller: the caller's own ARN, or the role of a role session. */
function isPrincipal(principal: Principal, arn: string): boolean {
  return principalArn(principal) === arn || (principal.type === 'role-session' && principal.roleArn === arn);
}

function forAwsResource(caller: RequestContext): RequestContext {
  return { 'kms:GrantIsForAWSResource': String(caller['kms:ViaService'] !== undefined) };
}
