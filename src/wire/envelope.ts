import type { Protocol, ServiceModel } from './model.ts';

export function jsonType(protocol: Protocol): string {
  return protocol === 'json-1.0' ? 'application/x-amz-json-1.0' : 'application/x-amz-json-1.1';
}

export function queryHeaders(requestId: string): Record<string, string> {
  return { 'content-type': 'text/xml', 'x-amzn-RequestId': requestId };
}

/** SQS's model no longer carries the namespace of its old protocol. */
export function queryNamespace(service: ServiceModel): string {
  return service.xmlNamespace ?? (service.id === 'sqs' ? 'http://queue.amazonaws.com/doc/2012-11-05/' : '');
}
