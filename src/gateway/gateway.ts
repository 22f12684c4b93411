import type { Clock } from '../core/clock.ts';
import { AwsError } from '../core/errors.ts';
import type { Ids } from '../core/ids.ts';
import type { RequestContext } from '../policy/types.ts';
import type { Stage } from '../roles/duty.ts';
import type { Tx } from '../store/collections.ts';
import type { Store } from '../store/store.ts';
import type { ServiceId } from '../wire/generated/types/operations.ts';
import type { Environment } from './exchange.ts';
import { openExchange } from './open-exchange.ts';
import type { AuthorizationCheck, CallOptions, Input, OperationName, Output, ServiceCall } from './operation.ts';
import { recordOnly, run, runChecks } from './pipeline.ts';
import type { Identities } from './ports.ts';
import type { Principal } from './principals.ts';
import type { Service } from './service.ts';
import { Trail } from './trail.ts';

export interface GatewayOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly services: readonly Service[];
  readonly identities: Identities;
  readonly region: string;
  /** Base URL of the server as its own parts call it. May change until the port is known. */
  readonly endpoint: () => string;
  readonly trail?: Trail;
  readonly logBug: Environment['logBug'];
  readonly diagnose?: Environment['diagnose'];
}

/** How a call from inside is made: by whom, for which task, at which stage. */
export interface InternalCall {
  readonly as: Principal;
  readonly stage?: Stage;
  readonly taskArn?: string;
  readonly region?: string;
  readonly context?: RequestContext;
  readonly abandoned?: AbortSignal;
  /** Chosen by the caller where it must quote it later; default: a new one. */
  readonly requestId?: string;
}

/** The way into every service: each call is authorized, carried out, recorded and on disk before it is answered. */
export class Gateway {
  readonly environment: Environment;
  readonly region: string;
  readonly endpoint: () => string;
  readonly served: readonly ServiceId[];
  readonly #stopping = new AbortController();

  constructor(options: GatewayOptions) {
    this.region = options.region;
    this.endpoint = options.endpoint;
    this.served = options.services.map(({ id }) => id);
    this.environment = {
      store: options.store,
      clock: options.clock,
      ids: options.ids,
      services: new Map(options.services.map((service) => [service.id, service])),
      identities: options.identities,
      trail: options.trail ?? new Trail(),
      stopping: this.#stopping.signal,
      logBug: options.logBug,
      ...(options.diagnose === undefined ? {} : { diagnose: options.diagnose }),
    };
  }

  get store(): Store {
    return this.environment.store;
  }

  get trail(): Trail {
    return this.environment.trail;
  }

  /** Calls an operation as a principal, without a socket. Throws AwsError as a client would see it. */
  async call<S extends ServiceId, O extends OperationName<S>>(
    service: S,
    operation: O,
    input: Input<S, O>,
    options: InternalCall,
  ): Promise<Output<S, O>> {
    const exchange = this.#open(service, operation, input, options);
    await run(exchange);
    await this.store.committed();
    if (exchange.error !== undefined) throw exchange.error;
    return exchange.output as Output<S, O>;
  }

  /** Authorizes and records an IAM action that has no public API operation (ecs:Poll). Throws the refusal. */
  async authorizeAction(
    action: { readonly service: ServiceId; readonly operation: string; readonly checks: readonly AuthorizationCheck[] },
    options: InternalCall,
  ): Promise<void> {
    const exchange = this.#open(action.service, action.operation, {}, options);
    runChecks(exchange, action.checks);
    await this.store.committed();
    if (exchange.error !== undefined) throw exchange.error;
  }

  /**
   * Records a request that a task's credentials endpoint refused, and why. It is no call of an API and nothing was
   * authorized: what is known of the caller, `why` says. Source of the name: agent, audit log, event type GetCredentials.
   */
  recordRefusedCredentials(taskArn: string, why: string): void {
    const [, , , region = this.region, account = ''] = taskArn.split(':');
    const as = { type: 'service', service: 'ecs-tasks.amazonaws.com', account } as const;
    const exchange = this.#open('ecs', 'GetCredentials', {}, { as, region, taskArn, stage: 'running' });
    exchange.error = new AwsError('InvalidIdInRequest', `CredentialsV2Request: Credentials not found: ${why}`);
    recordOnly(exchange);
  }

  /**
   * A unit of work of the server's own (a refresh of credentials), whose calls go through the pipeline like any other.
   * Throws what `work` throws, and undoes all of it then.
   */
  async work<R>(
    work: (context: { readonly tx: Tx; readonly call: ServiceCall; readonly now: number }) => R,
  ): Promise<R> {
    const { store, clock } = this.environment;
    const result = store.transact((tx) => work({ tx, call: this.#callNow, now: clock.now() }));
    await store.committed();
    return result;
  }

  readonly #callNow = ((
    service: ServiceId,
    operation: string,
    input: unknown,
    options: CallOptions & { as: Principal },
  ) => {
    const exchange = this.#open(service, operation, input, options);
    if (run(exchange) !== undefined)
      throw new Error(`${service}:${operation} waits and cannot be called in a unit of work`);
    if (exchange.error !== undefined) throw exchange.error;
    return exchange.output;
  }) as ServiceCall;

  /** The principal of an access key (for credentials that the control plane made), or undefined when there is none. */
  principalOf(accessKeyId: string): Principal | undefined {
    return this.environment.identities.credential(this.store, accessKeyId)?.principal;
  }

  /** Ends what waits (long polls). */
  stop(): void {
    this.#stopping.abort();
  }

  #open(service: ServiceId, operation: string, input: unknown, options: InternalCall) {
    return openExchange(this.environment, {
      service,
      operation,
      input,
      principal: options.as,
      region: options.region ?? this.region,
      endpoint: this.endpoint(),
      stage: options.stage,
      taskArn: options.taskArn,
      sourceIp: options.as.type === 'service' ? '' : '127.0.0.1',
      userAgent: options.as.type === 'service' ? options.as.service : 'rolecall-agent',
      callerContext: options.context ?? {},
      abandoned: () => options.abandoned ?? this.environment.stopping,
      ...(options.requestId === undefined ? {} : { requestId: options.requestId }),
    });
  }
}
