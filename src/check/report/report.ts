import type { CheckResult } from '../check.ts';
import type { DecidedDuty, Finding, Verdict } from '../finding.ts';

/** What the formats share. `Paint` is the terminal's; every other output gets plain text. */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
  /** Columns; undefined where the output is no terminal. */
  readonly width: number | undefined;
}

const same = (text: string) => text;
export const PLAIN: Paint = {
  bold: same,
  dim: same,
  red: same,
  green: same,
  yellow: same,
  cyan: same,
  width: undefined,
};

/** Verdicts from the worst to the mildest. `--fail-on` names the mildest that still fails. */
export const VERDICTS = ['refused', 'not-a-role-problem', 'unknown', 'over-granted', 'advice'] as const;

export type FailOn = (typeof VERDICTS)[number] | 'never';

/** 0: nothing at or above the mark; 1: findings there. */
export function exitCode(findings: readonly Finding[], failOn: FailOn): 0 | 1 {
  if (failOn === 'never') return 0;
  const mark = VERDICTS.indexOf(failOn);
  return findings.some(({ verdict }) => rank(verdict) <= mark) ? 1 : 0;
}

function rank(verdict: Verdict): number {
  const at = VERDICTS.indexOf(verdict as (typeof VERDICTS)[number]);
  return at === -1 ? VERDICTS.length : at;
}

/** How many of each. */
export interface Summary {
  readonly taskDefinitions: number;
  readonly duties: { readonly allowed: number; readonly refused: number; readonly unknown: number };
  readonly findings: Readonly<Record<(typeof VERDICTS)[number], number>>;
  readonly silenced: number;
}

export function summaryOf({ duties, findings, silenced, world }: CheckResult): Summary {
  const count = (verdict: DecidedDuty['verdict']) => duties.filter((duty) => duty.verdict === verdict).length;
  return {
    taskDefinitions: world.workload.taskDefinitions.length,
    duties: { allowed: count('allowed'), refused: count('refused'), unknown: count('unknown') },
    findings: Object.fromEntries(
      VERDICTS.map((verdict) => [verdict, findings.filter((one) => one.verdict === verdict).length]),
    ) as Summary['findings'],
    silenced: silenced.length,
  };
}

/** Why and what to do, in one text. */
export function messageOf({ why, remedy }: Finding): string {
  return remedy === '' ? why : `${why} Fix: ${remedy}${/[.!?]$/.test(remedy) ? '' : '.'}`;
}
