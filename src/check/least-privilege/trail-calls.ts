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
    else if (isRecord(value)) records.push(value);
    else return undefined;
  }
  return [...callsOfTrail(own), ...callsOfRecords(records)];
}

/** Of a text with a record on each line: the first line, from 1, that is none. Undefined for any other text. */
export function brokenTrailLine(text: string): number | undefined {
  const holds = (line: string) => {
    const value = jsonValue(line);
    return value !== undefined && inner(value).every((each) => isEntry(each) || isRecord(each));
  };
  const lines = text.split('\n').map((line, index) => ({ line: line.trim(), number: index + 1 }));
  const [first, ...more] = lines.filter(({ line }) => line !== '');
  if (first === undefined || more.length === 0 || jsonValue(first.line) === undefined) return undefined;
  return [first, ...more].find(({ line }) => !holds(line))?.number;
}

function isRecord(value: unknown): boolean {
  return isObject(value) && 'eventName' in value;
}

function isEntry(value: unknown): value is TrailEntry {
  return isObject(value) && Array.isArray(value.checks) && value.checks.every(isObject) && isObject(value.cloudTrail);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function inner(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap(inner);
  if (!isObject(value)) return [value];
  if ('Records' in value && Array.isArray(value.Records)) return value.Records;
  if ('Events' in value && Array.isArray(value.Events))
    return value.Events.map((event) => jsonValue(isObject(event) ? String(event.CloudTrailEvent) : ''));
  if ('value' in value && 'sequence' in value) return [value.value];
  return [value];
}

/** Undefined for what is no JSON. */
function jsonValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
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
