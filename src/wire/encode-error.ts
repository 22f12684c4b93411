import type { AwsError } from '../core/errors.ts';
import { jsonType, queryHeaders, queryNamespace } from './envelope.ts';
import type { HttpResponse } from './http.ts';
import { jsonOf } from './json-codec.ts';
import type { ErrorModel, Family, ServiceModel } from './model.ts';
import type { Route } from './route.ts';
import { escapeText } from './xml.ts';
import { writeXmlMembers } from './xml-codec.ts';

const XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** Encodes an error. Without a route (none was found) the family alone decides the form. */
export function encodeError(target: Route | Family, error: AwsError, requestId: string): HttpResponse {
  const route = typeof target === 'string' ? undefined : target;
  const family = typeof target === 'string' ? target : target.family;
  const model = route?.model.service.error(error.code);
  switch (family) {
    case 'json':
      return jsonError(route, model, error, requestId);
    case 'query':
      return queryError(route, model, error, requestId);
    case 'rest-xml':
      return s3Error(route, model, error, requestId);
  }
}

function faultOf(model: ErrorModel | undefined, error: AwsError): 'client' | 'server' {
  return error.fault === 'server' ? 'server' : (model?.fault ?? 'client');
}

function statusOf(error: AwsError, modelled: number | undefined, fault: 'client' | 'server'): number {
  return error.status ?? modelled ?? (fault === 'server' ? 500 : 400);
}

/**
 * JSON errors that Coral itself raises write `Message`; those of the service write what its model says.
 * AccessDeniedException: observed on SSM.
 */
const FRAMEWORK_MESSAGE = new Set(['SerializationException', 'AccessDeniedException']);

/** Namespaces of errors that are not in a service's model, in JSON 1.0. Observed on DynamoDB. */
function frameworkNamespace(code: string): string {
  return code === 'ValidationException' ? 'com.amazon.coral.validate' : 'com.amazon.coral.service';
}

function jsonError(
  route: Route | undefined,
  model: ErrorModel | undefined,
  error: AwsError,
  requestId: string,
): HttpResponse {
  const protocol = route?.protocol ?? 'json-1.1';
  const service = route?.model.service;
  const code = model?.name ?? jsonNameOf(service, error.code);
  const namespace =
    model !== undefined && service !== undefined ? namespaceInErrors(service) : frameworkNamespace(code);
  const body: Record<string, unknown> = { __type: protocol === 'json-1.0' ? `${namespace}#${code}` : code };
  if (error.message !== '')
    body[model?.messageMember ?? (FRAMEWORK_MESSAGE.has(code) ? 'Message' : 'message')] = error.message;
  if (model !== undefined) Object.assign(body, jsonOf(model.shape, error.members));
  const headers: Record<string, string> = { 'content-type': jsonType(protocol), 'x-amzn-RequestId': requestId };
  const fault = faultOf(model, error);
  if (service?.queryCompatible === true) {
    // Clients ask with x-amzn-query-mode; SQS sends it anyway.
    headers['x-amzn-query-error'] =
      `${model?.queryCode ?? queryCodeOf(error.code)};${fault === 'server' ? 'Receiver' : 'Sender'}`;
  }
  return { status: statusOf(error, model?.status, fault), headers, body: JSON.stringify(body) };
}

/** DynamoDB's errors carry its API version where its model has none. */
function namespaceInErrors(service: ServiceModel): string {
  return service.id === 'dynamodb' ? 'com.amazonaws.dynamodb.v20120810' : service.namespace;
}

/** Common errors have another code in the query protocol. Source: the services' common error lists. */
const QUERY_CODES: Readonly<Record<string, string>> = {
  AccessDeniedException: 'AccessDenied',
  UnrecognizedClientException: 'InvalidClientTokenId',
  InvalidSignatureException: 'SignatureDoesNotMatch',
  ExpiredTokenException: 'ExpiredToken',
  MissingAuthenticationTokenException: 'MissingAuthenticationToken',
  IncompleteSignatureException: 'IncompleteSignature',
  ThrottlingException: 'Throttling',
  UnknownOperationException: 'InvalidAction',
  SerializationException: 'MalformedInput',
};
const queryCodeOf = (code: string): string => (Object.hasOwn(QUERY_CODES, code) ? QUERY_CODES[code]! : code);

