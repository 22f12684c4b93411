import { beforeEach, expect, it } from 'vitest';
import type { TestBench } from '../../gateway/testing.ts';
import { ARN, ecsBench } from './testing.ts';

let bench: TestBench;

beforeEach(async () => {
  bench = await ecsBench();
});

it.each([
  ['CreateService', { serviceName: 'web' }, ARN('service/default/web')],
  ['UpdateService', { cluster: 'shop', service: 'web' }, ARN('service/shop/web')],
  ['DeleteService', { service: ARN('service/shop/web') }, ARN('service/shop/web')],
  ['DescribeServices', { services: ['a', 'b'] }, ARN('service/default/a')],
  ['ExecuteCommand', { task: '0'.repeat(32), command: 'sh' }, ARN(`task/default/${'0'.repeat(32)}`)],
  ['CreateCapacityProvider', { name: 'mine' }, ARN('capacity-provider/mine')],
  ['ListServices', {}, '*'],
] as const)(
  '%s is authorized on its resource before it is said not to be served',
  async (operation, input, resource) => {
    const call = (documents: object[]) =>
      bench.call('ecs', operation, input as never, { as: bench.roleSession('dev', documents) });
    const refused = await bench.refused(call([]));
    expect(refused.message).toContain(`is not authorized to perform: ecs:${operation} on resource: ${resource}`);
    const allowed = await bench.refused(
      call([
        {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Action: `ecs:${operation}`, Resource: '*' }],
        },
      ]),
    );
    expect(allowed.code).toBe('UnknownOperationException');
  },
);
