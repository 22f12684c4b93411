import { describe, expect, it } from 'vitest';
import { AwsError } from '../core/errors.ts';
import { decodeRequest, parseInput, readInput, route } from './decode.ts';
import { encodeError, encodeResponse } from './encode.ts';
import { httpRequest } from './http.ts';
import { loadModel, type OperationModel } from './model.ts';
import { writeQueryInput } from './query-codec.ts';
import { sample } from './testing/samples.ts';
import { sdkClient } from './testing/sdk.ts';
import { comparable, forSdk, Random } from './testing/values.ts';

// Clients from before 2023 speak the query protocol to SQS. The SDK still has that protocol; its SQS client can be told to use it.
describe('SQS in its old protocol', () => {
  it('round-trips every operation with the SDK', async () => {
    const { AwsQueryProtocol } = await import('@aws-sdk/core/protocols');
    let current: OperationModel | undefined;
    let output: Record<string, unknown> = {};
    let received: unknown;
    const client = await sdkClient(
      'sqs',
      { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' },
      (request) => {
        const found = route(request);
        expect([found.service, found.operation, found.family]).toEqual(['sqs', current?.name, 'query']);
        received = readInput(found, request, request.body);
        return encodeResponse(found, output, 'r-1');
      },
      {
        md5: false,
        protocol: new AwsQueryProtocol({
          defaultNamespace: 'com.amazonaws.sqs',
          xmlNamespace: 'http://queue.amazonaws.com/doc/2012-11-05/',
          version: '2012-11-05',
        } as never),
      },
    );
    for (const name of loadModel('sqs').operationNames) {
      // Two of its members share a name on the wire (AttributeName): the first has it, see the next test.
      if (name === 'ReceiveMessage') continue;
      current = loadModel('sqs').operation(name) as OperationModel;
      const random = new Random(name.length);
      const input = sample(current, 'input', random);
      output = sample(current, 'output', random);
      const answer = await client
        .send(name, current.input === undefined ? {} : forSdk(current.input, input))
        .catch((error: Error) => {
          if (/InvalidChecksum|Invalid MD5/.test(`${error.name} ${error.message}`)) return undefined;
          throw error;
        });
      expect(comparable(received), name).toEqual(comparable(input));
      if (answer !== undefined) expect(comparable(answer), name).toEqual(comparable(output));
    }
  });

  const send = (body: string, path = '/') =>
    httpRequest(
      'POST',
      path,
      [
        ['Host', 'localhost:4566'],
        ['Content-Type', 'application/x-www-form-urlencoded'],
        [
          'Authorization',
          'AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu-west-1/sqs/aws4_request, SignedHeaders=host, Signature=0',
        ],
      ].flat(),
      Buffer.from(body),
    );

  it('takes AttributeName for the older of the two members', () => {
    const { input } = decodeRequest(
      send('Action=ReceiveMessage&Version=2012-11-05&QueueUrl=http%3A%2F%2Fx%2F0%2Fq&AttributeName.1=All'),
    );
    expect(input).toEqual({ QueueUrl: 'http://x/0/q', AttributeNames: ['All'] });
  });

  it('takes the queue from the path when the body does not name it', () => {
    const { input } = decodeRequest(
      send('Action=DeleteMessage&Version=2012-11-05&ReceiptHandle=h', '/000000000000/orders'),
    );
    expect(input).toEqual({ QueueUrl: 'http://localhost:4566/000000000000/orders', ReceiptHandle: 'h' });
  });

  it('answers with the codes of that protocol', () => {
    const found = route(send('Action=GetQueueUrl&Version=2012-11-05&QueueName=q'));
    const { status, body } = encodeError(
      found,
      new AwsError('QueueDoesNotExist', 'The specified queue does not exist.'),
      'r-1',
    );
    expect(status).toBe(400);
    expect(body).toBe(
      '<ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><Error><Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code><Message>The specified queue does not exist.</Message></Error><RequestId>r-1</RequestId></ErrorResponse>',
    );
    const missing = send('Action=GetQueueUrl&Version=2012-11-05');
    expect(() => parseInput(route(missing), missing)).toThrow('The request must contain the parameter QueueName.');
  });

  it('writes what it reads', () => {
    const model = loadModel('sqs').operation('SendMessage') as OperationModel;
    const form = writeQueryInput(model.input, {
      QueueUrl: 'u',
      MessageBody: 'b',
      MessageAttributes: { k: { DataType: 'String', StringValue: 'v' } },
    });
    expect(form.sort(([a], [b]) => (a < b ? -1 : 1))).toEqual([
      ['MessageAttribute.1.Name', 'k'],
      ['MessageAttribute.1.Value.DataType', 'String'],
      ['MessageAttribute.1.Value.StringValue', 'v'],
      ['MessageBody', 'b'],
      ['QueueUrl', 'u'],
    ]);
  });
});
