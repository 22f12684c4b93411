import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomIds } from '../core/ids.ts';
import type { Identities } from '../gateway/ports.ts';
import type { Service } from '../gateway/service.ts';
import { createTestBench, TEST_ACCOUNT, TEST_REGION, type TestBench } from '../gateway/testing.ts';
import type { LaunchType } from '../roles/duty.ts';
import { putStandInImage } from '../services/ecr/stand-in.ts';
import { refreshTaskCredentials } from '../services/ecs/credentials.ts';
import {
  regional,
  type TaskCredentialsRecord,
  type TaskRecord,
  taskCredentials,
  taskDefinitions,
  tasks,
} from '../services/ecs/records.ts';
import { requestStop } from '../services/ecs/task-state.ts';
import type * as Ecs from '../wire/generated/types/ecs.ts';
import { Agent } from './agent.ts';
import type { AgentNote, ContainerOutput, CredentialsAttempt, Surroundings } from './ports.ts';
import { ProcessRuntime } from './runtimes/process.ts';
import type { StandIns } from './runtimes/stand-ins.ts';

export const CLUSTER_ARN = `arn:aws:ecs:${TEST_REGION}:${TEST_ACCOUNT}:cluster/default`;

/** What a task of a test is made of; everything else has a default. */
export interface TestTask {
  readonly containers: readonly Ecs.ContainerDefinition[];
  readonly launchType?: LaunchType;
  readonly networkMode?: Ecs.NetworkMode;
  readonly definition?: Partial<Ecs.TaskDefinition>;
  readonly overrides?: Ecs.TaskOverride;
  readonly containerInstanceArn?: string;
  /** Policy documents of the roles; a role is there when its documents are given. */
  readonly execution?: readonly object[];
  readonly application?: readonly object[];
}

/** An agent over a real store, a real gateway and real processes. Tasks are records, as the control plane makes them. */
export interface AgentBench extends TestBench {
  readonly agent: Agent;
  readonly surroundings: Surroundings;
  readonly output: ContainerOutput[];
  readonly notes: AgentNote[];
  readonly attempts: CredentialsAttempt[];
  readonly directory: string;
  /** Puts a task that was placed, with credentials for its roles. */
  addTask(task: TestTask): TaskRecord;
  task(arn: string): TaskRecord;
  /** The task once `condition` holds. */
  when(arn: string, condition: (task: TaskRecord) => boolean): Promise<TaskRecord>;
  /** The task once it is STOPPED. */
  stopped(arn: string): Promise<TaskRecord>;
  requestStop(arn: string): void;
  lines(container: string): string[];
  /** Another agent on the same data, as after a restart. */
  restart(): Promise<Agent>;
  close(): Promise<void>;
}

