import { EventEmitter } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../core/errors.ts';
import { containerInstances, type TaskRecord, tasks } from '../services/ecs/records.ts';
import { findContainerInstance } from '../services/ecs/task-lookup.ts';
import { requestStop } from '../services/ecs/task-state.ts';
import { ContainerInstance } from './instance.ts';
import type { InstanceRequest } from './instance-request.ts';
import { OutputHistory } from './output-history.ts';
import type { ContainerOutput, Surroundings } from './ports.ts';
import { TaskRunner } from './task-runner.ts';

const SERVER_STOPPED = 'Rolecall was stopped';

interface AgentEvents {
  output: [ContainerOutput];
  /** A task is done with: all its containers have ended and it was reported STOPPED. */
  ended: [{ readonly taskArn: string }];
}

/**
 * Watches the tasks and brings what is known of each to what is desired. It carries out the plan of a task (roles/plan)
 * and never decides itself which role makes a call. Container instances of this machine live here too.
 */
export class Agent {
  readonly events = new EventEmitter<AgentEvents>();
  readonly #surroundings: Surroundings;
  readonly #runners = new Map<string, { readonly runner: TaskRunner; readonly done: Promise<void> }>();
  readonly #instances = new Map<string, ContainerInstance>();
  readonly #history: OutputHistory;
  readonly #unwatch: (() => void)[] = [];

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
    this.#history = new OutputHistory((taskId) => join(surroundings.directory, taskId));
    this.events.setMaxListeners(0);
  }

  /** Connects the container instances again, looks at every task, then at every change. */
  async start(): Promise<void> {
    const { store, directory } = this.#surroundings;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    chmodSync(directory, 0o700);
    for (const instance of ContainerInstance.all(this.#surroundings)) {
      this.#instances.set(instance.arn, instance);
      await instance.connect();
    }
    this.#unwatch.push(
      store.watch(tasks, ({ partition, key }) => {
        const task = store.get(tasks, partition, key);
        if (task === undefined) this.#forgetTask(key);
        else this.#reconcile(task);
      }),
      store.watch(containerInstances, ({ key }) => this.#checkInstance(key)),
    );
    const known = new Set<string>();
    for (const cluster of store.partitions(tasks)) {
      for (const task of store.list(tasks, cluster)) {
        known.add(task.id);
        this.#reconcile(task);
      }
    }
    for (const name of readdirSync(directory)) {
      if (/^[0-9a-f]{32}$/.test(name) && !known.has(name)) this.#forgetTask(name);
    }
  }

  /**
   * Adds a container instance of this machine to a cluster.
   * Throws UserError when its role cannot be used or may not register: then there is none.
   */
  async addContainerInstance(
    request: InstanceRequest,
  ): Promise<{ readonly containerInstanceArn: string; readonly ec2InstanceId: string }> {
    const instance = await ContainerInstance.create(this.#surroundings, request);
    this.#instances.set(instance.arn, instance);
    return { containerInstanceArn: instance.arn, ec2InstanceId: instance.instanceId };
  }

  /** Deregisters an instance and forgets it. Throws UserError for an unknown one, AwsError when its role may not. */
  async removeContainerInstance(containerInstanceArn: string): Promise<void> {
    const instance = this.#instances.get(containerInstanceArn);
    if (instance === undefined) {
      throw new UserError(
        'container-instance-unknown',
        `${containerInstanceArn} is no container instance of this machine`,
        'See `aws ecs list-container-instances`.',
      );
    }
    await instance.deregister();
    this.#instances.delete(containerInstanceArn);
  }

  /** What a task's containers have written; with `follow` until the task has ended or `signal` aborts. */
  output(taskArn: string, follow: boolean, signal: AbortSignal): AsyncIterable<ContainerOutput> {
    return this.#history.read(taskArn, follow, signal);
  }

  /** Where a task's output is kept: `CONTAINER.stdout` and `CONTAINER.stderr`. */
  directoryOf(taskId: string): string {
    return join(this.#surroundings.directory, taskId);
  }

  /** Resolves when nothing is being done for the task any more. */
  async settled(taskArn: string): Promise<void> {
    await this.#runners.get(taskArn)?.done;
  }

  /**
   * Ends the agent. `end`: all containers are stopped first; `keep`: they run on, and an agent that is started on the
   * same data goes on with them.
   */
  async stop(how: { readonly tasks: 'end' | 'keep' }): Promise<void> {
    for (const unwatch of this.#unwatch.splice(0)) unwatch();
    const { store, clock } = this.#surroundings;
    const all = [...this.#runners.values()];
    if (how.tasks === 'keep') await Promise.all(all.map(({ runner }) => runner.leave()));
    if (how.tasks === 'end') {
      for (const { runner } of all) {
        store.transact((tx) => requestStop(tx, clock.now(), runner.taskArn, 'UserInitiated', SERVER_STOPPED));
        runner.quit();
      }
    }
    await Promise.all(all.map(({ done }) => done));
    for (const instance of this.#instances.values()) instance.disconnect();
  }

  #reconcile(task: TaskRecord): void {
    const known = this.#runners.get(task.arn);
    if (known !== undefined) {
      if (task.desiredStatus === 'STOPPED' || task.lastStatus === 'STOPPED') known.runner.stop();
      return;
    }
    if (task.lastStatus === 'STOPPED') return;
    const instance =
      task.containerInstanceArn === undefined ? undefined : this.#instances.get(task.containerInstanceArn);
    // Without its instance's agent a task stays as it is.
    if (task.launchType !== 'FARGATE' && instance === undefined) return;
    const runner = new TaskRunner(this.#surroundings, task, instance, (output) => {
      this.#history.add(output);
      this.events.emit('output', output);
    });
    this.#history.begin(task.arn);
    const done = runner.run().then(() => {
      this.#runners.delete(task.arn);
      this.#history.end(task.arn);
      this.events.emit('ended', { taskArn: task.arn });
    });
    this.#runners.set(task.arn, { runner, done });
    if (task.desiredStatus === 'STOPPED') runner.stop();
  }

  /** An instance that was deregistered has no agent any more. */
  #checkInstance(containerInstanceArn: string): void {
    const instance = this.#instances.get(containerInstanceArn);
    if (instance === undefined) return;
    const record = findContainerInstance(this.#surroundings.store, containerInstanceArn);
    if (record !== undefined && record.status !== 'INACTIVE') return;
    this.#instances.delete(containerInstanceArn);
    instance.forget();
  }

  /** The task is not described any more: its output goes too. */
  #forgetTask(taskId: string): void {
    rmSync(this.directoryOf(taskId), { recursive: true, force: true });
    this.#history.forget(taskId);
  }
}
