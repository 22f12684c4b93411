import { AwsError } from '../core/errors.ts';
import { awsHost } from '../wire/aws-host.ts';
import { familyOf, parseInput, type Route, route } from '../wire/decode.ts';
import { encodeError, encodeResponse } from '../wire/encode.ts';
import type { HttpRequest, HttpResponse } from '../wire/http.ts';
import type { Family } from '../wire/model.ts';
import { UnknownOperation, UnknownService } from '../wire/not-served.ts';
import { authenticate, isSigned } from '../wire/sigv4/verify.ts';
import type { Exchange } from './exchange.ts';
import type { Gateway } from './gateway.ts';
import { openExchange } from './open-exchange.ts';
import { recordOnly, run } from './pipeline.ts';
import { anonymous, type Principal } from './principals.ts';

/** Where a request comes from: this machine (or wherever the server listens), or the inside of a task. */
export type Origin = 'machine' | 'task';

/** One request on its way from the socket to the answer. It fills as it travels. */
interface Request {
  readonly gateway: Gateway;
  /** After authentication: with the body that the client meant, free of S3's chunk framing. */
  http: HttpRequest;
  readonly abandoned: () => AbortSignal;
  readonly from: Origin;
  readonly requestId: string;
  route: Route | undefined;
  principal: Principal;
  region: string;
  input: unknown;
  exchange: Exchange | undefined;
}

/**
 * What happens to a request, top to bottom. The last step is authorize → handle → record (pipeline.ts).
 * Deviation from the picture: authentication stands between routing and reading the input, as on AWS, where a request
 * that is not signed is refused before its members are looked at.
 */
const steps: readonly ((request: Request) => void)[] = [findRoute, authenticateCaller, readInput];

/** An answer that waits: for its operation, or for the disk. Calls back once, perhaps at once. */
export interface Later {
  whenReady(send: (answer: HttpResponse) => void): void;
}

/**
 * Answers a request. Never throws: whatever happens becomes an answer in the client's protocol. It is there at once
 * unless the operation or the disk must be waited for; a callback then, since a turn through the promises costs as much
 * as a part of a quick call.
 */
export function handleHttp(
  gateway: Gateway,
  http: HttpRequest,
  abandoned: () => AbortSignal,
  from: Origin = 'machine',
): HttpResponse | Later {
  const request: Request = {
    gateway,
    http,
    abandoned,
    from,
    requestId: gateway.environment.ids.uuid(),
    route: undefined,
    principal: anonymous,
    region: gateway.region,
    input: undefined,
    exchange: undefined,
  };
  try {
    for (const step of steps) step(request);
    const pending = carryOut(request);
    return pending === undefined && !gateway.store.pending ? respond(request) : respondLater(request, pending);
  } catch (error) {
    return refuse(request, error);
  }
}

function respond(request: Request): HttpResponse {
  const { error, output } = request.exchange as Exchange;
  if (error !== undefined) throw error;
  return encodeResponse(request.route as Route, output as Record<string, unknown>, request.requestId);
}

function respondLater(request: Request, pending: undefined | Promise<void>): Later {
  return {
    whenReady: (send) => {
      const settle = (failure?: unknown) => settled(request, failure, send);
      const commit = () => request.gateway.store.whenCommitted(settle);
      if (pending === undefined) commit();
      else pending.then(commit, settle);
    },
  };
}

function settled(request: Request, failure: unknown, send: (answer: HttpResponse) => void): void {
  let answer: HttpResponse | Later;
  try {
    if (failure !== undefined) throw failure;
    answer = respond(request);
  } catch (error) {
    answer = refuse(request, error);
  }
  if ('whenReady' in answer) answer.whenReady(send);
  else send(answer);
}

function findRoute(request: Request): void {
  request.route = route(request.http, request.gateway.served);
}

function authenticateCaller(request: Request): void {
  const { gateway, http } = request;
  const { environment } = gateway;
  const { family, service } = request.route as Route;
  // Only S3 takes unsigned requests; what they may do, the bucket's policy says.
  if (family === 'rest-xml' && !isSigned(http)) return;
  const {
    credential,
    scope,
    request: meant,
  } = authenticate(http, {
    now: environment.clock.now(),
    family,
    service,
    region: awsHost(http.headers.host ?? '')?.region,
    lookup: (accessKeyId) => {
      const found = environment.identities.credential(environment.store, accessKeyId);
      // The root user's pair is its owner's at this machine, and the well-known one no secret: in a task it is no key, as in AWS.
      return request.from === 'task' && found?.principal.type === 'root' ? undefined : found;
    },
  });
  request.principal = credential.principal;
  request.region = scope.region;
  request.http = meant;
}

function readInput(request: Request): void {
  request.input = parseInput(request.route as Route, request.http);
}

function carryOut(request: Request): undefined | Promise<void> {
  request.exchange = open(request);
  return run(request.exchange);
}

function open(request: Request): Exchange {
  const { service, operation } = request.route as Route;
  return openExchange(request.gateway.environment, {
    service,
    operation,
    input: request.input ?? {},
    principal: request.principal,
    region: request.region,
    endpoint: endpointOf(request),
    sourceIp: request.http.remoteAddress ?? '127.0.0.1',
    userAgent: request.http.headers['user-agent'] ?? '',
    abandoned: request.abandoned,
    requestId: request.requestId,
  });
}

function refuse(request: Request, error: unknown): HttpResponse | Later {
  const known = error instanceof AwsError ? error : bug(request, error);
  const answer = () => encodeError(request.route ?? family(request, error), known, request.requestId);
  // What authentication or the model refused never reached the pipeline: it is recorded here.
  if (request.exchange !== undefined || !recordRefusal(request, known)) return answer();
  const { store, logBug } = request.gateway.environment;
  return {
    whenReady: (send) =>
      store.whenCommitted((failure) => {
        if (failure !== undefined) logBug(request.requestId, failure);
        send(answer());
      }),
  };
}

/** Records a request that ended before the pipeline; false where there is no operation to record, or no way to. */
function recordRefusal(request: Request, error: AwsError): boolean {
  const { environment } = request.gateway;
  if (request.route === undefined || !environment.services.has(request.route.service)) return false;
  try {
    const exchange = open(request);
    exchange.error = error;
    recordOnly(exchange);
    return true;
  } catch (failure) {
    environment.logBug(request.requestId, failure);
    return false;
  }
}

function family(request: Request, error: unknown): Family {
  return error instanceof UnknownService || error instanceof UnknownOperation ? error.family : familyOf(request.http);
}

function bug(request: Request, error: unknown): AwsError {
  request.gateway.environment.logBug(request.requestId, error);
  return new AwsError(
    'InternalFailure',
    `The request processing has failed because of an unknown error, exception or failure. (request id ${request.requestId})`,
    {
      fault: 'server',
    },
  );
}

/** The address at which the client reached us, for answers that carry URLs. A host that is no plain name is not repeated. */
function endpointOf(request: Request): string {
  const { headers, secure } = request.http;
  const host = headers.host ?? '';
  if (!/^(\[[0-9a-f:]+\]|[a-z0-9.-]+)(:\d+)?$/i.test(host)) return request.gateway.endpoint();
  return `${secure === true ? 'https' : 'http'}://${host}`;
}
