import type { CheckResult } from '../check.ts';
import type { DecidedDuty, Finding } from '../finding.ts';
import { messageOf, type Summary, summaryOf } from './report.ts';

/** The document of `--format json`. */
export interface JsonReport {
  readonly version: 1;
  readonly summary: Summary;
  readonly duties: readonly DecidedDuty[];
  readonly findings: readonly Omit<Finding, 'remedy'>[];
}

export function jsonReport(result: CheckResult): JsonReport {
  return {
    version: 1,
    summary: summaryOf(result),
    duties: result.duties,
    findings: result.findings.map((finding) => {
      const { remedy: _, source, ...rest } = finding;
      const { file, path, line } = source;
      return { ...rest, why: messageOf(finding), source: { file, path, line } };
    }),
  };
}
