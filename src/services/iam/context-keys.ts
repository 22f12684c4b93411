import { operation } from '../../gateway/operation.ts';
import { contextKeysOf } from '../../policy/compiled.ts';
import { entityCheck, findEntity } from './entities.ts';
import { inputPolicies, policiesOf, policySource, sourceName } from './simulation-input.ts';

export const GetContextKeysForCustomPolicy = operation('iam', 'GetContextKeysForCustomPolicy', {
  authorize: () => [{ action: 'iam:GetContextKeysForCustomPolicy', resource: '*' }],
  handle: ({ input }) => {
    const policies = inputPolicies(input.PolicyInputList, 'PolicyInputList', 'identity');
    return { ContextKeyNames: contextKeysOf(policies.map(({ policy }) => policy)) };
  },
});

export const GetContextKeysForPrincipalPolicy = operation('iam', 'GetContextKeysForPrincipalPolicy', {
  authorize: ({ tx, account, input }) => {
    const { kind, name } = sourceName(input.PolicySourceArn);
    const check = entityCheck(
      'iam:GetContextKeysForPrincipalPolicy',
      kind,
      account,
      name,
      findEntity(tx, kind, account, name),
    );
    return [{ ...check, resource: input.PolicySourceArn }];
  },
  handle: ({ tx, account, input }) => {
    const policies = [
      ...policiesOf(tx, account, policySource(tx, account, input.PolicySourceArn)),
      ...inputPolicies(input.PolicyInputList ?? [], 'PolicyInputList', 'identity'),
    ];
    return { ContextKeyNames: contextKeysOf(policies.map(({ policy }) => policy)) };
  },
});
