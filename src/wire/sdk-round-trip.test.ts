import { describe, expect, it } from 'vitest';
import { readInput, route } from './decode.ts';
import { encodeResponse } from './encode.ts';
import type { HttpRequest } from './http.ts';
import { loadModel, type OperationModel, serviceIds } from './model.ts';
import { authenticate, isSigned } from './sigv4/verify.ts';
import { addDigests, describeFailure, EVENT_STREAMS, sample, withoutHeaders, withTokens } from './testing/samples.ts';
import { sdkClient } from './testing/sdk.ts';
import { comparable, forSdk, Random } from './testing/values.ts';

const credentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  sessionToken: 'tok/en+=',
};
const ROUNDS = 2;

describe.each(serviceIds)('%s: the SDK and this codec understand each other', (service) => {
  it('for every operation, input and output', async () => {
    let current: OperationModel | undefined;
    let received: unknown;
    let output: Record<string, unknown> = {};
    const client = await sdkClient(
      service,
      credentials,
      (request: HttpRequest) => {
        const found = route(request);
        expect(found.operation).toBe(current?.name);
        // AssumeRoleWithSAML and AssumeRoleWithWebIdentity prove their caller in other ways.
        expect(isSigned(request)).toBe(!/With(?:SAML|WebIdentity)$/.test(found.operation));
        if (!isSigned(request)) {
          received = readInput(found, request, request.body);
          return encodeResponse(found, output, '0a1b2c3d');
        }
        const { body } = authenticate(request, {
          now: Date.now(),
          family: found.family,
          service: found.service,
          lookup: (id) => (id === credentials.accessKeyId ? credentials : undefined),
        });
        received = readInput(found, request, body);
        return encodeResponse(found, output, '0a1b2c3d');
      },
      service === 's3'
        ? {
            forcePathStyle: true,
            requestChecksumCalculation: 'WHEN_REQUIRED',
            responseChecksumValidation: 'WHEN_REQUIRED',
          }
        : {},
    );
    const failures: string[] = [];
    for (const name of loadModel(service).operationNames) {
      if (EVENT_STREAMS.has(name)) continue;
      const model = loadModel(service).operation(name) as OperationModel;
      for (let round = 0; round < ROUNDS; round++) {
        const random = new Random(round * 7919 + name.length * 31 + name.charCodeAt(0));
        current = model;
        const input = sample(model, 'input', random);
        output = sample(model, 'output', random);
        if (service === 'sqs') addDigests(name, input, output);
        received = undefined;
        try {
          const answer = await client.send(name, model.input === undefined ? {} : forSdk(model.input, input));
          const body = answer.Body as { transformToByteArray?(): Promise<Uint8Array> } | undefined;
          if (body?.transformToByteArray !== undefined) answer.Body = await body.transformToByteArray();
          const seen = service === 's3' ? withoutHeaders : (value: unknown) => value;
          expect(seen(comparable(received))).toEqual(seen(comparable(withTokens(model, input, received))));
          expect(seen(comparable(answer))).toEqual(seen(comparable(output)));
        } catch (error) {
          failures.push(`${name} (round ${round}): ${describeFailure(error)}`);
        }
      }
    }
    expect(failures).toEqual([]);
  });
});
