import type { PlannedCall } from '../../roles/plan-types.ts';
import { loadModel, type ServiceId } from '../../wire/model.ts';
import type { CallFailure, MissingCredentials } from '../planned-calls.ts';
import type { Unsupported } from '../runtimes/runtime.ts';
import type { RegistryAuthFailure, SecretFailure } from '../secrets.ts';

/** Options of a log driver that it does not know, or a driver that is not there. */
export class LogOptionsFailure extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LogOptionsFailure';
  }
}

/** The runtime cannot do what the task definition asks for. */
export class UnsupportedFailure extends Error {
  readonly items: readonly Unsupported[];
  constructor(items: readonly Unsupported[]) {
    super(items.map((item) => `${item.field}: ${item.reason}`).join('; '));
    this.name = 'UnsupportedFailure';
    this.items = items;
  }
}

/** An index holds no image for the platform that the task runs on. */
export class PlatformFailure extends Error {
  /** `linux/amd64`. */
  readonly platform: string;
  constructor(platform: string) {
    super(`no image for ${platform}`);
    this.name = 'PlatformFailure';
    this.platform = platform;
  }
}

/** A container's image, program or place could not be made ready. */
export interface ContainerStep {
  readonly step: 'pull' | 'create' | 'start';
  readonly message: string;
}

/** Why a task, or one of its containers, cannot start. */
export type StartFailure =
  | CallFailure
  | MissingCredentials
  | SecretFailure
  | RegistryAuthFailure
  | LogOptionsFailure
  | PlatformFailure
  | UnsupportedFailure;

const NAMES: Partial<Record<PlannedCall['service'], string>> = {
  ecr: 'ECR',
  logs: 'CloudWatch Logs',
  ssm: 'SSM',
  secretsmanager: 'Secrets Manager',
  s3: 'S3',
};

/**
 * The error as AWS SDK for Go v2 prints it, which agent and Fargate use today.
 * Source: smithy-go OperationError and aws-sdk-go-v2 ResponseError; errors that the operation's model lists are printed
 * without `api error` (observed: `RequestID: …, api error AccessDeniedException: …`).
 */
export function sdkError(failure: CallFailure): string {
  const { call, error, requestId } = failure;
  const status = error.status ?? (error.fault === 'server' ? 500 : 400);
  const modelled = isModelled(call, error.code);
  return (
    `operation error ${NAMES[call.service] ?? call.service}: ${call.operation}, ` +
    `https response error StatusCode: ${status}, RequestID: ${requestId}, ` +
    `${modelled ? '' : 'api error '}${error.code}: ${error.message}`
  );
}

function isModelled(call: PlannedCall, code: string): boolean {
  const model = loadModel(call.service as ServiceId);
  return model.operation(call.operation)?.errors.includes(code) === true;
}

/** Registry host, repository and tag (or digest) of an image's name. */
export function imageParts(image: string): { host: string; repository: string; reference: string } {
  const slash = image.indexOf('/');
  const host = slash < 0 ? 'docker.io' : image.slice(0, slash);
  const rest = slash < 0 ? image : image.slice(slash + 1);
  const match = /^([^:@]+)(?::([^@]+))?(?:@(.+))?$/.exec(rest);
  return { host, repository: match?.[1] ?? rest, reference: match?.[3] ?? match?.[2] ?? 'latest' };
}

/** The image whose pull a call of the `pull` stage belongs to, from the plan's ids (`pull/manifest/IMAGE`). */
export function imageOfCall(call: PlannedCall): string {
  return call.id.replace(/^pull\/(manifest|layers|token)\//, '');
}

/** Our own word on how to go on, set apart from ECS's text. */
export function hintOf(failure: CallFailure): string {
  return failure.hint === undefined ? '' : ` (Rolecall: ${failure.hint})`;
}
