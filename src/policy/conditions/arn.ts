import { comparableArn } from '../arn-pattern.ts';
import type { PolicyVersion, RequestContext } from '../types.ts';
import { splitAtColons, Template } from '../variables.ts';
import type { Operator, ValueTest } from './operator.ts';

/**
 * ArnEquals and ArnLike are the same operator: six parts, each with its own wildcards and variables.
 * Source: IAM User Guide, reference_policies_elements_condition_operators, "Amazon Resource Name (ARN) condition operators".
 */
class ArnValue {
  readonly #everything: boolean;
  readonly #parts: readonly Template[];
  /** The value is one variable, which stands for a whole ARN. */
  readonly #variable: Template | undefined;

  constructor(text: string, version: PolicyVersion) {
    this.#everything = /^\*+$/.test(text);
    const parts = splitAtColons(comparableArn(text), version);
    if (parts.length >= 6) parts.splice(5, parts.length, parts.slice(5).join(':'));
    this.#parts = parts.map((part) => new Template(part, version, true));
    this.#variable = parts.length === 1 && this.#parts[0]!.hasVariables ? this.#parts[0] : undefined;
  }

  matches(asked: readonly string[], value: string, context: RequestContext): boolean {
    if (this.#everything) return true;
    if (this.#variable !== undefined) return this.#variable.glob(context)?.matches(value) ?? false;
    if (this.#parts.length !== 6) return false;
    return this.#parts.every((part, index) => part.glob(context)?.matches(asked[index]!) ?? false);
  }

  keys(): string[] {
    return this.#parts.flatMap((part) => part.keys());
  }
}

function compile(values: readonly string[], version: PolicyVersion): ValueTest {
  const patterns = values.map((value) => new ArnValue(value, version));
  return (value, context) => {
    const asked = comparableArn(value).split(':');
    if (asked.length < 6 || asked[0] !== 'arn') return undefined;
    asked.splice(5, asked.length, asked.slice(5).join(':'));
    return patterns.some((pattern) => pattern.matches(asked, value, context));
  };
}

const variables = (values: readonly string[], version: PolicyVersion) =>
  values.flatMap((value) => new ArnValue(value, version).keys());

export const arnOperators: readonly Operator[] = [
  { name: 'ArnEquals', negated: false, compile, variables },
  { name: 'ArnLike', negated: false, compile, variables },
  { name: 'ArnNotEquals', negated: true, compile, variables },
  { name: 'ArnNotLike', negated: true, compile, variables },
];
