import { type Principal, principalArn, userIdOf } from './principals.ts';
import type { RecordedCall } from './record.ts';
import { isoSeconds } from './request-context.ts';

const READ_ONLY =
  /^(Get|List|Describe|Lookup|Head|BatchGet|BatchCheck|Filter|Receive|Test|Simulate|Query|Scan|Select|Discover|Decode)/;

/** Whether CloudTrail would call the operation read-only; the answers of such are not recorded. */
export function isReadOnly(operation: string): boolean {
  return READ_ONLY.test(operation);
}

/**
 * The call as CloudTrail would file it. Source: CloudTrail User Guide, cloudtrail-event-reference-record-contents and
 * -user-identity; shapes of ECS sessions as observed (session context, AWSService for ecs-tasks).
 */
export function cloudTrailRecord(call: RecordedCall): Record<string, unknown> {
  const { principal, errorCode, errorMessage } = call;
  const via = call.calledVia.at(-1);
  const invokedBy = via === undefined ? undefined : `${via}.amazonaws.com`;
  const invokedByService = principal.type === 'service' ? principal.service : invokedBy;
  const resources = [
    ...new Set(call.checks.map(({ resource }) => resource).filter((resource) => resource.startsWith('arn:'))),
  ];
  return {
    eventVersion: '1.11',
    userIdentity: userIdentity(principal, invokedBy),
    eventTime: isoSeconds(call.at),
    eventSource: call.eventSource,
    eventName: call.operation,
    awsRegion: call.region,
    sourceIPAddress: invokedByService ?? call.sourceIp,
    userAgent: invokedByService ?? call.userAgent,
    ...(errorCode === undefined ? {} : { errorCode, errorMessage }),
    requestParameters: nullIfEmpty(call.input),
    responseElements: nullIfEmpty(call.output),
    requestID: call.requestId,
    eventID: call.eventId,
    readOnly: isReadOnly(call.operation),
    ...(resources.length === 0 ? {} : { resources: resources.map((ARN) => ({ ARN, accountId: principal.account })) }),
    eventType: 'AwsApiCall',
    managementEvent: !call.isData,
    recipientAccountId: principal.account,
    eventCategory: call.isData ? 'Data' : 'Management',
  };
}

function nullIfEmpty(value: unknown): unknown {
  if (value === undefined) return null;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0 ? null : value;
}

function userIdentity(principal: Principal, invokedBy: string | undefined): Record<string, unknown> {
  const via = invokedBy === undefined ? {} : { invokedBy };
  switch (principal.type) {
    case 'service':
      return { type: 'AWSService', invokedBy: principal.service };
    case 'anonymous':
      return { type: 'AWSAccount', principalId: '', accountId: 'ANONYMOUS_PRINCIPAL' };
    case 'root':
      return {
        type: 'Root',
        principalId: principal.account,
        arn: principalArn(principal),
        accountId: principal.account,
        ...(principal.accessKeyId === undefined ? {} : { accessKeyId: principal.accessKeyId }),
        ...via,
      };
    case 'user':
      return {
        type: 'IAMUser',
        principalId: principal.userId,
        arn: principal.arn,
        accountId: principal.account,
        accessKeyId: principal.accessKeyId,
        userName: principal.userName,
        ...(principal.issuedAt === undefined
          ? {}
          : { sessionContext: { attributes: sessionAttributes(principal.issuedAt) } }),
        ...via,
      };
    case 'federated-user':
      return {
        type: 'FederatedUser',
        principalId: userIdOf(principal),
        arn: principal.arn,
        accountId: principal.account,
        accessKeyId: principal.accessKeyId,
        ...via,
      };
    case 'role-session':
      return {
        type: 'AssumedRole',
        principalId: userIdOf(principal),
        arn: principal.arn,
        accountId: principal.account,
        accessKeyId: principal.accessKeyId,
        sessionContext: {
          sessionIssuer: {
            type: 'Role',
            principalId: principal.roleId,
            arn: principal.roleArn,
            accountId: principal.account,
            userName: principal.roleName,
          },
          attributes: sessionAttributes(principal.issuedAt ?? 0),
          ...(principal.sourceIdentity === undefined ? {} : { sourceIdentity: principal.sourceIdentity }),
          ...(principal.ec2RoleDelivery === undefined ? {} : { ec2RoleDelivery: principal.ec2RoleDelivery }),
        },
        ...(principal.origin?.role === 'container-instance' && principal.origin.containerInstanceArn !== undefined
          ? {
              inScopeOf: {
                issuerType: 'AWS::EC2::Instance',
                credentialsIssuedTo: principal.origin.containerInstanceArn,
              },
            }
          : {}),
        ...via,
      };
  }
}

function sessionAttributes(issuedAt: number): Record<string, string> {
  return { creationDate: isoSeconds(issuedAt), mfaAuthenticated: 'false' };
}
