import type { ServiceId } from '../wire/generated/types/operations.ts';
import type { AnyOperation, AuthorizationCheck, OperationName, ReadContext } from './operation.ts';

/** A service as the pipeline sees it. */
export interface Service<S extends ServiceId = ServiceId> {
  readonly id: S;
  /** IAM action prefix, e.g. `ecr`. */
  readonly actionPrefix: string;
  /** CloudTrail's eventSource, e.g. `ecr.amazonaws.com`. */
  readonly eventSource: string;
  /** True for services without a Region in their ARNs (IAM, STS is regional but its ARNs are not). */
  readonly global?: boolean;
  readonly operations: Partial<Record<OperationName<S>, AnyOperation>>;
  /**
   * What an operation that is not served would be authorized against; default: `prefix:Operation` on `*`.
   * It is authorized all the same, so that a refusal is never hidden behind "not served".
   */
  readonly authorizeUnserved?: (
    operation: string,
    context: ReadContext<Record<string, unknown>>,
  ) => readonly AuthorizationCheck[];
  /** Input members, besides the model's sensitive ones, that the trail must not show. */
  readonly hiddenInTrail?: readonly string[];
  /** Operations that CloudTrail files as data events. */
  readonly dataEvents?: readonly string[];
}

export function defineService<S extends ServiceId>(service: Service<S>): Service {
  return service as unknown as Service;
}
