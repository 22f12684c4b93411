import type { Diagnosis, TrailEntry } from '../../gateway/trail.ts';
import type { LoadReport } from '../../sources/load/load.ts';
import { placeOf } from '../../sources/origin.ts';
import type { LeftOut } from '../../sources/workload.ts';
import { exitCodeOf, refusalsOf, type TaskResult } from '../task-result.ts';
import { ledgerRow } from './ledger.ts';
import { harmless, type Style } from './style.ts';

/** What was loaded, in a line; what was left out, with the reason. */
export function loadLines(report: LoadReport, style: Style): string[] {
  const counts = new Map<string, number>();
  for (const { what } of report.loaded) {
    const kind = KINDS.find((name) => what.startsWith(`${name} `));
    if (kind !== undefined) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const parts = [...counts].map(([kind, count]) => `${count} ${count === 1 ? kind : plural(kind)}`);
  const lines = parts.length === 0 ? [] : [`loaded    ${parts.join(', ')}`];
  return [...lines, ...leftOutLines(report.leftOut, style)];
}

const KINDS = [
  'role',
  'user',
  'managed policy',
  'instance profile',
  'key alias',
  'key',
  'queue',
  'secret',
  'parameter',
  'log group',
  'repository',
  'table',
  'bucket',
  'cluster',
  'task definition',
];

function plural(kind: string): string {
  if (kind.endsWith('s')) return `${kind}es`;
  return kind.endsWith('y') && kind !== 'key' ? `${kind.slice(0, -1)}ies` : `${kind}s`;
}

function leftOutLines(leftOut: readonly LeftOut[], style: Style): string[] {
  return leftOut.map(({ what, why, origin }) => style.dim(`left out  ${harmless(what)}: ${why} (${placeOf(origin)})`));
}

/** How a task ended: codes, ECS's own words, and each refusal with why and fix. */
export function taskSummary(result: TaskResult, style: Style): string[] {
  const lines: string[] = [];
  const refusals = refusalsOf(result);
  const head = `${harmless(result.taskDefinition)} on ${result.launchType}`;
  if (result.started) {
    lines.push(
      `${style.bold(head)}  ${exitCodeOf(result) === 0 ? style.green('stopped') : style.red('stopped')}  ${result.stopCode ?? ''}`.trimEnd(),
    );
    if (result.stoppedReason !== undefined) lines.push(`  ${harmless(result.stoppedReason)}`);
  } else {
    lines.push(`${style.bold(head)}  ${style.red('could not start')}  ${result.stopCode ?? ''}`.trimEnd());
    lines.push(`  ${harmless(result.stoppedReason ?? 'ECS gave no reason')}`);
  }
  for (const { name, exitCode, reason } of result.containers) {
    const code = exitCode === undefined ? 'did not run' : `exit code ${exitCode}`;
    lines.push(`  container ${harmless(name)}: ${code}${reason === undefined ? '' : `  ${harmless(reason)}`}`);
  }
  if (refusals.length > 0)
    lines.push(`  ${refusals.length} ${refusals.length === 1 ? 'call was' : 'different calls were'} refused:`);
  for (const refusal of refusals) lines.push(...refusalLines(refusal, style));
  return lines;
}

function refusalLines(entry: TrailEntry, style: Style): string[] {
  const { stage, role, call, reason } = ledgerRow(entry);
  const denied = entry.checks.find(({ effect }) => effect !== 'Allowed');
  const lines = [
    `  ${style.red('DENIED')}  ${call} on ${harmless(denied?.resource ?? '-')}`,
    `    who   ${harmless(entry.principalName)}${entry.role === undefined ? '' : ` (${role} role)`}${stage === '-' ? '' : `, stage ${stage}`}`,
  ];
  const diagnosis: Diagnosis = entry.diagnosis ?? { why: reason, fix: [] };
  lines.push(`    why   ${harmless(diagnosis.why)}`);
  for (const { target, action, statement } of diagnosis.fix) {
    lines.push(`    fix   ${harmless(target)}: ${harmless(action)}`);
    if (statement !== undefined)
      lines.push(
        ...JSON.stringify(statement, undefined, 2)
          .split('\n')
          .map((line) => `          ${line}`),
      );
  }
  return lines;
}
