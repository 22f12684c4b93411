import { gunzipSync } from 'node:zlib';
import { AwsError } from '../core/errors.ts';
import { awsHost } from './aws-host.ts';
import { type Form, formValue, parseForm } from './form.ts';
import { serviceIndex } from './generated/service-index.ts';
import type { HttpRequest } from './http.ts';
import {
  type Family,
  isServiceId,
  loadModel,
  type OperationModel,
  type Protocol,
  type ServiceId,
  serviceIds,
} from './model.ts';
import { UnknownOperation, UnknownService } from './not-served.ts';
import { routeS3, type S3Address } from './s3-route.ts';
import { claimedScope } from './sigv4/scope.ts';

/** What a request asks for, found without reading the members of its body. */
export interface Route {
  readonly service: ServiceId;
  readonly operation: string;
  readonly protocol: Protocol;
  readonly family: Family;
  readonly model: OperationModel;
  /** The client understands the old query codes in a header (`x-amzn-query-mode: true`). */
  readonly queryMode: boolean;
  /** The parsed form of a query request. */
  readonly form: Form | undefined;
  /** Bucket and key of an S3 request. */
  readonly s3: S3Address | undefined;
}

/** The largest body after unpacking, in bytes. */
const MAX_INFLATED = 32 * 1024 * 1024;

const targetServices = new Map<string, ServiceId>();
const versionServices = new Map<string, ServiceId>();
for (const [id, entry] of Object.entries(serviceIndex) as [
  ServiceId,
  { version: string; targets?: readonly string[] },
][]) {
  for (const target of entry.targets ?? []) targetServices.set(target, id);
  versionServices.set(entry.version, id);
}

/** Services whose requests may come in the query protocol: its own and those that once spoke it. */
function speaksQuery(service: ServiceId): boolean {
  const entry: { protocol: string; queryCompatible?: boolean } = serviceIndex[service];
  return entry.protocol === 'query' || entry.queryCompatible === true;
}

/**
 * Finds service, operation and protocol: the x-amz-target header, else Action in form or query string, else S3's
 * method and path. Throws UnknownService or UnknownOperation, which carry the family to answer in. `served` limits
 * the services; what is routed to another one is unknown. A host name of AWS's must be that of the service.
 */
export function route(request: HttpRequest, served: readonly ServiceId[] = serviceIds): Route {
  try {
    const found = findRoute(request);
    checkHost(request, found);
    if (served.includes(found.service)) return found;
    throw new UnknownService(found.family, found.service);
  } catch (error) {
    if (!(error instanceof UnknownService) || served === serviceIds) throw error;
    throw new UnknownService(error.family, error.service, served);
  }
}

function findRoute(request: HttpRequest): Route {
  const target = request.headers['x-amz-target'];
  if (target !== undefined) return routeTarget(request, target);
  const scope = claimedScope(request);
  if (scope?.service !== 's3') {
    const form = formOf(request);
    const action = form === undefined ? undefined : formValue(form, 'Action');
    if (form !== undefined && action !== undefined) return routeAction(form, action, scope?.service);
    if (scope !== undefined) {
      if (isServiceId(scope.service) && serviceIndex[scope.service].protocol !== 'rest-xml')
        throw noOperation(scope.service);
      throw new UnknownService(familyOf(request), scope.service);
    }
  }
  const found = routeS3(request);
  return { ...found, service: 's3', protocol: 'rest-xml', family: 'rest-xml', queryMode: false, form: undefined };
}

/** Under the name of an AWS endpoint, only that service's requests are understood. */
function checkHost(request: HttpRequest, { service, operation, family }: Route): void {
  const named = awsHost(request.headers.host ?? '')?.service;
  if (named === undefined || named === service) return;
  if (!isServiceId(named)) throw new UnknownService(family, named);
  // What names no operation is taken for S3's.
  throw service === 's3' ? noOperation(named) : new UnknownOperation(family, named, operation);
}

function routeTarget(request: HttpRequest, target: string): Route {
  const dot = target.lastIndexOf('.');
  const prefix = target.slice(0, dot);
  const operation = target.slice(dot + 1);
  const service = targetServices.get(prefix);
  if (service === undefined) throw new UnknownService('json', claimedScope(request)?.service ?? prefix);
  const model = loadModel(service).operation(operation);
  if (model === undefined) throw new UnknownOperation('json', service, operation);
  const type = request.headers['content-type'] ?? '';
  const protocol = type.includes('json-1.0')
    ? 'json-1.0'
    : type.includes('json-1.1')
      ? 'json-1.1'
      : model.service.protocol;
  const queryMode = request.headers['x-amzn-query-mode'] === 'true';
  return { service, operation, protocol, family: 'json', model, queryMode, form: undefined, s3: undefined };
}

function routeAction(form: Form, action: string, signingName: string | undefined): Route {
  const version = formValue(form, 'Version');
  const named = signingName ?? (version === undefined ? undefined : versionServices.get(version));
  if (named === undefined) throw new UnknownService('query', `the API of version ${version ?? 'NO_VERSION_SPECIFIED'}`);
  if (!isServiceId(named) || !speaksQuery(named)) throw new UnknownService('query', named);
  const service = loadModel(named);
  const model = service.operation(action);
  // Text observed on STS.
  if (version !== service.version) {
    const text = `Could not find operation ${action} for version ${version ?? 'NO_VERSION_SPECIFIED'}`;
    throw new UnknownOperation('query', named, action, text);
  }
  if (model === undefined) throw new UnknownOperation('query', named, action);
  return {
    service: named,
    operation: action,
    protocol: 'query',
    family: 'query',
    model,
    queryMode: false,
    form,
    s3: undefined,
  };
}

function formOf(request: HttpRequest): Form | undefined {
  if (
    request.method === 'POST' &&
    (request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded')
  ) {
    const form = parseForm(content(request).toString('utf8'));
    return request.query === '' ? form : [...form, ...parseForm(request.query)];
  }
  return request.query !== '' && /(?:^|&)Action=/.test(request.query) ? parseForm(request.query) : undefined;
}

/** A request signed for a json or query service that names no operation. */
function noOperation(service: ServiceId): AwsError {
  if (serviceIndex[service].protocol === 'query') {
    // Source: the common errors of the query APIs.
    return new AwsError('MissingAction', 'The request is missing an action or a required parameter.');
  }
  return new UnknownOperation('json', service, '', `The request to ${service} has no X-Amz-Target header.`);
}

/** The form of errors that the client most likely reads, for failures before there is a route. */
export function familyOf(request: HttpRequest): Family {
  if (request.headers['x-amz-target'] !== undefined) return 'json';
  const service = claimedScope(request)?.service;
  const protocol = service !== undefined && isServiceId(service) ? serviceIndex[service].protocol : undefined;
  const type = request.headers['content-type'] ?? '';
  if (type.startsWith('application/x-www-form-urlencoded') || protocol === 'query') return 'query';
  if (type.includes('json') || protocol === 'json-1.0' || protocol === 'json-1.1') return 'json';
  return /(?:^|&)Action=/.test(request.query) ? 'query' : 'rest-xml';
}

/** The body of a json or query request, unpacked where the client packed it. */
export function content(request: HttpRequest): Buffer {
  if (request.headers['content-encoding'] !== 'gzip') return request.body;
  try {
    return gunzipSync(request.body, { maxOutputLength: MAX_INFLATED });
  } catch {
    throw new AwsError('SerializationException', 'The request body is not valid gzip, or larger than accepted.');
  }
}
