import type { Stage } from '../roles/duty.ts';
import { loadModel } from '../wire/model.ts';
import { cloudTrailRecord, isReadOnly } from './cloudtrail-record.ts';
import type { Exchange } from './exchange.ts';
import { type Principal, principalArn } from './principals.ts';
import { redact } from './redaction.ts';
import type { Service } from './service.ts';
import type { Diagnosis, RecordedCheck, TrailEntry } from './trail.ts';

/**
 * A call as it is kept: the facts, once each, with secrets hidden. What people and CloudTrail's clients see is made from
 * it when it is read, which happens far less often than a call is made.
 */
export interface RecordedCall {
  readonly eventId: string;
  readonly requestId: string;
  readonly at: number;
  readonly service: string;
  readonly eventSource: string;
  readonly operation: string;
  readonly isData: boolean;
  readonly region: string;
  readonly principal: Principal;
  readonly stage: Stage | undefined;
  readonly taskArn: string | undefined;
  readonly sourceIp: string;
  readonly userAgent: string;
  readonly calledVia: readonly string[];
  readonly parentEventId: string | undefined;
  readonly input: unknown;
  readonly output: unknown;
  readonly checks: readonly RecordedCheck[];
  readonly errorCode: string | undefined;
  readonly errorMessage: string | undefined;
  readonly diagnosis: Diagnosis | undefined;
}

/** Shared by the many calls that have none. */
const NO_MEMBERS = Object.freeze({});
const NO_CHECKS: readonly RecordedCheck[] = Object.freeze([]);

const NOTHING_HIDDEN: ReadonlySet<string> = new Set();
const hiddenMembers = new WeakMap<Service, ReadonlySet<string>>();

function hiddenIn(service: Service): ReadonlySet<string> {
  if (service.hiddenInTrail === undefined) return NOTHING_HIDDEN;
  let hidden = hiddenMembers.get(service);
  if (hidden === undefined) {
    hidden = new Set(service.hiddenInTrail);
    hiddenMembers.set(service, hidden);
  }
  return hidden;
}

/** The records of a call and of the calls that it made, in order. */
export function recordsOf(exchange: Exchange): RecordedCall[] {
  return [recordOf(exchange), ...exchange.children];
}

/** The record of one call. */
export function recordOf(exchange: Exchange): RecordedCall {
  const { checks, error, service, operation } = exchange;
  const denied = isDenied(checks);
  const hidden = hiddenIn(service);
  // Actions without an API operation (ecs:Poll) are in no model.
  const model = loadModel(service.id).operation(operation);
  return {
    eventId: exchange.eventId,
    requestId: exchange.requestId,
    at: exchange.now,
    service: service.id,
    eventSource: service.eventSource,
    operation,
    isData: service.dataEvents?.includes(operation) === true,
    // Calls of global services are filed in the partition's first Region. Source: CloudTrail User Guide, global service events.
    region: service.global === true ? 'us-east-1' : exchange.region,
    principal: exchange.principal,
    stage: exchange.stage,
    taskArn: exchange.taskArn,
    sourceIp: exchange.sourceIp,
    userAgent: exchange.userAgent,
    calledVia: exchange.calledVia,
    parentEventId: exchange.parentEventId,
    input: model?.input?.members.length === 0 ? NO_MEMBERS : redact(exchange.input, hidden, model?.input),
    output: isReadOnly(operation) || error !== undefined ? undefined : redact(exchange.output, hidden, model?.output),
    checks: checks.length === 0 ? NO_CHECKS : checks,
    errorCode: error?.code,
    errorMessage: error?.message,
    diagnosis: denied ? exchange.environment.diagnose?.(exchange) : undefined,
  };
}

/** The record as people read it, with CloudTrail's own record in it. */
export function entryOf(call: RecordedCall): TrailEntry {
  const { principal, checks, errorCode, errorMessage } = call;
  const origin = principal.type === 'role-session' ? principal.origin : undefined;
  return {
    eventId: call.eventId,
    service: call.service,
    operation: call.operation,
    region: call.region,
    account: principal.account,
    principalArn: principalArn(principal),
    principalName: principalName(principal),
    ...(origin === undefined ? {} : { role: origin.role }),
    ...(call.stage === undefined ? {} : { stage: call.stage }),
    ...(call.taskArn === undefined ? {} : { taskArn: call.taskArn }),
    ...(origin?.containerInstanceArn === undefined ? {} : { containerInstanceArn: origin.containerInstanceArn }),
    outcome: isDenied(checks) ? 'denied' : errorCode === undefined ? 'allowed' : 'failed',
    checks,
    ...(errorCode === undefined ? {} : { error: { code: errorCode, message: errorMessage ?? '' } }),
    ...(call.diagnosis === undefined ? {} : { diagnosis: call.diagnosis }),
    ...(call.parentEventId === undefined ? {} : { parentEventId: call.parentEventId }),
    cloudTrail: cloudTrailRecord(call),
  };
}

function isDenied(checks: readonly RecordedCheck[]): boolean {
  return checks.some((check) => check.effect !== 'Allowed');
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
