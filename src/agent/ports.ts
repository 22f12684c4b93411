import type { Clock } from '../core/clock.ts';
import type { Ids } from '../core/ids.ts';
import type { InternalCall } from '../gateway/gateway.ts';
import type { AuthorizationCheck, Input, OperationName, Output } from '../gateway/operation.ts';
import type { Principal } from '../gateway/principals.ts';
import type { EcrImage } from '../roles/references.ts';
import type { PullUnderWay } from '../services/ecr/index.ts';
import type { TaskCredentialsRecord, TaskRecord } from '../services/ecs/records.ts';
import type { Store } from '../store/store.ts';
import type { ServiceId } from '../wire/generated/types/operations.ts';
import type { Runtime } from './runtimes/runtime.ts';

/** A call as the agent makes it. `requestId` is chosen by the agent, so that a stopped reason can quote it. */
export interface AgentCall extends InternalCall {
  readonly requestId?: string;
}

/** What the agent needs of the gateway. */
export interface AgentGateway {
  call<S extends ServiceId, O extends OperationName<S>>(
    service: S,
    operation: O,
    input: Input<S, O>,
    options: AgentCall,
  ): Promise<Output<S, O>>;
  authorizeAction(
    action: { readonly service: ServiceId; readonly operation: string; readonly checks: readonly AuthorizationCheck[] },
    options: AgentCall,
  ): Promise<void>;
  principalOf(accessKeyId: string): Principal | undefined;
}

/** Something that people who watch the server should know. Never holds a secret. */
export interface AgentNote {
  readonly level: 'info' | 'warning';
  readonly message: string;
  readonly taskArn?: string;
  readonly containerInstanceArn?: string;
}

/** A request for credentials that were not the caller's to have. */
export interface CredentialsAttempt {
  readonly taskArn: string;
  /** What was asked for, without any secret: a credentials id of another task, a missing token, a foreign process. */
  readonly why: string;
}

/** One line of a container's output. */
export interface ContainerOutput {
  readonly taskArn: string;
  readonly container: string;
  readonly stream: 'stdout' | 'stderr';
  readonly line: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** Everything around the agent; the composition root wires it. */
export interface Surroundings {
  readonly gateway: AgentGateway;
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly runtime: Runtime;
  /** Account and Region in which container instances are added. */
  readonly account: string;
  readonly region: string;
  /** Directory for the tasks' scratch directories; made when missing, readable by the owner only. */
  readonly directory: string;
  /**
   * Base URL at which containers reach the server, without a trailing slash: the value of AWS_ENDPOINT_URL. Undefined in
   * transparent mode: they reach it under the names of AWS.
   */
  readonly endpoint: () => string | undefined;
  /** The credentials as they are, refreshed when less than half of their life is left; the id stays. */
  readonly refreshCredentials: (task: TaskRecord, credentialsId: string) => Promise<TaskCredentialsRecord | undefined>;
  /** Puts an image into ECR that a local program stands in for, so that the pull's calls find something. */
  readonly standInImage?: (image: EcrImage) => void;
  /** Tells the registry of a pull whose calls the agent has made; what is answered ends it. */
  readonly beginPull?: (pull: PullUnderWay) => () => void;
  readonly note: (note: AgentNote) => void;
  /** Called for each refused request at a task's credentials endpoint. */
  readonly attempt: (attempt: CredentialsAttempt) => void;
}
