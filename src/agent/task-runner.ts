import { join } from 'node:path';
import type { Principal } from '../gateway/principals.ts';
import { taskPlan } from '../roles/plan.ts';
import type { PlannedCall } from '../roles/plan-types.ts';
import { parseEcrImage, parseSecretReference } from '../roles/references.ts';
import { describeForAgent } from '../services/ecs/agent-view.ts';
import { type AgentSwitches, regional, resourceTags, type TaskRecord } from '../services/ecs/records.ts';
import { findTask } from '../services/ecs/task-lookup.ts';
import { applyAttachmentState, applyTaskState, type TaskChange } from '../services/ecs/task-state.ts';
import type * as Ecs from '../wire/generated/types/ecs.ts';
import { readiness, stoppableNow } from './container-order.ts';
import { type ContainerIdentity, ContainerRun } from './container-run.ts';
import type { InstanceMetadata } from './endpoints/imds.ts';
import { TaskListener } from './endpoints/task-listener.ts';
import { containerEnvironment, type EndpointAccess } from './environment.ts';
import { ec2ContainerReason, ec2Reason } from './failures/ec2.ts';
import { fargateContainerReason, fargateReason } from './failures/fargate.ts';
import {
  type ContainerStep,
  LogOptionsFailure,
  type StartFailure,
  UnsupportedFailure,
} from './failures/start-failure.ts';
import { AwsLogs, checkLogConfiguration, type LogDriver, logCallsOf } from './log-driver.ts';
import { CallFailure, MissingCredentials, PlannedCalls } from './planned-calls.ts';
import type { ContainerOutput, Surroundings } from './ports.ts';
import { Preparation } from './preparation.ts';
import { RuntimeFailure, type RuntimeTask } from './runtimes/runtime.ts';
import { logPositions, type SavedTask, savedTasks } from './saved-task.ts';
import { RegistryAuthFailure, SecretFailure, SecretValues } from './secrets.ts';
import { DirectReport, InstanceReport, type TaskReport } from './task-report.ts';
import { Waker } from './waker.ts';

/** The container instance that a task runs on. */
export interface InstanceAccess {
  session(): Promise<Principal | undefined>;
  readonly switches: AgentSwitches;
  /** Undefined on external instances. */
  readonly metadata: InstanceMetadata | undefined;
}

/** Thrown to end a start; the task's reason is in it. */
class CannotStart extends Error {}

