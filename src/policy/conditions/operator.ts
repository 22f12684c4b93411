import type { PolicyVersion, RequestContext } from '../types.ts';

/** Whether one value of the request fits any of the policy's values; undefined when the value cannot be read at all. */
export type ValueTest = (value: string, context: RequestContext) => boolean | undefined;

/** A condition operator without its set prefix and IfExists. */
export interface Operator {
  /** As AWS writes it. */
  readonly name: string;
  /** The answer is the opposite of the test's: `StringNotEquals` is `StringEquals`, negated. */
  readonly negated: boolean;
  /** What is wrong with a value in a policy; undefined when nothing is. */
  readonly problem?: (value: string) => string | undefined;
  readonly compile: (values: readonly string[], version: PolicyVersion) => ValueTest;
  /** Keys that stand as variables in the values. */
  readonly variables?: (values: readonly string[], version: PolicyVersion) => string[];
}
