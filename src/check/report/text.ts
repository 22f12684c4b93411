import { roleNameOf } from '../../core/arn.ts';
import type { Stage } from '../../roles/duty.ts';
import { placeOf } from '../../sources/origin.ts';
import type { CheckResult } from '../check.ts';
import type { Actor, DecidedDuty, Finding, PolicyFix } from '../finding.ts';
import { countWithoutAPart, notReadLines } from './not-read.ts';
import { type Paint, type Summary, summaryOf, VERDICTS } from './report.ts';
import { wrapped } from './wrap.ts';

const ROLES: readonly (readonly [Actor, string])[] = [
  ['task-execution', 'execution'],
  ['task', 'task'],
  ['container-instance', 'instance'],
  ['service-linked', 'service-linked'],
  ['caller', 'caller'],
];

const STAGES = [
  'instance',
  'launch',
  'registry-auth',
  'secrets',
  'environment-files',
  'volumes',
  'pull',
  'logs',
  'running',
  'exec',
] as const;

/** Columns of a role's name that must be left. */
const NARROWEST = 12;

/** Long names make wide columns. */
const SHORT: Readonly<Record<string, string>> = { 'environment-files': 'env-files', 'registry-auth': 'registry' };

const MARKS = { allowed: '✓', refused: '✗', unknown: '?' } as const;

/** The report for people: per task definition and launch type a table of roles and stages, then what was found. */
export function textReport(result: CheckResult, paint: Paint): string {
  const lines: string[] = [];
  for (const task of result.tasks) {
    const duties = result.duties.filter(
      (duty) => duty.taskDefinition === task.family && duty.launchType === task.launchType,
    );
    lines.push(paint.bold(`${task.family} on ${task.launchType}`), ...roleTable(duties, paint), '');
  }
  for (const group of grouped(result.findings)) lines.push(...findingLines(group, paint), '');
  if (result.silenced.length > 0) {
    const reasons = result.silenced.map(({ finding, reason }) => `${finding.id} (${reason})`);
    lines.push(paint.dim(`silenced: ${[...new Set(reasons)].join(', ')}`), '');
  }
  const notRead = [...notReadLines(result), ...withoutAPart(result)];
  if (notRead.length > 0) {
    const width = paint.width ?? 120;
    lines.push(...notRead.flatMap((line) => wrapped(line, width, '', '  ')).map((line) => paint.dim(line)), '');
  }
  lines.push(...summaryLines(summaryOf(result), paint));
  return `${lines.join('\n')}\n`;
}

