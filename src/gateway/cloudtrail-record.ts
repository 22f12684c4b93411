import { type Principal, principalArn, userIdOf } from './principals.ts';
import { redact } from './redaction.ts';
import { isoSeconds } from './request-context.ts';
import type { Service } from './service.ts';

/** What is known of a call when its record is written. */
export interface CallFacts {
  readonly service: Service;
  readonly operation: string;
  readonly principal: Principal;
  readonly region: string;
  readonly account: string;
  readonly now: number;
  readonly requestId: string;
  readonly eventId: string;
  readonly sourceIp: string;
  readonly userAgent: string;
  /** The AWS service that made the call on the principal's behalf, e.g. `ssm.amazonaws.com`. */
  readonly invokedBy?: string;
  readonly input: unknown;
  readonly output: unknown;
  readonly error?: { readonly code: string; readonly message: string };
  readonly resources: readonly string[];
}

const READ_ONLY =
  /^(Get|List|Describe|Lookup|Head|BatchGet|BatchCheck|Filter|Receive|Test|Simulate|Query|Scan|Select|Discover|Decode)/;

/**
 * The call as CloudTrail would file it. Source: CloudTrail User Guide, cloudtrail-event-reference-record-contents and
 * -user-identity; shapes of ECS sessions as observed (session context, AWSService for ecs-tasks).
 */
export function cloudTrailRecord(call: CallFacts): Record<string, unknown> {
  const readOnly = READ_ONLY.test(call.operation);
  const hidden = new Set(call.service.hiddenInTrail ?? []);
  const isData = call.service.dataEvents?.includes(call.operation) === true;
  const invokedByService = call.principal.type === 'service' ? call.principal.service : call.invokedBy;
  return {
    eventVersion: '1.11',
    userIdentity: userIdentity(call.principal, call.invokedBy),
    eventTime: isoSeconds(call.now),
    eventSource: call.service.eventSource,
    eventName: call.operation,
    awsRegion: call.region,
    sourceIPAddress: invokedByService ?? call.sourceIp,
    userAgent: invokedByService ?? call.userAgent,
    ...(call.error === undefined ? {} : { errorCode: call.error.code, errorMessage: call.error.message }),
    requestParameters: nullIfEmpty(redact(call.input, hidden)),
    responseElements: readOnly || call.error !== undefined ? null : nullIfEmpty(redact(call.output, hidden)),
    requestID: call.requestId,
    eventID: call.eventId,
    readOnly,
    ...(call.resources.length === 0
      ? {}
      : { resources: call.resources.map((ARN) => ({ ARN, accountId: call.account })) }),
    eventType: 'AwsApiCall',
    managementEvent: !isData,
    recipientAccountId: call.account,
    eventCategory: isData ? 'Data' : 'Management',
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
