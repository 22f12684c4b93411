import type { PlannedCall } from '../roles/plan-types.ts';
import type { PlannedCalls } from './planned-calls.ts';

/**
 * Variables of an environment file. Source: agent, envFiles resource: a line that begins with `#` or holds no `=` is
 * passed over, so is one with an empty name or value; nothing is trimmed or unquoted; the last of equal names wins.
 */
export function parseEnvironmentFile(text: string): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const raw of text.split('\n')) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    const divider = line.indexOf('=');
    if (line.startsWith('#') || divider <= 0 || divider === line.length - 1) continue;
    variables[line.slice(0, divider)] = line.slice(divider + 1);
  }
  return variables;
}

/** Of several files the earlier one wins. Source: agent, MergeEnvironmentVariables of env files. */
export function mergeEnvironmentFiles(files: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const merged: Record<string, string> = {};
  for (const file of files) {
    for (const [name, value] of Object.entries(file)) merged[name] ??= value;
  }
  return merged;
}

/** The text of a planned GetObject. Throws CallFailure. */
export async function fetchEnvironmentFile(calls: PlannedCalls, call: PlannedCall): Promise<Record<string, string>> {
  const answer = await calls.make(call, 's3', 'GetObject');
  const body: unknown = answer.Body;
  const bytes = body instanceof Uint8Array ? body : typeof body === 'string' ? Buffer.from(body) : new Uint8Array();
  return parseEnvironmentFile(Buffer.from(bytes).toString('utf8'));
}
