import { arn, parseArn } from '../../core/arn.ts';
import type { AuthorizationCheck, ReadContext } from '../../gateway/operation.ts';
import { groupNotFound, invalidParameter } from './errors.ts';
import { groups, type LogGroupRecord, partitionOf } from './records.ts';
import { accountPolicy } from './resource-policies.ts';

/** A log group as a request names it. */
export interface FoundGroup {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly group: LogGroupRecord | undefined;
}

type FindContext = Pick<ReadContext<unknown>, 'account' | 'region' | 'tx'>;

/** Finds a group by name, or by identifier: a name or an ARN, with or without `:*` behind it. */
export function findGroup({ account, region, tx }: FindContext, identifier: string): FoundGroup {
  const parsed = parseArn(identifier);
  if (parsed === undefined) {
    return { name: identifier, account, region, group: tx.get(groups, partitionOf(account, region), identifier) };
  }
  const name = parsed.resource.replace(/^log-group:/, '').replace(/:\*$/, '');
  const place = { name, account: parsed.account, region: parsed.region };
  // An endpoint serves its own Region only.
  if (parsed.region !== region) return { ...place, group: undefined };
  return { ...place, group: tx.get(groups, partitionOf(parsed.account, region), name) };
}

/** The group of a request that takes a name or an identifier, and needs one of them. */
export function findEither(
  context: FindContext,
  input: { readonly logGroupName?: string | undefined; readonly logGroupIdentifier?: string | undefined },
): FoundGroup {
  const { logGroupName: name, logGroupIdentifier: identifier } = input;
  if (name !== undefined && identifier !== undefined) {
    // unverified: text
    throw invalidParameter('LogGroup name and LogGroup identifier are mutually exclusive parameters.');
  }
  const either = name ?? identifier;
  // unverified: text
  if (either === undefined) throw invalidParameter('Either LogGroup name or LogGroup identifier must be specified.');
  return findGroup(context, either);
}

/** The group; refuses when there is none. */
export function existing({ group }: FoundGroup): LogGroupRecord {
  if (group === undefined) throw groupNotFound();
  return group;
}

export const groupArn = (region: string, account: string, name: string): string =>
  arn('logs', region, account, `log-group:${name}`);

type CheckContext = Pick<ReadContext<unknown>, 'tx'>;

/**
 * The check of an action on a group. The resource is the group with an empty stream behind it, as refusals show
 * (observed: `log-group:/ecs/app:log-stream:`): it matches `log-group:NAME:*`, and not `log-group:NAME` alone.
 */
export function groupCheck(
  context: CheckContext,
  action: string,
  found: FoundGroup,
  more: { requestTags?: Record<string, string> } = {},
): AuthorizationCheck {
  return check(context, action, found, `${groupArn(found.region, found.account, found.name)}:log-stream:`, more);
}

/** The check of an action on a stream. */
export function streamCheck(
  context: CheckContext,
  action: string,
  found: FoundGroup,
  stream: string,
): AuthorizationCheck {
  return check(context, action, found, `${groupArn(found.region, found.account, found.name)}:log-stream:${stream}`);
}

/** The check of an action of the newer tagging API: its resource is the group's bare ARN (observed). */
export function tagCheck(
  context: CheckContext,
  action: string,
  found: FoundGroup,
  more: { requestTags?: Record<string, string>; context?: AuthorizationCheck['context'] } = {},
): AuthorizationCheck {
  return check(context, action, found, groupArn(found.region, found.account, found.name), more);
}

function check(
  { tx }: CheckContext,
  action: string,
  { account, region, group }: FoundGroup,
  resource: string,
  more: { requestTags?: Record<string, string>; context?: AuthorizationCheck['context'] } = {},
): AuthorizationCheck {
  const resourcePolicy = accountPolicy(tx, account, region);
  return {
    action: `logs:${action}`,
    resource,
    ...(group === undefined ? {} : { resourceTags: group.tags }),
    ...(resourcePolicy === undefined ? {} : { resourcePolicy }),
    ...(more.requestTags === undefined ? {} : { requestTags: more.requestTags }),
    ...(more.context === undefined ? {} : { context: more.context }),
  };
}
