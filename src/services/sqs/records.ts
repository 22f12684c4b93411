import { arn } from '../../core/arn.ts';
import { collection } from '../../store/collections.ts';

/** A queue. Its attributes are kept as AWS spells and shows them; `settings` of attributes.ts reads them. */
export interface QueueRecord {
  readonly account: string;
  readonly region: string;
  readonly name: string;
  /** Unlike the name, never used again: messages and receipt handles of a deleted queue do not reach its successor. */
  readonly id: string;
  readonly fifo: boolean;
  /** Values that were set, and the defaults of the others. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly modifiedAt: number;
}

export interface StoredAttribute {
  readonly dataType: string;
  readonly string?: string;
  /** base64 */
  readonly binary?: string;
}

/** A message's content sealed with a KMS data key. All base64. */
export interface SealedContent {
  /** The data key, encrypted by KMS. */
  readonly dataKey: string;
  readonly iv: string;
  readonly tag: string;
  readonly data: string;
  /** The queue whose ARN is the encryption context: a message keeps it when it moves to a dead-letter queue. */
  readonly queueArn: string;
}

export interface MessageContent {
  readonly body: string;
  readonly attributes: Readonly<Record<string, StoredAttribute>>;
}

export interface MessageRecord {
  /** Sorts by arrival. */
  readonly key: string;
  readonly id: string;
  readonly content: MessageContent | SealedContent;
  readonly traceHeader?: string;
  readonly senderId: string;
  readonly sentAt: number;
  /** From when the retention period counts. */
  readonly retainedFrom: number;
  /** Before this time nobody receives it: it is delayed, or in flight. */
  readonly visibleAt: number;
  readonly receiveCount: number;
  readonly firstReceivedAt?: number;
  /** Of the last receipt, like `receipt`. */
  readonly receivedAt?: number;
  /** Of the last receipt; its handle must carry it. Absent until the message is received. */
  readonly receipt?: string;
  readonly groupId?: string;
  readonly deduplicationId?: string;
  readonly sequenceNumber?: string;
  /** ARN of the queue whose dead letter it is. */
  readonly deadLetterSource?: string;
}

/** What a FIFO queue remembers of a message for five minutes. */
export interface Deduplication {
  readonly messageId: string;
  readonly sequenceNumber: string;
  readonly at: number;
}

/** What a FIFO queue gave for a ReceiveRequestAttemptId. */
export interface ReceiveAttempt {
  readonly at: number;
  readonly received: readonly { readonly key: string; readonly receipt: string }[];
}

/** A redrive of dead letters. Here it is done within the call that starts it, so it is never seen running. */
export interface MoveTask {
  readonly id: string;
  readonly sourceArn: string;
  readonly destinationArn?: string;
  readonly status: 'COMPLETED' | 'FAILED';
  readonly failureReason?: string;
  readonly moved: number;
  readonly toMove: number;
  readonly startedAt: number;
}

/** Partition: `account/region`; key: the name. */
export const queues = collection<QueueRecord>('sqs/queues');
/** Partition: the queue's id; key: the message's. */
export const messages = collection<MessageRecord>('sqs/messages');
export const deduplications = collection<Deduplication>('sqs/deduplications');
export const receiveAttempts = collection<ReceiveAttempt>('sqs/receive-attempts');

/** Partition: the source queue's id; key: when it began, so that they sort. */
export const moveTasks = collection<MoveTask>('sqs/move-tasks');

export function regional(account: string, region: string): string {
  return `${account}/${region}`;
}

export function queueArn(queue: { readonly account: string; readonly region: string; readonly name: string }): string {
  return arn('sqs', queue.region, queue.account, queue.name);
}

export function queueUrl(endpoint: string, queue: { readonly account: string; readonly name: string }): string {
  return `${endpoint}/${queue.account}/${queue.name}`;
}
