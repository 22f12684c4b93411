import { isRoleArn } from '../../core/arn.ts';
import type { TrailEntry } from '../../gateway/trail.ts';
import type { ObservedCall } from '../model/world.ts';
import { callsOfRecords } from './cloudtrail-calls.ts';

/** The checks that a trail of Rolecall's records. Only calls of applications: what ECS does for a task stands in the plan. */
export function callsOfTrail(entries: readonly TrailEntry[]): ObservedCall[] {
  return entries.flatMap((entry) => {
    if (entry.role !== 'task' || entry.stage === 'launch') return [];
    const roleArn = roleArnOf(entry);
    if (roleArn === undefined) return [];
    return entry.checks
      .filter(({ action, decidedBy }) => action !== 'sts:GetCallerIdentity' && decidedBy?.kind !== 'key')
      .map(({ action, resource, effect }) => ({ roleArn, action, resource, denied: effect !== 'Allowed' }));
  });
}

function roleArnOf({ cloudTrail }: TrailEntry): string | undefined {
  const identity = cloudTrail.userIdentity as
    | { readonly sessionContext?: { readonly sessionIssuer?: { readonly arn?: string } } }
    | undefined;
  const arn = identity?.sessionContext?.sessionIssuer?.arn;
  return arn !== undefined && isRoleArn(arn) ? arn : undefined;
}

/**
 * The calls in a trail's text: what `rolecall trail --json` prints (a record a line), a list of records, or CloudTrail's
 * files and answers (`{"Records": […]}`, `{"Events": […]}`). Undefined when it is none of these.
 */
export function callsOfText(text: string): ObservedCall[] | undefined {
  const values = jsonValues(text);
  if (values === undefined) return undefined;
  const own: TrailEntry[] = [];
  const records: unknown[] = [];
  for (const value of values.flatMap(inner)) {
    if (isEntry(value)) own.push(value);
    else if (typeof value === 'object' && value !== null && 'eventName' in value) records.push(value);
    else return undefined;
  }
  return [...callsOfTrail(own), ...callsOfRecords(records)];
}

function isEntry(value: unknown): value is TrailEntry {
  return typeof value === 'object' && value !== null && 'checks' in value && 'cloudTrail' in value;
}

function inner(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap(inner);
  if (typeof value !== 'object' || value === null) return [value];
  if ('Records' in value && Array.isArray(value.Records)) return value.Records;
  if ('Events' in value && Array.isArray(value.Events))
    return value.Events.map((event) => JSON.parse(String((event as { CloudTrailEvent?: string }).CloudTrailEvent)));
  if ('value' in value && 'sequence' in value) return [value.value];
  return [value];
}

function jsonValues(text: string): unknown[] | undefined {
  try {
    return [JSON.parse(text)];
  } catch {
    try {
      return text
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => JSON.parse(line) as unknown);
    } catch {
      return undefined;
    }
  }
}
