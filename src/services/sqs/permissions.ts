import { AwsError } from '../../core/errors.ts';
import { operation } from '../../gateway/operation.ts';
import { parsePolicy } from '../../policy/parse.ts';
import type { Tx } from '../../store/collections.ts';
import { existing, onQueue, targetQueue } from './address.ts';
import { invalidValue, missingParameter } from './errors.ts';
import { type QueueRecord, queueArn, queues, regional } from './records.ts';

/** Actions that AddPermission can grant. Source: API Reference, AddPermission. */
const GRANTABLE = new Set([
  '*',
  'SendMessage',
  'ReceiveMessage',
  'DeleteMessage',
  'ChangeMessageVisibility',
  'GetQueueAttributes',
  'GetQueueUrl',
  'ListDeadLetterSourceQueues',
  'PurgeQueue',
]);

interface PolicyDocument {
  readonly Version: string;
  readonly Id?: string;
  readonly Statement: readonly Readonly<Record<string, unknown>>[];
}

function documentOf(queue: QueueRecord): PolicyDocument {
  const text = queue.attributes.Policy;
  if (text === undefined) return { Version: '2008-10-17', Id: `${queueArn(queue)}/SQSDefaultPolicy`, Statement: [] };
  const document = JSON.parse(text) as PolicyDocument & { readonly Statement: object };
  const statements = Array.isArray(document.Statement) ? document.Statement : [document.Statement];
  return { ...document, Statement: statements };
}

function putDocument(tx: Tx, queue: QueueRecord, document: PolicyDocument, now: number): void {
  const { Policy: _before, ...others } = queue.attributes;
  const text = JSON.stringify(document);
  if (document.Statement.length > 0) refuseUnstorable(text);
  tx.put(queues, regional(queue.account, queue.region), queue.name, {
    ...queue,
    attributes: document.Statement.length === 0 ? others : { ...others, Policy: text },
    modifiedAt: now,
  });
}

const MOST_ACTIONS = 7;

function refuseUnstorable(text: string): void {
  try {
    parsePolicy(text, 'resource');
  } catch (error) {
    // What was there parses and so does what is added: together they are too long. unverified: the text.
    throw new AwsError('OverLimit', error instanceof Error ? error.message : 'The policy is too long.');
  }
}

const oneOrMany = (values: readonly string[]): string | readonly string[] =>
  values.length === 1 ? values[0]! : values;

export const AddPermission = operation('sqs', 'AddPermission', {
  resolve: targetQueue,
  authorize: onQueue('AddPermission'),
  handle: (context) => {
    const queue = existing(context);
    const { Label, Actions, AWSAccountIds } = context.input;
    if (!/^[A-Za-z0-9_-]{1,80}$/.test(Label)) {
      // unverified: the text.
      throw invalidValue(
        Label,
        'Label',
        'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.',
      );
    }
    if (Actions.length === 0) throw missingParameter('Actions');
    if (Actions.length > MOST_ACTIONS) {
      throw new AwsError('OverLimit', `${Actions.length} Actions were found, maximum allowed is ${MOST_ACTIONS}.`);
    }
    if (AWSAccountIds.length === 0) throw missingParameter('PrincipalId');
    for (const action of Actions) {
      if (!GRANTABLE.has(action)) {
        throw invalidValue(`SQS:${action}`, 'ActionName', 'Only the queue owner is allowed to invoke this action.');
      }
    }
    for (const id of AWSAccountIds) {
      if (!/^\d{12}$/.test(id)) throw invalidValue(`[${id}]`, 'PrincipalId', 'Unable to verify.');
    }
    const document = documentOf(queue);
    if (document.Statement.some((statement) => statement.Sid === Label)) {
      throw invalidValue(Label, 'Label', 'Already exists.');
    }
    const statement = {
      Sid: Label,
      Effect: 'Allow',
      Principal: { AWS: oneOrMany(AWSAccountIds.map((id) => `arn:aws:iam::${id}:root`)) },
      Action: oneOrMany(Actions.map((action) => `SQS:${action}`)),
      Resource: queueArn(queue),
    };
    putDocument(context.tx, queue, { ...document, Statement: [...document.Statement, statement] }, context.now);
    return {};
  },
});

export const RemovePermission = operation('sqs', 'RemovePermission', {
  resolve: targetQueue,
  authorize: onQueue('RemovePermission'),
  handle: (context) => {
    const queue = existing(context);
    const { Label } = context.input;
    const document = documentOf(queue);
    const rest = document.Statement.filter((statement) => statement.Sid !== Label);
    if (rest.length === document.Statement.length) throw invalidValue(Label, 'Label', "can't find label.");
    putDocument(context.tx, queue, { ...document, Statement: rest }, context.now);
    return {};
  },
});
