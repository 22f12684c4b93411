import { describe, expect, it } from 'vitest';
import { createTestBench } from '../../gateway/testing.ts';
import { logsService } from './index.ts';

const bench = () => createTestBench([logsService]);
const policy = (...Statement: object[]) => ({ Version: '2012-10-17', Statement });
const allow = (Action: string | string[], Resource: string | string[] = '*', more: object = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
});
const arnOf = (group: string) => `arn:aws:logs:eu-west-1:000000000000:log-group:${group}`;
const group = { logGroupName: '/ecs/app' };

describe('log groups', () => {
  it('are made once, described, and deleted with their streams', async () => {
    const b = bench();
    await b.call('logs', 'CreateLogGroup', { ...group, tags: { a: 'b' } });
    expect(await b.refused(b.call('logs', 'CreateLogGroup', group))).toMatchObject({
      code: 'ResourceAlreadyExistsException',
      message: 'The specified log group already exists',
    });
    expect((await b.call('logs', 'DescribeLogGroups', {})).logGroups).toEqual([
      {
        logGroupName: '/ecs/app',
        creationTime: b.clock.now(),
        metricFilterCount: 0,
        arn: `${arnOf('/ecs/app')}:*`,
        logGroupArn: arnOf('/ecs/app'),
        storedBytes: 0,
        logGroupClass: 'STANDARD',
      },
    ]);
    const stream = { ...group, logStreamName: 's' };
    await b.call('logs', 'CreateLogStream', stream);
    await b.call('logs', 'PutLogEvents', { ...stream, logEvents: [{ timestamp: b.clock.now(), message: 'old' }] });
    expect((await b.call('logs', 'DescribeLogGroups', {})).logGroups?.[0]?.storedBytes).toBe(29);
    await b.call('logs', 'DeleteLogGroup', group);
    const gone = b.call('logs', 'CreateLogStream', stream);
    expect(await b.refused(gone)).toMatchObject({
      code: 'ResourceNotFoundException',
      message: 'The specified log group does not exist.',
    });
    await b.call('logs', 'CreateLogGroup', group);
    await b.call('logs', 'CreateLogStream', stream);
    expect((await b.call('logs', 'GetLogEvents', stream)).events).toEqual([]);
  });

  it('are found by prefix, pattern and page', async () => {
    const b = bench();
    for (const logGroupName of ['/a/x', '/a/y', '/b/x']) await b.call('logs', 'CreateLogGroup', { logGroupName });
    const names = async (input: object) =>
      (await b.call('logs', 'DescribeLogGroups', input)).logGroups?.map((found) => found.logGroupName);
    expect(await names({ logGroupNamePrefix: '/a' })).toEqual(['/a/x', '/a/y']);
    expect(await names({ logGroupNamePattern: 'x' })).toEqual(['/a/x', '/b/x']);
    expect(await names({ logGroupIdentifiers: [arnOf('/b/x')] })).toEqual(['/b/x']);
    expect((await b.refused(names({ logGroupNamePrefix: 'a', logGroupNamePattern: 'b' }))).code).toBe(
      'InvalidParameterException',
    );
    const first = await b.call('logs', 'DescribeLogGroups', { limit: 2 });
    expect(await names({ limit: 2, nextToken: first.nextToken })).toEqual(['/b/x']);
    expect((await b.refused(names({ nextToken: 'x' }))).code).toBe('InvalidParameterException');
  });

  it('refuse by name what is not served', async () => {
    const b = bench();
    for (const more of [
      { kmsKeyId: 'k' },
      { logGroupClass: 'DELIVERY' as const },
      { deletionProtectionEnabled: true },
    ]) {
      const error = await b.refused(b.call('logs', 'CreateLogGroup', { ...group, ...more }));
      expect(error.message).toContain(Object.keys(more)[0]);
    }
  });

  it('have a retention of certain lengths', async () => {
    const b = bench();
    await b.call('logs', 'CreateLogGroup', group);
    await b.call('logs', 'PutRetentionPolicy', { ...group, retentionInDays: 7 });
    expect((await b.call('logs', 'DescribeLogGroups', {})).logGroups).toMatchObject([{ retentionInDays: 7 }]);
    expect((await b.refused(b.call('logs', 'PutRetentionPolicy', { ...group, retentionInDays: 2 }))).code).toBe(
      'InvalidParameterException',
    );
    await b.call('logs', 'DeleteRetentionPolicy', group);
    expect((await b.call('logs', 'DescribeLogGroups', {})).logGroups?.[0]).not.toHaveProperty('retentionInDays');
  });

  it('have tags, by both APIs', async () => {
    const b = bench();
    await b.call('logs', 'CreateLogGroup', group);
    const resourceArn = arnOf('/ecs/app');
    await b.call('logs', 'TagResource', { resourceArn, tags: { a: '1', b: '2' } });
    await b.call('logs', 'TagLogGroup', { ...group, tags: { c: '3' } });
    await b.call('logs', 'UntagResource', { resourceArn, tagKeys: ['a'] });
    await b.call('logs', 'UntagLogGroup', { ...group, tags: ['b'] });
    expect(await b.call('logs', 'ListTagsForResource', { resourceArn })).toEqual({ tags: { c: '3' } });
    expect(await b.call('logs', 'ListTagsLogGroup', group)).toEqual({ tags: { c: '3' } });
    expect(
      (
        await b.refused(
          b.call('logs', 'TagResource', { resourceArn: 'arn:aws:logs:eu-west-1:000000000000:destination:x', tags: {} }),
        )
      ).code,
    ).toBe('InvalidParameterException');
  });
});

