import { createHash } from 'node:crypto';
import type { OperationModel, ServiceId } from '../model.ts';
import { type Random, randomStructure } from './values.ts';

/** Operations that travel as an event stream, which has no codec here. */
export const EVENT_STREAMS = new Set(['StartLiveTail', 'GetLogObject']);

/** What the SDK itself changes or refuses, by member. */
const WITHOUT: Partial<Record<ServiceId, ReadonlySet<string>>> = {
  // The client checks the digests of what it sent.
  sqs: new Set(['MD5OfMessageBody', 'MD5OfBody', 'MD5OfMessageAttributes', 'MD5OfMessageSystemAttributes']),
  // The client computes or consumes these itself.
  s3: new Set([
    'ContentLength',
    'ContentMD5',
    'ContentEncoding',
    'ChecksumAlgorithm',
    'ChecksumMode',
    'ChecksumCRC32',
    'ChecksumCRC32C',
    'ChecksumCRC64NVME',
    'ChecksumSHA1',
    'ChecksumSHA256',
    'ChecksumSHA512',
    'ChecksumMD5',
    'ChecksumXXHASH64',
    'ChecksumXXHASH3',
    'ChecksumXXHASH128',
    'SSECustomerKey',
    'SSECustomerKeyMD5',
    'SSECustomerAlgorithm',
    'Expires',
    'ExpiresString',
    'CreateBucketConfiguration',
  ]),
};

export function sample(model: OperationModel, side: 'input' | 'output', random: Random): Record<string, unknown> {
  const service = model.service.id;
  const value = randomStructure(model[side], random, {
    without: WITHOUT[service] ?? new Set(),
    ascii: service === 's3',
    filled: model.service.protocol === 'query',
  });
  if (side === 'output') {
    // botocore undoes the URL encoding of keys, and wants each listed object to have one.
    if (model.name === 'ListObjectsV2') {
      delete value.EncodingType;
      for (const object of (value.Contents ?? []) as Record<string, unknown>[]) object.Key ??= 'a/key';
    }
    return value;
  }
  if (service === 's3' && model.input?.byName.has('Bucket')) value.Bucket = 'orders-bucket';
  if (service === 's3' && 'Key' in value) value.Key = 'a folder/kéy+1&2=3';
  // The client adds what is left out here.
  if (model.name === 'CreateBucket') value.CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' };
  if (model.name === 'ListObjectsV2') value.EncodingType = 'url';
  if (model.name === 'PutObject') Object.assign(value, { ContentType: 'text/plain', Body: Buffer.from('abc') });
  if (service === 'sqs' && 'QueueUrl' in value) value.QueueUrl = 'http://127.0.0.1:4566/000000000000/orders';
  return value;
}

/** The client fills in idempotency tokens that were left out. */
export function withTokens(
  model: OperationModel,
  input: Record<string, unknown>,
  received: unknown,
): Record<string, unknown> {
  const out = { ...input };
  for (const member of model.input?.members ?? []) {
    if (member.traits.idempotencyToken === 1 && out[member.name] === undefined)
      out[member.name] = (received as Record<string, unknown>)?.[member.name];
  }
  return out;
}

/** Members that differ, not the whole of both sides. */
export function describeFailure(error: unknown): string {
  const { message, actual, expected } = error as { message: string; actual?: unknown; expected?: unknown };
  if (typeof actual !== 'object' || typeof expected !== 'object' || actual === null || expected === null)
    return message.slice(0, 300);
  const names = new Set([...Object.keys(actual), ...Object.keys(expected)]);
  const text = (side: object, name: string) => JSON.stringify((side as Record<string, unknown>)[name]);
  const parts = [...names]
    .filter((n) => text(actual, n) !== text(expected, n))
    .map((n) => `${n}: ${text(actual, n)} instead of ${text(expected, n)}`);
  return parts.join('; ').slice(0, 600);
}

/** S3 members that the client or HTTP itself adds to what was given. */
export function withoutHeaders(value: unknown): unknown {
  const out = { ...(value as Record<string, unknown>) };
  for (const name of WITHOUT.s3 ?? []) if (name !== 'CreateBucketConfiguration') delete out[name];
  if (JSON.stringify(out.Metadata) === '{}') delete out.Metadata;
  if (out.Body === '0x') delete out.Body;
  return out;
}

/** The digests that the SQS client checks. */
export function addDigests(operation: string, input: Record<string, unknown>, output: Record<string, unknown>): void {
  const md5 = (text: unknown) => createHash('md5').update(String(text)).digest('hex');
  if (operation === 'SendMessage') output.MD5OfMessageBody = md5(input.MessageBody);
  if (operation === 'ReceiveMessage') {
    for (const message of (output.Messages ?? []) as Record<string, unknown>[]) {
      message.Body ??= 'text';
      message.MD5OfBody = md5(message.Body);
    }
  }
}
