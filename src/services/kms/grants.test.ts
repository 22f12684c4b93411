import { describe, expect, it } from 'vitest';
import { createTestBench } from '../../gateway/testing.ts';
import { kmsService } from './index.ts';

const bytes = (text: string) => Buffer.from(text);

async function setUp() {
  const b = createTestBench([kmsService]);
  const { KeyMetadata } = await b.call('kms', 'CreateKey', {});
  return { b, KeyId: KeyMetadata!.KeyId, Arn: KeyMetadata!.Arn!, worker: b.roleSession('worker', []) };
}

describe('grants', () => {
  it('allow their operations, within their constraints, to their grantee alone', async () => {
    const { b, KeyId, worker } = await setUp();
    const encrypt = (as = worker, EncryptionContext: Record<string, string> = { tenant: 'a' }) =>
      b.call('kms', 'Encrypt', { KeyId, Plaintext: bytes('x'), EncryptionContext }, { as });
    await b.refused(encrypt());
    const { GrantId, GrantToken } = await b.call('kms', 'CreateGrant', {
      KeyId,
      GranteePrincipal: worker.roleArn,
      Operations: ['Encrypt', 'Decrypt'],
      Constraints: { EncryptionContextSubset: { tenant: 'a' } },
    });
    const { CiphertextBlob } = await encrypt();
    expect(b.trail().at(-1)?.checks[0]?.decidedBy?.sid).toBe(`grant ${GrantId}`);
    await encrypt(worker, { tenant: 'a', more: 'x' });
    await b.refused(encrypt(worker, { tenant: 'b' }));
    await b.refused(encrypt(b.roleSession('someone', [])));
    await b.call('kms', 'Decrypt', { CiphertextBlob, EncryptionContext: { tenant: 'a' } }, { as: worker });
    const dataKey = { KeyId, KeySpec: 'AES_256' as const, EncryptionContext: { tenant: 'a' } };
    await b.refused(b.call('kms', 'GenerateDataKey', dataKey, { as: worker }));
    await b.call('kms', 'Encrypt', { KeyId, Plaintext: bytes('x'), GrantTokens: [GrantToken!] });
    expect(
      (await b.refused(b.call('kms', 'Encrypt', { KeyId, Plaintext: bytes('x'), GrantTokens: ['nope'] }))).code,
    ).toBe('InvalidGrantTokenException');
    await b.call('kms', 'RevokeGrant', { KeyId, GrantId: GrantId! });
    await b.refused(encrypt());
  });

  it('yield to an explicit deny', async () => {
    const { b, KeyId } = await setUp();
    const denied = b.roleSession('denied', [
      { Version: '2012-10-17', Statement: { Effect: 'Deny', Action: 'kms:Encrypt', Resource: '*' } },
    ]);
    await b.call('kms', 'CreateGrant', { KeyId, GranteePrincipal: denied.roleArn, Operations: ['Encrypt'] });
    const error = await b.refused(b.call('kms', 'Encrypt', { KeyId, Plaintext: bytes('x') }, { as: denied }));
    expect(error.message).toContain('explicit deny');
  });

  it('are made once under one name, listed, and paged', async () => {
    const { b, KeyId, Arn, worker } = await setUp();
    const input = { KeyId, GranteePrincipal: worker.roleArn, Operations: ['Decrypt' as const], Name: 'one' };
    const first = await b.call('kms', 'CreateGrant', input);
    expect((await b.call('kms', 'CreateGrant', input)).GrantId).toBe(first.GrantId);
    await b.call('kms', 'CreateGrant', { ...input, Name: 'two', RetiringPrincipal: worker.roleArn });
    const { Grants, Truncated } = await b.call('kms', 'ListGrants', { KeyId });
    expect(Truncated).toBe(false);
    expect(Grants?.map((grant) => [grant.KeyId, grant.Name]).sort()).toEqual([
      [Arn, 'one'],
      [Arn, 'two'],
    ]);
    expect((await b.call('kms', 'ListGrants', { KeyId, Limit: 1 })).Truncated).toBe(true);
    expect((await b.call('kms', 'ListGrants', { KeyId, GrantId: first.GrantId })).Grants).toHaveLength(1);
    expect(
      (await b.call('kms', 'ListRetirableGrants', { RetiringPrincipal: worker.roleArn })).Grants?.map(
        (grant) => grant.Name,
      ),
    ).toEqual(['two']);
  });

  it('are retired by their retiring principal, without any policy', async () => {
    const { b, KeyId, worker } = await setUp();
    const retirer = b.roleSession('retirer', []);
    const { GrantToken } = await b.call('kms', 'CreateGrant', {
      KeyId,
      GranteePrincipal: worker.roleArn,
      RetiringPrincipal: retirer.roleArn,
      Operations: ['Decrypt'],
    });
    await b.refused(b.call('kms', 'RetireGrant', { GrantToken }, { as: worker }));
    await b.call('kms', 'RetireGrant', { GrantToken }, { as: retirer });
    expect((await b.call('kms', 'ListGrants', { KeyId })).Grants).toEqual([]);
  });

  it('refuses what symmetric keys or this server do not know', async () => {
    const { b, KeyId, worker } = await setUp();
    const sign = { KeyId, GranteePrincipal: worker.roleArn, Operations: ['Sign' as const] };
    expect((await b.refused(b.call('kms', 'CreateGrant', sign))).code).toBe('ValidationException');
    const odd = { KeyId, GranteePrincipal: 'somebody', Operations: ['Decrypt' as const] };
    expect((await b.refused(b.call('kms', 'CreateGrant', odd))).code).toBe('InvalidArnException');
    expect((await b.refused(b.call('kms', 'RevokeGrant', { KeyId, GrantId: 'x' }))).code).toBe('NotFoundException');
  });
});
