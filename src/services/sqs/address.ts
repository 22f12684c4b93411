import { parseArn } from '../../core/arn.ts';
import type { AuthorizationCheck, ReadContext } from '../../gateway/operation.ts';
import { type CompiledPolicy, parsePolicy } from '../../policy/parse.ts';
import type { NamedPolicy } from '../../policy/types.ts';
import type { Read } from '../../store/collections.ts';
import { invalidAddress, queueDoesNotExist } from './errors.ts';
import { type QueueRecord, queueArn, queues, regional } from './records.ts';

export interface QueueAddress {
  readonly account: string;
  readonly region: string;
  readonly name: string;
}

/** What a call on a queue is about: the address is known even where there is no such queue. */
export interface QueueTarget {
  readonly address: QueueAddress;
  readonly queue: QueueRecord | undefined;
}

const AWS_HOST = /^(?:sqs\.([a-z0-9-]+)\.amazonaws\.com|([a-z0-9-]+)\.queue\.amazonaws\.com|queue\.amazonaws\.com)/;

/**
 * The queue that a QueueUrl names: any URL whose path ends in `/ACCOUNT/NAME`. Clients send the URL they were given, or
 * AWS's own form with the host of a Region, which must then be the Region of the request.
 */
export function addressOfUrl(queueUrl: string, region: string): QueueAddress {
  const match = /^(?:https?:\/\/([^/?#]+))?(?:\/[^?#]*)?\/(\d{12})\/([A-Za-z0-9_.-]{1,80})\/?$/.exec(queueUrl);
  if (match === null) throw invalidAddress(queueUrl);
  const host = AWS_HOST.exec(match[1] ?? '');
  if (host !== null && (host[1] ?? host[2] ?? 'us-east-1') !== region) throw invalidAddress(queueUrl);
  return { account: match[2]!, region, name: match[3]! };
}

export function findQueue(read: Read, address: QueueAddress): QueueRecord | undefined {
  return read.get(queues, regional(address.account, address.region), address.name);
}

/** The address that an ARN names; undefined when it is none of a queue. */
export function addressOfArn(text: string): QueueAddress | undefined {
  const arn = parseArn(text);
  if (arn === undefined || arn.service !== 'sqs' || arn.account === '' || arn.resource === '') return undefined;
  return { account: arn.account, region: arn.region, name: arn.resource };
}

export function findQueueByArn(read: Read, arn: string): QueueRecord | undefined {
  const address = addressOfArn(arn);
  return address === undefined ? undefined : findQueue(read, address);
}

/** `resolve` of every operation that names its queue by URL. */
export function targetQueue({ input, region, tx }: ReadContext<{ readonly QueueUrl: string }>): QueueTarget {
  const address = addressOfUrl(input.QueueUrl, region);
  return { address, queue: findQueue(tx, address) };
}

/** The queue, or AWS's refusal: after authorization, so that strangers do not learn which queues there are. */
export function existing({ queue }: QueueTarget): QueueRecord {
  if (queue === undefined) throw queueDoesNotExist();
  return queue;
}

const compiled = new WeakMap<QueueRecord, NamedPolicy<CompiledPolicy>>();

export function queuePolicy(queue: QueueRecord | undefined): NamedPolicy<CompiledPolicy> | undefined {
  const text = queue?.attributes.Policy;
  if (queue === undefined || text === undefined) return undefined;
  let policy = compiled.get(queue);
  if (policy === undefined) {
    policy = { name: queueArn(queue), source: 'resource', policy: parsePolicy(text, 'resource') };
    compiled.set(queue, policy);
  }
  return policy;
}

/**
 * Actions that a queue policy cannot grant to another account.
 * Source: Amazon SQS API Reference, "Cross-account permissions don't apply to this action" at each of them.
 */
const OWN_ACCOUNT_ONLY = new Set(
  'AddPermission CancelMessageMoveTask CreateQueue DeleteQueue ListMessageMoveTasks ListQueues ListQueueTags RemovePermission SetQueueAttributes StartMessageMoveTask TagQueue UntagQueue'.split(
    ' ',
  ),
);

/** The check for an action on a queue. */
export function queueCheck(
  action: string,
  { account, address, queue }: { readonly account: string } & QueueTarget,
): AuthorizationCheck {
  const policy = account !== address.account && OWN_ACCOUNT_ONLY.has(action) ? undefined : queuePolicy(queue);
  return {
    action: `sqs:${action}`,
    resource: queueArn(address),
    ...(policy === undefined ? {} : { resourcePolicy: policy }),
    ...(queue === undefined ? {} : { resourceTags: queue.tags }),
  };
}

/** `authorize` of an operation whose only check is its own action on the queue. */
export function onQueue(action: string) {
  return (context: ReadContext<unknown> & QueueTarget): readonly AuthorizationCheck[] => [queueCheck(action, context)];
}
