import { expect, it } from 'vitest';
import { createTestBench } from '../../gateway/testing.ts';
import { dynamodbService } from './index.ts';

it('DescribeLimits answers the defaults, to whoever may ask', async () => {
  const bench = createTestBench([dynamodbService]);
  expect(await bench.call('dynamodb', 'DescribeLimits', {})).toMatchObject({ TableMaxReadCapacityUnits: 40_000 });
  const stranger = bench.roleSession('app', []);
  const error = await bench.refused(bench.call('dynamodb', 'DescribeLimits', {}, { as: stranger }));
  expect(error.message).toContain('is not authorized to perform: dynamodb:DescribeLimits on resource: *');
});
