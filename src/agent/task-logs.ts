import type { PlannedCall } from '../roles/plan-types.ts';
import type { TaskRecord } from '../services/ecs/records.ts';
import type { ContainerRun } from './container-run.ts';
import { AwsLogs, checkLogConfiguration, type LogDriver, logCallsOf } from './log-driver.ts';
import type { PlannedCalls } from './planned-calls.ts';
import type { Surroundings } from './ports.ts';
import type { OutputPosition } from './runtimes/runtime.ts';
import { logPositions, savedTasks } from './saved-task.ts';

/** The log drivers of a task's containers. */
export class TaskLogs {
  readonly #surroundings: Surroundings;
  readonly #task: TaskRecord;
  readonly #calls: PlannedCalls;
  readonly #plan: readonly PlannedCall[];
  readonly #drivers = new Map<string, LogDriver>();

  constructor(surroundings: Surroundings, task: TaskRecord, calls: PlannedCalls, plan: readonly PlannedCall[]) {
    this.#surroundings = surroundings;
    this.#task = task;
    this.#calls = calls;
    this.#plan = plan;
  }

  /** Makes the container's driver, where it has one. Throws LogOptionsFailure. */
  add(container: ContainerRun): void {
    const { name, definition, identity } = container;
    const log = definition.logConfiguration;
    checkLogConfiguration(log);
    const planned = logCallsOf(this.#plan, name);
    if (planned === undefined || log === undefined) return;
    let warned = false;
    const driver = new AwsLogs(this.#calls, planned, log, {
      runtimeId: identity.runtimeId,
      delivered: (position) => this.#remember(name, position),
      refused: (failure) => {
        if (!warned) this.#warn(name, failure);
        warned = true;
      },
    });
    this.#drivers.set(name, driver);
  }

  of(container: string): LogDriver | undefined {
    return this.#drivers.get(container);
  }

  /** How far a container's output was written, by this agent or an earlier one. */
  positionOf(container: string): OutputPosition | undefined {
    return this.#surroundings.store.get(logPositions, this.#task.arn, container);
  }

  async close(): Promise<void> {
    for (const driver of this.#drivers.values()) await driver.close();
  }

  #remember(container: string, position: OutputPosition): void {
    const { store } = this.#surroundings;
    // Only tasks that may be found again need it.
    if (store.get(savedTasks, this.#task.clusterArn, this.#task.arn) === undefined) return;
    store.transact((tx) => tx.put(logPositions, this.#task.arn, container, position));
  }

  #warn(container: string, failure: Error): void {
    const message = `output of container ${container} does not reach CloudWatch Logs: ${failure.message}`;
    this.#surroundings.note({ level: 'warning', taskArn: this.#task.arn, message });
  }
}
