import { AwsError } from '../../core/errors.ts';
import { type HandleContext, type Input, type Output, operation } from '../../gateway/operation.ts';
import type { Tx } from '../../store/collections.ts';
import { existing, findQueue, onQueue, type QueueTarget, targetQueue } from './address.ts';
import { arrivals } from './arrivals.ts';
import { settings } from './attributes.ts';
import { DEDUPLICATION_INTERVAL } from './deduplication.ts';
import { invalidValue, notForThisQueueType, queueDoesNotExist } from './errors.ts';
import { chosenAttributes, md5, md5OfAttributes, shownAttribute } from './message-attributes.ts';
import { counts, isInFlight, type Taken, takeMessages } from './message-store.ts';
import { receiptHandle } from './receipts.ts';
import { type MessageContent, type MessageRecord, messages, type QueueRecord, receiveAttempts } from './records.ts';
import { unseal } from './sealing.ts';

type Receiving = HandleContext<Input<'sqs', 'ReceiveMessage'>> & QueueTarget;
type Received = Output<'sqs', 'ReceiveMessage'>;

/** Source: SQS Developer Guide, quotas of messages. */
const MOST_IN_FLIGHT = 120_000;

export const ReceiveMessage = operation('sqs', 'ReceiveMessage', {
  resolve: targetQueue,
  authorize: onQueue('ReceiveMessage'),
  handle: (context): Received | Promise<Received> => {
    const queue = existing(context);
    checkInput(queue, context.input);
    const { taken, answer } = attempt(context, context.tx, queue, context.now);
    const seconds = context.input.WaitTimeSeconds ?? settings(queue).receiveWaitSeconds;
    if (taken.messages.length > 0 || seconds === 0) return answer;
    return waitForMessages(context, queue, seconds * 1000, taken.nextAt);
  },
});

function checkInput(queue: QueueRecord, input: Receiving['input']): void {
  const { MaxNumberOfMessages: most, WaitTimeSeconds: wait, VisibilityTimeout: hidden } = input;
  if (most !== undefined && (most < 1 || most > 10)) {
    throw invalidValue(most, 'MaxNumberOfMessages', 'Must be between 1 and 10, if provided.');
  }
  if (wait !== undefined && (wait < 0 || wait > 20)) {
    throw invalidValue(wait, 'WaitTimeSeconds', 'Must be >= 0 and <= 20, if provided.');
  }
  if (hidden !== undefined && (hidden < 0 || hidden > 43_200)) {
    throw invalidValue(hidden, 'VisibilityTimeout', 'Must be >= 0 and <= 43200, if provided.');
  }
  const id = input.ReceiveRequestAttemptId;
  if (id !== undefined && !queue.fifo) throw notForThisQueueType(id, 'ReceiveRequestAttemptId');
}

interface Attempt {
  readonly taken: Taken;
  readonly answer: Received;
}

/** Takes what there is, in the unit of work given. */
function attempt(context: Receiving, tx: Tx, queue: QueueRecord, now: number): Attempt {
  const { input } = context;
  const hiddenFor = (input.VisibilityTimeout ?? settings(queue).visibilityTimeout) * 1000;
  const again = repeated(tx, queue, input.ReceiveRequestAttemptId, now, hiddenFor);
  const taken =
    again ??
    takeMessages(tx, queue, {
      now,
      hiddenFor,
      most: roomInFlight(tx, queue, now, input.MaxNumberOfMessages ?? 1),
      newReceipt: () => context.ids.hex(40),
    });
  if (input.ReceiveRequestAttemptId !== undefined && again === undefined && taken.messages.length > 0) {
    tx.put(receiveAttempts, queue.id, input.ReceiveRequestAttemptId, {
      at: now,
      received: taken.messages.map(({ key, receipt }) => ({ key, receipt: receipt! })),
    });
  }
  if (taken.messages.length === 0) return { taken, answer: {} };
  const contents = unseal(
    context,
    queue.region,
    taken.messages.map(({ content }) => content),
  );
  return {
    taken,
    answer: { Messages: taken.messages.map((one, index) => shown(input, queue, one, contents[index]!)) },
  };
}

/** Counting every message is dear, so it is done only where so many could be in flight. */
function roomInFlight(tx: Tx, queue: QueueRecord, now: number, wanted: number): number {
  if (tx.count(messages, queue.id) < MOST_IN_FLIGHT) return wanted;
  const room = MOST_IN_FLIGHT - counts(tx, queue, now).inFlight;
  // Source: API Reference, ReceiveMessage: OverLimit on a standard queue; a FIFO queue gives nothing. unverified: the text.
  if (room <= 0 && !queue.fifo) throw new AwsError('OverLimit', 'Too many messages in flight.');
  return Math.min(wanted, Math.max(room, 0));
}

