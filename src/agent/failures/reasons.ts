import type { LaunchType } from '../../roles/duty.ts';
import { CallFailure, MissingCredentials } from '../planned-calls.ts';
import { RuntimeFailure } from '../runtimes/runtime.ts';
import { RegistryAuthFailure, SecretFailure } from '../secrets.ts';
import { ec2ContainerReason, ec2Reason } from './ec2.ts';
import { fargateContainerReason, fargateReason } from './fargate.ts';
import { LogOptionsFailure, PlatformFailure, type StartFailure, UnsupportedFailure } from './start-failure.ts';

/** Ends a start; its message is the task's stopped reason as it stands. */
export class CannotStart extends Error {}

const KINDS = [
  CallFailure,
  MissingCredentials,
  SecretFailure,
  RegistryAuthFailure,
  LogOptionsFailure,
  PlatformFailure,
  UnsupportedFailure,
];

function isStartFailure(error: unknown): error is StartFailure {
  return KINDS.some((kind) => error instanceof kind);
}

/** What a container's `reason` says of a failure, in the launch type's words; undefined when it is the task that failed. */
export function containerReason(launchType: LaunchType, error: unknown): string | undefined {
  if (error instanceof RuntimeFailure) {
    const step = { step: error.step, message: error.message };
    return launchType === 'FARGATE' ? fargateContainerReason(step) : ec2ContainerReason(step);
  }
  if (!isStartFailure(error)) return undefined;
  const { scope, reason } = launchType === 'FARGATE' ? fargateReason(error) : ec2Reason(error);
  return scope === 'container' ? reason : undefined;
}

/** The task's `stoppedReason`; undefined for an error that nobody foresaw. */
export function taskReason(launchType: LaunchType, error: unknown): string | undefined {
  if (error instanceof CannotStart) return error.message;
  if (!isStartFailure(error)) return undefined;
  return (launchType === 'FARGATE' ? fargateReason(error) : ec2Reason(error)).reason;
}
