import { beforeEach, describe, expect, it } from 'vitest';
import { TEST_ACCOUNT } from '../../gateway/testing.ts';
import { allow, createIamBench, type IamBench, policy } from './testing.ts';

let bench: IamBench;

beforeEach(() => {
  bench = createIamBench();
});

describe('kinds of things that an account here never has', () => {
  it('are listed empty for a user who is there', async () => {
    await bench.call('iam', 'CreateUser', { UserName: 'ann' });
    const UserName = 'ann';
    expect((await bench.call('iam', 'ListMFADevices', { UserName })).MFADevices).toEqual([]);
    expect((await bench.call('iam', 'ListSSHPublicKeys', { UserName })).SSHPublicKeys).toEqual([]);
    expect((await bench.call('iam', 'ListSigningCertificates', { UserName })).Certificates).toEqual([]);
    const credentials = await bench.call('iam', 'ListServiceSpecificCredentials', { UserName });
    expect(credentials.ServiceSpecificCredentials).toEqual([]);
    expect(await bench.refused(bench.call('iam', 'GetLoginProfile', { UserName }))).toMatchObject({
      code: 'NoSuchEntityException',
      message: 'Login Profile for User ann cannot be found.',
    });
    for (const call of [
      bench.call('iam', 'ListMFADevices', { UserName: 'bob' }),
      bench.call('iam', 'DeleteLoginProfile', { UserName: 'bob' }),
    ]) {
      expect(await bench.refused(call)).toMatchObject({ message: 'The user with name bob cannot be found.' });
    }
    expect(await bench.refused(bench.call('iam', 'GetAccountPasswordPolicy', {}))).toMatchObject({
      message: `The Password Policy with domain name ${TEST_ACCOUNT} cannot be found.`,
    });
  });

  it('are authorized like the rest', async () => {
    const ann = await bench.user(
      'ann',
      policy({ Effect: 'Allow', Action: 'iam:*', Resource: `arn:aws:iam::${TEST_ACCOUNT}:user/ann` }),
    );
    await bench.call('iam', 'CreateUser', { UserName: 'bob' });
    await bench.call('iam', 'ListMFADevices', {}, { as: ann });
    const other = bench.call('iam', 'ListMFADevices', { UserName: 'bob' }, { as: ann });
    expect(await bench.refused(other)).toMatchObject({ code: 'AccessDenied' });
    const session = bench.roleSession('r', [allow('iam:*')]);
    expect(await bench.refused(bench.call('iam', 'ListMFADevices', {}, { as: session }))).toMatchObject({
      code: 'ValidationError',
    });
  });
});

describe('an operation that is not served', () => {
  it('is authorized against what it names before it says so', async () => {
    const ann = await bench.user(
      'ann',
      policy({ Effect: 'Allow', Action: 'iam:*', Resource: `arn:aws:iam::${TEST_ACCOUNT}:user/ann` }),
    );
    const create = (UserName: string) =>
      bench.refused(bench.call('iam', 'CreateLoginProfile', { UserName, Password: 'x' }, { as: ann }));
    expect((await create('ann')).message).toContain('Rolecall does not serve iam:CreateLoginProfile');
    expect(await create('bob')).toMatchObject({
      code: 'AccessDenied',
      message: expect.stringContaining(`iam:CreateLoginProfile on resource: arn:aws:iam::${TEST_ACCOUNT}:user/bob`),
    });
  });
});
