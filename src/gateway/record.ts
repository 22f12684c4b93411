import { cloudTrailRecord } from './cloudtrail-record.ts';
import type { Exchange } from './exchange.ts';
import { type Principal, principalArn } from './principals.ts';
import type { TrailEntry } from './trail.ts';

/** The records of a call and of the calls that it made, in order. */
export function recordsOf(exchange: Exchange): TrailEntry[] {
  return [recordOf(exchange), ...exchange.children];
}

/** The record of one call: CloudTrail's, and what CloudTrail does not say. */
export function recordOf(exchange: Exchange): TrailEntry {
  const { principal, error, checks } = exchange;
  const origin = principal.type === 'role-session' ? principal.origin : undefined;
  const failure = error === undefined ? undefined : { code: error.code, message: error.message };
  const denied = checks.some((check) => check.effect !== 'Allowed');
  const diagnosis = denied ? exchange.environment.diagnose?.(exchange) : undefined;
  const invokedBy = exchange.calledVia.at(-1);
  return {
    eventId: exchange.eventId,
    service: exchange.service.id,
    operation: exchange.operation,
    region: exchange.region,
    account: principal.account,
    principalArn: principalArn(principal),
    principalName: principalName(principal),
    ...(origin === undefined ? {} : { role: origin.role }),
    ...(exchange.stage === undefined ? {} : { stage: exchange.stage }),
    ...(exchange.taskArn === undefined ? {} : { taskArn: exchange.taskArn }),
    ...(origin?.containerInstanceArn === undefined ? {} : { containerInstanceArn: origin.containerInstanceArn }),
    outcome: denied ? 'denied' : failure === undefined ? 'allowed' : 'failed',
    checks,
    ...(failure === undefined ? {} : { error: failure }),
    ...(diagnosis === undefined ? {} : { diagnosis }),
    ...(exchange.parentEventId === undefined ? {} : { parentEventId: exchange.parentEventId }),
    cloudTrail: cloudTrailRecord({
      service: exchange.service,
      operation: exchange.operation,
      principal,
      region: exchange.region,
      account: principal.account,
      now: exchange.now,
      requestId: exchange.requestId,
      eventId: exchange.eventId,
      sourceIp: exchange.sourceIp,
      userAgent: exchange.userAgent,
      ...(invokedBy === undefined ? {} : { invokedBy: `${invokedBy}.amazonaws.com` }),
      input: exchange.input,
      output: exchange.output,
      ...(failure === undefined ? {} : { error: failure }),
      resources: [...new Set(checks.map((check) => check.resource).filter((resource) => resource.startsWith('arn:')))],
    }),
  };
}

function principalName(principal: Principal): string {
  switch (principal.type) {
    case 'role-session':
      return principal.roleName;
    case 'user':
      return principal.userName;
    case 'federated-user':
      return principal.name;
    case 'service':
      return principal.service;
    default:
      return principal.type;
  }
}
