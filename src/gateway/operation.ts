import type { AwsError } from '../core/errors.ts';
import type { Ids } from '../core/ids.ts';
import type { CompiledPolicy } from '../policy/compiled.ts';
import type { NamedPolicy, RequestContext } from '../policy/types.ts';
import type { Stage } from '../roles/duty.ts';
import type { Read, Tx } from '../store/collections.ts';
import type { ServiceId, ServiceOperations } from '../wire/generated/types/operations.ts';
import type { Principal } from './principals.ts';

export type OperationName<S extends ServiceId> = keyof ServiceOperations[S] & string;
export type Input<S extends ServiceId, O extends OperationName<S>> = ServiceOperations[S][O] extends { in: infer I }
  ? I
  : never;
export type Output<S extends ServiceId, O extends OperationName<S>> = ServiceOperations[S][O] extends { out: infer R }
  ? R
  : never;

/** One action on one resource that the caller must be allowed. All checks of a call must pass, in their order. */
export interface AuthorizationCheck {
  /** `service:Action`, as the Service Authorization Reference spells it. */
  readonly action: string;
  /** Resource ARN, or `*` where the action has no resource-level permissions. */
  readonly resource: string;
  /** Owner of the resource when its ARN does not say so (S3). Default: the ARN's account, else the caller's. */
  readonly resourceAccount?: string;
  /** The resource's own policy (resource-based, key or trust policy). */
  readonly resourcePolicy?: NamedPolicy<CompiledPolicy>;
  /** Tags on the resource: `aws:ResourceTag/…` (and the service's own form). */
  readonly resourceTags?: Readonly<Record<string, string>>;
  /** Tags in the request: `aws:RequestTag/…` and `aws:TagKeys`. */
  readonly requestTags?: Readonly<Record<string, string>>;
  /** Further condition keys of this action. */
  readonly context?: RequestContext;
  /** The resource does not exist, which the engine cannot know: a refusal's explanation says so. */
  readonly absent?: boolean;
  /** Replaces the refusal that the client sees (e.g. SecretString: the service's own wording). */
  readonly refused?: (refusal: AwsError) => AwsError;
}

export interface CallOptions {
  /** Who makes the call; default: whoever made the call being handled. */
  readonly as?: Principal;
  readonly stage?: Stage;
  readonly taskArn?: string;
  /** Condition keys that only AWS itself sets, such as aws:SourceArn. */
  readonly context?: RequestContext;
  /** Default: the Region of the call being handled. */
  readonly region?: string;
  /** The service that calls on the caller's behalf (forward access session): `ssm` sets kms:ViaService and aws:CalledVia. */
  readonly via?: ServiceId;
}

/** Calls an operation through the same pipeline, minus the socket: authorized, recorded, and part of the same unit of work. */
export type ServiceCall = <S extends ServiceId, O extends OperationName<S>>(
  service: S,
  operation: O,
  input: Input<S, O>,
  options?: CallOptions,
) => Output<S, O>;

/** What every step of an operation knows. */
export interface CallContext<In> {
  readonly input: In;
  readonly principal: Principal;
  /** The account whose resources the call works on: the caller's own. */
  readonly account: string;
  readonly region: string;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly requestId: string;
  /** Base URL at which the client reached the server, without a trailing slash. */
  readonly endpoint: string;
  /** Condition keys that an internal caller set (aws:SourceArn, kms:ViaService, …); empty for calls from outside. */
  readonly callerContext: RequestContext;
  readonly stage: Stage | undefined;
  readonly ids: Ids;
}

export interface ReadContext<In> extends CallContext<In> {
  readonly tx: Read;
}

export interface HandleContext<In> extends CallContext<In> {
  readonly tx: Tx;
  readonly call: ServiceCall;
  /** A unit of work of its own, for what happens after `handle` returned a promise. */
  readonly transact: <R>(work: (tx: Tx) => R) => R;
  /** Resolves when the client has gone or the server stops: what waits (long polling) must end then. */
  readonly abandoned: AbortSignal;
}

/** An operation of a service, declared once, in one file. */
export interface Operation<In, Out, Found extends object> {
  /**
   * Finds what the call is about, before it is authorized. May refuse a malformed identifier; must not reveal whether a
   * resource exists (return `undefined` members instead: `handle` refuses after authorization).
   */
  readonly resolve?: (context: ReadContext<In>) => Found;
  /** Which actions on which resources the caller needs. `always-allowed` only where AWS asks for none. */
  readonly authorize: 'always-allowed' | ((context: ReadContext<In> & Found) => readonly AuthorizationCheck[]);
  /**
   * Does the work in one unit of work. Synchronous, or a promise where the operation waits: then the unit of work ends
   * with the synchronous part, and later changes go through `transact`.
   */
  readonly handle: (context: HandleContext<In> & Found) => Out | Promise<Out>;
}

// biome-ignore lint/suspicious/noExplicitAny: the pipeline handles operations of every shape; `operation()` checks each one.
export type AnyOperation = Operation<any, any, any>;

/** Declares an operation; types of input and output come from the service's model. */
export function operation<S extends ServiceId, O extends OperationName<S>, Found extends object = object>(
  _service: S,
  _name: O,
  declaration: Operation<Input<S, O>, Output<S, O>, Found>,
): Operation<Input<S, O>, Output<S, O>, Found> {
  return declaration;
}
