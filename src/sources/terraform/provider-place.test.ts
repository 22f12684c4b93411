import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { jsonDocument } from '../json-document.ts';
import { asMap } from '../node.ts';
import { readWorkload, settingsOf } from '../read-workload.ts';
import { readPlan } from './plan.ts';
import { accountInValues, leadsElsewhere, providerPlace } from './provider-place.ts';

const PLAN = fileURLToPath(new URL('../../../tests/golden/RC109-terraform-provider/plan.json', import.meta.url));

function planOf(providers: object, values: object = {}, variables: object = {}) {
  const text = JSON.stringify({
    variables,
    configuration: { provider_config: providers, root_module: {} },
    planned_values: {
      root_module: {
        resources: [{ address: 'aws_x.y', mode: 'managed', type: 'aws_x', name: 'y', values }],
      },
    },
  });
  return readPlan(asMap(jsonDocument('plan.json', text), 'a plan'), new Map());
}

const other = (expressions: object, variables: object = {}) =>
  providerPlace(planOf({ 'aws.other': { expressions } }, {}, variables), 'aws.other');
const role = (expression: object) => ({ assume_role: [{ role_arn: expression }] });

describe('providerPlace', () => {
  it.each([
    ['the role that is assumed', role({ constant_value: 'arn:aws:iam::444455556666:role/deploy' }), {}, '444455556666'],
    ['a variable in its ARN', role({ references: ['var.id'] }), { id: { value: '444455556666' } }, '444455556666'],
    [
      'a variable that is its ARN',
      role({ references: ['var.a'] }),
      { a: { value: 'arn:aws:iam::444455556666:role/d' } },
      '444455556666',
    ],
    ['the one account allowed', { allowed_account_ids: { constant_value: ['444455556666'] } }, {}, '444455556666'],
    ['of two accounts allowed none', { allowed_account_ids: { constant_value: ['444455556666', '1'] } }, {}, undefined],
    ['two references', role({ references: ['var.id', 'var.name'] }), { id: { value: '444455556666' } }, undefined],
    ['a variable that is no account', role({ references: ['var.name'] }), { name: { value: 'deploy' } }, undefined],
    ['a profile', { profile: { constant_value: 'other' } }, {}, undefined],
  ])('takes the account of %s', (_, expressions, variables, account) => {
    expect(other(expressions, variables).account).toBe(account);
  });

  it('takes the Region as a constant or as a variable', () => {
    expect(other({ region: { constant_value: 'us-east-1' } }).region).toBe('us-east-1');
    expect(other({ region: { references: ['var.r'] } }, { r: { value: 'eu-central-1' } }).region).toBe('eu-central-1');
  });

  it('knows which providers may be of another account', () => {
    const plan = planOf({ a: { expressions: { profile: {} } }, b: { expressions: role({}) }, c: { expressions: {} } });
    expect(['a', 'b', 'c'].map((name) => leadsElsewhere(plan, name))).toEqual([true, true, false]);
  });
});

describe('accountInValues', () => {
  it.each([
    [{ arn: 'arn:aws:ecr:eu-west-1:444455556666:repository/a' }, '444455556666'],
    [{ registry_id: '444455556666' }, '444455556666'],
    [{ secret_arn: 'arn:aws:secretsmanager:eu-west-1:444455556666:secret:a-AbCdEf' }, '444455556666'],
    [{ queue_url: 'https://sqs.eu-west-1.amazonaws.com/444455556666/a' }, '444455556666'],
    [{ arn: 'arn:aws:s3:::bucket' }, undefined],
    [{}, undefined],
  ])('%j', (values, account) => {
    expect(accountInValues(planOf({}, values).resources[0]!)).toBe(account);
  });
});

describe('a plan with a provider of another account', () => {
  it('is of the account of its own provider; the rest is the other account’s', () => {
    const settings = settingsOf([PLAN]);
    expect(settings).toEqual({ account: '111122223333', region: 'eu-west-1' });
    const { repositories, roles, otherAccounts } = readWorkload([PLAN], {
      account: settings.account!,
      region: 'eu-west-1',
    });
    expect([repositories, roles.map(({ name }) => name)]).toEqual([[], ['shop-execution']]);
    expect(otherAccounts.map(({ account, repositories: made }) => [account, made.map(({ arn }) => arn)])).toEqual([
      ['222222222222', ['arn:aws:ecr:eu-west-1:222222222222:repository/team/shop']],
    ]);
    expect(otherAccounts[0]!.repositories[0]!.policy).toBeDefined();
  });
});
