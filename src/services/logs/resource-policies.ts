import { AwsError } from '../../core/errors.ts';
import { operation } from '../../gateway/operation.ts';
import { MalformedPolicyDocument } from '../../policy/malformed.ts';
import { type CompiledPolicy, parsePolicy } from '../../policy/parse.ts';
import type { NamedPolicy } from '../../policy/types.ts';
import { collection, type Read } from '../../store/collections.ts';
import { invalidParameter, unsupported } from './errors.ts';
import { page } from './pages.ts';
import { partitionOf } from './records.ts';

interface ResourcePolicyRecord {
  readonly name: string;
  readonly document: string;
  readonly updatedAt: number;
}

/** Partition: `account/region`; key: the policy's name. */
const policies = collection<ResourcePolicyRecord>('logs/resource-policies');

/** Source: CloudWatch Logs quotas: "Resource policies: up to 10 per Region per account". */
const MOST_POLICIES = 10;

const compiled = new WeakMap<readonly ResourcePolicyRecord[], NamedPolicy<CompiledPolicy>>();

/** The account's resource policies as one: the statements of all of them. */
export function accountPolicy(read: Read, account: string, region: string): NamedPolicy<CompiledPolicy> | undefined {
  const all = read.list(policies, partitionOf(account, region));
  if (all.length === 0) return undefined;
  let policy = compiled.get(all);
  if (policy === undefined) {
    const documents = all.map((record) => JSON.parse(record.document) as { Version?: string; Statement: unknown });
    const merged = {
      // A document without a Version is the older one, in which `${…}` is plain text. One such keeps all of them plain.
      Version: documents.every(({ Version }) => Version === '2012-10-17') ? '2012-10-17' : '2008-10-17',
      Statement: documents.flatMap(({ Statement }) => Statement),
    };
    policy = {
      name: all.map((record) => record.name).join(', '),
      source: 'resource',
      policy: parsePolicy(JSON.stringify(merged), 'resource', { purpose: 'evaluate' }),
    };
    compiled.set(all, policy);
  }
  return policy;
}

const check = (action: string) => [{ action: `logs:${action}`, resource: '*' }];

export const PutResourcePolicy = operation('logs', 'PutResourcePolicy', {
  authorize: () => check('PutResourcePolicy'),
  handle: ({ input, account, region, now, tx }) => {
    refuseResourceScope(input);
    if (input.policyName === undefined || input.policyDocument === undefined) {
      // unverified: text
      throw invalidParameter('policyName and policyDocument are required.');
    }
    try {
      parsePolicy(input.policyDocument, 'resource');
    } catch (error) {
      if (error instanceof MalformedPolicyDocument) throw invalidParameter(error.message);
      throw error;
    }
    const partition = partitionOf(account, region);
    const isNew = tx.get(policies, partition, input.policyName) === undefined;
    if (isNew && tx.count(policies, partition) >= MOST_POLICIES) {
      throw new AwsError('LimitExceededException', 'Resource limit exceeded.');
    }
    const record = { name: input.policyName, document: input.policyDocument, updatedAt: now };
    tx.put(policies, partition, record.name, record);
    return { resourcePolicy: shown(record) };
  },
});

export const DescribeResourcePolicies = operation('logs', 'DescribeResourcePolicies', {
  authorize: () => check('DescribeResourcePolicies'),
  handle: ({ input, account, region, tx }) => {
    refuseResourceScope(input);
    const all = tx.list(policies, partitionOf(account, region));
    const { items, ...more } = page(all, (record) => record.name, input, 50);
    return { resourcePolicies: items.map(shown), ...more };
  },
});

export const DeleteResourcePolicy = operation('logs', 'DeleteResourcePolicy', {
  authorize: () => check('DeleteResourcePolicy'),
  handle: ({ input, account, region, tx }) => {
    refuseResourceScope(input);
    // unverified: text
    if (input.policyName === undefined) throw invalidParameter('policyName is required.');
    if (!tx.delete(policies, partitionOf(account, region), input.policyName)) {
      // unverified: text
      throw new AwsError('ResourceNotFoundException', `Policy with name [${input.policyName}] does not exist`);
    }
    return {};
  },
});

function shown(record: ResourcePolicyRecord) {
  return { policyName: record.name, policyDocument: record.document, lastUpdatedTime: record.updatedAt };
}

/** Policies of single resources are another kind, which is not served. */
function refuseResourceScope(input: {
  readonly resourceArn?: string | undefined;
  readonly expectedRevisionId?: string | undefined;
  readonly policyScope?: string | undefined;
}): void {
  if (input.resourceArn !== undefined) throw unsupported('resourceArn');
  if (input.expectedRevisionId !== undefined) throw unsupported('expectedRevisionId');
  if (input.policyScope === 'RESOURCE') throw unsupported('policyScope RESOURCE');
}
