import { AwsError } from '../core/errors.ts';
import type { Input, OperationName, Output } from '../gateway/operation.ts';
import type { Principal } from '../gateway/principals.ts';
import type { RoleKind } from '../roles/duty.ts';
import type { PlannedCall } from '../roles/plan-types.ts';
import type { TaskRecord } from '../services/ecs/records.ts';
import type { ServiceId } from '../wire/generated/types/operations.ts';
import type { Surroundings } from './ports.ts';

/** A planned call that was refused or failed. */
export class CallFailure extends Error {
  readonly call: PlannedCall;
  readonly error: AwsError;
  readonly requestId: string;
  /** What people can do about it, behind ECS's own text. */
  readonly hint: string | undefined;

  constructor(call: PlannedCall, error: AwsError, requestId: string, hint?: string) {
    super(`${call.service}:${call.operation}: ${error.code}: ${error.message}`, { cause: error });
    this.name = 'CallFailure';
    this.call = call;
    this.error = error;
    this.requestId = requestId;
    this.hint = hint;
  }
}

/** The session of the role that a planned call needs is not there: the agent never received credentials for it. */
export class MissingCredentials extends Error {
  readonly call: PlannedCall;

  constructor(call: PlannedCall) {
    super(`no credentials of the ${call.role} role for ${call.service}:${call.operation}`);
    this.name = 'MissingCredentials';
    this.call = call;
  }
}

/** Where the container instance's own session comes from; undefined on Fargate. */
export type InstanceSession = () => Promise<Principal | undefined>;

/**
 * Makes the calls of a task's plan. Which role makes a call stands in the plan; nothing here chooses.
 */
export class PlannedCalls {
  readonly #surroundings: Surroundings;
  readonly #task: TaskRecord;
  readonly #instance: InstanceSession | undefined;

  constructor(surroundings: Surroundings, task: TaskRecord, instance: InstanceSession | undefined) {
    this.#surroundings = surroundings;
    this.#task = task;
    this.#instance = instance;
  }

  /**
   * Makes the call with what became known since the plan was made. Throws CallFailure or MissingCredentials.
   * `alongside` is run when the call has been handed over: what it writes to the store reaches the disk together with
   * what the call has written (units of work of one turn of the event loop are one to the store).
   */
  async make<S extends ServiceId, O extends OperationName<S>>(
    call: PlannedCall,
    service: S,
    operation: O,
    more: Partial<Input<S, O>> = {},
    alongside?: () => void,
  ): Promise<Output<S, O>> {
    if (call.service !== service || call.operation !== operation) {
      throw new Error(`the plan says ${call.service}:${call.operation}, not ${service}:${operation}`);
    }
    const as = await this.#sessionOf(call.role);
    if (as === undefined) throw new MissingCredentials(call);
    const requestId = this.#surroundings.ids.uuid();
    try {
      const answer = this.#surroundings.gateway.call(service, operation, { ...call.input, ...more } as Input<S, O>, {
        as,
        stage: call.stage,
        taskArn: this.#task.arn,
        region: call.region,
        requestId,
      });
      alongside?.();
      return await answer;
    } catch (error) {
      throw new CallFailure({ ...call, input: { ...call.input, ...more } }, asAwsError(error, call), requestId);
    }
  }

  async #sessionOf(role: RoleKind): Promise<Principal | undefined> {
    switch (role) {
      case 'container-instance':
        return this.#instance?.();
      case 'task-execution':
        return this.#taskSession(this.#task.executionCredentialsId);
      case 'task':
        return this.#taskSession(this.#task.taskCredentialsId);
      default:
        return undefined;
    }
  }

  async #taskSession(credentialsId: string | undefined): Promise<Principal | undefined> {
    if (credentialsId === undefined) return undefined;
    const credentials = await this.#surroundings.refreshCredentials(this.#task, credentialsId);
    return credentials === undefined ? undefined : this.#surroundings.gateway.principalOf(credentials.accessKeyId);
  }
}

/** A service that is not served here cannot be called at all: an error by name, as a client would get it. */
function asAwsError(error: unknown, call: PlannedCall): AwsError {
  if (error instanceof AwsError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new AwsError('ServiceUnavailable', `${call.service} is not served by Rolecall (${reason})`, {
    fault: 'server',
  });
}
