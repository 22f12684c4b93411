import { beforeEach, expect, it } from 'vitest';
import { createTestBench, type TestBench } from '../../gateway/testing.ts';
import { ecsService } from './index.ts';
import { ecsBench } from './testing.ts';

let bench: TestBench;

beforeEach(() => {
  bench = createTestBench([ecsService]);
});

const ROOT = 'arn:aws:iam::000000000000:root';
const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'ecs:*', Resource: '*' }] };

it('a principal has its own setting, else the account’s, else ECS’s', async () => {
  const session = bench.roleSession('dev', [everything]);
  const as = { as: session };
  const effective = async () =>
    (await bench.call('ecs', 'ListAccountSettings', { name: 'containerInsights', effectiveSettings: true }, as))
      .settings?.[0];
  expect(await effective()).toEqual({
    name: 'containerInsights',
    value: 'disabled',
    principalArn: session.roleArn,
    type: 'user',
  });
  const asDefault = await bench.call('ecs', 'PutAccountSettingDefault', {
    name: 'containerInsights',
    value: 'enabled',
  });
  expect(asDefault.setting).toMatchObject({ value: 'enabled', principalArn: ROOT });
  expect((await effective())?.value).toBe('enabled');
  await bench.call('ecs', 'PutAccountSetting', { name: 'containerInsights', value: 'enhanced' }, as);
  expect((await effective())?.value).toBe('enhanced');
  expect((await bench.call('ecs', 'ListAccountSettings', {}, as)).settings).toHaveLength(1);
  const deleted = await bench.call('ecs', 'DeleteAccountSetting', { name: 'containerInsights' }, as);
  expect(deleted.setting?.value).toBe('enabled');
  expect((await bench.call('ecs', 'ListAccountSettings', {}, as)).settings).toEqual([]);
});

it('a new cluster takes containerInsights from it', async () => {
  const full = await ecsBench();
  await full.call('ecs', 'PutAccountSetting', { name: 'containerInsights', value: 'enabled' });
  const { cluster } = await full.call('ecs', 'CreateCluster', { clusterName: 'shop' });
  expect(cluster?.settings).toEqual([{ name: 'containerInsights', value: 'enabled' }]);
});

it.each([
  ['containerInsights', 'maybe'],
  ['taskLongArnFormat', 'disabled'],
  ['guardDutyActivate', 'on'],
  ['tagResourceAuthorization', 'off'],
] as const)('refuses %s %s', async (name, value) => {
  expect((await bench.refused(bench.call('ecs', 'PutAccountSetting', { name, value }))).code).toBe(
    'InvalidParameterException',
  );
});

it('is authorized with ecs:account-setting', async () => {
  const session = bench.roleSession('dev', [
    {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: 'ecs:PutAccountSetting',
          Resource: '*',
          Condition: { StringEquals: { 'ecs:account-setting': 'awsvpcTrunking' } },
        },
      ],
    },
  ]);
  const put = (name: 'awsvpcTrunking' | 'containerInsights') =>
    bench.call('ecs', 'PutAccountSetting', { name, value: 'enabled' }, { as: session });
  await put('awsvpcTrunking');
  expect((await bench.refused(put('containerInsights'))).code).toBe('AccessDeniedException');
});
