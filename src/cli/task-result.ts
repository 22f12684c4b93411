import type { TrailEntry } from '../gateway/trail.ts';
import type { LaunchType } from '../roles/duty.ts';
import type { LogEntry } from '../store/collections.ts';
import type { OutputLine } from './output/container-output.ts';

export interface ContainerResult {
  readonly name: string;
  readonly essential: boolean;
  readonly exitCode?: number;
  readonly reason?: string;
}

/** How one task definition fared on one launch type. */
export interface TaskResult {
  readonly taskDefinition: string;
  readonly launchType: LaunchType;
  readonly taskArn?: string;
  /** False: ECS made no task, or stopped it before its containers ran. */
  readonly started: boolean;
  readonly stopCode?: string;
  /** ECS's own words; for a task that was never made, those of RunTask. */
  readonly stoppedReason?: string;
  readonly containers: readonly ContainerResult[];
  readonly calls: readonly LogEntry<TrailEntry>[];
  readonly output: readonly OutputLine[];
}

/** The task could not start. */
export const COULD_NOT_START = 3;
/** SIGTERM and SIGKILL as exit codes: how ECS ends the other containers once an essential one has stopped. */
const STOPPED_BY_ECS = [143, 137];

/** The exit code of the essential container that ended the task; 3 when it could not start. */
export function exitCodeOf(result: TaskResult): number {
  if (!result.started) return COULD_NOT_START;
  const codes = result.containers.filter(({ essential }) => essential).map(({ exitCode }) => exitCode ?? 1);
  const own = codes.filter((code) => !STOPPED_BY_ECS.includes(code));
  return Math.max(0, ...(own.length > 0 ? own : codes));
}

/** Several tasks: one that could not start is the worst, then the highest code. */
export function worstExitCode(results: readonly TaskResult[]): number {
  if (results.some(({ started }) => !started)) return COULD_NOT_START;
  return Math.max(0, ...results.map(exitCodeOf));
}

/** The refused calls, each once: the same call refused again says nothing new. */
export function refusalsOf(result: TaskResult): TrailEntry[] {
  const seen = new Set<string>();
  const refusals: TrailEntry[] = [];
  for (const { value } of result.calls) {
    if (value.outcome !== 'denied') continue;
    const denied = value.checks.find(({ effect }) => effect !== 'Allowed');
    const key = [
      value.principalArn.split('/')[1],
      denied?.action ?? value.operation,
      denied?.resource,
      value.stage,
    ].join(' ');
    if (seen.has(key)) continue;
    seen.add(key);
    refusals.push(value);
  }
  return refusals;
}