/** Brings one task from PENDING to STOPPED: carries out its plan stage by stage, then looks after its containers. */
export class TaskRunner {
  readonly taskArn: string;
  readonly #surroundings: Surroundings;
  readonly #task: TaskRecord;
  readonly #instance: InstanceAccess | undefined;
  readonly #output: (output: ContainerOutput) => void;
  readonly #stopWanted: AbortController = new AbortController();
  readonly #leaving = new AbortController();
  readonly #quitting = new AbortController();
  readonly #waker = new Waker();
  readonly #report: TaskReport;
  readonly #calls: PlannedCalls;
  readonly #fargate: boolean;
  readonly #containers = new Map<string, ContainerRun>();
  readonly #logs = new Map<string, LogDriver>();
  #definition: Ecs.TaskDefinition = {};
  #plan: readonly PlannedCall[] = [];
  #preparation: Preparation | undefined;
  #runtime: RuntimeTask | undefined;
  #listener: TaskListener | undefined;
  #token: string | undefined;
  #instanceMetadata: { readonly url: string; readonly port: number; readonly close: () => Promise<void> } | undefined;
  #running = false;

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
      await this.#prepare(saved);
      if (saved?.running === true) await this.#resume();
      else if (saved !== undefined) await this.#discard();
      else await this.#start();
      await this.#supervise();
      if (!this.#leaving.signal.aborted) await this.#finish({});
    } catch (error) {
      await this.#failed(error);
    }
  }

  /** The task's desired status is STOPPED. */
  stop(): void {
    this.#stopWanted.abort();
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
    await Promise.all([...this.#containers.values()].map((container) => container.leave()));
    await this.#closeEndpoints();
  }

  get #now(): number {
    return this.#surroundings.clock.now();
  }

  get #current(): TaskRecord {
    return findTask(this.#surroundings.store, this.taskArn) ?? this.#task;
  }

  async #prepare(saved: SavedTask | undefined): Promise<void> {
    const { store, runtime, directory, note } = this.#surroundings;
    const view = describeForAgent(store, this.taskArn);
    if (view === undefined) throw new CannotStart(`the task definition ${this.#task.taskDefinitionArn} is gone`);
    this.#definition = view.definition;
    for (const container of this.#definition.containerDefinitions ?? []) this.#addContainer(container, saved);
    const unsupported = runtime.unsupported(this.#definition);
    const refused = unsupported.filter((item) => item.effect === 'refused');
    if (refused.length > 0) throw new UnsupportedFailure(refused);
    for (const { field, reason } of unsupported) {
      if (saved === undefined)
        note({ level: 'info', taskArn: this.taskArn, message: `${field} has no effect here: ${reason}` });
    }
    const place = {
      taskArn: this.taskArn,
      taskId: this.#task.id,
      launchType: this.#task.launchType,
      definition: this.#definition,
      directory: join(directory, this.#task.id),
    };
    this.#runtime = await runtime.prepareTask(place);
    this.#plan = taskPlan(this.#definition, {
      launchType: this.#task.launchType,
      region: this.#task.region,
      account: this.#task.account,
      cluster: this.#task.clusterName,
      taskId: this.#task.id,
      ...(this.#task.taskRoleArn === undefined ? {} : { taskRoleArn: this.#task.taskRoleArn }),
      ...(this.#task.executionRoleArn === undefined ? {} : { executionRoleArn: this.#task.executionRoleArn }),
      ...(this.#instance === undefined ? {} : this.#instance.switches),
    });
    await this.#openEndpoints(this.#runtime, saved);
  }

  #addContainer(definition: Ecs.ContainerDefinition, saved: SavedTask | undefined): void {
    const name = definition.name ?? '';
    const record = this.#task.containers.find((container) => container.name === name);
    if (record === undefined) throw new CannotStart(`container ${name} is not part of the task`);
    const run = new ContainerRun({
      definition,
      record,
      identity: saved?.containers[name] ?? this.#newIdentity(name),
      networkMode: this.#definition.networkMode ?? 'bridge',
      now: () => this.#now,
      changed: () => this.#containerChanged(run),
      output: (lines) => {
        for (const { stream, line, at } of lines)
          this.#output({ taskArn: this.taskArn, container: name, stream, line, at });
      },
    });
    this.#containers.set(name, run);
  }

  /** Source: observed on Fargate: task id and ten digits; agent on EC2: Docker's id and a UUID of its own. */
  #newIdentity(name: string): ContainerIdentity {
    const { ids } = this.#surroundings;
    const slash = this.#task.taskDefinitionArn.lastIndexOf('/');
    const family = this.#task.taskDefinitionArn.slice(slash + 1).replace(':', '-');
    const dockerName = `ecs-${family}-${name}-${ids.hex(20)}`;
    if (!this.#fargate) return { runtimeId: ids.hex(64), endpointId: ids.uuid(), dockerName };
    const digits = (ids.bytes(6).readUIntBE(0, 6) % 9_000_000_000) + 1_000_000_000;
    const runtimeId = `${this.#task.id}-${digits}`;
    return { runtimeId, endpointId: runtimeId, dockerName };
  }

  async #openEndpoints(runtime: RuntimeTask, saved: SavedTask | undefined): Promise<void> {
    const { gateway, ids, attempt, refreshCredentials } = this.#surroundings;
    const { taskCredentialsId } = this.#task;
    this.#token =
      runtime.credentialsDelivery === 'full-uri' ? (saved?.token ?? ids.bytes(32).toString('base64url')) : undefined;
    const read = (id: string) => refreshCredentials(this.#task, id);
    const listener = new TaskListener({
      gateway,
      runtime,
      facts: () => ({
        task: this.#current,
        definition: this.#definition,
        containers: [...this.#containers.values()].map((container) => container.facts),
        address: runtime.address,
      }),
      tags: () => this.#tags(),
      credentials: {
        id: taskCredentialsId,
        token: this.#token,
        read,
        refused: (why) => attempt({ taskArn: this.taskArn, why, remotePort: undefined }),
      },
      session: async () => {
        const credentials = taskCredentialsId === undefined ? undefined : await read(taskCredentialsId);
        return credentials === undefined ? undefined : gateway.principalOf(credentials.accessKeyId);
      },
      usage: async (container) => this.#containers.get(container.definition.name ?? '')?.usage(),
      now: () => Date.now(),
    });
    this.#listener = listener;
    await this.#openListener(listener, saved?.port);
    const metadata = this.#instance?.metadata;
    const blocked = this.#definition.networkMode === 'awsvpc' && this.#instance?.switches.awsvpcBlockImds === true;
    if (metadata !== undefined && !blocked && this.#definition.networkMode !== 'none') {
      this.#instanceMetadata = await metadata.listenFor(runtime, saved?.instanceMetadataPort);
    }
  }

  /** Containers of an earlier agent know one port only. */
  async #openListener(listener: TaskListener, port: number | undefined): Promise<void> {
    try {
      await listener.open(port);
    } catch (error) {
      if (port === undefined) throw error;
      const message = `port ${port} is taken: containers of task ${this.#task.id} cannot reach their credentials any more`;
      this.#surroundings.note({ level: 'warning', taskArn: this.taskArn, message });
      await listener.open();
    }
  }

  #tags() {
    const { store } = this.#surroundings;
    const { account, region, containerInstanceArn } = this.#task;
    const read = (arn: string) => store.get(resourceTags, regional(account, region), arn) ?? {};
    return {
      task: read(this.taskArn),
      containerInstance: containerInstanceArn === undefined ? undefined : read(containerInstanceArn),
    };
  }

  async #start(): Promise<void> {
    this.#backend({ status: 'PENDING' });
    for (const attachment of this.#task.attachments) this.#attach(attachment);
    const pullStartedAt = this.#now;
    if (this.#fargate) await this.#report.send({ pullStartedAt });
    const preparation = this.#newPreparation();
    this.#preparation = preparation;
    for (const [name, container] of this.#containers) {
      checkLogConfiguration(container.definition.logConfiguration);
      this.#addLogDriver(name, container);
    }
    await this.#carryOutPlan(preparation);
    await this.#pullImages(preparation);
    const pullStoppedAt = this.#now;
    if (this.#fargate) await this.#report.send({ pullStoppedAt, status: 'ACTIVATING' });
    else this.#pullTimes = { pullStartedAt, pullStoppedAt };
  }

  /** On EC2 the times go with the first report. Source: agent, eventhandler. */
  #pullTimes: { readonly pullStartedAt?: number; readonly pullStoppedAt?: number } = {};

  #newPreparation(): Preparation {
    const { account, region } = this.#task;
    return new Preparation({
      calls: this.#calls,
      secrets: new SecretValues(region, account),
      openLog: async (container) => this.#logs.get(container)?.open(),
      standIn: (image) => {
        const parsed = parseEcrImage(image);
        if (parsed !== undefined && this.#surroundings.runtime.standsInFor(image))
          this.#surroundings.standInImage?.(parsed);
      },
    });
  }

  #addLogDriver(name: string, container: ContainerRun): void {
    const planned = logCallsOf(this.#plan, name);
    const log = container.definition.logConfiguration;
    if (planned === undefined || log === undefined) return;
    let warned = false;
    this.#logs.set(
      name,
      new AwsLogs(this.#calls, planned, log, {
        runtimeId: container.identity.runtimeId,
        delivered: (position) => {
          if (this.#surroundings.store.get(savedTasks, this.#task.clusterArn, this.taskArn) === undefined) return;
          this.#surroundings.store.transact((tx) => tx.put(logPositions, this.taskArn, name, position));
        },
        refused: (failure) => {
          if (warned) return;
          warned = true;
          const message = `output of container ${name} does not reach CloudWatch Logs: ${failure.message}`;
          this.#surroundings.note({ level: 'warning', taskArn: this.taskArn, message });
        },
      }),
    );
  }

  /**
   * The calls of the plan, in its order. On Fargate any failure ends the task. On EC2 what belongs to a container (its
   * image) fails that container; and each log driver is opened when its container starts.
   */
  async #carryOutPlan(preparation: Preparation): Promise<void> {
    this.#checkReferences();
    for (const call of this.#plan) {
      if (this.#ending) return;
      if (!this.#fargate && call.stage === 'logs') continue;
      const containers = call.containers.flatMap((name) => this.#containers.get(name) ?? []);
      if (containers.length > 0 && containers.every((container) => container.status === 'STOPPED')) continue;
      try {
        await preparation.carryOut(call);
      } catch (error) {
        this.#containersFailed(containers, error);
      }
    }
  }

  /** A `valueFrom` that cannot be read fails before any call. Source: agent, asmsecret resource. */
  #checkReferences(): void {
    const { region, account } = this.#task;
    for (const container of this.#definition.containerDefinitions ?? []) {
      for (const { valueFrom } of [
        ...(container.secrets ?? []),
        ...(container.logConfiguration?.secretOptions ?? []),
      ]) {
        const reference = parseSecretReference(valueFrom, region, account);
        if (reference.provider !== 'invalid') continue;
        throw new SecretFailure(
          'asm',
          region,
          `trying to retrieve secret with value ${valueFrom} resulted in error: ${reference.reason}`,
        );
      }
    }
  }

  async #pullImages(preparation: Preparation): Promise<void> {
    for (const container of this.#containers.values()) {
      if (this.#ending) return;
      if (container.status === 'STOPPED') continue;
      const image = container.definition.image ?? '';
      try {
        const pulled = await (this.#runtime as RuntimeTask).pull(image, container.definition);
        container.imageDigest = preparation.digestOf(image) ?? pulled.digest;
      } catch (error) {
        this.#containersFailed([container], error);
      }
    }
  }

  /** Fails the containers concerned, or throws what fails the whole task. */
  #containersFailed(containers: readonly ContainerRun[], error: unknown): void {
    const reason = this.#containerReason(error, containers[0]?.definition.image ?? '');
    if (reason === undefined) throw error;
    for (const container of containers) container.fail(reason);
    // On Fargate the platform gives the task up as a whole. unverified: also for a container that is not essential
    if (this.#fargate) throw new CannotStart(reason);
  }

  /** The container's reason in the launch type's words; undefined when it is the task that failed. */
  #containerReason(error: unknown, image: string): string | undefined {
    if (error instanceof RuntimeFailure) {
      const step: ContainerStep = { step: error.step, image, message: error.message };
      return this.#fargate ? fargateContainerReason(step) : ec2ContainerReason(step);
    }
    if (!isStartFailure(error)) return undefined;
    const { scope, reason } = this.#fargate ? fargateReason(error) : ec2Reason(error);
    return scope === 'container' ? reason : undefined;
  }

  get #ending(): boolean {
    if (this.#stopWanted.signal.aborted || this.#leaving.signal.aborted) return true;
    return [...this.#containers.values()].some((container) => container.essential && container.status === 'STOPPED');
  }

  async #supervise(): Promise<void> {
    while (!this.#ending) {
      if (await this.#startReady()) continue;
      await this.#reportRunning();
      if (this.#ending || [...this.#containers.values()].every((container) => container.status === 'STOPPED')) break;
      await this.#waker.sleep(this.#nextDeadline());
    }
    if (this.#leaving.signal.aborted) return;
    // A task that is over in a moment has been RUNNING all the same.
    if ([...this.#containers.values()].every((container) => container.started)) await this.#reportRunning();
    await this.#stopContainers();
  }

  /** Starts the first container whose dependencies allow it; false when there was none. */
  async #startReady(): Promise<boolean> {
    const states = new Map([...this.#containers].map(([name, container]) => [name, container.state]));
    for (const container of this.#containers.values()) {
      if (container.status !== 'PENDING') continue;
      const ready = readiness(container.definition, states, this.#now);
      if (ready.state === 'waiting') continue;
      if (ready.state === 'never') {
        // Source: agent, task_manager handleTerminalDependencyError: 143, as after a SIGTERM.
        container.fail(`CannotStartContainerError: ${ready.reason}`, 143);
        return true;
      }
      await this.#startContainer(container);
      return true;
    }
    return false;
  }

  async #startContainer(container: ContainerRun): Promise<void> {
    const { definition, name, identity } = container;
    // From here on a later agent may find processes of a start that was not finished.
    if (![...this.#containers.values()].some((each) => each.started)) this.#save(false);
    try {
      const { command, entryPoint, workingDirectory } = definition;
      const spec = {
        name,
        runtimeId: identity.runtimeId,
        image: definition.image ?? '',
        definition,
        environment: this.#environmentOf(container),
        ...(command === undefined ? {} : { command }),
        ...(entryPoint === undefined ? {} : { entryPoint }),
        ...(workingDirectory === undefined ? {} : { workingDirectory }),
      };
      await container.start(this.#runtime as RuntimeTask, spec, this.#logs.get(name), !this.#fargate);
    } catch (error) {
      const reason = this.#containerReason(error, definition.image ?? '');
      if (reason === undefined) throw error;
      container.fail(reason);
    }
  }

  #environmentOf(container: ContainerRun): Record<string, string> {
    const preparation = this.#preparation as Preparation;
    const credentialsId = this.#task.taskCredentialsId;
    const access: EndpointAccess = {
      baseUrl: this.#listener?.url ?? '',
      endpointId: container.identity.endpointId,
      instanceMetadata: this.#instanceMetadata?.url,
      server: this.#surroundings.endpoint(),
      ...(credentialsId === undefined ? {} : { credentials: { id: credentialsId, token: this.#token } }),
    };
    return containerEnvironment({
      container: container.definition,
      files: preparation.filesOf(container.name),
      secrets: preparation.secrets.resolve(container.definition.secrets),
      launchType: this.#task.launchType,
      region: this.#task.region,
      access,
    });
  }

  /** RUNNING is reported once every container has been started (or has failed). */
  async #reportRunning(): Promise<void> {
    const all = [...this.#containers.values()];
    if (this.#running || all.some((container) => container.status === 'PENDING')) return;
    this.#running = true;
    this.#save(true);
    await this.#report.send({
      status: 'RUNNING',
      containers: all.map((container) => container.change),
      ...this.#pullTimes,
    });
  }

  #containerChanged(container: ContainerRun): void {
    this.#waker.wake();
    if (this.#leaving.signal.aborted) return;
    // Health comes through the telemetry connection, not with the agent's reports.
    const { containerName, healthStatus } = container.change;
    this.#backend({ containers: [{ containerName, healthStatus }] });
    if (this.#fargate && container.status === 'RUNNING') void this.#report.send({ containers: [container.change] });
    if (container.status === 'STOPPED' && this.#running && !this.#ending) {
      void this.#report.send({ status: 'RUNNING', containers: [container.change] });
    }
  }

  #nextDeadline(): number | undefined {
    const states = new Map([...this.#containers].map(([name, container]) => [name, container.state]));
    let next: number | undefined;
    for (const container of this.#containers.values()) {
      if (container.status !== 'PENDING') continue;
      const ready = readiness(container.definition, states, this.#now);
      if (ready.state !== 'waiting' || ready.until === undefined) continue;
      next = Math.min(next ?? ready.until, ready.until);
    }
    return next === undefined ? undefined : Math.max(1, next - this.#now);
  }

  /** Stops what runs, dependents first. */
  async #stopContainers(): Promise<void> {
    const running = () =>
      new Set([...this.#containers].filter(([, each]) => each.status === 'RUNNING').map(([name]) => name));
    if (running().size > 0 && this.#running) this.#backend({ status: 'STOPPING' });
    for (let names = running(); names.size > 0; names = running()) {
      const now = stoppableNow(names, this.#definition.containerDefinitions ?? []);
      await Promise.all(now.map((name) => this.#containers.get(name)?.stop()));
    }
  }

  async #finish(change: TaskChange): Promise<void> {
    await this.#closeEndpoints();
    await this.#runtime?.remove();
    for (const log of this.#logs.values()) await log.close();
    if (this.#fargate) this.#backend({ status: 'DEPROVISIONING' });
    const { store } = this.#surroundings;
    store.transact((tx) => {
      tx.delete(savedTasks, this.#task.clusterArn, this.taskArn);
      tx.clear(logPositions, this.taskArn);
    });
    // Containers that never came to anything have nothing to say of themselves.
    const containers = [...this.#containers.values()].filter((each) => each.started || each.status === 'STOPPED');
    await this.#report.send({
      status: 'STOPPED',
      containers: containers.map((container) => container.change),
      executionStoppedAt: this.#now,
      ...(this.#running ? {} : this.#pullTimes),
      ...change,
    });
  }

  /** Ends a task that could not start, with the launch type's text. */
  async #failed(error: unknown): Promise<void> {
    await this.#stopContainers().catch(() => {});
    const reason = this.#taskReason(error);
    await this.#finish({ reason, stopCode: 'TaskFailedToStart' }).catch((bug: unknown) => {
      const message = `task ${this.#task.id} could not be cleaned up: ${bug instanceof Error ? bug.message : String(bug)}`;
      this.#surroundings.note({ level: 'warning', taskArn: this.taskArn, message });
    });
  }

  #taskReason(error: unknown): string {
    if (isStartFailure(error)) return (this.#fargate ? fargateReason(error) : ec2Reason(error)).reason;
    if (error instanceof CannotStart) return error.message;
    const message = error instanceof Error ? error.message : String(error);
    this.#surroundings.note({
      level: 'warning',
      taskArn: this.taskArn,
      message: `internal error of the agent: ${message}`,
    });
    return `InternalError: ${message}`;
  }

  /** Goes on with the containers of an earlier agent. */
  async #resume(): Promise<void> {
    this.#running = true;
    const found = new Map(
      (await (this.#runtime as RuntimeTask).recover()).map((container) => [container.name, container]),
    );
    for (const [name, container] of this.#containers) {
      const known = this.#task.containers.find((each) => each.name === name);
      const recovered = found.get(name);
      if (known?.lastStatus === 'STOPPED') container.restoreStopped();
      else if (recovered === undefined) container.fail('ContainerVanishedError: No container matching saved ID found');
      else {
        this.#addLogDriver(name, container);
        const position = this.#surroundings.store.get(logPositions, this.taskArn, name);
        container.adopt(recovered, this.#logs.get(name), position);
      }
    }
  }

  /** A start that an earlier agent did not finish: its secrets are gone with it. */
  async #discard(): Promise<never> {
    throw new CannotStart('Task failed to start: the agent was restarted while the task was starting');
  }

  #save(running: boolean): void {
    const saved: SavedTask = {
      containers: Object.fromEntries([...this.#containers].map(([name, container]) => [name, container.identity])),
      port: this.#listener?.port ?? 0,
      running,
      ...(this.#instanceMetadata === undefined ? {} : { instanceMetadataPort: this.#instanceMetadata.port }),
      ...(this.#token === undefined ? {} : { token: this.#token }),
    };
    this.#surroundings.store.transact((tx) => tx.put(savedTasks, this.#task.clusterArn, this.taskArn, saved));
  }

  /** What the backend knows by itself, without word from the agent: network interfaces, health, the way to a stop. */
  #backend(change: TaskChange): void {
    const { store, clock } = this.#surroundings;
    store.transact((tx) => applyTaskState(tx, clock.now(), this.taskArn, change));
  }

  #attach(attachment: Ecs.Attachment): void {
    if (attachment.id === undefined || attachment.type !== 'ElasticNetworkInterface') return;
    const details = [{ name: 'privateIPv4Address', value: this.#runtime?.address ?? '' }];
    this.#surroundings.store.transact((tx) =>
      applyAttachmentState(tx, this.taskArn, attachment.id as string, 'ATTACHED', details),
    );
  }

  async #closeEndpoints(): Promise<void> {
    await this.#listener?.close();
    await this.#instanceMetadata?.close();
  }
}

function isStartFailure(error: unknown): error is StartFailure {
  return [
    CallFailure,
    MissingCredentials,
    SecretFailure,
    RegistryAuthFailure,
    LogOptionsFailure,
    UnsupportedFailure,
  ].some((kind) => error instanceof kind);
}
