import { createHash } from 'node:crypto';
import { AwsError } from '../../core/errors.ts';
import { type Input, operation } from '../../gateway/operation.ts';
import type { Trail, TrailEntry } from '../../gateway/trail.ts';
import type { Read } from '../../store/collections.ts';
import type { Event, LookupAttributeKey } from '../../wire/generated/types/cloudtrail.ts';
import { isNamed, shownResource } from './resources.ts';

/** Entries that are read from the trail at once. */
const CHUNK = 500;
const MOST = 50;

type Lookup = Input<'cloudtrail', 'LookupEvents'>;

/**
 * Looks up calls of the account in the Region, newest first. Data events are among them: Rolecall keeps one trail, and
 * what an application did with its queue is what people look for.
 */
export function lookupEvents(trail: Trail) {
  return operation('cloudtrail', 'LookupEvents', {
    authorize: () => [{ action: 'cloudtrail:LookupEvents', resource: '*' }],
    handle: ({ input, account, region, tx }) => {
      const matches = check(input);
      // There are no insights here, so asking for them finds none.
      if (input.EventCategory !== undefined) return { Events: [] };
      const belongs = (entry: TrailEntry): boolean =>
        entry.account === account && entry.region === region && matches(entry);
      const size = input.MaxResults ?? MOST;
      const after = input.NextToken === undefined ? undefined : readToken(input.NextToken, input);
      const found = search(trail, tx, input, after, belongs, size + 1);
      const page = found.slice(0, size);
      const last = page.at(-1);
      return {
        Events: page.map(({ entry, at }) => shownEvent(entry, at)),
        ...(found.length > size && last !== undefined ? { NextToken: writeToken(last.sequence, input) } : {}),
      };
    },
  });
}

interface Found {
  readonly sequence: number;
  readonly at: number;
  readonly entry: TrailEntry;
}

function search(
  trail: Trail,
  read: Read,
  { StartTime, EndTime }: Lookup,
  after: number | undefined,
  belongs: (entry: TrailEntry) => boolean,
  wanted: number,
): Found[] {
  const found: Found[] = [];
  let before = after;
  for (;;) {
    const chunk = trail.read(read, {
      descending: true,
      limit: CHUNK,
      ...(before === undefined ? {} : { after: before }),
      ...(StartTime === undefined ? {} : { from: StartTime }),
      // Clients give times in seconds: the whole last second belongs to the answer.
      ...(EndTime === undefined ? {} : { to: (Math.floor(EndTime / 1000) + 1) * 1000 }),
    });
    for (const { sequence, at, value } of chunk) {
      if (!belongs(value)) continue;
      found.push({ sequence, at, entry: value });
      if (found.length === wanted) return found;
    }
    const last = chunk.at(-1);
    if (chunk.length < CHUNK || last === undefined) return found;
    before = last.sequence;
  }
}

/** Checks the input and returns the filter that it describes. Codes: API Reference, LookupEvents. unverified: the texts. */
function check(input: Lookup): (entry: TrailEntry) => boolean {
  const { StartTime, EndTime, MaxResults, LookupAttributes = [] } = input;
  if (MaxResults !== undefined && (MaxResults < 1 || MaxResults > MOST)) {
    throw new AwsError(
      'InvalidMaxResultsException',
      `A max results value of ${MaxResults} is invalid. Specify max results between 1 and ${MOST}.`,
    );
  }
  if (StartTime !== undefined && EndTime !== undefined && StartTime > EndTime) {
    throw new AwsError('InvalidTimeRangeException', 'The start time must be earlier than the end time.');
  }
  if (LookupAttributes.length > 1) {
    throw new AwsError('InvalidLookupAttributesException', 'You can only provide one lookup attribute.');
  }
  const [attribute] = LookupAttributes;
  if (attribute === undefined) return () => true;
  const { AttributeKey: key, AttributeValue: value } = attribute;
  if (value === '')
    throw new AwsError('InvalidLookupAttributesException', 'The lookup attribute value must not be empty.');
  return (entry) => FILTERS[key](entry, value);
}

const FILTERS: Readonly<Record<LookupAttributeKey, (entry: TrailEntry, value: string) => boolean>> = {
  EventId: (entry, value) => entry.eventId === value,
  EventName: (entry, value) => entry.cloudTrail.eventName === value,
  EventSource: (entry, value) => entry.cloudTrail.eventSource === value,
  ReadOnly: (entry, value) => String(entry.cloudTrail.readOnly) === value,
  AccessKeyId: (entry, value) => identity(entry).accessKeyId === value,
  Username: (entry, value) => userName(entry) === value,
  ResourceName: (entry, value) => resources(entry).some((arn) => isNamed(arn, value)),
  ResourceType: (entry, value) => resources(entry).some((arn) => shownResource(arn).ResourceType === value),
};

function shownEvent(entry: TrailEntry, at: number): Event {
  const { accessKeyId } = identity(entry);
  const name = userName(entry);
  return {
    EventId: entry.eventId,
    EventName: String(entry.cloudTrail.eventName),
    ReadOnly: String(entry.cloudTrail.readOnly),
    ...(accessKeyId === undefined ? {} : { AccessKeyId: accessKeyId }),
    EventTime: at,
    EventSource: String(entry.cloudTrail.eventSource),
    ...(name === undefined ? {} : { Username: name }),
    Resources: resources(entry).map(shownResource),
    CloudTrailEvent: JSON.stringify(entry.cloudTrail),
  };
}

interface Identity {
  readonly type?: string;
  readonly arn?: string;
  readonly userName?: string;
  readonly accessKeyId?: string;
}

function identity(entry: TrailEntry): Identity {
  return (entry.cloudTrail.userIdentity ?? {}) as Identity;
}

/** For a role session this is the session's name: the task id of an ECS task. Observed. */
function userName(entry: TrailEntry): string | undefined {
  const { type, userName: name, arn } = identity(entry);
  if (type === 'Root') return 'root';
  return name ?? (arn === undefined ? undefined : arn.slice(arn.lastIndexOf('/') + 1));
}

function resources(entry: TrailEntry): readonly string[] {
  return ((entry.cloudTrail.resources ?? []) as readonly { readonly ARN: string }[]).map(({ ARN }) => ARN);
}

/** A token holds where the page ended and what was asked: it goes on with the same question only. */
function writeToken(sequence: number, input: Lookup): string {
  return Buffer.from(`${sequence} ${questionOf(input)}`, 'ascii').toString('base64');
}

function readToken(token: string, input: Lookup): number {
  const match = /^(\d+) ([0-9a-f]+)$/.exec(Buffer.from(token, 'base64').toString('latin1'));
  if (match === null || match[2] !== questionOf(input)) {
    throw new AwsError(
      'InvalidNextTokenException',
      'A token that is not valid, or a token that was previously used in a request with different parameters.',
    );
  }
  return Number(match[1]);
}

function questionOf({ LookupAttributes, StartTime, EndTime, EventCategory }: Lookup): string {
  const question = JSON.stringify([LookupAttributes ?? [], StartTime, EndTime, EventCategory]);
  return createHash('sha256').update(question, 'utf8').digest('hex').slice(0, 32);
}