export async function createAgentBench(
  services: readonly Service[],
  options: { readonly standIns?: StandIns; readonly identities?: Identities } = {},
): Promise<AgentBench> {
  const bench = createTestBench(services, options.identities === undefined ? {} : { identities: options.identities });
  const directory = mkdtempSync(join(tmpdir(), 'rolecall-agent-'));
  const notes: AgentNote[] = [];
  const attempts: CredentialsAttempt[] = [];
  const output: ContainerOutput[] = [];
  const surroundings: Surroundings = {
    gateway: bench.gateway,
    store: bench.store,
    clock: bench.clock,
    ids: randomIds,
    runtime: new ProcessRuntime({
      standIns: options.standIns ?? [{ pattern: '*', program: 'host' }],
      store: bench.store,
    }),
    account: TEST_ACCOUNT,
    region: TEST_REGION,
    directory,
    endpoint: () => 'http://127.0.0.1:4566',
    refreshCredentials: (task, id) => bench.gateway.work((context) => refreshTaskCredentials(context, task, id)),
    standInImage: ({ registryId: account, region, repository, tag, digest }) =>
      bench.store.transact((tx) =>
        putStandInImage(
          tx,
          {
            account,
            region,
            repository,
            ...(tag === undefined ? {} : { tag }),
            ...(digest === undefined ? {} : { digest }),
          },
          bench.clock.now(),
        ),
      ),
    note: (note) => notes.push(note),
    attempt: (attempt) => attempts.push(attempt),
  };
  const agents: Agent[] = [];
  const startAgent = async () => {
    const agent = new Agent(surroundings);
    agent.events.on('output', (line) => output.push(line));
    await agent.start();
    agents.push(agent);
    return agent;
  };
  const agent = await startAgent();
  const find = (arn: string) => bench.store.get(tasks, CLUSTER_ARN, arn.slice(arn.lastIndexOf('/') + 1)) as TaskRecord;
  const when = (arn: string, condition: (task: TaskRecord) => boolean) =>
    new Promise<TaskRecord>((resolve) => {
      const look = () => {
        const task = find(arn);
        if (!condition(task)) return;
        unwatch();
        resolve(task);
      };
      const unwatch = bench.store.watch(tasks, look);
      look();
    });
  return {
    ...bench,
    agent,
    surroundings,
    output,
    notes,
    attempts,
    directory,
    addTask: (task) => addTask(bench, task),
    task: find,
    when,
    stopped: (arn) => when(arn, (task) => task.lastStatus === 'STOPPED'),
    requestStop: (arn) =>
      bench.store.transact((tx) => {
        requestStop(tx, bench.clock.now(), arn, 'UserInitiated', 'Task stopped by user');
      }),
    lines: (container) => output.filter((line) => line.container === container).map((line) => line.line),
    restart: startAgent,
    close: async () => {
      for (const each of agents) await each.stop({ tasks: 'end' });
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

let revision = 0;

function addTask(bench: TestBench, parts: TestTask): TaskRecord {
  const launchType = parts.launchType ?? 'FARGATE';
  const id = randomIds.hex(32);
  const taskArn = `arn:aws:ecs:${TEST_REGION}:${TEST_ACCOUNT}:task/default/${id}`;
  revision += 1;
  const definitionArn = `arn:aws:ecs:${TEST_REGION}:${TEST_ACCOUNT}:task-definition/app:${revision}`;
  const networkMode = parts.networkMode ?? (launchType === 'FARGATE' ? 'awsvpc' : 'bridge');
  const executionRoleArn =
    parts.execution === undefined ? undefined : `arn:aws:iam::${TEST_ACCOUNT}:role/app-execution`;
  const taskRoleArn = parts.application === undefined ? undefined : `arn:aws:iam::${TEST_ACCOUNT}:role/app-task`;
  const definition: Ecs.TaskDefinition = {
    taskDefinitionArn: definitionArn,
    family: 'app',
    revision,
    status: 'ACTIVE',
    networkMode,
    containerDefinitions: parts.containers,
    ...(executionRoleArn === undefined ? {} : { executionRoleArn }),
    ...(taskRoleArn === undefined ? {} : { taskRoleArn }),
    ...parts.definition,
  };
  const now = bench.clock.now();
  const credentials = (
    roleType: TaskCredentialsRecord['roleType'],
    roleArn: string | undefined,
    documents: readonly object[] | undefined,
  ): TaskCredentialsRecord | undefined => {
    if (roleArn === undefined || documents === undefined) return undefined;
    const name = roleArn.slice(roleArn.lastIndexOf('/') + 1);
    const session = bench.roleSession(name, documents, { sessionName: id });
    return {
      credentialsId: randomIds.uuid(),
      taskArn,
      roleType,
      roleArn,
      accessKeyId: session.accessKeyId,
      secretAccessKey: `secret-of-${name}`,
      sessionToken: `token-of-${name}`,
      issuedAt: now,
      expiresAt: now + 6 * 3600 * 1000,
    };
  };
  const execution = credentials('TaskExecution', executionRoleArn, parts.execution);
  const application = credentials('TaskApplication', taskRoleArn, parts.application);
  const task: TaskRecord = {
    arn: taskArn,
    id,
    account: TEST_ACCOUNT,
    region: TEST_REGION,
    clusterArn: CLUSTER_ARN,
    clusterName: 'default',
    taskDefinitionArn: definitionArn,
    launchType,
    lastStatus: networkMode === 'awsvpc' ? 'PROVISIONING' : 'PENDING',
    desiredStatus: 'RUNNING',
    overrides: parts.overrides ?? {},
    containers: parts.containers.map((container) => ({
      containerArn: `arn:aws:ecs:${TEST_REGION}:${TEST_ACCOUNT}:container/default/${id}/${randomIds.uuid()}`,
      name: container.name ?? '',
      image: container.image ?? '',
      lastStatus: 'PENDING',
      healthStatus: 'UNKNOWN',
      healthChecked: container.healthCheck !== undefined,
      essential: container.essential ?? true,
      networkBindings: [],
    })),
    attachments:
      networkMode === 'awsvpc' ? [{ id: randomIds.uuid(), type: 'ElasticNetworkInterface', status: 'PRECREATED' }] : [],
    attributes: [],
    cpu: '256',
    memory: '512',
    group: 'family:app',
    enableExecuteCommand: false,
    healthStatus: 'UNKNOWN',
    version: 1,
    createdAt: now,
    ...(executionRoleArn === undefined ? {} : { executionRoleArn }),
    ...(taskRoleArn === undefined ? {} : { taskRoleArn }),
    ...(execution === undefined ? {} : { executionCredentialsId: execution.credentialsId }),
    ...(application === undefined ? {} : { taskCredentialsId: application.credentialsId }),
    ...(parts.containerInstanceArn === undefined ? {} : { containerInstanceArn: parts.containerInstanceArn }),
  };
  bench.store.transact((tx) => {
    const key = `app:${String(revision).padStart(10, '0')}`;
    tx.put(taskDefinitions, regional(TEST_ACCOUNT, TEST_REGION), key, {
      arn: definitionArn,
      family: 'app',
      revision,
      definition,
    });
    for (const record of [execution, application]) {
      if (record !== undefined) tx.put(taskCredentials, taskArn, record.credentialsId, record);
    }
    tx.put(tasks, CLUSTER_ARN, id, task);
  });
  return task;
}
