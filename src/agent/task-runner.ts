import { join } from 'node:path';
import { taskPlan } from '../roles/plan.ts';
import type { PlannedCall } from '../roles/plan-types.ts';
import { describeForAgent } from '../services/ecs/agent-view.ts';
import type { TaskRecord } from '../services/ecs/records.ts';
import { applyAttachmentState, applyTaskState, type TaskChange } from '../services/ecs/task-state.ts';
import type * as Ecs from '../wire/generated/types/ecs.ts';
import { type ContainerState, readiness, stoppableNow } from './container-order.ts';
import { type ContainerIdentity, ContainerRun } from './container-run.ts';
import { CannotStart, taskReason } from './failures/reasons.ts';
import { UnsupportedFailure } from './failures/start-failure.ts';
import { PlannedCalls } from './planned-calls.ts';
import type { ContainerOutput, Surroundings } from './ports.ts';
import type { RuntimeTask } from './runtimes/runtime.ts';
import { logPositions, type SavedTask, savedTasks } from './saved-task.ts';
import { type InstanceAccess, TaskEndpoints } from './task-endpoints.ts';
import { TaskLogs } from './task-logs.ts';
import { DirectReport, InstanceReport, type TaskReport } from './task-report.ts';
import { TaskStart } from './task-start.ts';
import { Waker } from './waker.ts';

/** What there is once a task has a place to run in. */
interface Prepared {
  readonly runtime: RuntimeTask;
  readonly endpoints: TaskEndpoints;
  readonly logs: TaskLogs;
  readonly start: TaskStart;
}

/** Brings one task from PENDING to STOPPED: carries out its plan stage by stage, then looks after its containers. */
export class TaskRunner {
  readonly taskArn: string;
  readonly #surroundings: Surroundings;
  readonly #task: TaskRecord;
  readonly #instance: InstanceAccess | undefined;
  readonly #output: (output: ContainerOutput) => void;
  readonly #fargate: boolean;
  readonly #calls: PlannedCalls;
  readonly #report: TaskReport;
  readonly #waker = new Waker();
  readonly #leaving = new AbortController();
  readonly #quitting = new AbortController();
  readonly #containers = new Map<string, ContainerRun>();
  #definition: Ecs.TaskDefinition = {};
  #prepared: Prepared | undefined;
  #stopWanted = false;
  #running = false;
  /** On EC2 the times go with the first report. Source: agent, eventhandler. */
  #pullTimes: Pick<TaskChange, 'pullStartedAt' | 'pullStoppedAt'> = {};

