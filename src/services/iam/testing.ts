import type { Identities } from '../../gateway/ports.ts';
import type { Principal } from '../../gateway/principals.ts';
import { createTestBench, TEST_ACCOUNT, type TestBench } from '../../gateway/testing.ts';
import { stsService } from '../sts/index.ts';
import { createIdentities } from './identities.ts';
import { iamService } from './index.ts';

/** A test bench whose identities are the real ones. */
export interface IamBench extends TestBench {
  readonly identities: Identities;
  /** The principal that an access key stands for. */
  principalOf(accessKeyId: string): Principal;
  /** A new user with these policy documents, as a principal. */
  user(name: string, ...documents: string[]): Promise<Principal>;
  /** The ARN of a new role that the account and some service trust. */
  role(name: string, trust?: string): Promise<string>;
}

export function createIamBench(): IamBench {
  const identities = createIdentities();
  const bench = createTestBench([iamService, stsService], { identities });
  const principalOf = (accessKeyId: string) => identities.credential(bench.store, accessKeyId)!.principal;
  return {
    ...bench,
    identities,
    principalOf,
    user: async (name, ...documents) => {
      await bench.call('iam', 'CreateUser', { UserName: name });
      for (const [index, PolicyDocument] of documents.entries()) {
        await bench.call('iam', 'PutUserPolicy', { UserName: name, PolicyName: `policy-${index}`, PolicyDocument });
      }
      const { AccessKey } = await bench.call('iam', 'CreateAccessKey', { UserName: name });
      return principalOf(AccessKey.AccessKeyId);
    },
    role: async (name, trust = trustPolicy({ AWS: TEST_ACCOUNT, Service: 'ecs-tasks.amazonaws.com' })) => {
      const { Role } = await bench.call('iam', 'CreateRole', { RoleName: name, AssumeRolePolicyDocument: trust });
      return Role.Arn;
    },
  };
}

/** A policy that allows these actions on everything. */
export function allow(...actions: string[]): string {
  return policy({ Effect: 'Allow', Action: actions, Resource: '*' });
}

export function policy(...Statement: object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

/** A trust policy for sts:AssumeRole, or for the actions given. */
export function trustPolicy(
  Principal: object,
  options: { Action?: string | string[]; Condition?: object } = {},
): string {
  return policy({ Effect: 'Allow', Principal, Action: 'sts:AssumeRole', ...options });
}
