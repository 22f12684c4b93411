import { AwsError } from '../core/errors.ts';
import type { RequestContext } from '../policy/types.ts';
import type { Tx } from '../store/collections.ts';
import type { ServiceId } from '../wire/generated/types/operations.ts';
import { authorizeChecks } from './authorize.ts';
import type { Exchange } from './exchange.ts';
import { openExchange } from './open-exchange.ts';
import type { AuthorizationCheck, CallOptions, HandleContext, ReadContext, ServiceCall } from './operation.ts';
import { recordOf, recordsOf } from './record.ts';

/** An operation's context, filled by its `resolve`. One object for all steps. */
type Context = HandleContext<unknown>;

/**
 * A call, from a decoded and authenticated request to its outcome: authorize → handle → record.
 * (decode, authenticate and encode stand around it in http.ts: calls from inside have no socket.)
 * Authorize and handle are one unit of work, undone when either refuses; the record stays either way.
 */
const steps: readonly ((exchange: Exchange, context: Context) => void)[] = [resolve, authorize, handle];

/** Runs the call and records it. The outcome is in `exchange.output` or `exchange.error`; a promise only where the operation waits. */
export function run(exchange: Exchange): undefined | Promise<void> {
  const { store } = exchange.environment;
  return store.transact((tx) => {
    try {
      store.transact((inner) => {
        const context = new OperationContext(exchange, inner);
        for (const step of steps) step(exchange, context);
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

function resolve(exchange: Exchange, context: Context): void {
  const find = exchange.declaration?.resolve;
  if (find !== undefined) Object.assign(context, find(context));
}

function authorize(exchange: Exchange, context: Context): void {
  const declared = exchange.declaration?.authorize;
  if (declared === 'always-allowed') return;
  const checks = declared === undefined ? unservedChecks(exchange, context) : declared(context);
  authorizeChecks(exchange, context.tx, checks);
}

function handle(exchange: Exchange, context: Context): void {
  if (exchange.declaration === undefined) throw notServed(exchange);
  exchange.output = exchange.declaration.handle(context);
}

/** What the steps of an operation see. Own members throughout, so that handlers may spread it. */
class OperationContext implements HandleContext<unknown> {
  readonly input: unknown;
  readonly principal: Exchange['principal'];
  readonly account: string;
  readonly region: string;
  readonly now: number;
  readonly requestId: string;
  readonly endpoint: string;
  readonly callerContext: RequestContext;
  readonly stage: Exchange['stage'];
  readonly ids: Exchange['environment']['ids'];
  readonly tx: Tx;
  readonly call: ServiceCall;
  readonly transact: HandleContext<unknown>['transact'];
  readonly #exchange: Exchange;

  constructor(exchange: Exchange, tx: Tx) {
    const { store, ids } = exchange.environment;
    this.#exchange = exchange;
    this.input = exchange.input;
    this.principal = exchange.principal;
    this.account = exchange.principal.account;
    this.region = exchange.region;
    this.now = exchange.now;
    this.requestId = exchange.requestId;
    this.endpoint = exchange.endpoint;
    this.callerContext = exchange.callerContext;
    this.stage = exchange.stage;
    this.ids = ids;
    this.tx = tx;
    this.call = callFrom(exchange);
    this.transact = (work) => store.transact(work);
  }

  get abandoned(): AbortSignal {
    return this.#exchange.abandoned();
  }
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
  for (const call of recordsOf(exchange)) exchange.environment.trail.append(tx, call);
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
