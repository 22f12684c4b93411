import { AwsError } from '../core/errors.ts';
import { type Family, serviceIds } from './model.ts';

/** Code and status that a service of the family answers for an operation it does not know. */
const CODES: Readonly<Record<Family, readonly [code: string, status: number]>> = {
  json: ['UnknownOperationException', 400],
  query: ['InvalidAction', 400],
  'rest-xml': ['NotImplemented', 501],
};

/** The request is for a service that is not served here. */
export class UnknownService extends AwsError {
  readonly family: Family;
  readonly service: string;

  constructor(family: Family, service: string, served: readonly string[] = serviceIds) {
    const [code, status] = CODES[family];
    super(code, `Rolecall does not serve ${service}. It serves ${[...served].sort().join(', ')}.`, { status });
    this.family = family;
    this.service = service;
  }
}

/** The service is served, but it has no such operation here. */
export class UnknownOperation extends AwsError {
  readonly family: Family;
  readonly service: string;
  readonly operation: string;

  constructor(family: Family, service: string, operation: string, message?: string) {
    const [code, status] = CODES[family];
    super(code, message ?? `Rolecall does not serve the operation ${operation} of ${service}.`, { status });
    this.family = family;
    this.service = service;
    this.operation = operation;
  }
}
