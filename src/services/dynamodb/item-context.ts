import type { RequestContext } from '../../policy/types.ts';
import type { AttributeValue } from '../../wire/generated/types/dynamodb.ts';
import { type Token, TokenReader } from './expressions/tokens.ts';
import { keyNames, leadingKey } from './keys.ts';
import type { TableTarget } from './target.ts';

type Attributes = { readonly [name: string]: AttributeValue };

/** What the condition keys of a call on items are made of. */
export interface ItemRequest {
  readonly ReturnValues?: string | undefined;
  readonly ReturnConsumedCapacity?: string | undefined;
}

/**
 * Condition keys of a call on items: the hash keys and the top-level attributes that it names.
 * Source: DynamoDB Developer Guide, fine-grained access control.
 */
export function itemContext(
  input: ItemRequest,
  { table }: TableTarget,
  keys: readonly Attributes[],
  attributes: readonly string[],
): RequestContext {
  const leading =
    table === undefined ? [] : keys.flatMap((key) => leadingKey(key[keyNames(table.keySchema).hash]) ?? []);
  return {
    ...(leading.length === 0 ? {} : { 'dynamodb:LeadingKeys': [...new Set(leading)] }),
    'dynamodb:Attributes': [...new Set(attributes)],
    ...(input.ReturnValues === undefined ? {} : { 'dynamodb:ReturnValues': input.ReturnValues }),
    ...(input.ReturnConsumedCapacity === undefined
      ? {}
      : { 'dynamodb:ReturnConsumedCapacity': input.ReturnConsumedCapacity }),
  };
}

/**
 * Top-level attributes that expressions mention, for `dynamodb:Attributes`. An expression that cannot be read mentions
 * none: the call fails on it.
 */
export function mentioned(
  names: Readonly<Record<string, string>> | undefined,
  ...expressions: (string | undefined)[]
): string[] {
  return expressions.flatMap((expression) => {
    const tokens = expression === undefined ? [] : tokensOf(expression);
    return tokens.flatMap(({ kind, text }, index) => {
      const nested = tokens[index - 1]?.text === '.';
      if (nested || tokens[index + 1]?.text === '(') return [];
      if (kind === 'placeholder-name') return names?.[text] ?? [];
      return kind === 'name' && !KEYWORD.test(text) ? text : [];
    });
  });
}

const KEYWORD = /^(?:AND|OR|NOT|IN|BETWEEN|SET|REMOVE|ADD|DELETE)$/i;

function tokensOf(expression: string): readonly Token[] {
  try {
    return new TokenReader('expression', expression).all();
  } catch {
    return [];
  }
}
