import { describe, expect, it } from 'vitest';
import { INVALID_SECRET_ARN, parseEcrImage, parseS3ObjectArn, parseSecretReference } from './references.ts';

const R = 'eu-west-1';
const A = '111122223333';

describe('parseEcrImage', () => {
  it.each([
    [
      '111122223333.dkr.ecr.eu-west-1.amazonaws.com/app',
      { registryId: A, region: R, repository: 'app', tag: 'latest' },
    ],
    [
      '111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:1.2',
      { registryId: A, region: R, repository: 'team/app', tag: '1.2' },
    ],
    [
      '111122223333.dkr.ecr.eu-west-1.amazonaws.com/app@sha256:ab',
      { registryId: A, region: R, repository: 'app', digest: 'sha256:ab' },
    ],
    [
      '111122223333.dkr.ecr-fips.us-east-1.amazonaws.com/app:1',
      { registryId: A, region: 'us-east-1', repository: 'app', tag: '1' },
    ],
    ['nginx:latest', undefined],
    ['public.ecr.aws/nginx/nginx:1', undefined],
    ['111122223333.dkr-ecr.eu-west-1.on.aws/app:1', undefined],
  ])('%s', (image, expected) => {
    expect(parseEcrImage(image)).toEqual(expected);
  });
});

describe('parseSecretReference', () => {
  const secret = `arn:aws:secretsmanager:us-east-1:${A}:secret:db-AbCdEf`;
  it.each([
    [secret, { provider: 'asm', region: 'us-east-1', secretId: secret }],
    [`${secret}:user::`, { provider: 'asm', region: 'us-east-1', secretId: secret, jsonKey: 'user' }],
    [
      `${secret}::AWSPREVIOUS:`,
      { provider: 'asm', region: 'us-east-1', secretId: secret, versionStage: 'AWSPREVIOUS' },
    ],
    [`${secret}:::v1`, { provider: 'asm', region: 'us-east-1', secretId: secret, versionId: 'v1' }],
    [`${secret}:user`, { provider: 'invalid', reason: INVALID_SECRET_ARN }],
    ['/a/b', { provider: 'ssm', region: R, name: '/a/b', arn: `arn:aws:ssm:${R}:${A}:parameter/a/b` }],
    ['a/b', { provider: 'ssm', region: R, name: 'a/b', arn: `arn:aws:ssm:${R}:${A}:*` }],
    ['b:3', { provider: 'ssm', region: R, name: 'b:3', arn: `arn:aws:ssm:${R}:${A}:parameter/b` }],
    [
      `arn:aws:ssm:us-east-1:${A}:parameter/x`,
      {
        provider: 'ssm',
        region: 'us-east-1',
        name: `arn:aws:ssm:us-east-1:${A}:parameter/x`,
        arn: `arn:aws:ssm:us-east-1:${A}:parameter/x`,
      },
    ],
  ])('%s', (valueFrom, expected) => {
    expect(parseSecretReference(valueFrom, R, A)).toEqual(expected);
  });
});

describe('parseS3ObjectArn', () => {
  it.each([
    ['arn:aws:s3:::bucket/a/b.env', { bucket: 'bucket', key: 'a/b.env' }],
    ['arn:aws:s3:::bucket', undefined],
    ['bucket/key', undefined],
  ])('%s', (text, expected) => {
    expect(parseS3ObjectArn(text)).toEqual(expected);
  });
});