/**
 * SQS raises errors that its model does not have; over JSON they carry other names than over query. Observed:
 * `com.amazon.coral.service#InvalidParameterValueException` with the query code InvalidParameterValue. unverified: the rest.
 */
const SQS_JSON_NAMES: Readonly<Record<string, string>> = {
  InvalidParameterValue: 'InvalidParameterValueException',
  MissingParameter: 'MissingRequiredParameterException',
  InvalidParameterCombination: 'InvalidParameterCombinationException',
};
function jsonNameOf(service: ServiceModel | undefined, code: string): string {
  return service?.queryCompatible === true && Object.hasOwn(SQS_JSON_NAMES, code) ? SQS_JSON_NAMES[code]! : code;
}

function queryError(
  route: Route | undefined,
  model: ErrorModel | undefined,
  error: AwsError,
  requestId: string,
): HttpResponse {
  const fault = faultOf(model, error);
  const code = model?.queryCode ?? model?.name ?? queryCodeOf(error.code);
  // Errors raised before the service saw the request have a namespace of their own (observed on STS).
  const namespace =
    route === undefined ? 'http://webservices.amazon.com/AWSFault/2005-15-09' : queryNamespace(route.model.service);
  const members =
    model === undefined ? '' : writeXmlMembers(model.shape, error.members, (m) => m.name.toLowerCase() === 'message');
  const body =
    `<ErrorResponse xmlns="${namespace}"><Error><Type>${fault === 'server' ? 'Receiver' : 'Sender'}</Type>` +
    `<Code>${escapeText(code)}</Code><Message>${escapeText(error.message)}</Message>${members}</Error>` +
    `<RequestId>${requestId}</RequestId></ErrorResponse>`;
  const status = statusOf(
    error,
    model?.queryStatus ?? model?.status ?? (code === 'AccessDenied' ? 403 : undefined),
    fault,
  );
  return { status, headers: queryHeaders(requestId), body };
}

/** S3's model gives no statuses. Source: S3 API reference, "Error responses". */
const S3_STATUS: Readonly<Record<string, number>> = {
  AccessDenied: 403,
  AllAccessDisabled: 403,
  BucketAlreadyExists: 409,
  BucketAlreadyOwnedByYou: 409,
  BucketNotEmpty: 409,
  InvalidBucketState: 409,
  InvalidRange: 416,
  MethodNotAllowed: 405,
  NoSuchBucket: 404,
  NoSuchBucketPolicy: 404,
  NoSuchKey: 404,
  NoSuchTagSet: 404,
  NoSuchVersion: 404,
  NotFound: 404,
  NotModified: 304,
  OperationAborted: 409,
  PreconditionFailed: 412,
  SlowDown: 503,
};

function s3Error(
  route: Route | undefined,
  model: ErrorModel | undefined,
  error: AwsError,
  requestId: string,
): HttpResponse {
  const headers: Record<string, string> = { 'x-amz-request-id': requestId, 'x-amz-id-2': requestId };
  // An answer to HEAD has no body, so S3 says the bucket's Region in a header as well.
  if (typeof error.members.Region === 'string') headers['x-amz-bucket-region'] = error.members.Region;
  const code = queryCodeOf(error.code);
  const known = Object.hasOwn(S3_STATUS, code) ? S3_STATUS[code] : undefined;
  const status = statusOf(error, model?.status ?? known, faultOf(model, error));
  // An answer to HEAD has no body: clients see only the status.
  if (route?.model.http?.method === 'HEAD') return { status, headers, body: '' };
  let members = '';
  for (const [name, value] of Object.entries(error.members)) {
    if (/^[A-Za-z]\w*$/.test(name) && value !== undefined && value !== null) {
      members += `<${name}>${escapeText(String(value))}</${name}>`;
    }
  }
  headers['content-type'] = 'application/xml';
  const body =
    `${XML_DECLARATION}<Error><Code>${escapeText(code)}</Code><Message>${escapeText(error.message)}</Message>${members}` +
    `<RequestId>${requestId}</RequestId><HostId>${requestId}</HostId></Error>`;
  return { status, headers, body };
}
