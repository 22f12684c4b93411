import { operation } from '../../gateway/operation.ts';
import { parsePolicy } from '../../policy/parse.ts';
import { invalidParameter, registryPolicyNotFound } from './errors.ts';
import { regional, registryPolicies } from './records.ts';

const KEY = 'policy';

export const DescribeRegistry = operation('ecr', 'DescribeRegistry', {
  authorize: () => [{ action: 'ecr:DescribeRegistry', resource: '*' }],
  // Replication is not served, so no registry has rules for it.
  handle: ({ account }) => ({ registryId: account, replicationConfiguration: { rules: [] } }),
});

/**
 * A registry policy grants ecr:ReplicateImage, ecr:BatchImportUpstreamImage and ecr:CreateRepository to others; nothing
 * served here asks it. It is checked, kept and given back.
 */
export const PutRegistryPolicy = operation('ecr', 'PutRegistryPolicy', {
  authorize: () => [{ action: 'ecr:PutRegistryPolicy', resource: '*' }],
  handle: ({ input, account, region, tx }) => {
    try {
      parsePolicy(input.policyText, 'resource');
    } catch {
      throw invalidParameter('PolicyText', 'Invalid registry policy provided');
    }
    tx.put(registryPolicies, regional(account, region), KEY, { policy: input.policyText });
    return { registryId: account, policyText: input.policyText };
  },
});

export const GetRegistryPolicy = operation('ecr', 'GetRegistryPolicy', {
  authorize: () => [{ action: 'ecr:GetRegistryPolicy', resource: '*' }],
  handle: ({ account, region, tx }) => {
    const found = tx.get(registryPolicies, regional(account, region), KEY);
    if (found === undefined) throw registryPolicyNotFound(account);
    return { registryId: account, policyText: found.policy };
  },
});

export const DeleteRegistryPolicy = operation('ecr', 'DeleteRegistryPolicy', {
  authorize: () => [{ action: 'ecr:DeleteRegistryPolicy', resource: '*' }],
  handle: ({ account, region, tx }) => {
    const found = tx.get(registryPolicies, regional(account, region), KEY);
    if (found === undefined) throw registryPolicyNotFound(account);
    tx.delete(registryPolicies, regional(account, region), KEY);
    return { registryId: account, policyText: found.policy };
  },
});
