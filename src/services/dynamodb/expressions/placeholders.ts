import type { AttributeValue } from '../../../wire/generated/types/dynamodb.ts';
import { validation } from '../errors.ts';
import { readValue, type Value } from '../values.ts';

/** ExpressionAttributeNames and ExpressionAttributeValues of a request. Each must be used. Texts observed. */
export class Placeholders {
  readonly #names: Readonly<Record<string, string>>;
  readonly #values = new Map<string, Value>();
  readonly #used = new Set<string>();

  constructor(
    input: {
      readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined;
      readonly ExpressionAttributeValues?: { readonly [key: string]: AttributeValue } | undefined;
    },
    expressions: Readonly<Record<string, string | undefined>>,
  ) {
    const { ExpressionAttributeNames: names, ExpressionAttributeValues: values } = input;
    const withExpression = Object.values(expressions).some((expression) => expression !== undefined);
    if (names !== undefined) {
      check('ExpressionAttributeNames', names, withExpression, /^#[A-Za-z0-9_]+$/);
    }
    if (values !== undefined) {
      const missing = withExpression
        ? ''
        : `: ${Object.keys(expressions).join(' and ')} ${Object.keys(expressions).length > 1 ? 'are' : 'is'} null`;
      check('ExpressionAttributeValues', values, withExpression, /^:[A-Za-z0-9_]+$/, missing);
      for (const [key, value] of Object.entries(values)) this.#values.set(key, readPlaceholder(key, value));
    }
    this.#names = names ?? {};
  }

  name(placeholder: string, label: string): string {
    if (!Object.hasOwn(this.#names, placeholder)) {
      throw validation(
        `Invalid ${label}: An expression attribute name used in the document path is not defined; attribute name: ${placeholder}`,
      );
    }
    this.#used.add(placeholder);
    return this.#names[placeholder]!;
  }

  value(placeholder: string, label: string): Value {
    const value = this.#values.get(placeholder);
    if (value === undefined) {
      throw validation(
        `Invalid ${label}: An expression attribute value used in expression is not defined; attribute value: ${placeholder}`,
      );
    }
    this.#used.add(placeholder);
    return value;
  }

  /** To be called once all expressions are read. */
  refuseUnused(): void {
    const names = Object.keys(this.#names).filter((key) => !this.#used.has(key));
    if (names.length > 0) {
      throw validation(`Value provided in ExpressionAttributeNames unused in expressions: keys: {${names.join(', ')}}`);
    }
    const values = [...this.#values.keys()].filter((key) => !this.#used.has(key));
    if (values.length > 0) {
      throw validation(
        `Value provided in ExpressionAttributeValues unused in expressions: keys: {${values.join(', ')}}`,
      );
    }
  }
}

function check(member: string, map: object, withExpression: boolean, form: RegExp, missing = ''): void {
  if (!withExpression) throw validation(`${member} can only be specified when using expressions${missing}`);
  const keys = Object.keys(map);
  if (keys.length === 0) throw validation(`${member} must not be empty`);
  const bad = keys.find((key) => !form.test(key));
  if (bad !== undefined) throw validation(`${member} contains invalid key: Syntax error; key: "${bad}"`);
}

function readPlaceholder(key: string, value: AttributeValue): Value {
  try {
    return readValue(value);
  } catch (error) {
    throw validation(`ExpressionAttributeValues contains invalid value: ${(error as Error).message} for key ${key}`);
  }
}
