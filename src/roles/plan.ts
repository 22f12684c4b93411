import type { Duty } from './duty.ts';
import { environmentFileCalls } from './environment-files.ts';
import { logCalls } from './logs.ts';
import type { PlannedCall, PlanOptions, PlanTaskDefinition } from './plan-types.ts';
import { imageCalls, registryTokenCalls } from './pull.ts';
import { registryAuthCalls, secretCalls } from './secrets.ts';
import { volumeCalls } from './volumes.ts';

/**
 * The AWS calls that ECS will make for a task, in their order: which role, at which stage, because of what.
 * Order on Fargate: registry tokens and secrets, log drivers, images (from the prefixes of its errors, observed).
 * Order on EC2 and external instances: the task's resources, then each image, then the containers with their log drivers
 * (agent, agent/engine task manager).
 */
export function taskPlan(definition: PlanTaskDefinition, options: PlanOptions): readonly PlannedCall[] {
  const parts =
    options.launchType === 'FARGATE'
      ? [registryTokenCalls, registryAuthCalls, secretCalls, environmentFileCalls, volumeCalls, logCalls, imageCalls]
      : [registryAuthCalls, secretCalls, environmentFileCalls, volumeCalls, registryTokenCalls, imageCalls, logCalls];
  return parts.flatMap((part) => part(definition, options));
}

/** The plan as a flat list: one action on one resource that one role must be allowed. */
export function rolePlan(definition: PlanTaskDefinition, options: PlanOptions): readonly Duty[] {
  return dutiesOf(taskPlan(definition, options));
}

/** The duties of planned calls. */
export function dutiesOf(calls: readonly PlannedCall[]): readonly Duty[] {
  return calls.flatMap((call) =>
    call.checks.map((check, index) => ({
      stage: call.stage,
      role: call.role,
      action: check.action,
      resource: check.resource,
      because: call.because[Math.min(index, call.because.length - 1)] ?? '',
      call: call.id,
      occurs: call.occurs,
    })),
  );
}
