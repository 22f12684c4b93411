import { createHash } from 'node:crypto';
import { AwsError } from '../../core/errors.ts';
import type { HandleContext } from '../../gateway/operation.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import { runTaskTokens, type TaskRecord } from './records.ts';
import { findTask } from './task-lookup.ts';

/** What RunTask has to answer. */
export interface Started {
  readonly started: readonly TaskRecord[];
  readonly failures: readonly Ecs.Failure[];
}

type TokenContext = Pick<HandleContext<Ecs.RunTaskRequest>, 'input' | 'tx' | 'now'>;

/** Source: ECS Developer Guide, ensuring idempotency: a token holds for 24 hours. */
const TOKEN_LIFE = 24 * 60 * 60 * 1000;

/** What the same request with the same token was answered. Errors: ConflictException for another request with that token. */
export function answeredBefore(context: TokenContext, clusterArn: string): Started | undefined {
  const { input, tx, now } = context;
  if (input.clientToken === undefined) return undefined;
  const known = tx.get(runTaskTokens, clusterArn, input.clientToken);
  if (known === undefined || now - known.at > TOKEN_LIFE) return undefined;
  if (known.request !== digest(input)) {
    // Source of the text: ECS API, ConflictException.
    throw new AwsError(
      'ConflictException',
      'The RunTask request could not be processed due to conflicts. The provided clientToken is already in use with a different RunTask request. The resourceIds are the existing task ARNs which are already associated with the clientToken.',
      { members: { resourceIds: known.taskArns } },
    );
  }
  const tasks = known.taskArns.flatMap((taskArn) => {
    const task = findTask(tx, taskArn);
    return task === undefined ? [] : [task];
  });
  return { started: tasks, failures: known.failures };
}

/** Keeps what a request with a token was answered, if it started anything. */
export function remember(context: TokenContext, clusterArn: string, { started, failures }: Started): void {
  const { input, tx, now } = context;
  if (input.clientToken === undefined || started.length === 0) return;
  for (const [token, record] of tx.entries(runTaskTokens, clusterArn)) {
    if (now - record.at <= TOKEN_LIFE) break;
    tx.delete(runTaskTokens, clusterArn, token);
  }
  tx.put(runTaskTokens, clusterArn, input.clientToken, {
    request: digest(input),
    taskArns: started.map((task) => task.arn),
    failures,
    at: now,
  });
}

function digest({ clientToken: _, ...request }: Ecs.RunTaskRequest): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(request)))
    .digest('hex');
}

/** The same request gives the same text whatever the order of its members. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  );
}
