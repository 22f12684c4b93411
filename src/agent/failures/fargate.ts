import { CallFailure, MissingCredentials } from '../planned-calls.ts';
import { isMissingSecret, RegistryAuthFailure, SecretFailure } from '../secrets.ts';
import {
  type ContainerStep,
  hintOf,
  imageOfCall,
  imageParts,
  LogOptionsFailure,
  PlatformFailure,
  type StartFailure,
  sdkError,
  UnsupportedFailure,
} from './start-failure.ts';

/**
 * Stopped reasons of Fargate platform 1.4.0. Source: observed in reports of 2024 to 2026. Refusals still carry the
 * `execution resource retrieval failed` of old, with the error as SDK v2 prints it; only connection trouble, which does
 * not happen here, got new explanations.
 */
const RETRIEVAL =
  'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: ';
const RETRIED = 'service call has been retried 1 time(s): ';

export interface FargateReason {
  /** `task`: the text is the task's alone. `container`: it stands with the container too. */
  readonly scope: 'task' | 'container';
  readonly reason: string;
}

export function fargateReason(failure: StartFailure): FargateReason {
  if (failure instanceof CallFailure) return callReason(failure);
  if (failure instanceof SecretFailure) {
    const provider =
      failure.provider === 'ssm' ? 'unable to retrieve secrets from ssm: ' : 'unable to retrieve secret from asm: ';
    // Observed in 2026: `invalid ssm parameters: /name`; the agent on EC2 says `invalid parameters`.
    const text =
      failure.provider === 'ssm'
        ? failure.message.replace(/^invalid parameters/, 'invalid ssm parameters')
        : failure.message;
    return task(`${RETRIEVAL}${provider}${RETRIED}${text}`);
  }
  if (failure instanceof RegistryAuthFailure) {
    return task(`${RETRIEVAL}unable to get registry auth from asm: ${RETRIED}${failure.message}`);
  }
  if (failure instanceof LogOptionsFailure) {
    // unverified: the frame is that of other logger errors
    return task(`ResourceInitializationError: failed to validate logger args: ${failure.message} : exit status 1`);
  }
  if (failure instanceof PlatformFailure) {
    // Source: observed in reports of 2022 to 2026.
    return {
      scope: 'container',
      reason: `CannotPullContainerError: pull image manifest has been retried 1 time(s): image Manifest does not contain descriptor matching platform '${failure.platform}'`,
    };
  }
  if (failure instanceof UnsupportedFailure) return task(`ResourceInitializationError: ${failure.message}`);
  if (failure instanceof MissingCredentials) {
    // unverified: on Fargate the sessions are made before the task is
    return task(`${RETRIEVAL}unable to find ${roleName(failure)} credentials`);
  }
  return failure satisfies never;
}

/** A container that could not be pulled, created or started. */
export function fargateContainerReason(step: ContainerStep): string {
  switch (step.step) {
    case 'pull':
      return `CannotPullContainerError: ${step.message}`;
    case 'create':
      return `CannotCreateContainerError: ${step.message}`;
    default:
      // Source: observed (containerd's shim): `CannotStartContainerError: ResourceInitializationError: failed to create new container runtime task: …`
      return step.message.startsWith('OCI runtime')
        ? `CannotStartContainerError: ResourceInitializationError: failed to create new container runtime task: failed to create shim task: ${step.message}`
        : `CannotStartContainerError: ${step.message}`;
  }
}

function callReason(failure: CallFailure): FargateReason {
  const { call, error } = failure;
  switch (call.stage) {
    case 'secrets':
      if (call.service === 'ssm')
        return task(`${RETRIEVAL}unable to retrieve secrets from ssm: ${RETRIED}${sdkError(failure)}`);
      return task(`${RETRIEVAL}unable to retrieve secret from asm: ${secretReason(failure)}`);
    case 'registry-auth':
      return task(
        `${RETRIEVAL}unable to get registry auth from asm: ${RETRIED}asm fetching secret from the service for ${call.input.SecretId}: ${sdkError(failure)}`,
      );
    case 'environment-files':
      // unverified: from memory, with the SDK's error in place of the time-out that reports show
      return task(
        `ResourceInitializationError: failed to download env files: file download command: non empty error stream: ${RETRIED}${sdkError(failure)}`,
      );
    case 'logs': {
      const what = call.operation === 'CreateLogGroup' ? 'group' : 'stream';
      return task(
        `ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log ${what}: ${sdkError(failure)} : exit status 1`,
      );
    }
    default:
      if (call.operation === 'GetAuthorizationToken') {
        return task(`${RETRIEVAL}unable to retrieve ecr registry auth: ${RETRIED}${sdkError(failure)}`);
      }
      return { scope: 'container', reason: `CannotPullContainerError: ${pullReason(failure, error.code)}` };
  }
}

function secretReason(failure: CallFailure): string {
  const id = failure.call.input.SecretId;
  if (isMissingSecret(failure)) {
    // Source: ECS Developer Guide, resource-not-found-error; agent, agent/asm. unverified: the tail on Fargate
    return `ResourceNotFoundException: The task can't retrieve the secret with ARN '${id}' from AWS Secrets Manager. Check whether the secret exists in the specified Region: ${sdkError(failure)}`;
  }
  return `${RETRIED}failed to fetch secret ${id} from secrets manager: ${sdkError(failure)}`;
}

/** The registry answers a refused ECR action with 403, a missing image or repository with 404. */
function pullReason(failure: CallFailure, code: string): string {
  const image = imageOfCall(failure.call);
  const { host, repository, reference } = imageParts(image);
  if (failure.call.operation === 'GetDownloadUrlForLayer') {
    // Source: observed: `ref pull has been retried N time(s): failed to copy: httpReadSeeker: failed open: unexpected status code …`
    const status = code === 'AccessDeniedException' ? '403 Forbidden' : '404 Not Found';
    const layer = failure.call.input.layerDigest ?? '';
    return `ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code https://${host}/v2/${repository}/blobs/${layer}: ${status}`;
  }
  if (code === 'AccessDeniedException') {
    // Source: observed in 2024 and 2025 (aws/containers-roadmap#2493, aws-samples/bedrock-access-gateway#114).
    if (reference.startsWith('sha256:')) {
      return `pull image manifest has been retried 1 time(s): failed to resolve ref ${image}: unexpected status from HEAD request to https://${host}/v2/${repository}/blobs/${reference}: 403 Forbidden`;
    }
    // Source: observed in 2024 (aws/aws-cdk#29876).
    return `pull image manifest has been retried 1 time(s): failed to resolve ref ${image}: pulling from host ${host} failed with status code [manifests ${reference}]: 403 Forbidden`;
  }
  return `pull image manifest has been retried 1 time(s): failed to resolve ref ${image}: ${image}: not found${hintOf(failure)}`;
}

function roleName(failure: MissingCredentials): string {
  return failure.call.role === 'task-execution' ? 'execution role' : failure.call.role;
}

function task(reason: string): FargateReason {
  return { scope: 'task', reason };
}
