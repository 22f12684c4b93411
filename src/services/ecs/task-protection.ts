import { operation, type ReadContext } from '../../gateway/operation.ts';
import type { Read } from '../../store/collections.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import { activeCluster } from './clusters.ts';
import { invalidParameter } from './errors.ts';
import { type ClusterName, clusterName, type MemberName, taskName } from './identifiers.ts';
import { tasks } from './records.ts';
import { tagged, tagsOf } from './tags.ts';

interface OfTasks {
  readonly cluster: ClusterName;
  readonly named: readonly MemberName[];
}

/** Source of the limit: ECS API, UpdateTaskProtection. unverified: text */
function resolveTasks({
  input,
  account,
  region,
}: ReadContext<{ readonly cluster: string; readonly tasks?: readonly string[] | undefined }>): OfTasks {
  const cluster = clusterName(input.cluster, { account, region });
  const listed = input.tasks ?? [];
  if (listed.length > 10) throw invalidParameter('tasks can have at most 10 items.');
  return { cluster, named: listed.map((text) => taskName(text, cluster)) };
}

/** On each task, with its cluster. Source: Service Authorization Reference. */
function checks(action: string) {
  return ({ tx, cluster, named }: { readonly tx: Read } & OfTasks) =>
    (named.length === 0 ? [undefined] : named).map((task) => ({
      action: `ecs:${action}`,
      resource: task?.arn ?? '*',
      resourceAccount: cluster.account,
      ...tagged(task === undefined ? {} : tagsOf(tx, task, task.arn), { 'ecs:cluster': cluster.arn }),
    }));
}

/**
 * Only tasks of services can be protected from scaling in, and services are not served: every task that there is was run
 * by itself. Source: ECS Developer Guide, task scale-in protection and API failures. unverified: the detail's wording
 */
function notOfService(read: Read, { cluster, named }: OfTasks): Ecs.Failure[] {
  return named.map(({ arn, id }) =>
    read.get(tasks, cluster.arn, id) === undefined
      ? { arn, reason: 'MISSING' }
      : { arn, reason: 'TASK_NOT_VALID', detail: 'The specified task is not part of an Amazon ECS service.' },
  );
}

export const GetTaskProtection = operation<'ecs', 'GetTaskProtection', OfTasks>('ecs', 'GetTaskProtection', {
  resolve: resolveTasks,
  authorize: checks('GetTaskProtection'),
  handle: ({ tx, cluster, named }) => {
    activeCluster(tx, cluster);
    return { protectedTasks: [], failures: notOfService(tx, { cluster, named }) };
  },
});

export const UpdateTaskProtection = operation<'ecs', 'UpdateTaskProtection', OfTasks>('ecs', 'UpdateTaskProtection', {
  resolve: resolveTasks,
  authorize: checks('UpdateTaskProtection'),
  handle: ({ input, tx, cluster, named }) => {
    activeCluster(tx, cluster);
    if (named.length === 0) throw invalidParameter('Tasks cannot be empty.');
    const minutes = input.expiresInMinutes;
    // Source of the range: ECS API, UpdateTaskProtection. unverified: text
    if (minutes !== undefined && (minutes < 1 || minutes > 2880)) {
      throw invalidParameter('expiresInMinutes should be between 1 and 2880');
    }
    return { protectedTasks: [], failures: notOfService(tx, { cluster, named }) };
  },
});
