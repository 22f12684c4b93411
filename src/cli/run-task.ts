import { AwsError, UserError } from '../core/errors.ts';
import type { TrailEntry } from '../gateway/trail.ts';
import type { LaunchType } from '../roles/duty.ts';
import { placeOf, SourceError } from '../sources/origin.ts';
import type { InstanceSetting } from '../sources/setting-types.ts';
import type { LogEntry } from '../store/collections.ts';
import type { AwsClient } from '../wire/client.ts';
import type * as Ecs from '../wire/generated/types/ecs.ts';
import { followOutput, TrailFollower, trailEnd } from './follow.ts';
import type { OutputLine } from './output/container-output.ts';
import type { TaskResult } from './task-result.ts';
import { addInstances, type InstanceDefaults, isWrongInstance } from './workload-instances.ts';

/** What is told while a task runs. */
export interface TaskListener {
  onCall(entry: LogEntry<TrailEntry>): void;
  onOutput(line: OutputLine): void;
}

export interface TaskRequest {
  /** ARN of the registered task definition. */
  readonly taskDefinition: string;
  readonly launchType: LaunchType;
  readonly cluster: string;
  /** Adds a container instance first: EC2 and EXTERNAL tasks need one. */
  readonly addInstance: boolean;
  readonly taskRoleArn?: string;
  readonly executionRoleArn?: string;
  /** What the workload says of container instances; without any of the launch type one is made up. */
  readonly instances?: readonly InstanceSetting[];
  /** What the container instances that are added have; default: the server's own choice. */
  readonly instanceDefaults?: InstanceDefaults;
  /** Aborted: the task is stopped as StopTask does. */
  readonly interrupted: AbortSignal;
}

/** Stands for a subnet: there is no network to choose, and RunTask of an awsvpc task must name one. */
const SUBNET = 'subnet-00000000000000000';

/** Milliseconds between two looks at the task. */
const FIRST_LOOK = 40;
const LAST_LOOK = 500;

/** Runs one task to its end, as RunTask does, and gives everything that happened. */
export async function runTask(client: AwsClient, request: TaskRequest, listener: TaskListener): Promise<TaskResult> {
  const calls: LogEntry<TrailEntry>[] = [];
  const output: OutputLine[] = [];
  const { taskDefinition: definition } = await client.call('ecs', 'DescribeTaskDefinition', {
    taskDefinition: request.taskDefinition,
  });
  // Calls of tasks are held back until it is known which task is ours: others may run on the same server.
  let mine: string | undefined;
  let held: LogEntry<TrailEntry>[] | undefined = [];
  const take = (entry: LogEntry<TrailEntry>) => {
    const { taskArn } = entry.value;
    if (taskArn !== undefined && mine !== undefined && taskArn !== mine) return;
    calls.push(entry);
    listener.onCall(entry);
  };
  const release = () => {
    for (const entry of held ?? []) take(entry);
    held = undefined;
  };
  const follower = new TrailFollower(client, await trailEnd(client), (entry) => {
    if (!concernsTask(entry.value)) return;
    if (held !== undefined) held.push(entry);
    else take(entry);
  });
  const base = {
    taskDefinition: `${definition?.family}:${definition?.revision}`,
    launchType: request.launchType,
    calls,
    output,
  };
  const failed = async (reason: string): Promise<TaskResult> => {
    await follower.finish();
    release();
    return { ...base, started: false, stoppedReason: reason, containers: [] };
  };
  let task: Ecs.Task | undefined;
  try {
    if (request.addInstance && request.launchType !== 'FARGATE')
      await addInstances(
        client,
        request.cluster,
        request.launchType,
        request.instances ?? [],
        request.instanceDefaults ?? {},
      );
    const answer = await client.call('ecs', 'RunTask', runTaskInput(request, definition));
    task = answer.tasks?.[0];
    if (task?.taskArn === undefined) return await failed(failureText(answer.failures));
  } catch (error) {
    if (error instanceof AwsError) return await failed(`${error.code}: ${error.message}`);
    // The container instance could not register: there is nothing to place the task on.
    if (error instanceof UserError && !isWrongInstance(error)) {
      const place = error instanceof SourceError ? ` (${placeOf(error.origin)})` : '';
      return await failed(`no container instance: ${error.code}: ${error.message}${place}`);
    }
    await follower.finish();
    throw error;
  }
  mine = task.taskArn;
  release();
  const outputEnd = new AbortController();
  const lines = followOutput(client, task.taskArn, outputEnd.signal, (line) => {
    output.push(line);
    listener.onOutput(line);
  });
  lines.catch(() => {}); // thrown again where it is awaited
  const stopped = await untilStopped(client, request, task.taskArn, () => calls.some(isRefusedReport));
  await ended(lines, outputEnd);
  await follower.finish();
  return { ...base, ...taskOutcome(stopped, definition), taskArn: task.taskArn };
}

