import type { LoadReport } from '../sources/load/load.ts';
import { exitCodeOf, refusalsOf, type TaskResult, worstExitCode } from './task-result.ts';

/** What `rolecall run --json` prints: one document, when everything has ended. */
export function runDocument(endpoint: string, report: LoadReport, results: readonly TaskResult[]): object {
  return {
    version: 1,
    endpoint,
    exitCode: worstExitCode(results),
    loaded: report.loaded,
    leftOut: report.leftOut,
    tasks: results.map((result) => ({
      taskDefinition: result.taskDefinition,
      launchType: result.launchType,
      taskArn: result.taskArn,
      started: result.started,
      exitCode: exitCodeOf(result),
      stopCode: result.stopCode,
      stoppedReason: result.stoppedReason,
      containers: result.containers,
      calls: result.calls.map(({ sequence, at, value }) => ({
        sequence,
        at,
        stage: value.stage,
        role: value.role,
        principal: value.principalArn,
        call: `${value.service}:${value.operation}`,
        outcome: value.outcome,
        checks: value.checks,
        error: value.error,
      })),
      refusals: refusalsOf(result).map((entry) => ({
        stage: entry.stage,
        role: entry.role,
        principal: entry.principalArn,
        checks: entry.checks.filter(({ effect }) => effect !== 'Allowed'),
        why: entry.diagnosis?.why ?? entry.error?.message,
        fix: entry.diagnosis?.fix ?? [],
      })),
      output: result.output.map(({ container, stream, line }) => ({ container, stream, line })),
    })),
  };
}
