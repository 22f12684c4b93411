import { expect, test } from 'vitest';
import { AwsError } from '../../core/errors.ts';
import type { PlannedCall } from '../../roles/plan-types.ts';
import { CallFailure, MissingCredentials } from '../planned-calls.ts';
import { RuntimeFailure } from '../runtimes/runtime.ts';
import { CannotStart, containerReason, taskReason } from './reasons.ts';
import { imageParts, sdkError } from './start-failure.ts';

const IMAGE = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:1.2';
const DENIED = new AwsError('AccessDeniedException', 'User: me is not authorized');

function call(parts: Partial<PlannedCall>): PlannedCall {
  return {
    id: `pull/manifest/${IMAGE}`,
    stage: 'pull',
    role: 'task-execution',
    service: 'ecr',
    operation: 'BatchGetImage',
    region: 'eu-west-1',
    input: {},
    containers: ['app'],
    because: [],
    occurs: 'once',
    checks: [],
    ...parts,
  };
}

const layers = call({
  id: `pull/layers/${IMAGE}`,
  operation: 'GetDownloadUrlForLayer',
  input: { layerDigest: 'sha256:1a2b' },
});

test.each([
  [
    new AwsError('ImageNotFoundException', 'Requested image not found'),
    call({}),
    `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ${IMAGE}: ${IMAGE}: not found`,
    `CannotPullContainerError: The task can’t pull the image. Check whether the image exists. Error response from daemon: manifest for ${IMAGE} not found: manifest unknown: Requested image not found`,
  ],
  [
    new AwsError(
      'RepositoryNotFoundException',
      "The repository with name 'team/app' does not exist in the registry with id '111122223333'",
    ),
    call({}),
    `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ${IMAGE}: ${IMAGE}: not found`,
    "CannotPullContainerError: The task can’t pull the image. Check whether the image exists. Error response from daemon: repository 111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app not found: name unknown: The repository with name 'team/app' does not exist in the registry with id '111122223333'",
  ],
  [
    DENIED,
    layers,
    'CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code https://111122223333.dkr.ecr.eu-west-1.amazonaws.com/v2/team/app/blobs/sha256:1a2b: 403 Forbidden',
    'CannotPullContainerError: Error response from daemon: error pulling image configuration: download failed after attempts=1: denied: User: me is not authorized',
  ],
])('%s', (error, made, fargate, ec2) => {
  const failure = new CallFailure(made, error, 'id');
  expect(containerReason('FARGATE', failure)).toBe(fargate);
  expect(containerReason('EC2', failure)).toBe(ec2);
  expect(containerReason('EXTERNAL', failure)).toBe(ec2);
});

test('an error that the operation’s model lists is printed without `api error`', () => {
  const group = call({ service: 'logs', operation: 'CreateLogStream', stage: 'logs' });
  expect(sdkError(new CallFailure(group, new AwsError('ResourceNotFoundException', 'No.'), 'r-1'))).toBe(
    'operation error CloudWatch Logs: CreateLogStream, https response error StatusCode: 400, RequestID: r-1, ResourceNotFoundException: No.',
  );
  expect(sdkError(new CallFailure(group, DENIED, 'r-1'))).toBe(
    'operation error CloudWatch Logs: CreateLogStream, https response error StatusCode: 400, RequestID: r-1, api error AccessDeniedException: User: me is not authorized',
  );
  expect(
    sdkError(new CallFailure(group, new AwsError('InternalFailure', 'Oops', { fault: 'server' }), 'r-1')),
  ).toContain('StatusCode: 500');
});

test.each([
  ['secrets', 'ssm', 'GetParameters', 'ssm secret resource: unable to find execution role credentials'],
  ['secrets', 'secretsmanager', 'GetSecretValue', 'ASM secret resource: unable to find execution role credentials'],
  ['registry-auth', 'secretsmanager', 'GetSecretValue', 'asm resource: unable to find execution role credentials'],
  ['environment-files', 's3', 'GetObject', 'environment file resource: unable to find execution role credentials'],
] as const)('EC2 without credentials of the execution role: %s %s', (stage, service, operation, reason) => {
  const failure = new MissingCredentials(call({ stage, service, operation }));
  expect(containerReason('EC2', failure)).toBeUndefined();
  expect(taskReason('EC2', failure)).toBe(reason);
});

test('what the runtime cannot do is said in the words of the launch type', () => {
  const create = new RuntimeFailure('create', 'no command specified');
  expect(containerReason('FARGATE', create)).toBe('CannotCreateContainerError: no command specified');
  expect(containerReason('EC2', create)).toBe(
    'CannotCreateContainerError: Error response from daemon: no command specified',
  );
  const start = new RuntimeFailure('start', 'workingDirectory: there is no directory /app on this machine');
  expect(containerReason('EC2', start)).toBe(
    'CannotStartContainerError: workingDirectory: there is no directory /app on this machine',
  );
});

test('only foreseen errors have a reason', () => {
  expect(taskReason('EC2', new CannotStart('as it is'))).toBe('as it is');
  expect(taskReason('FARGATE', new Error('bug'))).toBeUndefined();
  expect(containerReason('FARGATE', new Error('bug'))).toBeUndefined();
});

test.each([
  ['nginx', 'docker.io', 'nginx', 'latest'],
  ['host/a/b:1', 'host', 'a/b', '1'],
  ['host:5000/a@sha256:abc', 'host:5000', 'a', 'sha256:abc'],
  ['host/a:1@sha256:abc', 'host', 'a', 'sha256:abc'],
])('%s', (image, host, repository, reference) => {
  expect(imageParts(image)).toEqual({ host, repository, reference });
});
