import { describe, expect, it } from 'vitest';
import type { TrailEntry } from '../../gateway/trail.ts';
import type { TaskResult } from '../task-result.ts';
import { exitCodeOf, refusalsOf, worstExitCode } from '../task-result.ts';
import { containerLine } from './container-output.ts';
import { ledgerHeader, ledgerLine, ledgerRow, shortResource } from './ledger.ts';
import { styleOf } from './style.ts';
import { loadLines, taskSummary } from './summary.ts';

const TASK = '0123456789abcdef0123456789abcdef';
const plain = styleOf({ env: {} }, { isTTY: false } as never);

function entry(parts: Partial<TrailEntry>): TrailEntry {
  return {
    eventId: 'e',
    service: 'sqs',
    operation: 'SendMessage',
    region: 'eu-west-1',
    account: '000000000000',
    principalArn: `arn:aws:sts::000000000000:assumed-role/orders-task/${TASK}`,
    principalName: 'orders-task',
    role: 'task',
    stage: 'running',
    outcome: 'allowed',
    checks: [
      {
        action: 'sqs:SendMessage',
        resource: 'arn:aws:sqs:eu-west-1:000000000000:orders-pending',
        effect: 'Allowed',
        decidedBy: { kind: 'identity', policy: 'orders-task', sid: 'AllowOrdersQueues', index: 0 },
      },
    ],
    cloudTrail: {},
    ...parts,
  };
}

const DENIED = entry({
  operation: 'DeleteQueue',
  outcome: 'denied',
  checks: [
    {
      action: 'sqs:DeleteQueue',
      resource: 'arn:aws:sqs:eu-west-1:000000000000:orders-pending',
      effect: 'ImplicitlyDenied',
      why: 'no identity policy of orders-task allows it',
    },
  ],
  diagnosis: {
    why: 'No policy allows it.',
    fix: [
      {
        target: 'task role orders-task',
        action: 'add this statement',
        statement: { Effect: 'Allow', Action: 'sqs:DeleteQueue' },
      },
    ],
  },
});

describe('ledger', () => {
  it('has a column for each of stage, role, call, resource and decision', () => {
    const lines = [ledgerHeader(plain), ledgerLine(ledgerRow(entry({})), plain), ledgerLine(ledgerRow(DENIED), plain)];
    expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
      ['stage', 'role', 'call', 'resource', 'decision'],
      ['running', 'task', 'sqs:SendMessage', 'orders-pending', 'allowed', 'orders-task / AllowOrdersQueues'],
      ['running', 'task', 'sqs:DeleteQueue', 'orders-pending', 'DENIED', 'no identity policy of orders-task allows it'],
    ]);
    const starts = lines.map((line) => line.search(/decision|allowed|DENIED/));
    expect(new Set(starts).size).toBe(1);
  });

  it('shows the check that refused, and counts further resources', () => {
    const resource = (name: string) => `arn:aws:ssm:eu-west-1:000000000000:parameter/${name}`;
    const allowed = (name: string) => ({
      action: 'ssm:GetParameters',
      resource: resource(name),
      effect: 'Allowed' as const,
    });
    expect(ledgerRow(entry({ checks: [allowed('a'), allowed('b')] })).resource).toBe('parameter/a +1');
    const mixed = [allowed('a'), { ...allowed('b'), effect: 'ImplicitlyDenied' as const, why: 'no' }];
    expect(ledgerRow(entry({ outcome: 'denied', checks: mixed }))).toMatchObject({
      resource: 'parameter/b',
      reason: 'no',
    });
  });

  it.each([
    [
      `arn:aws:logs:eu-west-1:0:log-group:/orders:log-stream:app/writer/${TASK}`,
      'log-group:/orders:log-stream:app/writer/…',
    ],
    ['arn:aws:kms:eu-west-1:0:key/da579ebf-1111-2222-3333-444455556666', 'key/da579ebf…'],
    ['*', '*'],
    ['arn:aws:sqs:eu-west-1:0:evil\u001b[2J\u0007', 'evil[2J'],
  ])('shortens %j', (resource, expected) => {
    expect(shortResource(resource)).toBe(expected);
  });

  it('calls policies without a name by their kind, and managed ones by their name', () => {
    const decided = (kind: 'trust' | 'identity', policy: string) => {
      const [check] = entry({}).checks;
      return ledgerRow(entry({ checks: [{ ...check!, decidedBy: { kind, policy, index: 1 } }] })).reason;
    };
    expect(decided('trust', 'arn:aws:iam::0:role/orders-task')).toBe('trust policy / statement 2');
    expect(decided('identity', 'arn:aws:iam::aws:policy/service-role/X')).toBe('X / statement 2');
  });

  it('fits a terminal, and has colour only there', () => {
    const screen = (columns: number, env: Record<string, string> = {}) =>
      styleOf({ env }, { isTTY: true, columns } as never);
    const row = ledgerRow(DENIED);
    expect(ledgerLine(row, screen(100, { NO_COLOR: '1' })).length).toBeLessThanOrEqual(100);
    expect(ledgerLine(row, screen(200))).toContain('\u001b[31mDENIED\u001b[39m');
    expect(ledgerLine(row, screen(200, { NO_COLOR: '1' }))).not.toContain('\u001b');
    expect(ledgerLine(row, screen(200, { TERM: 'dumb' }))).not.toContain('\u001b');
    expect(ledgerLine(row, plain)).not.toContain('\u001b');
  });
});

