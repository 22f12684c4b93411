import { AwsError } from '../../core/errors.ts';
import { parsePolicy } from '../../policy/parse.ts';
import type { Read } from '../../store/collections.ts';
import { findQueueByArn } from './address.ts';
import { invalidAttribute, invalidValue, unknownAttribute } from './errors.ts';
import { type QueueRecord, queueArn } from './records.ts';

interface WholeNumber {
  readonly from: number;
  readonly to: number;
  readonly default: number;
}

/** Source: Amazon SQS API Reference, SetQueueAttributes. Sizes in bytes, times in seconds. */
const NUMBERS = {
  DelaySeconds: { from: 0, to: 900, default: 0 },
  MaximumMessageSize: { from: 1024, to: 1_048_576, default: 1_048_576 },
  MessageRetentionPeriod: { from: 60, to: 1_209_600, default: 345_600 },
  ReceiveMessageWaitTimeSeconds: { from: 0, to: 20, default: 0 },
  VisibilityTimeout: { from: 0, to: 43_200, default: 30 },
} as const satisfies Record<string, WholeNumber>;

const REUSE_PERIOD: WholeNumber = { from: 60, to: 86_400, default: 300 };

const FIFO_ONLY = new Set(['FifoQueue', 'ContentBasedDeduplication', 'DeduplicationScope', 'FifoThroughputLimit']);

/** Attributes that a client may set. */
const SETTABLE = new Set([
  ...Object.keys(NUMBERS),
  ...FIFO_ONLY,
  'Policy',
  'RedrivePolicy',
  'RedriveAllowPolicy',
  'KmsMasterKeyId',
  'KmsDataKeyReusePeriodSeconds',
  'SqsManagedSseEnabled',
]);

/** Attributes that an empty value takes away. */
const REMOVABLE = new Set(['Policy', 'RedrivePolicy', 'RedriveAllowPolicy', 'KmsMasterKeyId']);

export interface RedrivePolicy {
  readonly deadLetterTargetArn: string;
  readonly maxReceiveCount: number;
}

/** A queue's attributes, read. */
export interface QueueSettings {
  readonly delaySeconds: number;
  readonly maximumMessageSize: number;
  readonly messageRetentionPeriod: number;
  readonly receiveWaitSeconds: number;
  readonly visibilityTimeout: number;
  readonly redrive: RedrivePolicy | undefined;
  readonly kmsKey: string | undefined;
  readonly contentBasedDeduplication: boolean;
  readonly deduplicationPerGroup: boolean;
}

const read = new WeakMap<QueueRecord, QueueSettings>();

export function settings(queue: QueueRecord): QueueSettings {
  let known = read.get(queue);
  if (known === undefined) {
    const { attributes } = queue;
    known = {
      delaySeconds: Number(attributes.DelaySeconds),
      maximumMessageSize: Number(attributes.MaximumMessageSize),
      messageRetentionPeriod: Number(attributes.MessageRetentionPeriod),
      receiveWaitSeconds: Number(attributes.ReceiveMessageWaitTimeSeconds),
      visibilityTimeout: Number(attributes.VisibilityTimeout),
      redrive: attributes.RedrivePolicy === undefined ? undefined : storedRedrivePolicy(attributes.RedrivePolicy),
      kmsKey: attributes.KmsMasterKeyId,
      contentBasedDeduplication: attributes.ContentBasedDeduplication === 'true',
      deduplicationPerGroup: attributes.DeduplicationScope === 'messageGroup',
    };
    read.set(queue, known);
  }
  return known;
}

export function defaultAttributes(fifo: boolean): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, rule] of Object.entries(NUMBERS)) out[name] = String(rule.default);
  out.SqsManagedSseEnabled = 'true';
  if (fifo) {
    out.FifoQueue = 'true';
    out.ContentBasedDeduplication = 'false';
    out.DeduplicationScope = 'queue';
    out.FifoThroughputLimit = 'perQueue';
  }
  return out;
}

/** What the attributes are checked against. */
export interface AttributeOwner {
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly fifo: boolean;
}

