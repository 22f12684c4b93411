import { AwsError } from '../../core/errors.ts';
import { operation } from '../../gateway/operation.ts';
import { keyChecks } from './authorization.ts';
import { existing, findKey } from './key-ids.ts';
import { parseKeyPolicy } from './key-policy.ts';
import { lockoutChecks } from './keys.ts';
import { putKey } from './records.ts';

/** Every key has one policy, and it bears this name. */
const POLICY_NAME = 'default';

function checkPolicyName(name: string | undefined): void {
  if (name !== undefined && name !== POLICY_NAME) throw new AwsError('NotFoundException', 'No such policy exists');
}

export const GetKeyPolicy = operation('kms', 'GetKeyPolicy', {
  resolve: (context) => ({ found: findKey(context, context.input.KeyId, { aliases: false }) }),
  authorize: (context) => keyChecks(context, 'GetKeyPolicy', context.found),
  handle: ({ input, found }) => {
    const key = existing(found);
    checkPolicyName(input.PolicyName);
    return { Policy: key.policy, PolicyName: POLICY_NAME };
  },
});

export const PutKeyPolicy = operation('kms', 'PutKeyPolicy', {
  resolve: (context) => ({ found: findKey(context, context.input.KeyId, { aliases: false }) }),
  authorize: (context) => {
    const { input, found } = context;
    const bypass = String(input.BypassPolicyLockoutSafetyCheck === true);
    const checks = keyChecks(context, 'PutKeyPolicy', found, {
      context: { 'kms:BypassPolicyLockoutSafetyCheck': bypass },
    });
    return found.key === undefined ? checks : [...checks, ...lockoutChecks(input, found.arn, context.account)];
  },
  handle: ({ input, tx, found }) => {
    const key = existing(found);
    checkPolicyName(input.PolicyName);
    parseKeyPolicy(input.Policy);
    putKey(tx, { ...key, policy: input.Policy });
    return {};
  },
});

export const ListKeyPolicies = operation('kms', 'ListKeyPolicies', {
  resolve: (context) => ({ found: findKey(context, context.input.KeyId, { aliases: false }) }),
  authorize: (context) => keyChecks(context, 'ListKeyPolicies', context.found),
  handle: ({ found }) => {
    existing(found);
    return { PolicyNames: [POLICY_NAME], Truncated: false };
  },
});