function withoutAPart({ world }: CheckResult): string[] {
  const count = countWithoutAPart(world.workload);
  return count === 0 ? [] : [`not read: ${counted(count, 'resource')} of types that have no part in what tasks may do`];
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** One line for each role that has duties, one column for each stage that occurs. */
function roleTable(duties: readonly DecidedDuty[], paint: Paint): string[] {
  const stages = STAGES.filter((stage) => duties.some((duty) => duty.stage === stage));
  if (stages.length === 0) return [paint.dim('  no AWS calls')];
  const rows = ROLES.flatMap(([role, word]) => {
    const own = duties.filter((duty) => duty.role === role);
    const arn = own.find(({ roleArn }) => roleArn !== null)?.roleArn;
    const name = arn === null || arn === undefined ? '' : roleNameOf(arn);
    return own.length === 0 ? [] : [{ label: `${word.padEnd(11)}${name}`, own }];
  });
  const columns = headings(stages, paint.width);
  const taken = columns.reduce((sum, column) => sum + column.length + 2, 0);
  const longest = Math.max(...rows.map(({ label }) => label.length));
  const room = paint.width === undefined ? longest : Math.max(NARROWEST, Math.min(longest, paint.width - taken - 2));
  const header = `  ${'role'.padEnd(room)}${columns.map((column) => `  ${column}`).join('')}`;
  return [
    paint.dim(header),
    ...rows.map(({ label, own }) => {
      const cells = stages.map((stage, index) => {
        const verdicts = own.filter((duty) => duty.stage === stage).map(({ verdict }) => verdict);
        return `  ${mark(verdicts, paint)}${' '.repeat(columns[index]!.length - 1)}`;
      });
      const text = label.length > room ? `${label.slice(0, room - 1)}…` : label.padEnd(room);
      return `  ${text}${cells.join('')}`.trimEnd();
    }),
  ];
}

/** On a narrow terminal the beginning of each stage's name is enough. */
function headings(stages: readonly Stage[], width: number | undefined): string[] {
  const columns = stages.map((stage) => SHORT[stage] ?? stage);
  const taken = columns.reduce((sum, column) => sum + column.length + 2, 0);
  return width === undefined || taken + NARROWEST + 2 <= width ? columns : columns.map((column) => column.slice(0, 4));
}

function mark(verdicts: readonly DecidedDuty['verdict'][], paint: Paint): string {
  if (verdicts.length === 0) return ' ';
  if (verdicts.includes('refused')) return paint.red(MARKS.refused);
  if (verdicts.includes('unknown')) return paint.yellow(MARKS.unknown);
  return paint.green(MARKS.allowed);
}

interface Group {
  readonly first: Finding;
  /** The same about further calls. */
  readonly more: Finding[];
  readonly taskDefinitions: string[];
  readonly launchTypes: string[];
}

/** What is the same but for launch type, task definition or action is told once. */
function grouped(findings: readonly Finding[]): Group[] {
  const groups = new Map<string, Group>();
  for (const finding of findings) {
    const { id, verdict, roleArn, resource, source, action, why } = finding;
    const told = action === null ? why : '';
    const key = JSON.stringify([id, verdict, roleArn, resource, source.file, source.path, told]);
    const group = groups.get(key) ?? { first: finding, more: [], taskDefinitions: [], launchTypes: [] };
    const add = (list: string[], value: string | null) => {
      if (value !== null && !list.includes(value)) list.push(value);
    };
    add(group.taskDefinitions, finding.taskDefinition);
    add(group.launchTypes, finding.launchType);
    if (![group.first, ...group.more].some((one) => one.action === action)) group.more.push(finding);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function findingLines({ first, more, taskDefinitions, launchTypes }: Group, paint: Paint): string[] {
  const { id, verdict, severity, source, why, remedy } = first;
  const colour = severity === 'error' ? paint.red : severity === 'warning' ? paint.yellow : paint.cyan;
  const where = [taskDefinitions.join(', '), launchTypes.join(', ')].filter((text) => text !== '').join(' on ');
  const heading = `${colour(`${id} ${verdict}`)}${where === '' ? '' : `  ${where}`}`;
  const place = source.file === '' ? [] : [paint.dim(`  at ${placeOf(source)}`)];
  const width = paint.width ?? 120;
  const also = more.length === 0 ? '' : ` The same holds for ${more.map(({ action }) => action).join(', ')}.`;
  // Statements are shown where a call fails without them; the others stand in the JSON report.
  const statements = verdict === 'refused' ? merged([first, ...more].flatMap(({ fix }) => fix)) : [];
  return [
    heading,
    ...place,
    ...wrapped(why + also, width, '  '),
    ...(remedy === '' ? [] : wrapped(`fix: ${remedy}`, width, '  ', '       ')),
    ...statements.flatMap((statement) => statementLines(statement)),
  ];
}

/** Statements that differ in their action only, as one. */
function merged(fixes: readonly PolicyFix[]): object[] {
  const statements = new Map<string, { statement: object; actions: string[] }>();
  for (const { role, policy } of fixes) {
    for (const each of policy.Statement) {
      const { Action, ...rest } = each as { readonly Action?: string | readonly string[] };
      const key = JSON.stringify([role, rest]);
      const known = statements.get(key) ?? { statement: each, actions: [] };
      for (const action of [Action ?? []].flat() as string[])
        if (!known.actions.includes(action)) known.actions.push(action);
      statements.set(key, known);
    }
  }
  return [...statements.values()].map(({ statement, actions }) =>
    actions.length > 1 ? { ...statement, Action: actions } : statement,
  );
}

function statementLines(statement: object): string[] {
  return JSON.stringify(statement, undefined, 2)
    .split('\n')
    .map((line) => `       ${line}`);
}

/** Calls and findings are counted apart: a finding may be about several calls, or about none. */
function summaryLines({ taskDefinitions, duties, findings, silenced }: Summary, paint: Paint): string[] {
  const calls = [
    paint.green(`${duties.allowed} allowed`),
    duties.refused > 0 ? paint.red(`${duties.refused} refused`) : `${duties.refused} refused`,
    duties.unknown > 0 ? paint.yellow(`${duties.unknown} unknown`) : `${duties.unknown} unknown`,
  ];
  const found = VERDICTS.flatMap((verdict) => {
    const count = findings[verdict];
    if (count === 0) return [];
    const text = `${count} ${verdict === 'not-a-role-problem' ? 'not a role problem' : verdict}`;
    return [verdict === 'refused' || verdict === 'not-a-role-problem' ? paint.red(text) : text];
  });
  return [
    `${counted(taskDefinitions, 'task definition')}; calls: ${calls.join(', ')}`,
    `findings: ${[...(found.length === 0 ? ['none'] : found), ...(silenced > 0 ? [`${silenced} silenced`] : [])].join(', ')}`,
  ];
}