/** Attributes as they are after a change. Throws SQS's own error for a name or value that AWS refuses. */
export function changedAttributes(
  store: Read,
  owner: AttributeOwner,
  before: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, string>>,
): Record<string, string> {
  const after: Record<string, string> = { ...before };
  for (const [name, value] of Object.entries(changes)) {
    if (!SETTABLE.has(name) || (FIFO_ONLY.has(name) && !owner.fifo)) throw unknownAttribute(name);
    if (value === '' && REMOVABLE.has(name)) {
      delete after[name];
      if (name === 'KmsMasterKeyId') delete after.KmsDataKeyReusePeriodSeconds;
    } else after[name] = checked(store, owner, name, value);
  }
  settleEncryption(after, changes);
  if (after.FifoThroughputLimit === 'perMessageGroupId' && after.DeduplicationScope !== 'messageGroup') {
    // unverified: the text. Source of the rule: API Reference, FifoThroughputLimit.
    throw invalidValue(
      'perMessageGroupId',
      'FifoThroughputLimit',
      'The value perMessageGroupId is allowed only when the value for DeduplicationScope is messageGroup.',
    );
  }
  return after;
}

/** One kind of server-side encryption at a time. Observed: naming a KMS key turns SSE-SQS off, but not both in one call. */
function settleEncryption(after: Record<string, string>, changes: Readonly<Record<string, string>>): void {
  const kms = changes.KmsMasterKeyId !== undefined && changes.KmsMasterKeyId !== '';
  if (kms && changes.SqsManagedSseEnabled === 'true') throw twoEncryptions();
  if (kms) after.SqsManagedSseEnabled = 'false';
  else if (changes.SqsManagedSseEnabled === 'true' && after.KmsMasterKeyId !== undefined) throw twoEncryptions();
  if (after.KmsMasterKeyId !== undefined) after.KmsDataKeyReusePeriodSeconds ??= String(REUSE_PERIOD.default);
}

function twoEncryptions(): AwsError {
  return new AwsError(
    'InvalidAttributeName',
    'You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.',
  );
}

function checked(store: Read, owner: AttributeOwner, name: string, value: string): string {
  switch (name) {
    case 'DelaySeconds':
    case 'MaximumMessageSize':
    case 'MessageRetentionPeriod':
    case 'ReceiveMessageWaitTimeSeconds':
    case 'VisibilityTimeout':
      return wholeNumber(name, value, NUMBERS[name]);
    case 'KmsDataKeyReusePeriodSeconds':
      return wholeNumber(name, value, REUSE_PERIOD);
    case 'ContentBasedDeduplication':
    case 'SqsManagedSseEnabled':
      return oneOf(name, value, ['true', 'false']);
    case 'FifoQueue':
      return oneOf(name, value, ['true']);
    case 'DeduplicationScope':
      return oneOf(name, value, ['queue', 'messageGroup']);
    case 'FifoThroughputLimit':
      return oneOf(name, value, ['perQueue', 'perMessageGroupId']);
    case 'Policy':
      return policy(value);
    case 'RedrivePolicy':
      return redrivePolicy(store, owner, value);
    case 'RedriveAllowPolicy':
      return redriveAllowPolicy(value);
    default:
      return value;
  }
}

function wholeNumber(name: string, value: string, { from, to }: WholeNumber): string {
  const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= from && number <= to)) throw invalidAttribute(name);
  return String(number);
}

function oneOf(name: string, value: string, allowed: readonly string[]): string {
  const found = allowed.find((one) => one.toLowerCase() === value.toLowerCase());
  if (found === undefined) throw invalidAttribute(name);
  return found;
}

function policy(value: string): string {
  try {
    parsePolicy(value, 'resource');
  } catch {
    throw invalidAttribute('Policy');
  }
  return value;
}

function storedRedrivePolicy(text: string): RedrivePolicy {
  const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(text) as Record<string, unknown>;
  return { deadLetterTargetArn: String(deadLetterTargetArn), maxReceiveCount: Number(maxReceiveCount) };
}

