import { ContextKey, type ContextValue } from '../context.ts';
import {
  EMPTY_CONDITION_LIST_FITS,
  NEGATED_OPERATOR_ON_UNREADABLE_VALUE,
  PLAIN_OPERATOR_ON_MULTIVALUED_KEY,
  SET_OPERATOR_IF_EXISTS_ON_ABSENT_KEY,
} from '../edges.ts';
import type { PolicyVersion, RequestContext } from '../types.ts';
import { nullness } from './null.ts';
import type { ValueTest } from './operator.ts';
import type { OperatorUse, Quantifier } from './operators.ts';

/** One operator and key of a Condition block. */
export class CompiledCondition {
  /** The operator as written, with prefix and suffix. */
  readonly operator: string;
  readonly key: ContextKey;
  /** The policy's values as text. */
  readonly values: readonly string[];
  readonly #test: ValueTest;
  readonly #negated: boolean;
  readonly #quantifier: Quantifier;
  readonly #ifExists: boolean;
  readonly #isNull: boolean;
  readonly #variables: readonly string[];

  constructor(operator: string, use: OperatorUse, key: string, values: readonly string[], version: PolicyVersion) {
    this.operator = operator;
    this.key = new ContextKey(key);
    this.values = values;
    this.#test = values.length === 0 ? () => EMPTY_CONDITION_LIST_FITS : use.operator.compile(values, version);
    this.#negated = use.operator.negated;
    this.#quantifier = use.quantifier;
    this.#ifExists = use.ifExists;
    this.#isNull = use.operator.name === 'Null';
    this.#variables = use.operator.variables?.(values, version) ?? [];
  }

  holds(context: RequestContext): boolean {
    return this.holdsFor(this.key.in(context), context);
  }

  /** The same for a value already looked up. Source of the rules for absent keys and sets: reference_policies_multi-value-conditions. */
  holdsFor(value: ContextValue | undefined, context: RequestContext): boolean {
    if (this.#isNull) return this.#test(nullness(value), context) === true;
    if (this.#quantifier !== 'one') return this.#holdsForSet(value, context);
    if (value === undefined) return this.#ifExists || this.#negated;
    if (typeof value !== 'string') return PLAIN_OPERATOR_ON_MULTIVALUED_KEY;
    return this.#passes(value, context);
  }

  #passes(value: string, context: RequestContext): boolean {
    const fits = this.#test(value, context);
    if (fits === undefined) return this.#negated && NEGATED_OPERATOR_ON_UNREADABLE_VALUE;
    return fits !== this.#negated;
  }

  /** The set operators speak of the request's values: each, or one of them, must pass. */
  #holdsForSet(value: ContextValue | undefined, context: RequestContext): boolean {
    const all = this.#quantifier === 'all';
    if (value === undefined && this.#ifExists) return SET_OPERATOR_IF_EXISTS_ON_ABSENT_KEY;
    if (value === undefined || isNullSet(value)) return all;
    if (typeof value === 'string') return this.#passes(value, context);
    for (const each of value) {
      if (this.#passes(each, context) !== all) return !all;
    }
    return all;
  }

  /** Every key the condition looks at: its own and those that stand as variables. */
  keys(): readonly string[] {
    return [this.key.name, ...this.#variables];
  }
}

/** An empty list or nothing but empty strings: "a null data set, such as an empty string". */
function isNullSet(value: ContextValue): boolean {
  return typeof value === 'string' ? value === '' : value.every((each) => each === '');
}
