import { describe, expect, it } from 'vitest';
import { awsHost, endpointDomains } from './aws-host.ts';

describe('host names of AWS', () => {
  it.each([
    ['sqs.eu-west-1.amazonaws.com', 'sqs', 'eu-west-1', '', 'sqs.eu-west-1.amazonaws.com'],
    ['SQS.EU-West-1.amazonaws.com:443', 'sqs', 'eu-west-1', '', 'sqs.eu-west-1.amazonaws.com'],
    ['sqs-fips.us-east-1.amazonaws.com', 'sqs', 'us-east-1', '', 'sqs-fips.us-east-1.amazonaws.com'],
    ['sqs.eu-west-1.api.aws', 'sqs', 'eu-west-1', '', 'sqs.eu-west-1.api.aws'],
    ['eu-west-1.queue.amazonaws.com', 'sqs', 'eu-west-1', '', 'eu-west-1.queue.amazonaws.com'],
    ['queue.amazonaws.com', 'sqs', undefined, '', 'queue.amazonaws.com'],
    ['sqs.cn-north-1.amazonaws.com.cn', 'sqs', 'cn-north-1', '', 'sqs.cn-north-1.amazonaws.com.cn'],
    [
      'sqs.cn-north-1.api.amazonwebservices.com.cn',
      'sqs',
      'cn-north-1',
      '',
      'sqs.cn-north-1.api.amazonwebservices.com.cn',
    ],
    ['iam.amazonaws.com', 'iam', undefined, '', 'iam.amazonaws.com'],
    ['iam.global.api.aws', 'iam', undefined, '', 'iam.global.api.aws'],
    ['dynamodb.us-gov-west-1.amazonaws.com', 'dynamodb', 'us-gov-west-1', '', 'dynamodb.us-gov-west-1.amazonaws.com'],
    [
      '111122223333.ddb.eu-west-1.amazonaws.com',
      'dynamodb',
      'eu-west-1',
      '111122223333',
      'ddb.eu-west-1.amazonaws.com',
    ],
    ['api.ecr.eu-west-1.amazonaws.com', 'ecr', 'eu-west-1', 'api', 'ecr.eu-west-1.amazonaws.com'],
    [
      '111122223333.dkr.ecr.eu-west-1.amazonaws.com',
      'ecr',
      'eu-west-1',
      '111122223333.dkr',
      'ecr.eu-west-1.amazonaws.com',
    ],
    ['s3.amazonaws.com', 's3', undefined, '', 's3.amazonaws.com'],
    ['s3-eu-west-1.amazonaws.com', 's3', 'eu-west-1', '', 's3-eu-west-1.amazonaws.com'],
    ['bucket.s3.eu-west-1.amazonaws.com', 's3', 'eu-west-1', 'bucket', 's3.eu-west-1.amazonaws.com'],
    ['my.s3.bucket.s3.eu-west-1.amazonaws.com', 's3', 'eu-west-1', 'my.s3.bucket', 's3.eu-west-1.amazonaws.com'],
    [
      'bucket.s3.dualstack.eu-west-1.amazonaws.com',
      's3',
      'eu-west-1',
      'bucket',
      's3.dualstack.eu-west-1.amazonaws.com',
    ],
    ['bucket.s3-accelerate.amazonaws.com', 's3', undefined, 'bucket', 's3-accelerate.amazonaws.com'],
    ['lambda.eu-west-1.amazonaws.com', 'lambda', 'eu-west-1', '', 'lambda.eu-west-1.amazonaws.com'],
  ])('%s', (host, service, region, resource, endpoint) => {
    expect(awsHost(host)).toEqual({ service, region, resource, endpoint });
  });

  it.each([
    '127.0.0.1:4566',
    'localhost',
    'example.com',
    'amazonaws.com',
    'notamazonaws.com',
    'sqs.eu-west-1.amazonaws.com.example.com',
    'sqs.eu-west-1.notamazonaws.com',
    'sqs.cn-north-1.amazonaws.com',
    'sqs.eu-west-1.amazonaws.com.cn',
    'db.abcdef.eu-west-1.rds.amazonaws.com',
    'front-1.elb.eu-west-1.amazonaws.com',
    'front-1.eu-west-1.elb.amazonaws.com',
    'ec2-1-2-3-4.eu-west-1.compute.amazonaws.com',
    'bucket.vpce-1.s3.eu-west-1.vpce.amazonaws.com',
    '.sqs.eu-west-1.amazonaws.com',
    'a b.s3.eu-west-1.amazonaws.com',
    `${'a'.repeat(64)}.s3.eu-west-1.amazonaws.com`,
    `${'a.'.repeat(120)}s3.eu-west-1.amazonaws.com`,
    '',
  ])('not %s', (host) => {
    expect(awsHost(host)).toBeUndefined();
  });

  it('the Region says which domains there are', () => {
    expect(endpointDomains('eu-west-1')).toEqual(['amazonaws.com', 'api.aws']);
    expect(endpointDomains('cn-northwest-1')).toEqual(['amazonaws.com.cn', 'api.amazonwebservices.com.cn']);
  });
});
