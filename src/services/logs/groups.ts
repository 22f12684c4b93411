import { type AuthorizationCheck, operation } from '../../gateway/operation.ts';
import type { Read } from '../../store/collections.ts';
import type { CreateLogGroupRequest, DescribeLogGroupsRequest } from '../../wire/generated/types/logs.ts';
import { existing, findGroup, groupArn, groupCheck, tagCheck } from './authorization.ts';
import { groupExists, invalidParameter, unsupported } from './errors.ts';
import { page } from './pages.ts';
import {
  allStreams,
  events,
  eventsPartition,
  groups,
  type LogGroupRecord,
  partitionOf,
  putGroup,
  streams,
  streamsPartition,
} from './records.ts';
import { checkTags } from './tags.ts';

export const CreateLogGroup = operation('logs', 'CreateLogGroup', {
  resolve: (context) => ({ found: findGroup(context, context.input.logGroupName) }),
  authorize: (context) => {
    const { input, found } = context;
    const create = groupCheck(context, 'CreateLogGroup', found, { requestTags: { ...input.tags } });
    if (input.tags === undefined) return [create];
    // "To assign tags when you create a log group, you must have either the logs:TagResource or logs:TagLogGroup permission."
    return [create, tagCheck(context, 'TagResource', found, { requestTags: { ...input.tags } })];
  },
  handle: ({ input, account, region, now, tx, found }) => {
    refuseUnsupported(input);
    if (found.group !== undefined) throw groupExists();
    checkTags(input.tags ?? {});
    putGroup(tx, { name: input.logGroupName, account, region, createdAt: now, tags: { ...input.tags } });
    return {};
  },
});

function refuseUnsupported(input: CreateLogGroupRequest): void {
  if (input.kmsKeyId !== undefined) throw unsupported('kmsKeyId');
  if (input.deletionProtectionEnabled === true) throw unsupported('deletionProtectionEnabled');
  if (input.logGroupClass !== undefined && input.logGroupClass !== 'STANDARD') {
    throw unsupported(`logGroupClass ${input.logGroupClass}`);
  }
}

export const DeleteLogGroup = operation('logs', 'DeleteLogGroup', {
  resolve: (context) => ({ found: findGroup(context, context.input.logGroupName) }),
  authorize: (context) => [groupCheck(context, 'DeleteLogGroup', context.found)],
  handle: ({ tx, found }) => {
    const group = existing(found);
    for (const stream of allStreams(tx, group)) tx.truncate(events, eventsPartition(group, stream.name));
    tx.clear(streams, streamsPartition(group));
    tx.delete(groups, partitionOf(group.account, group.region), group.name);
    return {};
  },
});

export const DescribeLogGroups = operation('logs', 'DescribeLogGroups', {
  /** Refusals show a group and a stream without names (observed). */
  authorize: ({ account, region }): AuthorizationCheck[] => [
    { action: 'logs:DescribeLogGroups', resource: `${groupArn(region, account, '')}:log-stream:` },
  ],
  handle: (context) => {
    const { input, account, region, tx } = context;
    const all = tx.list(groups, partitionOf(account, region)).filter(selection(input));
    const { items, ...more } = page(all, (group) => group.name, input, 50);
    return { logGroups: items.map((group) => describe(tx, group)), ...more };
  },
});

function selection(input: DescribeLogGroupsRequest): (group: LogGroupRecord) => boolean {
  const { logGroupNamePrefix: prefix, logGroupNamePattern: pattern, logGroupIdentifiers: identifiers } = input;
  if (input.includeLinkedAccounts === true) throw unsupported('includeLinkedAccounts');
  if (input.accountIdentifiers !== undefined) throw unsupported('accountIdentifiers');
  if (prefix !== undefined && pattern !== undefined) {
    throw invalidParameter('LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.');
  }
  if (identifiers !== undefined && (prefix !== undefined || pattern !== undefined)) {
    // unverified: text
    throw invalidParameter(
      'LogGroup identifiers and LogGroup name prefix or pattern are mutually exclusive parameters.',
    );
  }
  const wanted = identifiers?.map((identifier) => identifier.replace(/^arn:.*:log-group:/, '').replace(/:\*$/, ''));
  return (group) =>
    (prefix === undefined || group.name.startsWith(prefix)) &&
    (pattern === undefined || group.name.includes(pattern)) &&
    (wanted === undefined || wanted.includes(group.name)) &&
    (input.logGroupClass === undefined || input.logGroupClass === 'STANDARD');
}

function describe(read: Read, group: LogGroupRecord) {
  const bare = groupArn(group.region, group.account, group.name);
  return {
    logGroupName: group.name,
    creationTime: group.createdAt,
    ...(group.retentionInDays === undefined ? {} : { retentionInDays: group.retentionInDays }),
    metricFilterCount: 0,
    arn: `${bare}:*`,
    storedBytes: allStreams(read, group).reduce((sum, stream) => sum + stream.bytes, 0),
    logGroupClass: 'STANDARD' as const,
    logGroupArn: bare,
  };
}