/** Texts of SetQueueAttributes for a RedrivePolicy: observed for the ARN, the others as widely quoted. */
function redrivePolicy(store: Read, owner: AttributeOwner, value: string): string {
  const refuse = (reason: string): AwsError => invalidValue(value, 'RedrivePolicy', reason);
  const map = jsonMap(value);
  if (map === undefined) throw refuse('Redrive policy is not a valid JSON map.');
  const { deadLetterTargetArn, maxReceiveCount, ...others } = map;
  if (deadLetterTargetArn === undefined) {
    throw refuse('Redrive policy does not contain mandatory attribute: deadLetterTargetArn.');
  }
  if (maxReceiveCount === undefined) {
    throw refuse('Redrive policy does not contain mandatory attribute: maxReceiveCount.');
  }
  const count = Number(maxReceiveCount);
  if (!Number.isInteger(count) || count < 1 || count > 1000) {
    throw refuse(
      `Invalid value for maxReceiveCount: ${maxReceiveCount}, valid values are from 1 to 1000 both inclusive.`,
    );
  }
  const [extra] = Object.keys(others);
  // unverified: the text.
  if (extra !== undefined)
    throw refuse(`Only following attributes are supported: [deadLetterTargetArn, maxReceiveCount].`);
  const arn = typeof deadLetterTargetArn === 'string' ? deadLetterTargetArn : '';
  if (!/^arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]+$/.test(arn)) {
    throw refuse('Invalid value for deadLetterTargetArn.');
  }
  const target = findQueueByArn(store, arn);
  const sameHome = arn.startsWith(queueArn({ ...owner, name: '' }));
  // unverified: the text for a target of another account or Region.
  if (!sameHome) throw refuse('Dead-letter queue must be in the same account and region as the source.');
  if (target === undefined) throw refuse('Dead letter target does not exist.');
  if (target.fifo !== owner.fifo) throw refuse('Dead-letter queue must be same type of queue as the source.');
  if (!mayBeDeadLetterQueueOf(target, queueArn(owner))) {
    // unverified: the text.
    throw refuse('Dead-letter queue does not allow this queue as a source: see its RedriveAllowPolicy.');
  }
  // AWS gives it back in this form, however it was written.
  return JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: count });
}

/** Whether the queue's RedriveAllowPolicy lets the source name it. Source: API Reference, RedriveAllowPolicy. */
function mayBeDeadLetterQueueOf(target: QueueRecord, sourceArn: string): boolean {
  const map = jsonMap(target.attributes.RedriveAllowPolicy ?? '{}') ?? {};
  if (map.redrivePermission === 'denyAll') return false;
  if (map.redrivePermission !== 'byQueue') return true;
  return Array.isArray(map.sourceQueueArns) && map.sourceQueueArns.includes(sourceArn);
}

function redriveAllowPolicy(value: string): string {
  // unverified: the texts; the rules are the API Reference's.
  const refuse = (reason: string): AwsError => invalidValue(value, 'RedriveAllowPolicy', reason);
  const map = jsonMap(value);
  if (map === undefined) throw refuse('Redrive allow policy is not a valid JSON map.');
  const { redrivePermission, sourceQueueArns, ...others } = map;
  if (Object.keys(others).length > 0) {
    throw refuse('Only following attributes are supported: [redrivePermission, sourceQueueArns].');
  }
  if (redrivePermission !== 'allowAll' && redrivePermission !== 'denyAll' && redrivePermission !== 'byQueue') {
    throw refuse('Invalid value for redrivePermission.');
  }
  if (redrivePermission === 'byQueue') {
    const valid = Array.isArray(sourceQueueArns) && sourceQueueArns.length >= 1 && sourceQueueArns.length <= 10;
    if (!valid || !sourceQueueArns.every((arn) => typeof arn === 'string' && arn.startsWith('arn:'))) {
      throw refuse('Invalid value for sourceQueueArns.');
    }
  } else if (sourceQueueArns !== undefined) throw refuse('Invalid value for sourceQueueArns.');
  return value;
}

function jsonMap(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
