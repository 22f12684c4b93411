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
 * Reasons of the agent on EC2 and external instances. Source: amazon-ecs-agent 1.105 (names and texts; its clients are
 * SDK v2), dockerd's errors as observed. Errors of the task's resources become the task's reason; those of an image or
 * a container stay with the container.
 */
export interface Ec2Reason {
  readonly scope: 'task' | 'container';
  readonly reason: string;
}

const DAEMON = 'Error response from daemon: ';
/** With a typographic apostrophe, as in the agent's source since June 2024. */
const CANNOT_PULL = 'The task can’t pull the image. ';

export function ec2Reason(failure: StartFailure): Ec2Reason {
  if (failure instanceof CallFailure) return callReason(failure);
  if (failure instanceof SecretFailure) return task(`${fetching(failure.provider, failure.region)}${failure.message}`);
  if (failure instanceof RegistryAuthFailure) return task(failure.message);
  if (failure instanceof LogOptionsFailure) return container(`CannotCreateContainerError: ${DAEMON}${failure.message}`);
  if (failure instanceof PlatformFailure) {
    // Source: dockerd (moby, distribution/pull_v2.go).
    return container(
      `CannotPullContainerError: ${DAEMON}no matching manifest for ${failure.platform} in the manifest list entries`,
    );
  }
  if (failure instanceof UnsupportedFailure) return task(`ResourceInitializationError: ${failure.message}`);
  if (failure instanceof MissingCredentials) return missingCredentials(failure);
  return failure satisfies never;
}

/** A container that could not be pulled, created or started. */
export function ec2ContainerReason(step: ContainerStep): string {
  switch (step.step) {
    case 'pull':
      return `CannotPullContainerError: ${step.message}`;
    case 'create':
      return `CannotCreateContainerError: ${DAEMON}${step.message}`;
    default:
      return step.message.startsWith('OCI runtime')
        ? `CannotStartContainerError: ${DAEMON}failed to create task for container: failed to create shim task: ${step.message}`
        : `CannotStartContainerError: ${step.message}`;
  }
}

function callReason(failure: CallFailure): Ec2Reason {
  const { call } = failure;
  switch (call.stage) {
    case 'secrets':
      return task(`${fetching(call.service === 'ssm' ? 'ssm' : 'asm', call.region)}${secretReason(failure)}`);
    case 'registry-auth':
      return task(`asm fetching secret from the service for ${call.input.SecretId}: ${sdkError(failure)}`);
    case 'environment-files':
      return task(
        call.operation === 'GetObject'
          ? `unable to download env file with key ${call.input.Key} from bucket ${call.input.Bucket}, error: ${sdkError(failure)}`
          : `unable to initialize s3 client for bucket ${call.input.Bucket}, error: ${sdkError(failure)}`,
      );
    case 'logs': {
      const what = call.operation === 'CreateLogGroup' ? 'group' : 'stream';
      return container(
        `CannotStartContainerError: ${DAEMON}failed to initialize logging driver: failed to create Cloudwatch log ${what}: ${sdkError(failure)}`,
      );
    }
    default:
      return container(
        call.operation === 'GetAuthorizationToken'
          ? `CannotPullECRContainerError: ${sdkError(failure)}`
          : `CannotPullContainerError: ${pullReason(failure)}`,
      );
  }
}

/** The first letter is a capital in DescribeTasks, though not in the agent's source (observed). */
function fetching(provider: 'ssm' | 'asm', region: string): string {
  return provider === 'ssm'
    ? `Fetching secret data from SSM Parameter Store in ${region}: `
    : `Fetching secret data from AWS Secrets Manager in region ${region}: `;
}

/** Source: agent, agent/asm augmentErrMsg: a text before the error itself, which follows once more. */
function secretReason(failure: CallFailure): string {
  const text = sdkError(failure);
  if (failure.call.service === 'ssm') return text;
  const id = failure.call.input.SecretId;
  return isMissingSecret(failure)
    ? `ResourceNotFoundException: The task can't retrieve the secret with ARN '${id}' from AWS Secrets Manager. Check whether the secret exists in the specified Region: ${text}`
    : `secret ${id}: ${text}: ${text}`;
}

/** dockerd's text of what the registry answered, behind the agent's hint. Source: agent, errors of June 2024 (observed texts in its tests). */
function pullReason(failure: CallFailure): string {
  const { call, error } = failure;
  const image = imageOfCall(call);
  const { host, repository } = imageParts(image);
  const name = `${host}/${repository}`;
  if (error.code === 'AccessDeniedException' && call.operation === 'BatchGetImage') {
    return `${CANNOT_PULL}Check that the role has the permissions to pull images from the registry. ${DAEMON}pull access denied for ${name}, repository does not exist or may require 'docker login': denied: ${error.message}`;
  }
  if (error.code === 'AccessDeniedException') {
    // Source: observed in 2023 (aws-amplify/amplify-category-api#1255).
    return `${DAEMON}error pulling image configuration: download failed after attempts=1: denied: ${error.message}`;
  }
  if (error.code === 'RepositoryNotFoundException') {
    return `${CANNOT_PULL}Check whether the image exists. ${DAEMON}repository ${name} not found: name unknown: ${error.message}${hintOf(failure)}`;
  }
  // Source: ECR's registry says `Requested image not found` for a missing manifest (observed).
  return `${CANNOT_PULL}Check whether the image exists. ${DAEMON}manifest for ${image} not found: manifest unknown: Requested image not found${hintOf(failure)}`;
}

/** Source: agent: taskresource/{ssmsecret,asmsecret,asmauth,envFiles}, engine (awslogs options, ecr auth). */
function missingCredentials(failure: MissingCredentials): Ec2Reason {
  const { call } = failure;
  switch (call.stage) {
    case 'secrets':
      return task(
        call.service === 'ssm'
          ? 'ssm secret resource: unable to find execution role credentials'
          : 'ASM secret resource: unable to find execution role credentials',
      );
    case 'registry-auth':
      return task('asm resource: unable to find execution role credentials');
    case 'environment-files':
      return task('environment file resource: unable to find execution role credentials');
    case 'logs':
      return container('HostConfigError: Unable to get execution role credentials for task');
    default:
      return container(
        call.role === 'task-execution'
          ? 'CannotPullContainerAuthError: engine ecr credentials: not found'
          : 'CannotPullECRContainerError: no credentials of the container instance role',
      );
  }
}

function task(reason: string): Ec2Reason {
  return { scope: 'task', reason };
}

function container(reason: string): Ec2Reason {
  return { scope: 'container', reason };
}
