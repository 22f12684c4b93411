import {
  AttachRolePolicyCommand,
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  GetRoleCommand,
  IAMClient,
  ListUsersCommand,
  PutUserPolicyCommand,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam';
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  type Credentials,
  GetCallerIdentityCommand,
  GetFederationTokenCommand,
  GetSessionTokenCommand,
  STSClient,
} from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../src/server.ts';
import { startTestServer } from './server.ts';

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

let server: RunningServer;
let ann: Keys;
const clients: { destroy(): void }[] = [];
const role = 'arn:aws:iam::000000000000:role/apps/app';

beforeAll(async () => {
  server = await startTestServer();
  const root = iam(server.credentials);
  await root.send(new CreateUserCommand({ UserName: 'ann' }));
  await root.send(
    new PutUserPolicyCommand({
      UserName: 'ann',
      PolicyName: 'sts',
      PolicyDocument: document({ Effect: 'Allow', Action: ['sts:*', 'iam:*'], Resource: '*' }),
    }),
  );
  ann = await accessKey('ann');
  await root.send(
    new CreateRoleCommand({
      RoleName: 'app',
      Path: '/apps/',
      AssumeRolePolicyDocument: document({
        Effect: 'Allow',
        Principal: { AWS: '000000000000' },
        Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
      }),
    }),
  );
  await root.send(
    new AttachRolePolicyCommand({ RoleName: 'app', PolicyArn: 'arn:aws:iam::aws:policy/IAMReadOnlyAccess' }),
  );
});

afterAll(async () => {
  for (const client of clients) client.destroy();
  await server.stop();
});

function document(...Statement: object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

function made<C extends { destroy(): void }>(client: C): C {
  clients.push(client);
  return client;
}

function iam(credentials: Keys): IAMClient {
  return made(new IAMClient({ endpoint: server.endpoint, region: server.region, credentials, maxAttempts: 1 }));
}

function sts(credentials: Keys): STSClient {
  return made(new STSClient({ endpoint: server.endpoint, region: server.region, credentials, maxAttempts: 1 }));
}

async function accessKey(UserName: string): Promise<Keys> {
  const { AccessKey } = await iam(server.credentials).send(new CreateAccessKeyCommand({ UserName }));
  return { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
}

function keys(credentials: Credentials | undefined): Keys {
  return {
    accessKeyId: credentials!.AccessKeyId!,
    secretAccessKey: credentials!.SecretAccessKey!,
    sessionToken: credentials!.SessionToken!,
  };
}

function assume(as: Keys, input: Partial<AssumeRoleCommandInput> = {}) {
  return sts(as).send(new AssumeRoleCommand({ RoleArn: role, RoleSessionName: 'over-the-wire', ...input }));
}

const whoAmI = (as: Keys) => sts(as).send(new GetCallerIdentityCommand({}));

describe('sessions over the wire', () => {
  it('AssumeRole: the credentials are the role, and can do what it can', async () => {
    const answer = await assume(ann, {
      DurationSeconds: 900,
      Tags: [{ Key: 'Project', Value: 'orders' }],
      TransitiveTagKeys: ['Project'],
      SourceIdentity: 'ann',
    });
    expect(answer.AssumedRoleUser?.Arn).toBe('arn:aws:sts::000000000000:assumed-role/app/over-the-wire');
    expect(answer.SourceIdentity).toBe('ann');
    expect(answer.PackedPolicySize).toBeGreaterThan(0);
    expect(answer.Credentials!.Expiration!.getTime()).toBeGreaterThan(Date.now());
    const session = keys(answer.Credentials);
    expect(await whoAmI(session)).toMatchObject({
      Arn: 'arn:aws:sts::000000000000:assumed-role/app/over-the-wire',
      UserId: answer.AssumedRoleUser!.AssumedRoleId,
      Account: '000000000000',
    });
    await iam(session).send(new ListUsersCommand({}));
    await expect(iam(session).send(new CreateUserCommand({ UserName: 'x' }))).rejects.toMatchObject({
      name: 'AccessDenied',
      message:
        'User: arn:aws:sts::000000000000:assumed-role/app/over-the-wire is not authorized to perform: iam:CreateUser on resource: arn:aws:iam::000000000000:user/x because no identity-based policy allows the iam:CreateUser action',
    });
    const { Role } = await iam(session).send(new GetRoleCommand({ RoleName: 'app' }));
    expect(Role?.RoleLastUsed?.Region).toBe(server.region);
  });

  it('session policies limit them', async () => {
    const { Credentials } = await assume(ann, {
      Policy: document({ Effect: 'Allow', Action: 'iam:GetRole', Resource: '*' }),
    });
    const session = keys(Credentials);
    await iam(session).send(new GetRoleCommand({ RoleName: 'app' }));
    await expect(iam(session).send(new ListUsersCommand({}))).rejects.toMatchObject({
      name: 'AccessDenied',
      message: expect.stringContaining('because no session policy allows the iam:ListUsers action'),
    });
  });

  it('a missing role, a role too long, and root are refused in STS’s words', async () => {
    await expect(assume(ann, { RoleArn: 'arn:aws:iam::000000000000:role/app' })).rejects.toMatchObject({
      name: 'AccessDenied',
      message:
        'User: arn:aws:iam::000000000000:user/ann is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::000000000000:role/app',
    });
    await expect(assume(ann, { DurationSeconds: 7200 })).rejects.toMatchObject({
      name: 'ValidationError',
      message: 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    });
    await expect(assume(server.credentials)).rejects.toMatchObject({
      name: 'AccessDenied',
      message: 'Roles may not be assumed by root accounts.',
    });
  });

  it('another session’s token, or none, does not open them', async () => {
    const one = keys((await assume(ann)).Credentials);
    const two = keys((await assume(ann)).Credentials);
    for (const wrong of [
      { ...one, sessionToken: two.sessionToken! },
      { accessKeyId: one.accessKeyId, secretAccessKey: one.secretAccessKey },
    ]) {
      await expect(whoAmI(wrong)).rejects.toMatchObject({ name: 'InvalidClientTokenId' });
    }
  });

  it('GetSessionToken: the same user, but not for IAM', async () => {
    const { Credentials } = await sts(ann).send(new GetSessionTokenCommand({}));
    const session = keys(Credentials);
    expect((await whoAmI(session)).Arn).toBe('arn:aws:iam::000000000000:user/ann');
    await assume(session);
    await expect(iam(session).send(new ListUsersCommand({}))).rejects.toMatchObject({ name: 'InvalidClientTokenId' });
    await expect(sts(session).send(new GetSessionTokenCommand({}))).rejects.toMatchObject({
      name: 'AccessDenied',
      message: 'Cannot call GetSessionToken with session credentials',
    });
  });

  it('GetFederationToken: a federated user', async () => {
    const { Credentials } = await sts(ann).send(
      new GetFederationTokenCommand({ Name: 'bob', Policy: document({ Effect: 'Allow', Action: '*', Resource: '*' }) }),
    );
    expect((await whoAmI(keys(Credentials))).Arn).toBe('arn:aws:sts::000000000000:federated-user/bob');
  });

  it('an inactive key is unknown', async () => {
    const key = await accessKey('ann');
    await whoAmI(key);
    await iam(server.credentials).send(
      new UpdateAccessKeyCommand({ UserName: 'ann', AccessKeyId: key.accessKeyId, Status: 'Inactive' }),
    );
    await expect(whoAmI(key)).rejects.toMatchObject({ name: 'InvalidClientTokenId' });
  });
});
