import type { JudgedDuty } from '../model/task.ts';
import type { Tokens } from '../model/tokens.ts';

/** A statement that allows what is needed and no more. */
export interface NeededStatement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

const SIDS: Readonly<Record<string, string>> = {
  'ecr:GetAuthorizationToken': 'AuthorizePulls',
  ecr: 'PullImages',
  logs: 'WriteLogs',
  secretsmanager: 'ReadSecrets',
  ssm: 'ReadParameters',
  kms: 'DecryptSecrets',
  s3: 'ReadFiles',
  elasticfilesystem: 'MountFileSystems',
  ssmmessages: 'OpenExecChannels',
  ecs: 'RunAgent',
  firehose: 'SendLogs',
  kinesis: 'SendLogs',
};

/** Statements for duties: one for each set of actions that go to the same resources. */
export function statementsFor(duties: readonly JudgedDuty[], tokens: Tokens): NeededStatement[] {
  const byAction = new Map<string, { action: string; via: string | undefined; resources: Set<string> }>();
  for (const { action, resource, call } of duties) {
    const via = call.via === undefined ? undefined : `${call.via}.${call.region}.amazonaws.com`;
    const key = `${action} ${via ?? ''}`;
    const entry = byAction.get(key) ?? { action, via, resources: new Set<string>() };
    entry.resources.add(anyTask(tokens.grantable(resource)));
    byAction.set(key, entry);
  }
  const groups = new Map<string, { actions: string[]; via: Set<string>; resources: string[] }>();
  for (const { action, via, resources } of byAction.values()) {
    const sorted = [...resources].sort();
    const key = `${action.split(':')[0]} ${sorted.join(' ')}`;
    const group = groups.get(key) ?? { actions: [], via: new Set<string>(), resources: sorted };
    if (!group.actions.includes(action)) group.actions.push(action);
    if (via !== undefined) group.via.add(via);
    groups.set(key, group);
  }
  const used = new Map<string, number>();
  return [...groups.values()].map(({ actions, via, resources }) => ({
    Sid: sid(actions, used),
    Effect: 'Allow',
    Action: oneOrMany(actions.sort()),
    Resource: oneOrMany(resources),
    ...(via.size === 0 ? {} : { Condition: { StringEquals: { 'kms:ViaService': oneOrMany([...via].sort()) } } }),
  }));
}

/** The resource as a policy names it: any task's stream; a log group with its streams. */
export function anyTask(resource: string): string {
  return resource
    .replaceAll('TASK_ID', '*')
    .replaceAll('CONTAINER_ID', '*')
    .replace(/:log-stream:$/, ':*');
}

function sid(actions: readonly string[], used: Map<string, number>): string {
  const first = actions[0] ?? '';
  const name = SIDS[first] ?? SIDS[first.split(':')[0]!] ?? 'Further';
  const count = (used.get(name) ?? 0) + 1;
  used.set(name, count);
  return count === 1 ? name : `${name}${count}`;
}

export function oneOrMany<T>(values: readonly T[]): T | readonly T[] {
  return values.length === 1 ? values[0]! : values;
}
