import { AwsError } from '../../core/errors.ts';
import { operation } from '../../gateway/operation.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import { activeCluster } from './clusters.ts';
import { invalidParameter, notSupported, taskNotFound } from './errors.ts';
import { type ClusterName, clusterName, containerInstanceName, type MemberName, taskName } from './identifiers.ts';
import { checkLength } from './launch-request.ts';
import { page } from './pages.ts';
import { type TaskRecord, tasks } from './records.ts';
import { tagged, tagsOf } from './tags.ts';
import { keptTasks, pruneStoppedTasks, requestStop, STOPPED_BY_USER } from './task-state.ts';
import { taskView } from './task-view.ts';

export const StopTask = operation<'ecs', 'StopTask', { readonly cluster: ClusterName; readonly named: MemberName }>(
  'ecs',
  'StopTask',
  {
    resolve: ({ input, account, region }) => {
      const cluster = clusterName(input.cluster, { account, region });
      return { cluster, named: taskName(input.task, cluster) };
    },
    authorize: ({ tx, cluster, named }) => [
      {
        action: 'ecs:StopTask',
        resource: named.arn,
        ...tagged(tagsOf(tx, named, named.arn), { 'ecs:cluster': cluster.arn }),
      },
    ],
    handle: ({ input, tx, now, cluster, named }) => {
      activeCluster(tx, cluster);
      checkLength('reason', input.reason, 255);
      const task = requestStop(tx, now, named.arn, 'UserInitiated', input.reason ?? STOPPED_BY_USER);
      if (task === undefined) throw taskNotFound();
      return { task: taskView(tx, task, { tags: true }) };
    },
  },
);

export const DescribeTasks = operation<
  'ecs',
  'DescribeTasks',
  { readonly cluster: ClusterName; readonly named: readonly MemberName[] }
>('ecs', 'DescribeTasks', {
  resolve: ({ input, account, region }) => {
    const cluster = clusterName(input.cluster, { account, region });
    // Source of the text: observed (aws/copilot-cli#3551); of the limit: ECS API. unverified: the limit's text
    if (input.tasks.length === 0) throw invalidParameter('Tasks cannot be empty.');
    if (input.tasks.length > 100) throw invalidParameter('tasks can have at most 100 items.');
    return { cluster, named: input.tasks.map((text) => taskName(text, cluster)) };
  },
  authorize: ({ tx, cluster, named }) =>
    named.map((task) => ({
      action: 'ecs:DescribeTasks',
      resource: task.arn,
      ...tagged(tagsOf(tx, task, task.arn), { 'ecs:cluster': cluster.arn }),
    })),
  handle: ({ input, tx, now, cluster, named }) => {
    activeCluster(tx, cluster);
    pruneStoppedTasks(tx, now, cluster.arn);
    const include = { tags: input.include?.includes('TAGS') === true };
    const found: Ecs.Task[] = [];
    const failures: Ecs.Failure[] = [];
    for (const name of named) {
      const task = tx.get(tasks, cluster.arn, name.id);
      if (task === undefined) failures.push({ arn: name.arn, reason: 'MISSING' });
      else found.push(taskView(tx, task, include));
    }
    return { tasks: found, failures };
  },
});

export const ListTasks = operation<
  'ecs',
  'ListTasks',
  { readonly cluster: ClusterName; readonly instance: MemberName | undefined }
>('ecs', 'ListTasks', {
  resolve: ({ input, account, region }) => {
    const cluster = clusterName(input.cluster, { account, region });
    const instance =
      input.containerInstance === undefined ? undefined : containerInstanceName(input.containerInstance, cluster);
    return { cluster, instance };
  },
  // Without an instance the resource is `*` and ecs:cluster narrows it. Source: observed (cdklabs/construct-hub#1207).
  authorize: ({ tx, cluster, instance }) => [
    {
      action: 'ecs:ListTasks',
      resource: instance?.arn ?? '*',
      resourceAccount: cluster.account,
      ...tagged(instance === undefined ? {} : tagsOf(tx, instance, instance.arn), { 'ecs:cluster': cluster.arn }),
    },
  ],
  handle: ({ input, tx, now, cluster, instance }) => {
    activeCluster(tx, cluster);
    checkFilters(input);
    const wanted = input.desiredStatus ?? 'RUNNING';
    const found = keptTasks(tx, now, cluster.arn).filter(
      (task) =>
        // Source: ECS API, ListTasks: PENDING gives nothing, ECS never sets it.
        task.desiredStatus === wanted &&
        (instance === undefined || task.containerInstanceArn === instance.arn) &&
        (input.family === undefined || familyOf(task) === input.family) &&
        (input.startedBy === undefined || task.startedBy === input.startedBy) &&
        (input.launchType === undefined || task.launchType === input.launchType),
    );
    const { items, nextToken } = page(found, (task) => task.id, input);
    return { taskArns: items.map((task) => task.arn), nextToken };
  },
});

function checkFilters(input: Ecs.ListTasksRequest): void {
  if (input.daemonName !== undefined) throw notSupported('daemonName (daemons are not served)');
  // Services are not served, so there is none of that name. Source of the text: observed.
  if (input.serviceName !== undefined) throw new AwsError('ServiceNotFoundException', 'Service not found.');
  checkLength('startedBy', input.startedBy, 128);
  // Source: ECS API, ListTasks (startedBy): it must be the only filter. unverified: text
  if (input.startedBy !== undefined && (input.family !== undefined || input.containerInstance !== undefined)) {
    throw invalidParameter('startedBy cannot be combined with other filters.');
  }
}

function familyOf(task: TaskRecord): string {
  const name = task.taskDefinitionArn.slice(task.taskDefinitionArn.lastIndexOf('/') + 1);
  return name.slice(0, name.lastIndexOf(':'));
}