/** Calls of the roles around the task, and refusals; not what the command itself asks. */
function concernsTask({ role, taskArn, outcome }: TrailEntry): boolean {
  return role !== undefined || taskArn !== undefined || outcome === 'denied';
}

function runTaskInput(request: TaskRequest, definition: Ecs.TaskDefinition | undefined): Ecs.RunTaskRequest {
  const { taskRoleArn, executionRoleArn } = request;
  return {
    cluster: request.cluster,
    taskDefinition: request.taskDefinition,
    launchType: request.launchType,
    count: 1,
    startedBy: 'rolecall run',
    ...(definition?.networkMode === 'awsvpc'
      ? { networkConfiguration: { awsvpcConfiguration: { subnets: [SUBNET] } } }
      : {}),
    ...(taskRoleArn === undefined && executionRoleArn === undefined
      ? {}
      : {
          overrides: {
            ...(taskRoleArn === undefined ? {} : { taskRoleArn }),
            ...(executionRoleArn === undefined ? {} : { executionRoleArn }),
          },
        }),
  };
}

/** RunTask's `failures`: the task could not be placed. */
function failureText(failures: readonly Ecs.Failure[] | undefined): string {
  const texts = (failures ?? []).map(({ arn, reason, detail }) =>
    [reason, arn, detail].filter((part) => part !== undefined).join(' '),
  );
  return texts.length === 0 ? 'RunTask made no task and gave no reason' : texts.join('; ');
}

async function untilStopped(
  client: AwsClient,
  request: TaskRequest,
  taskArn: string,
  silenced: () => boolean,
): Promise<Ecs.Task> {
  let wait = FIRST_LOOK;
  let asked = false;
  for (;;) {
    const { tasks } = await client.call('ecs', 'DescribeTasks', { cluster: request.cluster, tasks: [taskArn] });
    const task = tasks?.[0];
    if (task === undefined || task.lastStatus === 'STOPPED')
      return task ?? { taskArn, lastStatus: 'STOPPED', stoppedReason: 'the task is gone' };
    if (silenced()) return { ...task, stoppedReason: SILENCED };
    if (request.interrupted.aborted && !asked) {
      asked = true;
      wait = FIRST_LOOK;
      await client.call('ecs', 'StopTask', {
        cluster: request.cluster,
        task: taskArn,
        reason: 'Interrupted by the user',
      });
    }
    await pause(wait, asked ? undefined : request.interrupted);
    wait = Math.min(LAST_LOOK, wait * 1.5);
  }
}

/** In AWS such a task stays as ECS last knew it, whatever becomes of its containers. */
const SILENCED =
  'the container instance role may not report what becomes of the task: ECS goes on to show it as it was, and never learns that it ran or stopped';

/** The agent was refused when it reported a task's state. */
function isRefusedReport({ value }: LogEntry<TrailEntry>): boolean {
  return (
    value.outcome === 'denied' && value.role === 'container-instance' && /^Submit.*StateChanges?$/.test(value.operation)
  );
}

/** Waits, less long when interrupted. */
function pause(milliseconds: number, interrupted: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      interrupted?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    interrupted?.addEventListener('abort', done, { once: true });
  });
}

/** The output of a stopped task ends by itself; a moment later at most it is cut off. */
async function ended(lines: Promise<void>, end: AbortController): Promise<void> {
  const timer = setTimeout(() => end.abort(), 2000);
  await lines;
  clearTimeout(timer);
}

function taskOutcome(
  task: Ecs.Task,
  definition: Ecs.TaskDefinition | undefined,
): Pick<TaskResult, 'started' | 'stopCode' | 'stoppedReason' | 'containers'> {
  const essential = new Map(
    (definition?.containerDefinitions ?? []).map(({ name, essential }) => [name, essential !== false]),
  );
  const containers = (task.containers ?? []).map(({ name = '', exitCode, reason }) => ({
    name,
    essential: essential.get(name) ?? true,
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(reason === undefined ? {} : { reason }),
  }));
  return {
    started: task.stopCode !== 'TaskFailedToStart' && containers.some(({ exitCode }) => exitCode !== undefined),
    ...(task.stopCode === undefined ? {} : { stopCode: task.stopCode }),
    ...(task.stoppedReason === undefined ? {} : { stoppedReason: task.stoppedReason }),
    containers,
  };
}