describe('log streams', () => {
  it('are listed by name or by last event', async () => {
    const b = bench();
    await b.call('logs', 'CreateLogGroup', group);
    for (const logStreamName of ['a', 'b', 'c']) {
      await b.call('logs', 'CreateLogStream', { ...group, logStreamName });
      expect(await b.refused(b.call('logs', 'CreateLogStream', { ...group, logStreamName }))).toMatchObject({
        code: 'ResourceAlreadyExistsException',
        message: 'The specified log stream already exists',
      });
    }
    const at = b.clock.now();
    await b.call('logs', 'PutLogEvents', {
      ...group,
      logStreamName: 'b',
      logEvents: [{ timestamp: at, message: 'x' }],
    });
    await b.call('logs', 'PutLogEvents', {
      ...group,
      logStreamName: 'a',
      logEvents: [{ timestamp: at + 1, message: 'x' }],
    });
    const names = async (input: object = {}) =>
      (await b.call('logs', 'DescribeLogStreams', { ...group, ...input })).logStreams?.map((s) => s.logStreamName);
    expect(await names()).toEqual(['a', 'b', 'c']);
    expect(await names({ descending: true, limit: 2 })).toEqual(['c', 'b']);
    expect(await names({ orderBy: 'LastEventTime', descending: true })).toEqual(['a', 'b', 'c']);
    expect(await names({ logStreamNamePrefix: 'b' })).toEqual(['b']);
    expect(await names({ logGroupName: undefined, logGroupIdentifier: arnOf('/ecs/app') })).toEqual(['a', 'b', 'c']);
    expect((await b.refused(names({ orderBy: 'LastEventTime', logStreamNamePrefix: 'a' }))).message).toBe(
      'Cannot order by LastEventTime with a logStreamNamePrefix.',
    );
    const described = await b.call('logs', 'DescribeLogStreams', { ...group, logStreamNamePrefix: 'b' });
    expect(described.logStreams).toMatchObject([
      {
        firstEventTimestamp: at,
        lastEventTimestamp: at,
        lastIngestionTime: at,
        arn: `${arnOf('/ecs/app')}:log-stream:b`,
        storedBytes: 0,
      },
    ]);
    await b.call('logs', 'DeleteLogStream', { ...group, logStreamName: 'b' });
    expect((await b.refused(b.call('logs', 'DeleteLogStream', { ...group, logStreamName: 'b' }))).message).toBe(
      'The specified log stream does not exist.',
    );
  });
});