it('a container cannot move the cursor', () => {
  const line = { taskArn: '', container: 'app', stream: 'stdout' as const, line: 'a\u001b[2Jb\u001b[31mred\u0007' };
  expect(containerLine(line, plain)).toBe('app | a[2Jb\u001b[31mred\u001b[0m');
});

function result(parts: Partial<TaskResult>): TaskResult {
  return {
    taskDefinition: 'orders:1',
    launchType: 'FARGATE',
    started: true,
    containers: [],
    calls: [],
    output: [],
    ...parts,
  };
}

describe('exit codes', () => {
  const container = (name: string, exitCode: number | undefined, essential = true) => ({
    name,
    essential,
    ...(exitCode === undefined ? {} : { exitCode }),
  });
  it.each([
    ['the essential container’s', { containers: [container('a', 7), container('b', 1, false)] }, 7],
    ['the one that ended by itself', { containers: [container('a', 0), container('b', 143), container('c', 137)] }, 0],
    ['the signal’s when all were stopped', { containers: [container('a', 143)] }, 143],
    ['3 when it could not start', { started: false }, 3],
    ['1 when its exit code is lost', { containers: [container('a', undefined)] }, 1],
  ])('%s', (_, parts, expected) => {
    expect(exitCodeOf(result(parts))).toBe(expected);
  });

  it('the worst of several', () => {
    const good = result({ containers: [container('a', 0)] });
    const bad = result({ containers: [container('a', 9)] });
    expect(worstExitCode([good, bad])).toBe(9);
    expect(worstExitCode([bad, result({ started: false })])).toBe(3);
    expect(worstExitCode([good])).toBe(0);
  });
});

describe('summary', () => {
  it('names each refusal once, with why and the statement that fixes it', () => {
    const calls = [DENIED, DENIED, entry({})].map((value, index) => ({ sequence: index, at: 0, value }));
    const ended = result({
      calls,
      stopCode: 'EssentialContainerExited',
      stoppedReason: 'Essential container in task exited',
      containers: [{ name: 'a', essential: true, exitCode: 0 }],
    });
    expect(refusalsOf(ended)).toHaveLength(1);
    expect(taskSummary(ended, plain).join('\n')).toBe(`orders:1 on FARGATE  stopped  EssentialContainerExited
  Essential container in task exited
  container a: exit code 0
  1 call was refused:
  DENIED  sqs:DeleteQueue on arn:aws:sqs:eu-west-1:000000000000:orders-pending
    who   orders-task (task role), stage running
    why   No policy allows it.
    fix   task role orders-task: add this statement
          {
            "Effect": "Allow",
            "Action": "sqs:DeleteQueue"
          }`);
  });

  it('gives ECS’s own words for a task that could not start', () => {
    const lines = taskSummary(
      result({ started: false, stopCode: 'TaskFailedToStart', stoppedReason: 'ResourceInitializationError: x' }),
      plain,
    );
    expect(lines).toEqual([
      'orders:1 on FARGATE  could not start  TaskFailedToStart',
      '  ResourceInitializationError: x',
    ]);
  });
});

it('what was loaded is counted by kind, policies aside', () => {
  const origin = { file: 't.yaml', path: '', line: 1 };
  const names = ['role r', '2 policies of role r', 'policy of bucket b', 'bucket b', 'bucket c', 'table t'];
  const loaded = names.map((what) => ({ what, outcome: 'created' as const, origin }));
  expect(loadLines({ loaded, leftOut: [], taskDefinitions: [] }, plain)).toEqual([
    'loaded    1 role, 2 buckets, 1 table',
  ]);
});
