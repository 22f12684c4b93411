import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Trail } from '../../src/gateway/trail.ts';
import type { RunningServer } from '../../src/server.ts';
import { servicesOver } from '../../src/services/all.ts';
import { BlobStore } from '../../src/services/ecr/index.ts';
import { callerOf, python } from './clients.ts';
import { at, type Client, fill, lacks, type Scenario, scenarios } from './scenario.ts';
import { startTestServer } from './server.ts';

const all = scenarios();

describe('the scenarios', () => {
  it('make every call that is served', () => {
    const missing = servicesOver(new Trail(), new BlobStore({ directory: '' })).flatMap(({ id, operations }) => {
      const called = new Set(all.find(({ service }) => service === id)?.steps.map(({ call }) => call));
      return Object.keys(operations)
        .filter((operation) => !called.has(operation))
        .map((operation) => `${id}:${operation}`);
    });
    expect(missing).toEqual([]);
  });
});

describe.each(['sdk', 'boto3', 'cli'] as const)('%s', (client: Client) => {
  const there = client === 'sdk' || python()[client];
  if (!there) console.log(`${client}: not on this machine, its calls are not made`);

  describe.skipIf(!there).each(all)('$service', ({ service, steps }: Scenario) => {
    let server: RunningServer;
    beforeAll(async () => {
      server = await startTestServer();
    });
    afterAll(() => server.stop());

    it('answers each call', async () => {
      const caller = await callerOf(client, server);
      if (caller === undefined) throw new Error(`${client} is not there`);
      const saved: Record<string, unknown> = {};
      try {
        for (const [index, step] of steps.entries()) {
          if (step.without?.[client] !== undefined) continue;
          const [target, operation] = step.call.includes(':')
            ? (step.call.split(':') as [string, string])
            : [service, step.call];
          const answer = await caller.call(target, operation, fill(step.input ?? {}, saved) as Record<string, unknown>);
          const where = `${service} step ${index}: ${step.call}`;
          if ('error' in answer) {
            expect.soft({ where, ...answer.error }).toMatchObject({ where, code: step.error ?? 'no error' });
            continue;
          }
          expect.soft({ where, error: undefined }).toEqual({ where, error: step.error });
          expect
            .soft({ where, lacks: lacks(fill(step.expect ?? {}, saved), answer.output) })
            .toEqual({ where, lacks: undefined });
          for (const [name, path] of Object.entries(step.save ?? {})) saved[name] = at(answer.output, path);
        }
      } finally {
        caller.close();
      }
    });
  });
});
