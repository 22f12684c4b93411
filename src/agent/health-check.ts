import { setTimeout as delay } from 'node:timers/promises';
import type * as Ecs from '../wire/generated/types/ecs.ts';
import type { RuntimeContainer } from './runtimes/runtime.ts';

export type Health = 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN';

export interface HealthState {
  readonly status: Health;
  /** Epoch milliseconds. */
  readonly since: number;
  readonly exitCode?: number;
  readonly output?: string;
}

/** Seconds. Source: ECS API, HealthCheck; a probe that fails within the start period does not count. */
const DEFAULTS = { interval: 30, timeout: 5, retries: 3, startPeriod: 0 };

/** The command to run, or undefined when the check is switched off (`NONE`). */
export function healthCommand(check: Ecs.HealthCheck): readonly string[] | undefined {
  const [kind, ...rest] = check.command;
  if (kind === 'NONE') return undefined;
  if (kind === 'CMD-SHELL') return ['/bin/sh', '-c', rest.join(' ')];
  return kind === 'CMD' ? rest : check.command;
}

/** Probes a container until `signal` aborts and tells each change of its health. The first probe comes after one interval. */
export async function watchHealth(
  container: RuntimeContainer,
  check: Ecs.HealthCheck,
  signal: AbortSignal,
  changed: (state: HealthState) => void,
): Promise<void> {
  const command = healthCommand(check);
  if (command === undefined || command.length === 0) return;
  const settings = { ...DEFAULTS, ...definedOf(check) };
  const begun = Date.now();
  let status: Health = 'UNKNOWN';
  let failures = 0;
  while (!signal.aborted) {
    await delay(settings.interval * 1000, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    const probedAt = Date.now();
    const result = await container.execute(command, settings.timeout * 1000);
    if (signal.aborted) return;
    const healthy = result.code === 0 && !result.timedOut;
    const inStartPeriod = status !== 'HEALTHY' && probedAt - begun < settings.startPeriod * 1000;
    failures = healthy || inStartPeriod ? 0 : failures + 1;
    const next: Health = healthy ? 'HEALTHY' : failures >= settings.retries ? 'UNHEALTHY' : status;
    if (next === status) continue;
    status = next;
    changed({ status, since: Date.now(), exitCode: result.timedOut ? -1 : result.code, output: result.output });
  }
}

function definedOf(check: Ecs.HealthCheck): Partial<typeof DEFAULTS> {
  return Object.fromEntries(
    (['interval', 'timeout', 'retries', 'startPeriod'] as const)
      .filter((name) => check[name] !== undefined)
      .map((name) => [name, check[name]]),
  );
}
