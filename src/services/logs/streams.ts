import { operation } from '../../gateway/operation.ts';
import type { LogStream } from '../../wire/generated/types/logs.ts';
import { existing, findEither, findGroup, groupArn, groupCheck, streamCheck } from './authorization.ts';
import { invalidParameter, streamExists, streamNotFound } from './errors.ts';
import { page } from './pages.ts';
import {
  allStreams,
  events,
  eventsPartition,
  type LogGroupRecord,
  type LogStreamRecord,
  readStream,
  streams,
  streamsPartition,
} from './records.ts';

export const CreateLogStream = operation('logs', 'CreateLogStream', {
  resolve: (context) => ({ found: findGroup(context, context.input.logGroupName) }),
  authorize: (context) => [streamCheck(context, 'CreateLogStream', context.found, context.input.logStreamName)],
  handle: ({ input, now, ids, tx, found }) => {
    const group = existing(found);
    if (readStream(tx, group, input.logStreamName) !== undefined) throw streamExists();
    tx.put(streams, streamsPartition(group), input.logStreamName, {
      name: input.logStreamName,
      createdAt: now,
      bytes: 0,
      uploadSequenceToken: sequenceToken(ids.bytes(23)),
    });
    return {};
  },
});

/** 56 digits that begin with 49, as all of them do. Nothing depends on them any more. */
export function sequenceToken(random: Buffer): string {
  return `49${BigInt(`0x${random.toString('hex')}`)
    .toString()
    .padStart(54, '0')
    .slice(0, 54)}`;
}

export const DeleteLogStream = operation('logs', 'DeleteLogStream', {
  resolve: (context) => ({ found: findGroup(context, context.input.logGroupName) }),
  authorize: (context) => [streamCheck(context, 'DeleteLogStream', context.found, context.input.logStreamName)],
  handle: ({ input, tx, found }) => {
    const group = existing(found);
    if (!tx.delete(streams, streamsPartition(group), input.logStreamName)) throw streamNotFound();
    tx.truncate(events, eventsPartition(group, input.logStreamName));
    return {};
  },
});

export const DescribeLogStreams = operation('logs', 'DescribeLogStreams', {
  resolve: (context) => ({ found: findEither(context, context.input) }),
  authorize: (context) => [groupCheck(context, 'DescribeLogStreams', context.found)],
  handle: ({ input, tx, found }) => {
    const byTime = input.orderBy === 'LastEventTime';
    if (byTime && input.logStreamNamePrefix !== undefined) {
      throw invalidParameter('Cannot order by LastEventTime with a logStreamNamePrefix.');
    }
    const group = existing(found);
    const prefix = input.logStreamNamePrefix ?? '';
    const all = allStreams(tx, group).filter((stream) => stream.name.startsWith(prefix));
    const sorted = byTime ? [...all].sort((a, b) => (a.lastEventAt ?? 0) - (b.lastEventAt ?? 0)) : [...all];
    if (input.descending === true) sorted.reverse();
    const { items, ...more } = page(sorted, (stream) => stream.name, input, 50);
    return { logStreams: items.map((stream) => describe(group, stream)), ...more };
  },
});

function describe(group: LogGroupRecord, stream: LogStreamRecord): LogStream {
  return {
    logStreamName: stream.name,
    creationTime: stream.createdAt,
    ...(stream.firstEventAt === undefined ? {} : { firstEventTimestamp: stream.firstEventAt }),
    ...(stream.lastEventAt === undefined ? {} : { lastEventTimestamp: stream.lastEventAt }),
    ...(stream.lastIngestionAt === undefined ? {} : { lastIngestionTime: stream.lastIngestionAt }),
    uploadSequenceToken: stream.uploadSequenceToken,
    arn: `${groupArn(group.region, group.account, group.name)}:log-stream:${stream.name}`,
    // "storedBytes is deprecated … for log streams this parameter will be reported as zero" (LogStream)
    storedBytes: 0,
  };
}
