import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { AwsError } from '../core/errors.ts';
import { decodeRequest, familyOf, route } from './decode.ts';
import { httpRequest } from './http.ts';

const signedFor = (service: string): [string, string] => [
  'Authorization',
  `AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu-west-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
];
const FORM: [string, string] = ['Content-Type', 'application/x-www-form-urlencoded; charset=utf-8'];
const send = (method: string, target: string, headers: [string, string][], body: string | Buffer = '') =>
  httpRequest(method, target, [['Host', 'localhost:4566'] as [string, string], ...headers].flat(), Buffer.from(body));
const json = (target: string, version = '1.1') =>
  send(
    'POST',
    '/',
    [
      ['X-Amz-Target', target],
      ['Content-Type', `application/x-amz-json-${version}`],
    ],
    '{}',
  );

describe('json', () => {
  it.each([
    ['AmazonEC2ContainerServiceV20141113.RunTask', 'ecs', 'RunTask'],
    ['com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents', 'cloudtrail', 'LookupEvents'],
    ['CloudTrail_20131101.LookupEvents', 'cloudtrail', 'LookupEvents'],
    ['DynamoDB_20120810.GetItem', 'dynamodb', 'GetItem'],
    ['AmazonSQS.SendMessage', 'sqs', 'SendMessage'],
  ])('%s', (target, service, operation) => {
    expect(route(json(target))).toMatchObject({ service, operation, family: 'json', protocol: 'json-1.1' });
  });
  it('an operation and a service that are not there', () => {
    expect(() => route(json('AmazonSSM.Nonsense'))).toThrow('Rolecall does not serve the operation Nonsense of ssm.');
    expect(() => route(json('AWSStepFunctions.StartExecution'))).toThrow(
      /^Rolecall does not serve AWSStepFunctions\. It serves cloudtrail, .*sts\.$/,
    );
    expect(() => route(json('AmazonSSM.constructor'))).toThrow(
      'Rolecall does not serve the operation constructor of ssm.',
    );
  });
  it('a service that has a table and is not served', () => {
    expect(() => route(json('DynamoDB_20120810.GetItem'), ['ssm', 'sts'])).toThrow(
      'Rolecall does not serve dynamodb. It serves ssm, sts.',
    );
    expect(() => route(json('AWSStepFunctions.StartExecution'), ['ssm', 'sts'])).toThrow('It serves ssm, sts.');
    expect(() => route(send('GET', '/', [signedFor('s3')]), ['sts'])).toThrow(
      'Rolecall does not serve s3. It serves sts.',
    );
  });
  it('a request that names no operation', () => {
    expect(() => route(send('POST', '/', [signedFor('ssm')], '{}'))).toThrow(
      'The request to ssm has no X-Amz-Target header.',
    );
  });
});

describe('query', () => {
  it('form, query string, signed or not', () => {
    const text = 'Action=GetCallerIdentity&Version=2011-06-15';
    for (const request of [
      send('POST', '/', [FORM, signedFor('sts')], text),
      send('POST', '/', [FORM], text),
      send('GET', `/?${text}`, []),
    ]) {
      expect(route(request)).toMatchObject({ service: 'sts', operation: 'GetCallerIdentity', family: 'query' });
    }
  });
  it('tells IAM from STS by its version, and a signing name from both', () => {
    expect(route(send('POST', '/', [FORM], 'Action=ListUsers&Version=2010-05-08'))).toMatchObject({ service: 'iam' });
    expect(() => route(send('POST', '/', [FORM, signedFor('sts')], 'Action=ListUsers&Version=2010-05-08'))).toThrow(
      'Could not find operation ListUsers for version 2010-05-08',
    );
    expect(() => route(send('POST', '/', [FORM, signedFor('sts')], 'Action=GetCallerIdentity'))).toThrow(
      'Could not find operation GetCallerIdentity for version NO_VERSION_SPECIFIED',
    );
    expect(() =>
      route(send('POST', '/', [FORM, signedFor('ec2')], 'Action=DescribeInstances&Version=2016-11-15')),
    ).toThrow(/does not serve ec2/);
  });
  it('lists out of order and with gaps, maps, deep members, a packed body', () => {
    const body =
      'Action=CreateRole&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument=%7B%7D&Tags.member.10.Key=b&Tags.member.10.Value=2&Tags.member.2.Key=a&Tags.member.2.Value=+x%2B&Unknown.1=z';
    const expected = {
      RoleName: 'r',
      AssumeRolePolicyDocument: '{}',
      Tags: [
        { Key: 'a', Value: ' x+' },
        { Key: 'b', Value: '2' },
      ],
    };
    expect(decodeRequest(send('POST', '/', [FORM], body)).input).toEqual(expected);
    expect(decodeRequest(send('POST', '/', [FORM, ['Content-Encoding', 'gzip']], gzipSync(body))).input).toEqual(
      expected,
    );
  });
  it('broken bodies', () => {
    expect(() => route(send('POST', '/', [FORM], 'Action=%zz'))).toThrow('The query string contains a syntax error.');
    const deep = `Action=CreateRole&Version=2010-05-08&${'a.'.repeat(100)}a=1`;
    expect(() => decodeRequest(send('POST', '/', [FORM], deep))).toThrow(AwsError);
    expect(() => route(send('POST', '/', [FORM, ['Content-Encoding', 'gzip']], 'no gzip'))).toThrow(/gzip/);
    expect(() => route(send('POST', '/', [FORM, signedFor('sts')], 'Version=2011-06-15'))).toThrow(/missing an action/);
  });
});

describe('S3', () => {
  const s3 = (method: string, target: string, headers: [string, string][] = []) => {
    const { operation, s3: address } = route(send(method, target, [signedFor('s3'), ...headers]));
    return [operation, address?.bucket, address?.key];
  };
  it.each<[string, string, string, string | undefined, string | undefined]>([
    ['GET', '/', 'ListBuckets', undefined, undefined],
    ['GET', '/?x-id=ListBuckets', 'ListBuckets', undefined, undefined],
    ['PUT', '/b', 'CreateBucket', 'b', undefined],
    ['PUT', '/b/', 'CreateBucket', 'b', undefined],
    ['HEAD', '/b', 'HeadBucket', 'b', undefined],
    ['GET', '/b?list-type=2&prefix=p', 'ListObjectsV2', 'b', undefined],
    ['GET', '/b/?list-type=2', 'ListObjectsV2', 'b', undefined],
    ['GET', '/b?policy', 'GetBucketPolicy', 'b', undefined],
    ['PUT', '/b?tagging=', 'PutBucketTagging', 'b', undefined],
    ['GET', '/b/a%20b/c%2Bd?x-id=GetObject', 'GetObject', 'b', 'a b/c+d'],
    ['PUT', '/b/k//', 'PutObject', 'b', 'k//'],
  ])('%s %s', (method, target, operation, bucket, key) => {
    expect(s3(method, target)).toEqual([operation, bucket, key]);
  });
  it('the bucket in the host name', () => {
    const at = (host: string, target: string) => route(httpRequest('GET', target, ['Host', host], Buffer.alloc(0))).s3;
    expect(at('orders.localhost:4566', '/k')).toEqual({ bucket: 'orders', key: 'k' });
    expect(at('my.orders.s3.eu-west-1.amazonaws.com', '/k')).toEqual({ bucket: 'my.orders', key: 'k' });
    expect(at('s3.localhost:4566', '/orders/k')).toEqual({ bucket: 'orders', key: 'k' });
    expect(at('127.0.0.1:4566', '/orders/k')).toEqual({ bucket: 'orders', key: 'k' });
  });
  it.each([
    ['GET', '/b/k?acl', [], 'GetObjectAcl'],
    ['PUT', '/b/k?tagging', [], 'PutObjectTagging'],
    ['PUT', '/b/k?partNumber=1&uploadId=x', [], 'UploadPart'],
    ['PUT', '/b/k', [['x-amz-copy-source', '/b/other']], 'CopyObject'],
    ['GET', '/b', [], 'ListObjects'],
    ['POST', '/b?delete', [], 'DeleteObjects'],
    ['GET', '/b?versions', [], 'ListObjectVersions'],
  ] as [string, string, [string, string][], string][])(
    'what is not served is never taken for what is: %s %s',
    (method, target, headers, operation) => {
      expect(() => s3(method, target, headers)).toThrow(`Rolecall does not serve the operation ${operation} of s3.`);
    },
  );
  it('a request signed for another REST service is not S3', () => {
    expect(() => route(send('GET', '/2015-03-31/functions', [signedFor('lambda')]))).toThrow(/does not serve lambda/);
  });
});

describe('the family to answer in when there is no route', () => {
  it.each([
    [json('Nope.X'), 'json'],
    [send('POST', '/', [FORM, signedFor('ec2')], 'Action=X'), 'query'],
    [send('POST', '/', [signedFor('sts')]), 'query'],
    [send('POST', '/', [signedFor('kms')]), 'json'],
    [send('GET', '/?Action=X', []), 'query'],
    [send('GET', '/b', [signedFor('s3')]), 'rest-xml'],
  ])('%#', (request, family) => {
    expect(familyOf(request)).toBe(family);
  });
});

describe('host names of AWS', () => {
  const at = (host: string, method: string, target: string, headers: [string, string][], body = '') =>
    httpRequest(method, target, [['Host', host] as [string, string], ...headers].flat(), Buffer.from(body));
  const target: [string, string] = ['X-Amz-Target', 'AmazonSQS.SendMessage'];

  it('the service’s own requests, buckets in front of S3’s name', () => {
    expect(route(at('sqs.eu-west-1.amazonaws.com', 'POST', '/', [target], '{}'))).toMatchObject({ service: 'sqs' });
    expect(route(at('sqs.eu-west-1.api.aws', 'POST', '/', [target], '{}'))).toMatchObject({ service: 'sqs' });
    for (const host of [
      'orders.s3.eu-west-1.amazonaws.com',
      'orders.s3.amazonaws.com',
      'orders.s3.dualstack.eu-west-1.amazonaws.com',
    ]) {
      expect(route(at(host, 'GET', '/a/b', [signedFor('s3')]))).toMatchObject({
        operation: 'GetObject',
        s3: { bucket: 'orders', key: 'a/b' },
      });
    }
  });

  it('those of another service are not understood there', () => {
    expect(() => route(at('dynamodb.eu-west-1.amazonaws.com', 'POST', '/', [target], '{}'))).toThrow(
      'Rolecall does not serve the operation SendMessage of dynamodb.',
    );
    expect(() => route(at('sqs.eu-west-1.amazonaws.com', 'GET', '/', []))).toThrow('no X-Amz-Target header');
    expect(() => route(at('iam.amazonaws.com', 'GET', '/', []))).toThrow('missing an action');
    expect(() => route(at('lambda.eu-west-1.amazonaws.com', 'GET', '/', []))).toThrow(
      'Rolecall does not serve lambda.',
    );
    // Under any other name the request alone says what it is.
    expect(route(at('127.0.0.1:4566', 'POST', '/', [target], '{}'))).toMatchObject({ service: 'sqs' });
  });
});
