import { beforeEach, describe, expect, it } from 'vitest';
import { createTestBench, TEST_ACCOUNT, type TestBench } from '../../gateway/testing.ts';
import { Trail } from '../../gateway/trail.ts';
import type { Event } from '../../wire/generated/types/cloudtrail.ts';
import { sqsService } from '../sqs/index.ts';
import { createCloudTrailService } from './index.ts';

let bench: TestBench;
const QueueUrl = `http://127.0.0.1:4566/${TEST_ACCOUNT}/q`;

/** Three calls, a second apart: CreateQueue by root, SendMessage by a role, DeleteQueue refused to it. */
beforeEach(async () => {
  // A trail holds nothing itself: any instance reads what the gateway's wrote.
  bench = createTestBench([sqsService, createCloudTrailService(new Trail())]);
  const as = bench.roleSession(
    'orders',
    [{ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: '*' } }],
    { sessionName: 'task-id' },
  );
  await bench.call('sqs', 'CreateQueue', { QueueName: 'q' });
  bench.clock.advance(1000);
  await bench.call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'secret' }, { as });
  bench.clock.advance(1000);
  await bench.refused(bench.call('sqs', 'DeleteQueue', { QueueUrl }, { as }));
  bench.clock.advance(1000);
});

const names = (events: readonly Event[] = []) => events.map(({ EventName }) => EventName);

describe('LookupEvents', () => {
  it('shows calls, newest first, in the form of AWS', async () => {
    const { Events = [] } = await bench.call('cloudtrail', 'LookupEvents', {});
    expect(names(Events)).toEqual(['DeleteQueue', 'SendMessage', 'CreateQueue']);
    const record = JSON.parse(Events[0]?.CloudTrailEvent ?? '');
    expect(record).toMatchObject({ eventName: 'DeleteQueue', errorCode: 'AccessDenied' });
    expect(Events[0]).toEqual({
      EventId: record.eventID,
      EventName: 'DeleteQueue',
      ReadOnly: 'false',
      AccessKeyId: record.userIdentity.accessKeyId,
      EventTime: bench.clock.now() - 1000,
      EventSource: 'sqs.amazonaws.com',
      Username: 'task-id',
      Resources: [{ ResourceType: 'AWS::SQS::Queue', ResourceName: `arn:aws:sqs:eu-west-1:${TEST_ACCOUNT}:q` }],
      CloudTrailEvent: JSON.stringify(record),
    });
    expect(Events[2]?.Username).toBe('root');
    expect(JSON.stringify(Events)).not.toContain('secret');
  });

  it.each([
    ['EventName', 'SendMessage', ['SendMessage']],
    ['EventSource', 'sqs.amazonaws.com', ['DeleteQueue', 'SendMessage', 'CreateQueue']],
    ['EventSource', 'kms.amazonaws.com', []],
    ['Username', 'task-id', ['DeleteQueue', 'SendMessage']],
    ['Username', 'root', ['CreateQueue']],
    ['ReadOnly', 'true', []],
    ['ResourceName', 'q', ['DeleteQueue', 'SendMessage', 'CreateQueue']],
    ['ResourceName', 'other', []],
    ['ResourceType', 'AWS::SQS::Queue', ['DeleteQueue', 'SendMessage', 'CreateQueue']],
  ] as const)('finds by %s %s', async (AttributeKey, AttributeValue, expected) => {
    const input = { LookupAttributes: [{ AttributeKey, AttributeValue }] };
    expect(names((await bench.call('cloudtrail', 'LookupEvents', input)).Events)).toEqual(expected);
  });

  it('finds by event id and access key', async () => {
    const { Events = [] } = await bench.call('cloudtrail', 'LookupEvents', {});
    const by = async (AttributeKey: 'EventId' | 'AccessKeyId', AttributeValue = '') =>
      names(
        (await bench.call('cloudtrail', 'LookupEvents', { LookupAttributes: [{ AttributeKey, AttributeValue }] }))
          .Events,
      );
    expect(await by('EventId', Events[1]?.EventId)).toEqual(['SendMessage']);
    expect(await by('AccessKeyId', Events[1]?.AccessKeyId)).toEqual(['DeleteQueue', 'SendMessage']);
  });

  it('finds by time', async () => {
    const now = bench.clock.now();
    const input = { StartTime: now - 2000, EndTime: now - 1500 };
    expect(names((await bench.call('cloudtrail', 'LookupEvents', input)).Events)).toEqual(['SendMessage']);
  });

  it('pages, also when calls are made in between', async () => {
    const first = await bench.call('cloudtrail', 'LookupEvents', { MaxResults: 1 });
    await bench.call('sqs', 'ListQueues', {});
    const second = await bench.call('cloudtrail', 'LookupEvents', { MaxResults: 2, NextToken: first.NextToken });
    expect([names(first.Events), names(second.Events)]).toEqual([['DeleteQueue'], ['SendMessage', 'CreateQueue']]);
    expect(second.NextToken).toBeUndefined();
    const other = {
      NextToken: first.NextToken,
      LookupAttributes: [{ AttributeKey: 'ReadOnly', AttributeValue: 'true' }],
    };
    const error = await bench.refused(bench.call('cloudtrail', 'LookupEvents', other as never));
    expect(error.code).toBe('InvalidNextTokenException');
  });

  it('shows nobody the calls of another account or Region', async () => {
    const as = bench.roleSession(
      'reader',
      [{ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'cloudtrail:LookupEvents', Resource: '*' } }],
      { account: '111111111111' },
    );
    expect(names((await bench.call('cloudtrail', 'LookupEvents', {}, { as })).Events)).toEqual([]);
    const elsewhere = await bench.call('cloudtrail', 'LookupEvents', {}, { region: 'us-east-1' });
    expect(names(elsewhere.Events)).toEqual([]);
  });

  it.each([
    [{ MaxResults: 51 }, 'InvalidMaxResultsException'],
    [{ StartTime: 2, EndTime: 1 }, 'InvalidTimeRangeException'],
    [
      {
        LookupAttributes: [
          { AttributeKey: 'EventId', AttributeValue: 'a' },
          { AttributeKey: 'EventName', AttributeValue: 'b' },
        ],
      },
      'InvalidLookupAttributesException',
    ],
    [{ NextToken: 'nonsense' }, 'InvalidNextTokenException'],
  ] as const)('refuses %j', async (input, code) => {
    expect((await bench.refused(bench.call('cloudtrail', 'LookupEvents', input))).code).toBe(code);
  });
});
