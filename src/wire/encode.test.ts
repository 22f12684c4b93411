import { describe, expect, it } from 'vitest';
import { AwsError } from '../core/errors.ts';
import { route } from './decode.ts';
import { encodeError, encodeResponse } from './encode.ts';
import { httpRequest } from './http.ts';
import type { Route } from './route.ts';

const json = (target: string, version: string): Route =>
  route(
    httpRequest(
      'POST',
      '/',
      ['Host', 'x', 'X-Amz-Target', target, 'Content-Type', `application/x-amz-json-${version}`],
      Buffer.from('{}'),
    ),
  );
const query = (body: string): Route =>
  route(
    httpRequest('POST', '/', ['Host', 'x', 'Content-Type', 'application/x-www-form-urlencoded'], Buffer.from(body)),
  );
const s3 = (method: string, target: string): Route =>
  route(httpRequest(method, target, ['Host', 'x'], Buffer.alloc(0)));

describe('errors in JSON', () => {
  it.each([
    [
      json('AmazonSSM.GetParameter', '1.1'),
      new AwsError('ParameterNotFound', ''),
      400,
      { __type: 'ParameterNotFound' },
    ],
    [
      json('secretsmanager.GetSecretValue', '1.1'),
      new AwsError('ResourceNotFoundException', 'm'),
      400,
      { __type: 'ResourceNotFoundException', Message: 'm' },
    ],
    [
      json('AmazonEC2ContainerServiceV20141113.RunTask', '1.1'),
      new AwsError('ClusterNotFoundException', 'Cluster not found.'),
      400,
      { __type: 'ClusterNotFoundException', message: 'Cluster not found.' },
    ],
    [
      json('DynamoDB_20120810.GetItem', '1.0'),
      new AwsError('ResourceNotFoundException', 'm'),
      400,
      { __type: 'com.amazonaws.dynamodb.v20120810#ResourceNotFoundException', message: 'm' },
    ],
    [
      json('DynamoDB_20120810.GetItem', '1.0'),
      new AwsError('ValidationException', 'm'),
      400,
      { __type: 'com.amazon.coral.validate#ValidationException', message: 'm' },
    ],
    [
      json('DynamoDB_20120810.GetItem', '1.0'),
      new AwsError('SerializationException', 'm'),
      400,
      { __type: 'com.amazon.coral.service#SerializationException', Message: 'm' },
    ],
    [
      json('AmazonEC2ContainerServiceV20141113.RunTask', '1.1'),
      new AwsError('InternalFailure', 'm', { fault: 'server' }),
      500,
      { __type: 'InternalFailure', message: 'm' },
    ],
  ])('%#', (target, error, status, body) => {
    const answer = encodeError(target, error, 'r-1');
    expect([answer.status, JSON.parse(answer.body as string)]).toEqual([status, body]);
    expect(answer.headers['x-amzn-RequestId']).toBe('r-1');
  });

  it('SQS names the old code beside the new', () => {
    const target = json('AmazonSQS.SendMessage', '1.0');
    const known = encodeError(target, new AwsError('QueueDoesNotExist', 'm'), 'r');
    expect(known.headers['x-amzn-query-error']).toBe('AWS.SimpleQueueService.NonExistentQueue;Sender');
    expect(JSON.parse(known.body as string).__type).toBe('com.amazonaws.sqs#QueueDoesNotExist');
    const common = encodeError(target, new AwsError('InvalidParameterValue', 'm'), 'r');
    expect(common.headers['x-amzn-query-error']).toBe('InvalidParameterValue;Sender');
    expect(JSON.parse(common.body as string).__type).toBe('com.amazon.coral.service#InvalidParameterValueException');
    const refused = encodeError(target, new AwsError('AccessDeniedException', 'm', { status: 403 }), 'r');
    expect([refused.status, refused.headers['x-amzn-query-error']]).toEqual([403, 'AccessDenied;Sender']);
  });
});

describe('errors in XML', () => {
  it('query: with the code and status of that protocol', () => {
    const target = query('Action=GetRole&Version=2010-05-08');
    for (const code of ['NoSuchEntity', 'NoSuchEntityException']) {
      const { status, body } = encodeError(
        target,
        new AwsError(code, 'The role with name <r> cannot be found.'),
        'r-1',
      );
      expect([status, body]).toEqual([
        404,
        '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>The role with name &lt;r&gt; cannot be found.</Message></Error><RequestId>r-1</RequestId></ErrorResponse>',
      ]);
    }
    expect(encodeError(target, new AwsError('AccessDeniedException', 'm', { status: 403 }), 'r').body).toContain(
      '<Code>AccessDenied</Code>',
    );
  });
  it('query: before there is a service', () => {
    expect(encodeError('query', new AwsError('InvalidAction', 'm'), 'r').body).toContain(
      'xmlns="http://webservices.amazon.com/AWSFault/2005-15-09"',
    );
  });
  it('S3: without a namespace, with the members, and without a body for HEAD', () => {
    const error = new AwsError('NoSuchBucket', 'The specified bucket does not exist', {
      status: 404,
      members: { BucketName: 'b<' },
    });
    const { status, body } = encodeError(s3('GET', '/b?policy'), error, 'r');
    expect([status, body]).toEqual([
      404,
      '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message><BucketName>b&lt;</BucketName><RequestId>r</RequestId><HostId>r</HostId></Error>',
    ]);
    expect(encodeError(s3('HEAD', '/b'), error, 'r')).toMatchObject({ status: 404, body: '' });
  });
});

describe('answers', () => {
  it('GetCallerIdentity', () => {
    const out = { Arn: 'arn:aws:iam::000000000000:user/a', UserId: 'AIDA', Account: '000000000000' };
    expect(encodeResponse(query('Action=GetCallerIdentity&Version=2011-06-15'), out, 'r').body).toBe(
      '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><UserId>AIDA</UserId><Account>000000000000</Account><Arn>arn:aws:iam::000000000000:user/a</Arn></GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>',
    );
  });
  it('the location of a bucket stands in the root element', () => {
    expect(encodeResponse(s3('GET', '/b?location'), { LocationConstraint: 'eu-west-1' }, 'r').body).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">eu-west-1</LocationConstraint>',
    );
  });
  it('a header cannot be split', () => {
    expect(() => encodeResponse(s3('GET', '/b/k'), { ContentType: 'a\r\nx: y' }, 'r')).toThrow();
  });
});