  constructor(
    surroundings: Surroundings,
    task: TaskRecord,
    instance: InstanceAccess | undefined,
    output: (output: ContainerOutput) => void,
  ) {
    this.taskArn = task.arn;
    this.#surroundings = surroundings;
    this.#task = task;
    this.#instance = instance;
    this.#output = output;
    this.#fargate = task.launchType === 'FARGATE';
    const session = instance === undefined ? undefined : () => instance.session();
    this.#calls = new PlannedCalls(surroundings, task, session);
    this.#report =
      session === undefined
        ? new DirectReport(surroundings, task.arn)
        : new InstanceReport(surroundings, task, session, this.#quitting.signal);
  }

  /** Runs the task to its end. Never rejects. */
  async run(): Promise<void> {
    try {
      const saved = this.#surroundings.store.get(savedTasks, this.#task.clusterArn, this.taskArn);
      const prepared = await this.#prepare(saved);
      if (saved === undefined) await this.#start(prepared);
      else if (saved.running) await this.#resume(prepared);
      // A start that an earlier agent did not finish: what it had read of secrets is gone with it.
      else throw new CannotStart('Task failed to start: the agent was restarted while the task was starting');
      await this.#supervise(prepared);
      if (!this.#leaving.signal.aborted) await this.#finish({});
    } catch (error) {
      if (!this.#leaving.signal.aborted) await this.#failed(error);
    } finally {
      // Left in the middle of its start, it may have opened them after `leave` looked.
      if (this.#leaving.signal.aborted) await this.#prepared?.endpoints.close();
    }
  }

  /** The task's desired status is STOPPED. */
  stop(): void {
    this.#stopWanted = true;
    this.#waker.wake();
  }

  /** As `stop`, and reports that fail are not repeated: the agent ends with its tasks. */
  quit(): void {
    this.#quitting.abort();
    this.stop();
  }

  /** The agent stops; the containers run on and a later agent will find them. */
  async leave(): Promise<void> {
    this.#leaving.abort();
    this.#quitting.abort();
    this.#waker.wake();
    await Promise.all(this.#all.map((container) => container.leave()));
    await this.#prepared?.endpoints.close();
  }

  get #now(): number {
    return this.#surroundings.clock.now();
  }

  get #all(): readonly ContainerRun[] {
    return [...this.#containers.values()];
  }

  get #states(): ReadonlyMap<string, ContainerState> {
    return new Map(this.#all.map((container) => [container.name, container.state]));
  }

  get #ending(): boolean {
    if (this.#stopWanted || this.#leaving.signal.aborted) return true;
    return this.#all.some((container) => container.essential && container.status === 'STOPPED');
  }

  async #prepare(saved: SavedTask | undefined): Promise<Prepared> {
    const { store, runtime, directory } = this.#surroundings;
    const view = describeForAgent(store, this.taskArn);
    if (view === undefined) throw new CannotStart(`the task definition ${this.#task.taskDefinitionArn} is gone`);
    this.#definition = view.definition;
    for (const container of this.#definition.containerDefinitions ?? []) this.#addContainer(container, saved);
    this.#checkSupported(saved === undefined);
    const place = await runtime.prepareTask({
      taskArn: this.taskArn,
      taskId: this.#task.id,
      launchType: this.#task.launchType,
      definition: this.#definition,
      directory: join(directory, this.#task.id),
    });
    const plan = this.#plan();
    const logs = new TaskLogs(this.#surroundings, this.#task, this.#calls, plan);
    const parts = { task: this.#task, definition: this.#definition, runtime: place, containers: this.#containers };
    const open = TaskEndpoints.open(this.#surroundings, { ...parts, instance: this.#instance, saved });
    const endpoints = await open.catch(async (error: unknown) => {
      // A task without its endpoints does not begin: nothing of its place may stay.
      await place.remove();
      throw error;
    });
    const ending = () => this.#ending;
    const start = new TaskStart(this.#surroundings, { ...parts, plan, calls: this.#calls, logs, ending });
    this.#prepared = { runtime: place, endpoints, logs, start };
    return this.#prepared;
  }

  #addContainer(definition: Ecs.ContainerDefinition, saved: SavedTask | undefined): void {
    const name = definition.name ?? '';
    const record = this.#task.containers.find((container) => container.name === name);
    if (record === undefined) throw new CannotStart(`container ${name} is not part of the task`);
    const run: ContainerRun = new ContainerRun({
      definition,
      record,
      identity: saved?.containers[name] ?? this.#newIdentity(name),
      networkMode: this.#definition.networkMode ?? 'bridge',
      now: () => this.#now,
      changed: () => this.#containerChanged(run),
      output: (lines) => {
        for (const { stream, line, at } of lines) {
          this.#output({ taskArn: this.taskArn, container: name, stream, line, at });
        }
      },
    });
    this.#containers.set(name, run);
  }

  /** Source: observed on Fargate: task id and ten digits; agent on EC2: Docker's id and a UUID of its own. */
  #newIdentity(name: string): ContainerIdentity {
    const { ids } = this.#surroundings;
    const slash = this.#task.taskDefinitionArn.lastIndexOf('/');
    const family = this.#task.taskDefinitionArn.slice(slash + 1).replace(':', '-');
    // Source: agent, createContainer: other characters are left out.
    const dockerName = `ecs-${family}-${name.replaceAll(/[^A-Za-z0-9-]/g, '')}-${ids.hex(20)}`;
    if (!this.#fargate) return { runtimeId: ids.hex(64), endpointId: ids.uuid(), dockerName };
    const digits = (ids.bytes(6).readUIntBE(0, 6) % 9_000_000_000) + 1_000_000_000;
    const runtimeId = `${this.#task.id}-${digits}`;
    return { runtimeId, endpointId: runtimeId, dockerName };
  }

  /** Throws UnsupportedFailure; what has no effect is told once. */
  #checkSupported(announce: boolean): void {
    const { runtime, note } = this.#surroundings;
    const unsupported = runtime.unsupported(this.#definition);
    const refused = unsupported.filter((item) => item.effect === 'refused');
    if (refused.length > 0) throw new UnsupportedFailure(refused);
    if (!announce) return;
    if (this.#task.enableExecuteCommand) {
      note({
        level: 'info',
        taskArn: this.taskArn,
        message: 'enableExecuteCommand has no effect here: ECS Exec is not served',
      });
    }
    for (const { field, effect, reason } of unsupported) {
      const what = effect === 'warned' ? field : `${field} has no effect here`;
      note({ level: 'info', taskArn: this.taskArn, message: `${what}: ${reason}` });
    }
  }

  #plan(): readonly PlannedCall[] {
    const { launchType, region, account, clusterName, id, taskRoleArn, executionRoleArn } = this.#task;
    return taskPlan(this.#definition, {
      launchType,
      region,
      account,
      cluster: clusterName,
      taskId: id,
      ...(taskRoleArn === undefined ? {} : { taskRoleArn }),
      ...(executionRoleArn === undefined ? {} : { executionRoleArn }),
      ...this.#instance?.switches,
    });
  }

  async #start({ start, runtime }: Prepared): Promise<void> {
    this.#backend({ status: 'PENDING' });
    for (const attachment of this.#task.attachments) this.#attach(attachment, runtime.address);
    const pullStartedAt = this.#now;
    if (this.#fargate) await this.#report.send({ pullStartedAt });
    await start.prepare();
    this.#pullTimes = { pullStartedAt, pullStoppedAt: this.#now };
    if (this.#fargate && !this.#ending) await this.#report.send({ ...this.#pullTimes, status: 'ACTIVATING' });
  }

  /** Goes on with the containers of an earlier agent. */
  async #resume({ runtime, logs }: Prepared): Promise<void> {
    this.#running = true;
    const found = new Map((await runtime.recover()).map((container) => [container.name, container]));
    for (const container of this.#all) {
      const known = this.#task.containers.find((each) => each.name === container.name);
      const recovered = found.get(container.name);
      if (known?.lastStatus === 'STOPPED') container.restoreStopped();
      // Source: agent, ContainerVanishedError.
      else if (recovered === undefined) container.fail('ContainerVanishedError: No container matching saved ID found');
      else {
        logs.add(container);
        container.adopt(recovered, logs.of(container.name), logs.positionOf(container.name));
      }
    }
  }

  async #supervise(prepared: Prepared): Promise<void> {
    while (!this.#ending) {
      if (await this.#startNext(prepared)) continue;
      await this.#reportRunning(prepared);
      if (this.#ending || this.#all.every((container) => container.status === 'STOPPED')) break;
      await this.#waker.sleep(this.#untilDeadline());
    }
    if (this.#leaving.signal.aborted) return;
    // A task that is over in a moment has been RUNNING all the same.
    if (this.#all.every((container) => container.started)) await this.#reportRunning(prepared);
    await this.#stopContainers();
  }

  /** Starts the first container whose dependencies allow it; false when there was none. */
  async #startNext({ start, endpoints }: Prepared): Promise<boolean> {
    const states = this.#states;
    for (const container of this.#all) {
      if (container.status !== 'PENDING') continue;
      const ready = readiness(container.definition, states, this.#now);
      if (ready.state === 'waiting') continue;
      if (ready.state === 'never') {
        // Source: agent, task_manager handleTerminalDependencyError: 143, as after a SIGTERM.
        container.fail(`CannotStartContainerError: ${ready.reason}`, 143);
        return true;
      }
      // From here on a later agent may find processes of a start that was not finished.
      if (!this.#all.some((each) => each.started)) this.#save(endpoints, false);
      await start.start(container, endpoints.access(container.identity.endpointId));
      return true;
    }
    return false;
  }

  /** Milliseconds until waiting for a dependency becomes pointless; undefined when nothing waits in vain. */
  #untilDeadline(): number | undefined {
    const states = this.#states;
    const ends = this.#all.flatMap((container) => {
      if (container.status !== 'PENDING') return [];
      const ready = readiness(container.definition, states, this.#now);
      return ready.state === 'waiting' && ready.until !== undefined ? [ready.until] : [];
    });
    return ends.length === 0 ? undefined : Math.max(1, Math.min(...ends) - this.#now);
  }

  /** RUNNING is reported once every container has been started (or has failed). */
  async #reportRunning({ endpoints }: Prepared): Promise<void> {
    if (this.#running || this.#all.some((container) => container.status === 'PENDING')) return;
    this.#running = true;
    this.#save(endpoints, true);
    const containers = this.#all.map((container) => container.change);
    await this.#report.send({ status: 'RUNNING', containers, ...this.#pullTimes });
  }

  #containerChanged(container: ContainerRun): void {
    this.#waker.wake();
    if (this.#leaving.signal.aborted) return;
    const { change } = container;
    // Health comes through the telemetry connection, not with the agent's reports.
    const { containerName, healthStatus } = change;
    if (healthStatus !== undefined) this.#backend({ containers: [{ containerName, healthStatus }] });
    if (this.#fargate && container.status === 'RUNNING') this.#tell({ containers: [change] });
    if (container.status === 'STOPPED' && this.#running && !this.#ending) {
      this.#tell({ status: 'RUNNING', containers: [change] });
    }
  }

  /** Reports without waiting for it. */
  #tell(change: TaskChange): void {
    this.#report.send(change).catch((error: unknown) => this.#warn('a report was not taken', error));
  }

  /** Stops what runs, dependents first. */
  async #stopContainers(): Promise<void> {
    const running = () => new Set(this.#all.filter((each) => each.status === 'RUNNING').map((each) => each.name));
    if (running().size > 0 && this.#running) this.#backend({ status: 'STOPPING' });
    // Those that a leaving agent has let go of run on: it waits for none of them.
    for (let names = running(); names.size > 0 && !this.#leaving.signal.aborted; names = running()) {
      const now = stoppableNow(names, this.#definition.containerDefinitions ?? []);
      await Promise.all(now.map((name) => this.#containers.get(name)?.stop()));
    }
  }

  async #finish(change: TaskChange): Promise<void> {
    await this.#prepared?.endpoints.close();
    await this.#prepared?.runtime.remove();
    await this.#prepared?.logs.close();
    if (this.#fargate) this.#backend({ status: 'DEPROVISIONING' });
    this.#surroundings.store.transact((tx) => {
      tx.delete(savedTasks, this.#task.clusterArn, this.taskArn);
      tx.clear(logPositions, this.taskArn);
    });
    // Containers that never came to anything have nothing to say of themselves.
    const told = this.#all.filter((container) => container.started || container.status === 'STOPPED');
    await this.#report.send({
      status: 'STOPPED',
      containers: told.map((container) => container.change),
      executionStoppedAt: this.#now,
      ...(this.#running ? {} : this.#pullTimes),
      ...change,
    });
  }

  /** Ends a task that could not start, with the launch type's text. */
  async #failed(error: unknown): Promise<void> {
    try {
      await this.#stopContainers();
      const known = taskReason(this.#task.launchType, error);
      if (known === undefined) this.#warn('internal error of the agent', error);
      const reason = known ?? `InternalError: ${error instanceof Error ? error.message : String(error)}`;
      await this.#finish({ reason, stopCode: 'TaskFailedToStart' });
    } catch (bug) {
      this.#warn(`task ${this.#task.id} could not be cleaned up`, bug);
    }
  }

  #warn(what: string, error: unknown): void {
    const message = `${what}: ${error instanceof Error ? error.message : String(error)}`;
    this.#surroundings.note({ level: 'warning', taskArn: this.taskArn, message });
  }

  #save(endpoints: TaskEndpoints, running: boolean): void {
    const containers = Object.fromEntries(this.#all.map((container) => [container.name, container.identity]));
    const saved: SavedTask = { containers, running, ...endpoints.saved };
    this.#surroundings.store.transact((tx) => tx.put(savedTasks, this.#task.clusterArn, this.taskArn, saved));
  }

  /** What the backend knows by itself, without word from the agent: network interfaces, health, the way to a stop. */
  #backend(change: TaskChange): void {
    const { store, clock } = this.#surroundings;
    store.transact((tx) => applyTaskState(tx, clock.now(), this.taskArn, change));
  }

  #attach({ id, type }: Ecs.Attachment, address: string): void {
    if (id === undefined || type !== 'ElasticNetworkInterface') return;
    const details = [{ name: 'privateIPv4Address', value: address }];
    this.#surroundings.store.transact((tx) => applyAttachmentState(tx, this.taskArn, id, 'ATTACHED', details));
  }
}
