import { describe, expect, it } from 'vitest';
import { policySize } from '../../policy/limits.ts';
import { check } from '../check.ts';
import { policy, REGION, TRUST, taskDefinition, workloadOf } from '../testing.ts';
import { difference } from './difference.ts';
import { splitBySize } from './documents.ts';
import { leastPolicies } from './role-policies.ts';
import { brokenTrailLine, callsOfText } from './trail-calls.ts';

const resources = (count: number) =>
  Array.from({ length: count }, (_, index) => `arn:aws:ssm:eu-west-1:111122223333:parameter/application/${index}`);

describe('splitBySize', () => {
  it('keeps each document below the size of a managed policy', () => {
    const documents = splitBySize([
      { Sid: 'A', Effect: 'Allow', Action: 'ssm:GetParameters', Resource: resources(200) },
      { Sid: 'B', Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' },
    ]);
    expect(documents.length).toBeGreaterThan(1);
    for (const document of documents) expect(policySize(JSON.stringify(document), false)).toBeLessThanOrEqual(6144);
    const named = documents.flatMap(({ Statement }) => Statement.flatMap(({ Resource }) => Resource));
    expect(named.sort()).toEqual([...resources(200), '*'].sort());
    const sids = documents.flatMap(({ Statement }) => Statement.map(({ Sid }) => Sid));
    expect(new Set(sids).size).toBe(sids.length);
  });
});

const record = (more: object) => ({
  eventSource: 'sqs.amazonaws.com',
  eventName: 'SendMessage',
  awsRegion: REGION,
  recipientAccountId: '111122223333',
  userIdentity: {
    type: 'AssumedRole',
    sessionContext: { sessionIssuer: { type: 'Role', arn: 'arn:aws:iam::111122223333:role/task' } },
  },
  requestParameters: { queueUrl: 'https://sqs.eu-west-1.amazonaws.com/111122223333/orders' },
  ...more,
});

describe('callsOfText', () => {
  it.each<[string, object, string, string]>([
    ['a queue by its URL', {}, 'sqs:SendMessage', 'arn:aws:sqs:eu-west-1:111122223333:orders'],
    [
      'an object, read by a HEAD request',
      { eventSource: 's3.amazonaws.com', eventName: 'HeadObject', requestParameters: { bucketName: 'b', key: 'a/k' } },
      's3:GetObject',
      'arn:aws:s3:::b/a/k',
    ],
    [
      'a table',
      { eventSource: 'dynamodb.amazonaws.com', eventName: 'GetItem', requestParameters: { tableName: 'orders' } },
      'dynamodb:GetItem',
      'arn:aws:dynamodb:eu-west-1:111122223333:table/orders',
    ],
    [
      'what the record lists',
      {
        eventSource: 'states.amazonaws.com',
        eventName: 'StartExecution',
        requestParameters: null,
        resources: [{ ARN: 'arn:aws:states:eu-west-1:111122223333:stateMachine:m' }],
      },
      'states:StartExecution',
      'arn:aws:states:eu-west-1:111122223333:stateMachine:m',
    ],
    [
      'an action whose event has a date in its name',
      { eventSource: 'lambda.amazonaws.com', eventName: 'Invoke20150331', requestParameters: { functionName: 'f' } },
      'lambda:InvokeFunction',
      'arn:aws:lambda:eu-west-1:111122223333:function:f',
    ],
  ])('knows %s', (_, more, action, resource) => {
    expect(callsOfText(JSON.stringify({ Records: [record(more)] }))).toEqual([
      { roleArn: 'arn:aws:iam::111122223333:role/task', action, resource, denied: false },
    ]);
  });

  it('marks refusals, and leaves out users and what needs no permission', () => {
    const text = JSON.stringify({
      Records: [
        record({ errorCode: 'AccessDenied' }),
        record({ userIdentity: { type: 'IAMUser' } }),
        record({ eventSource: 'sts.amazonaws.com', eventName: 'GetCallerIdentity' }),
      ],
    });
    expect(callsOfText(text)).toMatchObject([{ denied: true }]);
  });

  it('is undefined for what is no trail', () => {
    expect(callsOfText('{"family":"app"}')).toBeUndefined();
    expect(callsOfText('not json')).toBeUndefined();
    expect(callsOfText('{"checks":7,"cloudTrail":null}')).toBeUndefined();
    expect(callsOfText('{"Events":[{"CloudTrailEvent":"{"}]}')).toBeUndefined();
    expect(callsOfText('{"Events":[null]}')).toBeUndefined();
  });
  it('can say on which line the first is that is no record', () => {
    const good = '{"eventName":"GetItem"}';
    expect(brokenTrailLine(`${good}\n\n{"eventName":`)).toBe(3);
    expect(brokenTrailLine(`${good}\n{"other":1}\n${good}\n`)).toBe(2);
    expect(brokenTrailLine(`[${good},\n{]`)).toBeUndefined();
    expect(brokenTrailLine(`${good}\n${good}\n`)).toBeUndefined();
  });
});

describe('leastPolicies', () => {
  const workload = workloadOf({
    'task-definition.json': taskDefinition(
      { secrets: [{ name: 'A', valueFrom: '/app/a' }] },
      { taskRoleArn: 'arn:aws:iam::111122223333:role/task' },
    ),
    'roles/execution/trust.json': TRUST,
    'roles/execution/managed.txt': 'service-role/AmazonECSTaskExecutionRolePolicy',
    'roles/execution/policies/own.json': policy({
      Effect: 'Allow',
      Action: ['ssm:GetParameters', 'ssm:GetParameter'],
      Resource: 'arn:aws:ssm:eu-west-1:111122223333:parameter/app/a',
    }),
    'roles/task/trust.json': TRUST,
  });
  const observed = callsOfText(
    JSON.stringify({ Records: [record({}), record({ eventName: 'PurgeQueue', errorCode: 'AccessDenied' })] }),
  );

  it('takes the task role from the trail: what was allowed, and says what was refused', () => {
    const [, task] = leastPolicies(check(workload), observed);
    expect(task).toMatchObject({ role: 'task', from: 'trail' });
    expect(task?.documents).toEqual([
      {
        Version: '2012-10-17',
        Statement: [
          {
            Sid: 'Application1',
            Effect: 'Allow',
            Action: 'sqs:SendMessage',
            Resource: 'arn:aws:sqs:eu-west-1:111122223333:orders',
          },
        ],
      },
    ]);
    expect(task?.notes.join()).toContain('sqs:PurgeQueue');
  });

  it('tells the difference to what a role has', () => {
    const result = check(workload);
    const [execution] = leastPolicies(result, undefined);
    expect(difference(execution!, result.world.tokens)).toEqual({
      added: [],
      removed: [
        { action: 'ssm:GetParameter', resource: 'arn:aws:ssm:eu-west-1:111122223333:parameter/app/a', policy: 'own' },
      ],
      detached: ['arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy'],
      kept: 1,
    });
  });
});
