import { setTimeout as delay } from 'node:timers/promises';
import type { Principal } from '../gateway/principals.ts';
import type { TaskRecord } from '../services/ecs/records.ts';
import { applyTaskState, type ContainerChange, type TaskChange } from '../services/ecs/task-state.ts';
import type { Surroundings } from './ports.ts';

/** How news of a task reach the control plane. */
export interface TaskReport {
  /** Resolves when the news was taken, or when the agent stops. */
  send(change: TaskChange): Promise<void>;
}

/** Fargate: AWS's own agent and backend, no role is asked. */
export class DirectReport implements TaskReport {
  readonly #surroundings: Surroundings;
  readonly #taskArn: string;

  constructor(surroundings: Surroundings, taskArn: string) {
    this.#surroundings = surroundings;
    this.#taskArn = taskArn;
  }

  async send(change: TaskChange): Promise<void> {
    const { store, clock } = this.#surroundings;
    store.transact((tx) => applyTaskState(tx, clock.now(), this.#taskArn, change));
  }
}

/** First and longest pause between attempts, milliseconds. Source: agent, eventhandler: about 24 h of attempts, 5 min apart at last. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 5 * 60 * 1000;
/** Source: agent and ECS API: reasons are cut at 1024 characters. */
const REASON_LIMIT = 1024;

/**
 * EC2 and EXTERNAL: SubmitTaskStateChange with the instance role. Refused or failed, it is tried again until it
 * succeeds: until then the control plane knows nothing of it.
 */
export class InstanceReport implements TaskReport {
  readonly #surroundings: Surroundings;
  readonly #task: TaskRecord;
  readonly #session: () => Promise<Principal | undefined>;
  readonly #stopping: AbortSignal;
  #sending: Promise<void> = Promise.resolve();

  constructor(
    surroundings: Surroundings,
    task: TaskRecord,
    session: () => Promise<Principal | undefined>,
    stopping: AbortSignal,
  ) {
    this.#surroundings = surroundings;
    this.#task = task;
    this.#session = session;
    this.#stopping = stopping;
  }

  send(change: TaskChange): Promise<void> {
    this.#sending = this.#sending.then(() => this.#deliver(change));
    return this.#sending;
  }

  async #deliver(change: TaskChange): Promise<void> {
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        await this.#submit(change);
        return;
      } catch (error) {
        if (pause === FIRST_PAUSE) this.#warn(error);
      }
      await delay(pause, undefined, { signal: this.#stopping }).catch(() => {});
      if (this.#stopping.aborted) return;
    }
  }

  async #submit(change: TaskChange): Promise<void> {
    const as = await this.#session();
    if (as === undefined) throw new Error('the container instance has no credentials');
    const { arn: taskArn, clusterArn, region } = this.#task;
    const { reason } = change;
    await this.#surroundings.gateway.call(
      'ecs',
      'SubmitTaskStateChange',
      {
        cluster: clusterArn,
        task: taskArn,
        // Source: agent, ecsclient: anything but RUNNING and STOPPED is sent as PENDING.
        status: change.status === 'RUNNING' || change.status === 'STOPPED' ? change.status : 'PENDING',
        ...(reason === undefined ? {} : { reason: reason.slice(0, REASON_LIMIT) }),
        containers: (change.containers ?? []).map(containerStateChange),
        ...(change.pullStartedAt === undefined ? {} : { pullStartedAt: change.pullStartedAt }),
        ...(change.pullStoppedAt === undefined ? {} : { pullStoppedAt: change.pullStoppedAt }),
        ...(change.executionStoppedAt === undefined ? {} : { executionStoppedAt: change.executionStoppedAt }),
      },
      { as, stage: 'instance', taskArn, region },
    );
  }

  #warn(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#surroundings.note({
      level: 'warning',
      taskArn: this.#task.arn,
      ...(this.#task.containerInstanceArn === undefined
        ? {}
        : { containerInstanceArn: this.#task.containerInstanceArn }),
      message: `the agent cannot report the state of task ${this.#task.id}: ${reason}. It stays as it is in DescribeTasks until the report succeeds.`,
    });
  }
}

function containerStateChange(change: ContainerChange) {
  const { containerName, runtimeId, status, exitCode, reason, imageDigest, networkBindings } = change;
  return {
    containerName,
    ...(runtimeId === undefined ? {} : { runtimeId }),
    ...(status === undefined ? {} : { status }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(reason === undefined ? {} : { reason: reason.slice(0, REASON_LIMIT) }),
    ...(imageDigest === undefined ? {} : { imageDigest }),
    ...(networkBindings === undefined ? {} : { networkBindings }),
  };
}
