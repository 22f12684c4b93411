import { createHash } from 'node:crypto';
import { asList, asString, asText, type MapNode, type Node, scalar, textNode } from '../node.ts';
import { type Origin, SourceError } from '../origin.ts';
import { nearestName } from '../suggest.ts';
import { unknown } from '../unknown.ts';
import { evaluate } from './evaluate.ts';
import { NO_VALUE } from './no-value.ts';
import type { Stack } from './scope.ts';

/** `Ref`: a parameter, a pseudo parameter or a resource. */
export function reference(argument: Node, stack: Stack, at: MapNode): Node {
  return referredValue(asString(argument, 'the argument of Ref'), stack, at.origin);
}

/** What `Ref NAME` and `${NAME}` stand for. */
export function referredValue(name: string, stack: Stack, origin: Origin): Node {
  const parameter = stack.parameters.get(name);
  if (parameter !== undefined) return parameter;
  if (name.startsWith('AWS::')) return pseudoParameter(name, stack, origin);
  const resource = stack.resources.get(name);
  if (resource !== undefined) return textNode(stack.refOf(resource, origin), origin);
  return madeByMacro(name, name, stack, origin);
}

/** `Fn::GetAtt`: `[LOGICALID, ATTRIBUTE]` or `LOGICALID.ATTRIBUTE`. */
export function getAtt(argument: Node, stack: Stack, at: MapNode): Node {
  if (argument.kind !== 'list') {
    const text = asString(argument, 'the argument of Fn::GetAtt');
    const dot = text.indexOf('.');
    if (dot > 0) return attributeValue(text.slice(0, dot), text.slice(dot + 1), stack, at.origin);
    throw new SourceError(
      'malformed-function',
      at.origin,
      `\`Fn::GetAtt\` of \`${text}\` names no attribute`,
      `Write ${text}.ATTRIBUTE.`,
    );
  }
  const [logicalId, ...attribute] = asList(argument, 'the argument of Fn::GetAtt').map((part) =>
    asText(evaluate(part, stack), 'a part of Fn::GetAtt'),
  );
  if (typeof logicalId !== 'string' || attribute.length === 0 || !attribute.every((part) => typeof part === 'string'))
    throw new SourceError(
      'malformed-function',
      at.origin,
      '`Fn::GetAtt` takes a logical id and an attribute',
      'Write [logical id, attribute].',
    );
  return attributeValue(logicalId, attribute.join('.'), stack, at.origin);
}

/** What `Fn::GetAtt` and `${LOGICALID.ATTRIBUTE}` stand for. */
export function attributeValue(logicalId: string, attribute: string, stack: Stack, origin: Origin): Node {
  const resource = stack.resources.get(logicalId);
  if (resource === undefined) return madeByMacro(logicalId, `${logicalId}.${attribute}`, stack, origin);
  return textNode(stack.attributeOf(resource, attribute, origin), origin);
}

/** Source: CloudFormation User Guide, pseudo-parameter-reference. */
function pseudoParameter(name: string, stack: Stack, origin: Origin): Node {
  switch (name) {
    case 'AWS::AccountId':
      return scalar(stack.account, origin);
    case 'AWS::Region':
      return scalar(stack.region, origin);
    case 'AWS::Partition':
      return scalar('aws', origin);
    case 'AWS::URLSuffix':
      return scalar('amazonaws.com', origin);
    case 'AWS::StackName':
      return scalar(stack.name, origin);
    case 'AWS::StackId':
      return scalar(stackId(stack), origin);
    case 'AWS::NotificationARNs':
      return { kind: 'list', items: [], origin };
    case 'AWS::NoValue':
      return NO_VALUE;
    default:
      throw new SourceError(
        'unknown-pseudo-parameter',
        origin,
        `there is no pseudo parameter \`${name}\``,
        'There are AWS::AccountId, AWS::NotificationARNs, AWS::NoValue, AWS::Partition, AWS::Region, AWS::StackId, AWS::StackName and AWS::URLSuffix.',
      );
  }
}

/** Ends in a UUID that is the same on every run, where CloudFormation takes a random one. */
function stackId(stack: Stack): string {
  const hex = createHash('sha256').update(stack.name).digest('hex');
  const uuid = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, '$1-$2-$3-$4-$5');
  return `arn:aws:cloudformation:${stack.region}:${stack.account}:stack/${stack.name}/${uuid}`;
}

/** A name that the template does not declare: a macro may add it in the account; without one it is a mistake. */
function madeByMacro(name: string, key: string, stack: Stack, origin: Origin): Node {
  const given = stack.given.get(key);
  if (stack.macros.length === 0) throw undefinedName(name, stack, origin);
  if (given !== undefined) return scalar(given, origin);
  const why = `\`${name}\` is not in the template; ${stack.macros.join(', ')} may add it in the account`;
  return { kind: 'unknown', value: unknown({ why, help: `Supply it: --parameter ${key}=VALUE`, origin }), origin };
}

function undefinedName(name: string, stack: Stack, origin: Origin): SourceError {
  const similar = nearestName(name, [...stack.parameters.keys(), ...stack.resources.keys()]);
  return new SourceError(
    'undefined-reference',
    origin,
    `the template has no parameter or resource \`${name}\``,
    similar === undefined ? 'Declare it, or correct the name.' : `Did you mean \`${similar}\`?`,
  );
}
