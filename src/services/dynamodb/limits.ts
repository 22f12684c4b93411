import { operation } from '../../gateway/operation.ts';

/**
 * The account's limits of provisioned capacity; nothing here comes near them.
 * Source: DynamoDB Developer Guide, ServiceQuotas (the defaults of a new account).
 */
export const DescribeLimits = operation('dynamodb', 'DescribeLimits', {
  authorize: () => [{ action: 'dynamodb:DescribeLimits', resource: '*' }],
  handle: () => ({
    AccountMaxReadCapacityUnits: 80_000,
    AccountMaxWriteCapacityUnits: 80_000,
    TableMaxReadCapacityUnits: 40_000,
    TableMaxWriteCapacityUnits: 40_000,
  }),
});
