import type { ReadContext } from '../../gateway/operation.ts';
import { defineService, type Service } from '../../gateway/service.ts';
import { findGroup, groupCheck } from './authorization.ts';
import { FilterLogEvents } from './filter-events.ts';
import { GetLogEvents } from './get-events.ts';
import { CreateLogGroup, DeleteLogGroup, DescribeLogGroups } from './groups.ts';
import { PutLogEvents } from './put-events.ts';
import { DeleteResourcePolicy, DescribeResourcePolicies, PutResourcePolicy } from './resource-policies.ts';
import { DeleteRetentionPolicy, PutRetentionPolicy } from './retention.ts';
import { CreateLogStream, DeleteLogStream, DescribeLogStreams } from './streams.ts';
import {
  ListTagsForResource,
  ListTagsLogGroup,
  TagLogGroup,
  TagResource,
  UntagLogGroup,
  UntagResource,
} from './tags.ts';

/** Amazon CloudWatch Logs: groups, streams and events. */
export const logsService: Service = defineService({
  id: 'logs',
  actionPrefix: 'logs',
  eventSource: 'logs.amazonaws.com',
  hiddenInTrail: ['logEvents', 'logEventMessages'],
  dataEvents: ['PutLogEvents'],
  authorizeUnserved: (operation, context) => [unservedCheck(operation, context)],
  operations: {
    CreateLogGroup,
    CreateLogStream,
    DeleteLogGroup,
    DeleteLogStream,
    DeleteResourcePolicy,
    DeleteRetentionPolicy,
    DescribeLogGroups,
    DescribeLogStreams,
    DescribeResourcePolicies,
    FilterLogEvents,
    GetLogEvents,
    ListTagsForResource,
    ListTagsLogGroup,
    PutLogEvents,
    PutResourcePolicy,
    PutRetentionPolicy,
    TagLogGroup,
    TagResource,
    UntagLogGroup,
    UntagResource,
  },
});

/** Operations on a group are authorized against it, whether they are served or not. */
function unservedCheck(operation: string, context: ReadContext<Record<string, unknown>>) {
  const { logGroupName } = context.input;
  if (typeof logGroupName === 'string') return groupCheck(context, operation, findGroup(context, logGroupName));
  return { action: `logs:${operation}`, resource: '*' };
}
