import { describe, expect, it } from 'vitest';
import { AwsError } from '../core/errors.ts';
import { collection, type Tx } from '../store/collections.ts';
import { operation } from './operation.ts';
import { defineService } from './service.ts';
import { createTestBench } from './testing.ts';

interface Queue {
  readonly name: string;
}
const queues = collection<Queue>('test/queues');
const arnOf = (name: string) => `arn:aws:sqs:eu-west-1:000000000000:${name}`;

/** A service of three operations: one that works, one that fails half-way, one that calls another service. */
const sqs = defineService({
  id: 'sqs',
  actionPrefix: 'sqs',
  eventSource: 'sqs.amazonaws.com',
  operations: {
    CreateQueue: operation('sqs', 'CreateQueue', {
      authorize: ({ input }) => [{ action: 'sqs:CreateQueue', resource: arnOf(input.QueueName) }],
      handle: ({ input, tx }) => {
        tx.put(queues, '', input.QueueName, { name: input.QueueName });
        if (input.QueueName === 'half') throw new AwsError('QueueNameExists', 'after the write');
        if (input.QueueName === 'bug') throw new TypeError('a bug');
        return { QueueUrl: input.QueueName };
      },
    }),
    DeleteQueue: operation('sqs', 'DeleteQueue', {
      authorize: () => [],
      handle: ({ call }) => {
        call('ssm', 'GetParameter', { Name: 'k' }, { via: 'sqs' });
        return {};
      },
    }),
    ReceiveMessage: operation('sqs', 'ReceiveMessage', {
      authorize: () => [],
      handle: async ({ transact }) => {
        await new Promise((resolve) => setImmediate(resolve));
        transact((tx: Tx) => tx.put(queues, '', 'late', { name: 'late' }));
        return { Messages: [] };
      },
    }),
  },
});

const ssm = defineService({
  id: 'ssm',
  actionPrefix: 'ssm',
  eventSource: 'ssm.amazonaws.com',
  operations: {
    GetParameter: operation('ssm', 'GetParameter', {
      authorize: ({ input }) => [
        { action: 'ssm:GetParameter', resource: `arn:aws:ssm:eu-west-1:000000000000:parameter/${input.Name}` },
      ],
      handle: () => ({}),
    }),
  },
});

const allow = (Action: string | string[], Resource: string | string[] = '*', Condition?: object) => ({
  Version: '2012-10-17',
  Statement: [{ Sid: 'Own', Effect: 'Allow', Action, Resource, ...(Condition === undefined ? {} : { Condition }) }],
});

