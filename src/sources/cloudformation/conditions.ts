import { asList, asString, asText, type Node } from '../node.ts';
import { SourceError } from '../origin.ts';
import type { Missing } from '../unknown.ts';
import { evaluate } from './evaluate.ts';
import type { Stack } from './scope.ts';

type Truth = boolean | Missing;

/** Whether a condition (its name, or its expression) holds; what is missing where that cannot be known. @throws SourceError */
export function conditionHolds(node: Node, stack: Stack): Truth {
  return holds(node, stack, []);
}

function holds(node: Node, stack: Stack, within: readonly string[]): Truth {
  if (node.kind === 'scalar') {
    const name = asString(node, 'the name of a condition');
    const definition = stack.conditions.get(name);
    if (definition === undefined)
      throw new SourceError(
        'undefined-condition',
        node.origin,
        `the template has no condition \`${name}\``,
        'Add it to `Conditions`.',
      );
    if (within.includes(name))
      throw new SourceError(
        'circular-condition',
        node.origin,
        `the condition \`${name}\` depends on itself`,
        'Break the circle.',
      );
    return holds(definition, stack, [...within, name]);
  }
  const [entry] = node.kind === 'map' && node.members.size === 1 ? [...node.members] : [];
  if (entry === undefined) throw notACondition(node);
  const [name, argument] = entry;
  switch (name) {
    case 'Condition':
      return holds(argument, stack, within);
    case 'Fn::Equals':
      return equals(argument, stack);
    case 'Fn::Not': {
      const [inner] = asList(argument, 'the argument of Fn::Not');
      if (inner === undefined) throw notACondition(node);
      const truth = holds(inner, stack, within);
      return typeof truth === 'boolean' ? !truth : truth;
    }
    case 'Fn::And':
    case 'Fn::Or': {
      const truths = asList(argument, `the argument of ${name}`).map((part) => holds(part, stack, within));
      const decisive = name === 'Fn::Or';
      if (truths.includes(decisive)) return decisive;
      return truths.find((truth): truth is Missing => typeof truth !== 'boolean') ?? !decisive;
    }
    default:
      throw notACondition(node);
  }
}

function equals(argument: Node, stack: Stack): Truth {
  const values = asList(argument, 'the argument of Fn::Equals').map((part) => {
    const value = evaluate(part, stack);
    return value.kind === 'list'
      ? value.items.map((item) => String(asText(item, 'a value of Fn::Equals'))).join(',')
      : asText(value, 'a value of Fn::Equals');
  });
  for (const value of values) if (typeof value !== 'string') return value.missing[0]!;
  return values[0] === values[1];
}

function notACondition(node: Node): SourceError {
  return new SourceError(
    'malformed-condition',
    node.origin,
    'this is not a condition',
    'Write Fn::Equals, Fn::And, Fn::Or, Fn::Not or { "Condition": NAME }.',
  );
}
