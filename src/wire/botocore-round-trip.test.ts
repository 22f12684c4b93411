import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readInput, route } from './decode.ts';
import { encodeResponse } from './encode.ts';
import type { HttpRequest } from './http.ts';
import { loadModel, type OperationModel, serviceIds } from './model.ts';
import { authenticate, isSigned } from './sigv4/verify.ts';
import { Botocore, hasBotocore } from './testing/botocore.ts';
import { describeFailure, EVENT_STREAMS, sample, withoutHeaders, withTokens } from './testing/samples.ts';
import { comparable, forSdk, Random } from './testing/values.ts';

const credentials = {
  accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  sessionToken: 'tok/en+=',
};

// botocore's own model is older than the tables: what it does not know is left out on both sides.
describe.skipIf(!hasBotocore())(
  'botocore and this codec understand each other (skipped without python3 and botocore)',
  () => {
    let botocore: Botocore;
    beforeAll(() => {
      botocore = new Botocore({ endpoint: 'http://127.0.0.1:4566', ...credentials });
    });
    afterAll(() => botocore.close());

    it.each(serviceIds)('%s', { timeout: 30_000 }, async (service) => {
      const failures: string[] = [];
      let compared = 0;
      for (const name of loadModel(service).operationNames) {
        if (EVENT_STREAMS.has(name)) continue;
        const model = loadModel(service).operation(name) as OperationModel;
        const random = new Random(name.length * 131 + name.charCodeAt(0));
        const input = sample(model, 'input', random);
        const output = sample(model, 'output', random);
        let received: unknown;
        const serve = (request: HttpRequest) => {
          const found = route(request);
          expect(found.operation).toBe(name);
          const lookup = (id: string) => (id === credentials.accessKeyId ? credentials : undefined);
          const { body } = isSigned(request)
            ? authenticate(request, { now: Date.now(), family: found.family, service: found.service, lookup })
            : request;
          received = readInput(found, request, body);
          return encodeResponse(found, output, '0a1b2c3d');
        };
        try {
          const answer = await botocore.call(
            service,
            name,
            model.input === undefined ? {} : forSdk(model.input, input),
            model.output === undefined ? {} : forSdk(model.output, output),
            serve,
          );
          if (answer.unknown === true) continue;
          if (answer.broken !== undefined) throw new Error(answer.broken);
          const seen = service === 's3' ? withoutHeaders : (value: unknown) => value;
          expect(seen(comparable(received))).toEqual(
            seen(comparable(withTokens(model, answer.input as Record<string, unknown>, received))),
          );
          expect(seen(comparable(answer.output))).toEqual(seen(comparable(answer.expected)));
          compared++;
        } catch (error) {
          failures.push(`${name}: ${describeFailure(error)}`);
        }
      }
      expect(failures).toEqual([]);
      expect(compared).toBeGreaterThan(5);
    });
  },
);
