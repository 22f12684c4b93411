import { asMap, asString, asText, type Node, scalar, textNode } from '../node.ts';
import { SourceError } from '../origin.ts';
import { concatenate, unknown } from '../unknown.ts';

/**
 * Values of the template's parameters: the given ones, else the defaults, else unknown. `passed` is what the stack around
 * a nested one gives it; a default of the nested template then goes before what the user gave for the outer one.
 * @throws SourceError
 */
export function readParameters(
  section: ReadonlyMap<string, Node>,
  given: ReadonlyMap<string, string>,
  passed?: ReadonlyMap<string, Node>,
): Map<string, Node> {
  const values = new Map<string, Node>();
  for (const [name, node] of section) {
    const value = passed?.get(name);
    const byUser =
      passed !== undefined && node.kind === 'map' && node.members.has('Default') ? undefined : given.get(name);
    values.set(name, value === undefined ? parameterValue(name, node, byUser) : passedValue(name, node, value));
  }
  return values;
}

function passedValue(name: string, node: Node, value: Node): Node {
  if (value.kind === 'unknown' || value.kind === 'map') return value;
  const texts = (value.kind === 'list' ? value.items : [value]).map((item) =>
    asText(item, `the parameter \`${name}\``),
  );
  const missing = texts.find((text) => typeof text !== 'string');
  if (missing !== undefined) {
    const typeNode = node.kind === 'map' ? node.members.get('Type') : undefined;
    const list = typeNode?.kind === 'scalar' && /List/.test(String(typeNode.value));
    if (list && value.kind === 'list') return value;
    return textNode(concatenate(texts.flatMap((text, index) => (index === 0 ? [text] : [',', text]))), value.origin);
  }
  return { ...parameterValue(name, node, texts.join(',')), origin: value.origin };
}

/** Source: CloudFormation User Guide, parameters-section-structure. */
const PROPERTIES = [
  'AllowedPattern',
  'AllowedValues',
  'ConstraintDescription',
  'Default',
  'Description',
  'MaxLength',
  'MaxValue',
  'MinLength',
  'MinValue',
  'NoEcho',
  'Type',
];

function parameterValue(name: string, node: Node, given: string | undefined): Node {
  const declaration = asMap(node, `the parameter \`${name}\``);
  for (const [key, member] of declaration.members)
    if (!PROPERTIES.includes(key))
      throw new SourceError(
        'unknown-member',
        member.origin,
        `the parameter \`${name}\` has no member \`${key}\``,
        `Members: ${PROPERTIES.join(', ')}.`,
      );
  const typeNode = declaration.members.get('Type');
  if (typeNode === undefined)
    throw new SourceError(
      'missing-member',
      declaration.origin,
      `the parameter \`${name}\` has no \`Type\``,
      'Add one, e.g. String.',
    );
  const type = asString(typeNode, `the type of the parameter \`${name}\``);
  const written = declaration.members.get('Default');
  const origin = given === undefined && written !== undefined ? written.origin : declaration.origin;
  const text = given ?? (written === undefined ? undefined : defaultText(written, name));
  // The default of such a parameter is the name of an SSM parameter, not its value.
  const fromStore = type.startsWith('AWS::SSM::Parameter::Value<') && given === undefined;
  if (text === undefined || fromStore) {
    const why = fromStore
      ? `the parameter \`${name}\` takes its value from the SSM parameter \`${text ?? ''}\` of the account`
      : `the parameter \`${name}\` has no default`;
    const help = `Supply it: --parameter ${name}=VALUE`;
    return { kind: 'unknown', value: unknown({ why, help, origin: declaration.origin }), origin };
  }
  checkAllowed(name, text, declaration.members, given !== undefined);
  if (type === 'Number' && !/^-?\d+(\.\d+)?$/.test(text.trim()))
    throw new SourceError(
      'invalid-parameter-value',
      origin,
      `the parameter \`${name}\` is a number, and \`${text}\` is none`,
      'Give a number.',
    );
  if (type === 'CommaDelimitedList' || type.startsWith('List<') || type.includes('<List<')) {
    const items = text === '' ? [] : text.split(',').map((item) => scalar(item.trim(), origin));
    return { kind: 'list', items, origin };
  }
  return scalar(text, origin);
}

function defaultText(node: Node, name: string): string {
  const text = asText(node, `the default of the parameter \`${name}\``);
  return String(text);
}

function checkAllowed(name: string, text: string, members: ReadonlyMap<string, Node>, given: boolean): void {
  const node = members.get('AllowedValues');
  if (node?.kind !== 'list') return;
  const allowed = node.items.map((item) => String(asText(item, 'an allowed value')));
  if (allowed.includes(text)) return;
  const hidden = members.get('NoEcho');
  const shown = hidden?.kind === 'scalar' && /^true$/i.test(String(hidden.value)) ? '****' : text;
  throw new SourceError(
    'invalid-parameter-value',
    node.origin,
    `the parameter \`${name}\` does not allow ${given ? `--parameter ${name}=${shown}` : `its default \`${shown}\``}`,
    `Allowed: ${allowed.join(', ')}.`,
  );
}
