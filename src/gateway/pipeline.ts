import { AwsError } from '../core/errors.ts';
import type { RequestContext } from '../policy/types.ts';
import type { Tx } from '../store/collections.ts';
import type { ServiceId } from '../wire/generated/types/operations.ts';
import { authorizeChecks } from './authorize.ts';
import type { Exchange } from './exchange.ts';
import { openExchange } from './open-exchange.ts';
import type {
  AuthorizationCheck,
  CallContext,
  CallOptions,
  HandleContext,
  ReadContext,
  ServiceCall,
} from './operation.ts';
import { recordOf, recordsOf } from './record.ts';

/**
 * A call, from a decoded and authenticated request to its outcome: authorize → handle → record.
 * (decode, authenticate and encode stand around it in http.ts: calls from inside have no socket.)
 * Authorize and handle are one unit of work, undone when either refuses; the record stays either way.
 */
const steps: readonly ((exchange: Exchange, tx: Tx, found: Found) => void)[] = [resolve, authorize, handle];

/** What an operation's `resolve` found, handed from step to step. */
interface Found {
  value: object;
}

/** Runs the call and records it. The outcome is in `exchange.output` or `exchange.error`; a promise only where the operation waits. */
export function run(exchange: Exchange): undefined | Promise<void> {
  const { store } = exchange.environment;
  return store.transact((tx) => {
    try {
      store.transact((inner) => {
        const found: Found = { value: {} };
        for (const step of steps) step(exchange, inner, found);
      });
    } catch (error) {
      exchange.error = asAwsError(exchange, error);
    }
    if (exchange.output instanceof Promise) return settle(exchange, exchange.output);
    record(exchange, tx);
    return undefined;
  });
}

/** Runs a list of checks without an operation: for IAM actions that have no public API (ecs:Poll). Recorded like a call. */
export function runChecks(exchange: Exchange, checks: readonly AuthorizationCheck[]): void {
  exchange.environment.store.transact((tx) => {
    try {
      authorizeChecks(exchange, tx, checks);
    } catch (error) {
      exchange.error = asAwsError(exchange, error);
    }
    record(exchange, tx);
  });
}

/** Records a call that was refused before it could be authorized (signature, input). */
export function recordOnly(exchange: Exchange): void {
  exchange.environment.store.transact((tx) => record(exchange, tx));
}

function resolve(exchange: Exchange, tx: Tx, found: Found): void {
  const find = exchange.declaration?.resolve;
  if (find !== undefined) found.value = find({ ...callContext(exchange), tx } satisfies ReadContext<unknown>);
}

function authorize(exchange: Exchange, tx: Tx, found: Found): void {
  const declared = exchange.declaration?.authorize;
  if (declared === 'always-allowed') return;
  const context: ReadContext<unknown> = { ...callContext(exchange), tx, ...found.value };
  const checks = declared === undefined ? unservedChecks(exchange, context) : declared(context);
  authorizeChecks(exchange, tx, checks);
}

function handle(exchange: Exchange, tx: Tx, found: Found): void {
  if (exchange.declaration === undefined) throw notServed(exchange);
  const { store } = exchange.environment;
  const context: HandleContext<unknown> = {
    ...callContext(exchange),
    tx,
    call: callFrom(exchange),
    transact: (work) => store.transact(work),
    abandoned: exchange.abandoned,
    ...found.value,
  };
  exchange.output = exchange.declaration.handle(context);
}

async function settle(exchange: Exchange, pending: Promise<unknown>): Promise<void> {
  exchange.output = undefined;
  try {
    exchange.output = await pending;
  } catch (error) {
    exchange.error = asAwsError(exchange, error);
  }
  exchange.environment.store.transact((tx) => record(exchange, tx));
}

function record(exchange: Exchange, tx: Tx): void {
  if (exchange.parentEventId !== undefined) return;
  for (const entry of recordsOf(exchange)) exchange.environment.trail.append(tx, exchange.now, entry);
}

/** Calls another operation on behalf of the call in hand. */
function callFrom(parent: Exchange): ServiceCall {
  return ((service: ServiceId, operation: string, input: unknown, options: CallOptions = {}) => {
    const child = openExchange(parent.environment, {
      service,
      operation,
      input,
      principal: options.as ?? parent.principal,
      region: options.region ?? parent.region,
      endpoint: parent.endpoint,
      stage: options.stage ?? parent.stage,
      taskArn: options.taskArn ?? parent.taskArn,
      sourceIp: parent.sourceIp,
      userAgent: parent.userAgent,
      abandoned: parent.abandoned,
      parentEventId: parent.eventId,
      calledVia: options.via === undefined ? parent.calledVia : [...parent.calledVia, options.via],
      callerContext: {
        ...(options.as === undefined ? parent.callerContext : {}),
        ...viaContext(options.via, options.region ?? parent.region),
        ...options.context,
      },
    });
    const pending = run(child);
    parent.children.push(recordOf(child), ...child.children);
    if (pending !== undefined) throw new Error(`${service}:${operation} waits and cannot be called from a handler`);
    if (child.error !== undefined) throw child.error;
    return child.output;
  }) as ServiceCall;
}

/** Source: AWS KMS Developer Guide, condition key kms:ViaService (`ssm.eu-west-1.amazonaws.com`). */
function viaContext(via: ServiceId | undefined, region: string): RequestContext {
  return via === undefined ? {} : { 'kms:ViaService': `${via}.${region}.amazonaws.com` };
}

function callContext(exchange: Exchange): CallContext<unknown> {
  return {
    input: exchange.input,
    principal: exchange.principal,
    account: exchange.principal.account,
    region: exchange.region,
    now: exchange.now,
    requestId: exchange.requestId,
    endpoint: exchange.endpoint,
    callerContext: exchange.callerContext,
    stage: exchange.stage,
    ids: exchange.environment.ids,
  };
}

function unservedChecks(exchange: Exchange, context: ReadContext<unknown>): readonly AuthorizationCheck[] {
  const { service, operation } = exchange;
  const own = service.authorizeUnserved?.(operation, context as ReadContext<Record<string, unknown>>);
  return own ?? [{ action: `${service.actionPrefix}:${operation}`, resource: '*' }];
}

function notServed(exchange: Exchange): AwsError {
  const { service, operation } = exchange;
  const served = Object.keys(service.operations).sort().join(', ');
  return new AwsError(
    'UnknownOperationException',
    `Rolecall does not serve ${service.id}:${operation}. The caller is allowed to make this call, so in AWS it would be carried out. Served operations of ${service.id}: ${served}.`,
  );
}

function asAwsError(exchange: Exchange, error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  exchange.environment.logBug(exchange.requestId, error);
  return new AwsError(
    'InternalFailure',
    `The request processing has failed because of an unknown error, exception or failure. (request id ${exchange.requestId})`,
    {
      fault: 'server',
    },
  );
}
