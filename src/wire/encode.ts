import { jsonType, queryHeaders, queryNamespace } from './envelope.ts';
import type { HttpResponse } from './http.ts';
import { writeJsonBody } from './json-codec.ts';
import { writeRestOutput } from './rest-xml-codec.ts';
import type { Route } from './route.ts';
import { writeXmlMembers } from './xml-codec.ts';

/** Encodes an operation's output as the client's protocol has it. */
export function encodeResponse(
  route: Route,
  output: Readonly<Record<string, unknown>> | undefined,
  requestId: string,
): HttpResponse {
  switch (route.family) {
    case 'json':
      return {
        status: 200,
        headers: { 'content-type': jsonType(route.protocol), 'x-amzn-RequestId': requestId },
        body: writeJsonBody(route.model.output, output),
      };
    case 'query':
      return { status: 200, headers: queryHeaders(requestId), body: queryBody(route, output, requestId) };
    case 'rest-xml': {
      const { status, headers, body } = writeRestOutput(route.model, output ?? {});
      return { status, headers: { ...headers, 'x-amz-request-id': requestId, 'x-amz-id-2': requestId }, body };
    }
  }
}

function queryBody(route: Route, output: Readonly<Record<string, unknown>> | undefined, requestId: string): string {
  const { operation, model } = route;
  const result =
    model.output === undefined
      ? ''
      : `<${operation}Result>${writeXmlMembers(model.output, output ?? {})}</${operation}Result>`;
  return (
    `<${operation}Response xmlns="${queryNamespace(model.service)}">${result}` +
    `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${operation}Response>`
  );
}

export { encodeError } from './encode-error.ts';
