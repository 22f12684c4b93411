import { defineService, type Service } from '../../gateway/service.ts';
import { CancelMessageMoveTask, ListMessageMoveTasks, StartMessageMoveTask } from './move-tasks.ts';
import { AddPermission, RemovePermission } from './permissions.ts';
import { GetQueueAttributes, SetQueueAttributes } from './queue-attributes.ts';
import { CreateQueue, DeleteQueue, GetQueueUrl, ListDeadLetterSourceQueues, ListQueues, PurgeQueue } from './queues.ts';
import {
  ChangeMessageVisibility,
  ChangeMessageVisibilityBatch,
  DeleteMessage,
  DeleteMessageBatch,
} from './receipts.ts';
import { ReceiveMessage } from './receive.ts';
import { SendMessage, SendMessageBatch } from './send.ts';
import { ListQueueTags, TagQueue, UntagQueue } from './tags.ts';

export const sqsService: Service = defineService({
  id: 'sqs',
  actionPrefix: 'sqs',
  eventSource: 'sqs.amazonaws.com',
  operations: {
    AddPermission,
    CancelMessageMoveTask,
    ChangeMessageVisibility,
    ChangeMessageVisibilityBatch,
    CreateQueue,
    DeleteMessage,
    DeleteMessageBatch,
    DeleteQueue,
    GetQueueAttributes,
    GetQueueUrl,
    ListDeadLetterSourceQueues,
    ListMessageMoveTasks,
    ListQueueTags,
    ListQueues,
    PurgeQueue,
    ReceiveMessage,
    RemovePermission,
    SendMessage,
    SendMessageBatch,
    SetQueueAttributes,
    StartMessageMoveTask,
    TagQueue,
    UntagQueue,
  },
  // Source: SQS Developer Guide, logging with CloudTrail: data events.
  dataEvents: [
    'ChangeMessageVisibility',
    'ChangeMessageVisibilityBatch',
    'DeleteMessage',
    'DeleteMessageBatch',
    'GetQueueAttributes',
    'GetQueueUrl',
    'ListDeadLetterSourceQueues',
    'ListQueueTags',
    'ListQueues',
    'ReceiveMessage',
    'SendMessage',
    'SendMessageBatch',
  ],
});
