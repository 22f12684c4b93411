import type { HttpRequest } from './http.ts';
import { readJsonBody } from './json-codec.ts';
import type { Protocol, ServiceId } from './model.ts';
import { readQueryInput } from './query-codec.ts';
import { readRestInput } from './rest-xml-codec.ts';
import { content, type Route, route } from './route.ts';

import { validateInput } from './validate.ts';

export { familyOf, type Route, route } from './route.ts';

export interface Decoded {
  readonly service: ServiceId;
  readonly operation: string;
  readonly protocol: Protocol;
  readonly input: Readonly<Record<string, unknown>>;
  readonly route: Route;
}

/**
 * Reads the input of a routed request and checks it against the model. Throws SerializationException for what is not
 * of the model's types, and the service's own validation error for what breaks a constraint. `body` is what
 * authentication gives: S3's chunk framing taken away.
 */
export function parseInput(found: Route, request: HttpRequest, body = request.body): Record<string, unknown> {
  const input = readInput(found, request, body);
  validateInput(found.service, found.model.input, input);
  return input;
}

/** The input as the protocol has it, not yet checked against constraints. */
export function readInput(found: Route, request: HttpRequest, body: Buffer): Record<string, unknown> {
  const shape = found.model.input;
  switch (found.family) {
    case 'json':
      return readJsonBody(shape, content(request));
    case 'query': {
      const input = readQueryInput(shape, found.form ?? []);
      // Clients of SQS's old protocol may name the queue by the path they post to.
      if (
        found.service === 'sqs' &&
        input.QueueUrl === undefined &&
        request.path.length > 1 &&
        shape?.byName.has('QueueUrl')
      ) {
        input.QueueUrl = `http://${request.headers.host ?? 'localhost'}${request.path}`;
      }
      return input;
    }
    case 'rest-xml':
      return readRestInput(found.model, request, found.s3 ?? { bucket: undefined, key: undefined }, body);
  }
}

/** Route and input in one, for callers that need nothing between the two. */
export function decodeRequest(request: HttpRequest): Decoded {
  const found = route(request);
  const input = parseInput(found, request);
  return { service: found.service, operation: found.operation, protocol: found.protocol, input, route: found };
}
