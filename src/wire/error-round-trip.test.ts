import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AwsError } from '../core/errors.ts';
import { route } from './decode.ts';
import { encodeError } from './encode.ts';
import type { HttpRequest, HttpResponse } from './http.ts';
import { loadModel, type OperationModel, type ServiceId, serviceIds } from './model.ts';
import { Botocore, hasBotocore } from './testing/botocore.ts';
import { sample } from './testing/samples.ts';
import { sdkClient } from './testing/sdk.ts';
import { forSdk, Random } from './testing/values.ts';

const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret', sessionToken: 'token' };
const TEXT = 'It\'s <not> "there" & wasn\'t: é';

/** An operation to fail with, and an input that a client sends without further ado. */
function anyCall(service: ServiceId): { model: OperationModel; input: Record<string, unknown> } {
  const names: Partial<Record<ServiceId, string>> = {
    ecs: 'CreateCluster',
    s3: 'GetBucketPolicy',
    sts: 'GetSessionToken',
  };
  const model = loadModel(service).operation(
    names[service] ?? (loadModel(service).operationNames[0] as string),
  ) as OperationModel;
  return {
    model,
    input: forSdk(model.input as never, sample(model, 'input', new Random(7))) as Record<string, unknown>,
  };
}

/** Codes that the JS client shows under another name than the wire's, from its own table of errors. */
const codeFor = (service: ServiceId, name: string) => {
  const { queryCode } = loadModel(service).error(name) as { queryCode: string | undefined };
  return loadModel(service).protocol === 'query' || loadModel(service).queryCompatible ? (queryCode ?? name) : name;
};

describe.each(serviceIds)('%s: every modelled error reaches the SDK', (service) => {
  it('by its class, with its message', async () => {
    let thrown = '';
    const { model, input } = anyCall(service);
    const client = await sdkClient(service, credentials, (request) =>
      encodeError(route(request), new AwsError(thrown, TEXT), 'r-1'),
    );
    const failures: string[] = [];
    for (const name of loadModel(service).errorNames) {
      // The code may be given by shape name or as the query protocol spells it.
      for (thrown of new Set([name, codeFor(service, name)])) {
        const error = (await client.send(model.name, input).catch((e: unknown) => e)) as Error & {
          $metadata?: { requestId?: string };
        };
        const ok = (error.name === name || error.name === codeFor(service, name)) && error.message.includes(TEXT);
        if (!ok) failures.push(`${thrown}: ${error.name}: ${error.message}`);
      }
    }
    expect(failures).toEqual([]);
  });
});

describe.skipIf(!hasBotocore())('errors reach botocore (skipped without python3 and botocore)', () => {
  let botocore: Botocore;
  beforeAll(() => {
    botocore = new Botocore({ endpoint: 'http://127.0.0.1:4566', ...credentials });
  });
  afterAll(() => botocore.close());

  it.each(serviceIds)('%s', async (service) => {
    const { model, input } = anyCall(service);
    const failures: string[] = [];
    for (const name of loadModel(service).errorNames) {
      const serve = (request: HttpRequest): HttpResponse =>
        encodeError(route(request), new AwsError(name, TEXT), 'r-1');
      const { failure } = await botocore.call(service, model.name, input, {}, serve);
      if (failure?.code !== codeFor(service, name) || failure.message !== TEXT)
        failures.push(`${name}: ${JSON.stringify(failure)}`);
    }
    expect(failures).toEqual([]);
  });

  it('SQS shows the old code and the new class', async () => {
    const { input } = anyCall('sqs');
    const serve = (request: HttpRequest): HttpResponse =>
      encodeError(route(request), new AwsError('QueueDoesNotExist', TEXT), 'r-1');
    const { failure } = await botocore.call('sqs', 'AddPermission', input, {}, serve);
    expect(failure).toMatchObject({
      code: 'AWS.SimpleQueueService.NonExistentQueue',
      class: 'QueueDoesNotExist',
      status: 400,
    });
  });
});
