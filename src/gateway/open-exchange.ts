import type { RequestContext } from '../policy/types.ts';
import type { Stage } from '../roles/duty.ts';
import type { Environment, Exchange } from './exchange.ts';
import type { Principal } from './principals.ts';

/** What is known of a call when it begins. */
export interface Opening {
  readonly service: string;
  readonly operation: string;
  readonly input: unknown;
  readonly principal: Principal;
  readonly region: string;
  readonly endpoint: string;
  readonly stage?: Stage | undefined;
  readonly taskArn?: string | undefined;
  readonly sourceIp: string;
  readonly userAgent: string;
  readonly abandoned: () => AbortSignal;
  readonly calledVia?: readonly string[];
  readonly callerContext?: RequestContext;
  readonly parentEventId?: string | undefined;
  readonly requestId?: string;
}

/** Shared by the many calls that have none: the trail keeps them for long. */
const NOTHING: readonly string[] = Object.freeze([]);
const NO_CONTEXT: RequestContext = Object.freeze({});

/** Makes the context object of one call. The service must be served: routing has seen to that. */
export function openExchange(environment: Environment, opening: Opening): Exchange {
  const service = environment.services.get(opening.service);
  if (service === undefined) throw new Error(`no service ${opening.service}`);
  const origin = opening.principal.type === 'role-session' ? opening.principal.origin : undefined;
  return {
    environment,
    requestId: opening.requestId ?? environment.ids.uuid(),
    eventId: environment.ids.uuid(),
    now: environment.clock.now(),
    region: opening.region,
    endpoint: opening.endpoint,
    sourceIp: opening.sourceIp,
    userAgent: opening.userAgent,
    service,
    operation: opening.operation,
    declaration: (service.operations as Record<string, Exchange['declaration']>)[opening.operation],
    principal: opening.principal,
    input: opening.input,
    // A call that comes with the credentials of a task or an instance, and is not the agent's own, is an application's.
    stage: opening.stage ?? (origin === undefined ? undefined : 'running'),
    taskArn: opening.taskArn ?? origin?.taskArn,
    calledVia: opening.calledVia ?? NOTHING,
    callerContext: opening.callerContext ?? NO_CONTEXT,
    abandoned: opening.abandoned,
    parentEventId: opening.parentEventId,
    checks: [],
    output: undefined,
    error: undefined,
    children: [],
  };
}