describe('a call', () => {
  it('that is allowed is carried out and recorded with the statement that decided', async () => {
    const bench = createTestBench([sqs, ssm]);
    const session = bench.roleSession('app', [allow('sqs:CreateQueue', arnOf('a'))]);
    await bench.call('sqs', 'CreateQueue', { QueueName: 'a' }, { as: session });
    expect(bench.trail()).toMatchObject([
      {
        operation: 'CreateQueue',
        outcome: 'allowed',
        principalName: 'app',
        checks: [{ action: 'sqs:CreateQueue', effect: 'Allowed', decidedBy: { policy: 'policy-0', sid: 'Own' } }],
        cloudTrail: { eventSource: 'sqs.amazonaws.com', userIdentity: { type: 'AssumedRole', arn: session.arn } },
      },
    ]);
  });

  it('that is refused changes nothing, and its record says what is missing', async () => {
    const bench = createTestBench([sqs, ssm]);
    const session = bench.roleSession('app', [allow('sqs:CreateQueue', arnOf('a'))]);
    const error = await bench.refused(bench.call('sqs', 'CreateQueue', { QueueName: 'b' }, { as: session }));
    expect(error.code).toBe('AccessDenied');
    expect(error.message).toBe(
      `User: ${session.arn} is not authorized to perform: sqs:createqueue on resource: ${arnOf('b')} because no identity-based policy allows the sqs:createqueue action`,
    );
    expect(bench.store.count(queues, '')).toBe(0);
    expect(bench.trail()).toMatchObject([
      {
        outcome: 'denied',
        error: { code: 'AccessDenied' },
        checks: [{ effect: 'ImplicitlyDenied', missing: { kind: 'change-resource' } }],
      },
    ]);
  });

  it('that fails after a write is undone, and recorded all the same', async () => {
    const bench = createTestBench([sqs, ssm]);
    const error = await bench.refused(bench.call('sqs', 'CreateQueue', { QueueName: 'half' }));
    expect(error.code).toBe('QueueNameExists');
    expect(bench.store.count(queues, '')).toBe(0);
    expect(bench.trail()).toMatchObject([{ outcome: 'failed', error: { code: 'QueueNameExists' } }]);
  });

  it('that meets a bug is InternalFailure to the client, without its text', async () => {
    const bench = createTestBench([sqs, ssm]);
    await expect(bench.call('sqs', 'CreateQueue', { QueueName: 'bug' })).rejects.toThrow('a bug');
    const entry = bench.trail()[0];
    expect(entry?.error?.code).toBe('InternalFailure');
    expect(JSON.stringify(entry)).not.toContain('a bug');
    expect(bench.store.count(queues, '')).toBe(0);
  });

  it('of an operation that is not served is authorized first', async () => {
    const bench = createTestBench([sqs, ssm]);
    const stranger = bench.roleSession('app', [allow('s3:*')]);
    expect((await bench.refused(bench.call('sqs', 'PurgeQueue', { QueueUrl: 'x' }, { as: stranger }))).code).toBe(
      'AccessDenied',
    );
    const error = await bench.refused(bench.call('sqs', 'PurgeQueue', { QueueUrl: 'x' }));
    expect(error.message).toContain('Rolecall does not serve sqs:PurgeQueue');
  });

  it('made for another call is the same principal, through the service', async () => {
    const bench = createTestBench([sqs, ssm]);
    const viaSqs = { StringEquals: { 'kms:ViaService': 'sqs.eu-west-1.amazonaws.com' } };
    const session = bench.roleSession('app', [allow('ssm:GetParameter', '*', viaSqs)]);
    await bench.call('sqs', 'DeleteQueue', { QueueUrl: 'x' }, { as: session });
    const [outer, inner] = bench.trail();
    expect(outer).toMatchObject({ operation: 'DeleteQueue', outcome: 'allowed' });
    expect(inner).toMatchObject({ operation: 'GetParameter', outcome: 'allowed', parentEventId: outer?.eventId });
    expect(inner?.cloudTrail).toMatchObject({
      sourceIPAddress: 'sqs.amazonaws.com',
      userIdentity: { invokedBy: 'sqs.amazonaws.com' },
    });
    expect((await bench.refused(bench.call('ssm', 'GetParameter', { Name: 'k' }, { as: session }))).code).toBe(
      'AccessDeniedException',
    );
  });

  it('that waits changes state in a unit of work of its own', async () => {
    const bench = createTestBench([sqs, ssm]);
    await bench.call('sqs', 'ReceiveMessage', { QueueUrl: 'x' });
    expect(bench.store.count(queues, '')).toBe(1);
    expect(bench.trail()).toMatchObject([{ operation: 'ReceiveMessage', outcome: 'allowed' }]);
  });
});

describe('conditions of a call', () => {
  it('see who asks, when and where', async () => {
    const bench = createTestBench([sqs, ssm]);
    const when = {
      ArnEquals: { 'aws:PrincipalArn': 'arn:aws:iam::000000000000:role/app' },
      StringEquals: {
        'aws:RequestedRegion': 'eu-west-1',
        'aws:PrincipalType': 'AssumedRole',
        'aws:ResourceAccount': '000000000000',
      },
      DateGreaterThan: { 'aws:CurrentTime': '2025-01-01T00:00:00Z' },
      Bool: { 'aws:SecureTransport': 'true', 'aws:ViaAWSService': 'false' },
      IpAddress: { 'aws:SourceIp': '127.0.0.0/8' },
    };
    const session = bench.roleSession('app', [allow('sqs:CreateQueue', '*', when)]);
    await expect(bench.call('sqs', 'CreateQueue', { QueueName: 'a' }, { as: session })).resolves.toEqual({
      QueueUrl: 'a',
    });
  });

  it('do not see what Rolecall tells its own services', async () => {
    const bench = createTestBench([sqs, ssm]);
    const session = bench.roleSession('app', [
      allow('sqs:CreateQueue', '*', { StringEquals: { 'rolecall:OriginRole': 'task' } }),
    ]);
    const call = bench.call(
      'sqs',
      'CreateQueue',
      { QueueName: 'a' },
      { as: session, context: { 'rolecall:OriginRole': 'task' } },
    );
    expect((await bench.refused(call)).code).toBe('AccessDenied');
  });
});
