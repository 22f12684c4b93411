import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../src/server.ts';
import { startTestServer } from './server.ts';

let server: RunningServer;
let sqs: SQSClient;

beforeAll(async () => {
  server = await startTestServer();
  sqs = new SQSClient({ endpoint: server.endpoint, region: 'eu-west-1', credentials: server.credentials });
});

afterAll(async () => {
  sqs.destroy();
  await server.stop();
});

async function makeQueue(QueueName: string, Attributes: Record<string, string> = {}): Promise<string> {
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
  return QueueUrl;
}

describe('long polling over a socket', () => {
  it('is woken by a message', async () => {
    const QueueUrl = await makeQueue('awaited');
    const waiting = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'come' }));
    expect((await waiting).Messages).toMatchObject([{ Body: 'come' }]);
  });

  it('takes nothing for a client that has hung up', async () => {
    const QueueUrl = await makeQueue('left');
    const leaving = new AbortController();
    const gone = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }), {
      abortSignal: leaving.signal,
    });
    // The answer to a later call on the same server shows that the first one has begun to wait.
    await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    leaving.abort();
    await expect(gone).rejects.toThrow();
    // Somebody waits too: whoever is still counted as waiting first would take the message.
    const staying = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'kept' }));
    expect((await staying).Messages).toMatchObject([{ Body: 'kept' }]);
  });
});

describe('a queue with a KMS key', () => {
  it('works with an unmodified client', async () => {
    const kms = new KMSClient({ endpoint: server.endpoint, region: 'eu-west-1', credentials: server.credentials });
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    kms.destroy();
    const QueueUrl = await makeQueue('sealed', { KmsMasterKeyId: KeyMetadata?.Arn ?? '' });
    const MessageAttributes = { n: { DataType: 'Number', StringValue: '1' } };
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'geheim', MessageAttributes }));
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ['All'] }));
    // The client itself compares the MD5 digests.
    expect(Messages).toMatchObject([{ Body: 'geheim', MessageAttributes }]);
  });
});