describe('authorization of logs', () => {
  it('uses the ARNs that AWS shows: group with an empty stream, stream, bare group for tags', async () => {
    const b = bench();
    const nobody = b.roleSession('nobody', []);
    const resourceOf = async (call: Promise<unknown>) => {
      await b.refused(call);
      return b.trail().at(-1)?.checks[0]?.resource;
    };
    const as = { as: nobody };
    const stream = { ...group, logStreamName: 'app/1' };
    expect(await resourceOf(b.call('logs', 'CreateLogGroup', group, as))).toBe(`${arnOf('/ecs/app')}:log-stream:`);
    expect(await resourceOf(b.call('logs', 'CreateLogStream', stream, as))).toBe(
      `${arnOf('/ecs/app')}:log-stream:app/1`,
    );
    expect(await resourceOf(b.call('logs', 'DescribeLogGroups', {}, as))).toBe(`${arnOf('')}:log-stream:`);
    expect(await resourceOf(b.call('logs', 'TagResource', { resourceArn: arnOf('/ecs/app'), tags: {} }, as))).toBe(
      arnOf('/ecs/app'),
    );
    expect(
      await resourceOf(
        b.call(
          'logs',
          'PutMetricFilter',
          { ...group, filterName: 'f', filterPattern: '', metricTransformations: [] },
          as,
        ),
      ),
    ).toBe(`${arnOf('/ecs/app')}:log-stream:`);
    const error = await b.refused(b.call('logs', 'CreateLogStream', stream, as));
    expect(error.message).toBe(
      `User: ${nobody.arn} is not authorized to perform: logs:CreateLogStream on resource: ${arnOf('/ecs/app')}:log-stream:app/1 because no identity-based policy allows the logs:CreateLogStream action`,
    );
  });

  it('knows the ARN with and without `:*` apart', async () => {
    const b = bench();
    await b.call('logs', 'CreateLogGroup', group);
    const put = (Resource: string, logStreamName: string) => {
      const role = b.roleSession('app', [policy(allow(['logs:CreateLogStream', 'logs:FilterLogEvents'], Resource))]);
      return {
        create: () => b.call('logs', 'CreateLogStream', { ...group, logStreamName }, { as: role }),
        filter: () => b.call('logs', 'FilterLogEvents', group, { as: role }),
      };
    };
    const star = put(`${arnOf('/ecs/app')}:*`, 's1');
    await star.create();
    await star.filter();
    const bare = put(arnOf('/ecs/app'), 's2');
    await b.refused(bare.create());
    await b.refused(bare.filter());
    await b.refused(put(`${arnOf('/ecs/application')}:*`, 's3').create());
  });

  it('reads tags of the group and of the request', async () => {
    const b = bench();
    await b.call('logs', 'CreateLogGroup', { ...group, tags: { team: 'a' } });
    const reader = (value: string) =>
      b.roleSession('r', [
        policy(allow('logs:*', '*', { Condition: { StringEquals: { 'aws:ResourceTag/team': value } } })),
      ]);
    await b.call('logs', 'FilterLogEvents', group, { as: reader('a') });
    await b.refused(b.call('logs', 'FilterLogEvents', group, { as: reader('b') }));
    const maker = b.roleSession('m', [policy(allow('logs:CreateLogGroup'))]);
    await b.call('logs', 'CreateLogGroup', { logGroupName: 'plain' }, { as: maker });
    const tagged = b.call('logs', 'CreateLogGroup', { logGroupName: 'tagged', tags: { a: 'b' } }, { as: maker });
    expect((await b.refused(tagged)).message).toContain('logs:TagResource');
  });

  it('heeds resource policies', async () => {
    const b = bench();
    await b.call('logs', 'CreateLogGroup', group);
    const stranger = b.roleSession('app', [policy(allow('logs:*'))], { account: '111111111111' });
    const read = () => b.call('logs', 'FilterLogEvents', { logGroupIdentifier: arnOf('/ecs/app') }, { as: stranger });
    await b.refused(read());
    const policyDocument = JSON.stringify(
      policy({ Effect: 'Allow', Principal: { AWS: '111111111111' }, Action: 'logs:FilterLogEvents', Resource: '*' }),
    );
    await b.call('logs', 'PutResourcePolicy', { policyName: 'p', policyDocument });
    await read();
    expect((await b.call('logs', 'DescribeResourcePolicies', {})).resourcePolicies).toEqual([
      { policyName: 'p', policyDocument, lastUpdatedTime: b.clock.now() },
    ]);
    await b.call('logs', 'DeleteResourcePolicy', { policyName: 'p' });
    await b.refused(read());
    expect((await b.refused(b.call('logs', 'DeleteResourcePolicy', { policyName: 'p' }))).code).toBe(
      'ResourceNotFoundException',
    );
    expect((await b.refused(b.call('logs', 'PutResourcePolicy', { policyName: 'p', policyDocument: '{' }))).code).toBe(
      'InvalidParameterException',
    );
    expect(
      (await b.refused(b.call('logs', 'PutResourcePolicy', { policyName: 'p', policyDocument, resourceArn: 'x' })))
        .code,
    ).toBe('InvalidParameterException');
  });
});