/**
 * What a FIFO queue gave for the same ReceiveRequestAttemptId in the last five minutes, when none of it was changed since:
 * the same messages and receipts, their visibility timeout begun anew. Source: API Reference, ReceiveMessage.
 */
function repeated(
  tx: Tx,
  queue: QueueRecord,
  id: string | undefined,
  now: number,
  hiddenFor: number,
): Taken | undefined {
  const before = id === undefined ? undefined : tx.get(receiveAttempts, queue.id, id);
  if (before === undefined || now - before.at >= DEDUPLICATION_INTERVAL) return undefined;
  const found: MessageRecord[] = [];
  for (const { key, receipt } of before.received) {
    const message = tx.get(messages, queue.id, key);
    if (message === undefined || message.receipt !== receipt || !isInFlight(message, now)) return undefined;
    found.push({ ...message, visibleAt: now + hiddenFor });
  }
  for (const message of found) tx.put(messages, queue.id, message.key, message);
  return { messages: found, nextAt: undefined };
}

function shown(
  input: Receiving['input'],
  queue: QueueRecord,
  message: MessageRecord,
  { body, attributes }: MessageContent,
): NonNullable<Received['Messages']>[number] {
  const system = systemAttributes(message, [
    ...((input.AttributeNames as readonly string[] | undefined) ?? []),
    ...(input.MessageSystemAttributeNames ?? []),
  ]);
  const own = chosenAttributes(attributes, input.MessageAttributeNames ?? []);
  const digest = md5OfAttributes(own);
  return {
    MessageId: message.id,
    ReceiptHandle: receiptHandle(queue, message),
    MD5OfBody: md5(body),
    Body: body,
    ...(Object.keys(system).length === 0 ? {} : { Attributes: system }),
    ...(digest === undefined
      ? {}
      : {
          MD5OfMessageAttributes: digest,
          MessageAttributes: Object.fromEntries(
            Object.entries(own).map(([name, value]) => [name, shownAttribute(value)]),
          ),
        }),
  };
}

function systemAttributes(message: MessageRecord, wanted: readonly string[]): Record<string, string> {
  if (wanted.length === 0) return {};
  const all: Record<string, string | undefined> = {
    SenderId: message.senderId,
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
    ApproximateReceiveCount: String(message.receiveCount),
    SentTimestamp: String(message.sentAt),
    SequenceNumber: message.sequenceNumber,
    MessageDeduplicationId: message.deduplicationId,
    MessageGroupId: message.groupId,
    AWSTraceHeader: message.traceHeader,
    DeadLetterQueueSourceArn: message.deadLetterSource,
  };
  const out: Record<string, string> = {};
  for (const [name, value] of Object.entries(all)) {
    if (value !== undefined && (wanted.includes('All') || wanted.includes(name))) out[name] = value;
  }
  return out;
}

/**
 * Long polling: looks again when a message arrives or becomes visible, until the time is over, the client has gone or the
 * server stops. Nothing is taken for a client that has gone.
 */
function waitForMessages(
  context: Receiving,
  queue: QueueRecord,
  milliseconds: number,
  firstAt: number | undefined,
): Promise<Received> {
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    // Time of the store's clock as far as this wait knows it: its own beginning and what passed, or an announcement's.
    let latest = context.now;
    const time = (): number => Math.max(latest, context.now + Math.floor(performance.now() - begun));
    let timer: NodeJS.Timeout | undefined;

    const end = (settle: () => void): void => {
      stopWaiting();
      clearTimeout(timer);
      context.abandoned.removeEventListener('abort', onAbandoned);
      settle();
    };
    const onAbandoned = (): void => end(() => resolve({}));
    const schedule = (nextAt: number | undefined): void => {
      const left = milliseconds - (performance.now() - begun);
      const due = nextAt === undefined ? left : Math.min(left, Math.max(1, nextAt - time()));
      clearTimeout(timer);
      timer = setTimeout(look, Math.max(0, Math.ceil(due)));
    };
    const look = (): void => {
      try {
        const { taken, answer } = context.transact((tx) => {
          const current = findQueue(tx, queue);
          if (current === undefined || current.id !== queue.id) throw queueDoesNotExist();
          return attempt(context, tx, current, time());
        });
        if (taken.messages.length > 0 || performance.now() - begun >= milliseconds) end(() => resolve(answer));
        else schedule(taken.nextAt);
      } catch (error) {
        end(() => reject(error));
      }
    };
    const stopWaiting = arrivals.wait(queue.id, (now) => {
      latest = Math.max(latest, now);
      look();
    });
    if (context.abandoned.aborted) onAbandoned();
    else {
      context.abandoned.addEventListener('abort', onAbandoned);
      schedule(firstAt);
    }
  });
}
