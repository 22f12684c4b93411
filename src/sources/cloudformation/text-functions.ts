import { asList, asText, type Node, textNode } from '../node.ts';
import { type Origin, SourceError } from '../origin.ts';
import { concatenate, type Text, unknown } from '../unknown.ts';
import { evaluate } from './evaluate.ts';
import { NO_VALUE } from './no-value.ts';
import { attributeValue, referredValue } from './reference.ts';
import type { Stack } from './scope.ts';

/** `Fn::Sub`: text with `${NAME}`, `${LOGICALID.ATTRIBUTE}` and `${!LITERAL}`, alone or with a map of its own names. */
export function substitute(argument: Node, stack: Stack, origin: Origin): Node {
  const [template, own] = argument.kind === 'list' ? argument.items : [argument, undefined];
  if (template?.kind !== 'scalar' || typeof template.value !== 'string' || (own !== undefined && own.kind !== 'map'))
    throw new SourceError(
      'malformed-function',
      origin,
      '`Fn::Sub` takes a text, or a text and an object of names',
      'Write "…${NAME}…" or ["…${NAME}…", { "NAME": value }].',
    );
  const parts: Text[] = [];
  let from = 0;
  for (const found of template.value.matchAll(/\$\{([^}]*)\}/g)) {
    parts.push(template.value.slice(from, found.index));
    from = found.index + found[0].length;
    parts.push(variable(found[1]!.trim(), own?.members, stack, origin));
  }
  parts.push(template.value.slice(from));
  return textNode(concatenate(parts), origin);
}

function variable(name: string, own: ReadonlyMap<string, Node> | undefined, stack: Stack, origin: Origin): Text {
  if (name.startsWith('!')) return `\${${name.slice(1)}}`;
  const mine = own?.get(name);
  if (mine !== undefined) return listed(evaluate(mine, stack), name);
  const dot = name.indexOf('.');
  if (dot === -1) return listed(referredValue(name, stack, origin), name);
  return asText(attributeValue(name.slice(0, dot), name.slice(dot + 1), stack, origin), name);
}

/** A list in the middle of a text is written with commas, as parameters of type CommaDelimitedList are. */
function listed(node: Node, name: string): Text {
  if (node === NO_VALUE) return '';
  if (node.kind !== 'list') return asText(node, `\`${name}\``);
  return concatenate(node.items.flatMap((item, index) => [...(index === 0 ? [] : [',']), asText(item, `\`${name}\``)]));
}

/** `Fn::Join`: `[delimiter, list]`. */
export function join(argument: Node, stack: Stack, origin: Origin): Node {
  const [delimiter, items] = asList(argument, 'the argument of Fn::Join');
  if (delimiter?.kind !== 'scalar' || typeof delimiter.value !== 'string' || items === undefined)
    throw new SourceError(
      'malformed-function',
      origin,
      '`Fn::Join` takes a delimiter and a list',
      'Write [delimiter, [value, …]].',
    );
  const values = evaluate(items, stack);
  if (values.kind === 'unknown') return { ...values, origin };
  const texts = asList(values, 'the second value of Fn::Join').map((item) => asText(item, 'a value of Fn::Join'));
  return textNode(
    concatenate(texts.flatMap((text, index) => (index === 0 ? [text] : [delimiter.value as string, text]))),
    origin,
  );
}

/** `Fn::Select`: `[index, list]`, from 0. */
export function select(argument: Node, stack: Stack, origin: Origin): Node {
  const [index, items] = asList(argument, 'the argument of Fn::Select').map((part) => evaluate(part, stack));
  if (index === undefined || items === undefined)
    throw new SourceError(
      'malformed-function',
      origin,
      '`Fn::Select` takes an index and a list',
      'Write [index, [value, …]].',
    );
  if (items.kind === 'unknown') return { ...items, origin };
  if (index.kind === 'unknown') return { ...index, origin };
  const values = asList(items, 'the second value of Fn::Select');
  const number = Number(asText(index, 'the index of Fn::Select'));
  const value = values[number];
  if (value === undefined)
    throw new SourceError(
      'malformed-function',
      origin,
      `\`Fn::Select\` asks for value ${number} of ${values.length}`,
      'Indexes count from 0.',
    );
  return value;
}

/** `Fn::Split`: `[delimiter, text]`. */
export function split(argument: Node, stack: Stack, origin: Origin): Node {
  const [delimiter, source] = asList(argument, 'the argument of Fn::Split').map((part) => evaluate(part, stack));
  if (delimiter?.kind !== 'scalar' || typeof delimiter.value !== 'string' || source === undefined)
    throw new SourceError(
      'malformed-function',
      origin,
      '`Fn::Split` takes a delimiter and a text',
      'Write [delimiter, text].',
    );
  const text = asText(source, 'the second value of Fn::Split');
  if (typeof text === 'string')
    return { kind: 'list', items: text.split(delimiter.value).map((part) => textNode(part, origin)), origin };
  return { kind: 'unknown', value: unknown(text.missing[0]!), origin };
}
