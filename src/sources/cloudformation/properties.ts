import { asList, asMap, asText, type MapNode, mapNode, type Node } from '../node.ts';
import type { Origin } from '../origin.ts';
import { SourceError } from '../origin.ts';
import { nearestName } from '../suggest.ts';
import { type Text, unknown } from '../unknown.ts';
import type { OpenWorkload, Tags } from '../workload.ts';
import { evaluate } from './evaluate.ts';
import { type Declared, resourceId } from './scope.ts';

/** One kind of resource: how it is read, and what `Ref` and `Fn::GetAtt` of it give. */
export interface ResourceType {
  read(resource: Declared, workload: OpenWorkload): void;
  ref(resource: Declared, at: Origin): Text;
  readonly attributes: Readonly<Record<string, (resource: Declared, at: Origin) => Text>>;
}

/** The evaluated properties of one resource, asked for by name. Every property is either used or named as left out. */
export class Properties {
  readonly map: MapNode;
  readonly #resource: Declared;

  /**
   * `used`: what the caller reads. Anything else is left out, by name; a slip of a used name is an error. Of some types
   * only a few properties have to do with roles (`rest: 'irrelevant'`): what else they have is not looked at, and not worth
   * a word. `A.B` is then the member B of the property A.
   * @throws SourceError
   */
  constructor(
    resource: Declared,
    used: readonly string[],
    workload: OpenWorkload,
    rest: 'left-out' | 'irrelevant' = 'left-out',
  ) {
    this.#resource = resource;
    const raw = withoutTransform(resource, workload);
    const wanted = rest === 'irrelevant' ? picked(raw, used) : raw;
    this.map = asMap(evaluate(wanted, resource.stack), `the properties of \`${resource.logicalId}\``);
    if (rest === 'irrelevant') return;
    for (const [name, node] of this.map.members) {
      if (used.includes(name)) continue;
      const similar = nearestName(name, used);
      if (similar !== undefined)
        throw new SourceError(
          'unknown-property',
          node.origin,
          `${resource.type} has no property \`${name}\``,
          `Did you mean \`${similar}\`?`,
        );
      const what = `\`${name}\` of ${resource.type} \`${resource.logicalId}\``;
      workload.leftOut.push({ what, why: 'this property is not used here', origin: node.origin });
    }
  }

  node(name: string): Node | undefined {
    return this.map.members.get(name);
  }

  /** @throws SourceError when it is not there. */
  required(name: string): Node {
    const node = this.node(name);
    if (node !== undefined) return node;
    const { logicalId, type, origin } = this.#resource;
    throw new SourceError(
      'missing-property',
      origin,
      `${type} \`${logicalId}\` has no \`${name}\``,
      `Add \`${name}\` to its properties.`,
    );
  }

  text(name: string): Text | undefined {
    const node = this.node(name);
    return node === undefined ? undefined : asText(node, `\`${name}\``);
  }

  requiredText(name: string): Text {
    return asText(this.required(name), `\`${name}\``);
  }

  list(name: string): readonly Node[] {
    const node = this.node(name);
    return node === undefined ? [] : asList(node, `\`${name}\``);
  }

  texts(name: string): readonly Text[] {
    return this.list(name).map((item) => asText(item, `an item of \`${name}\``));
  }

  flag(name: string, otherwise: boolean): boolean {
    const node = this.node(name);
    if (node === undefined) return otherwise;
    if (node.kind === 'scalar' && /^(true|false)$/i.test(String(node.value))) return /^true$/i.test(String(node.value));
    throw new SourceError('wrong-type', node.origin, `\`${name}\` must be true or false`, 'Write true or false here.');
  }

  /** `Tags`: a list of `{ Key, Value }`, or (SSM, and a few others) an object. */
  tags(name = 'Tags'): Tags {
    const node = this.node(name);
    if (node === undefined) return [];
    if (node.kind === 'map')
      return [...node.members].map(([key, value]) => ({ key, value: asText(value, `the tag \`${key}\``) }));
    return asList(node, `\`${name}\``).map((item) => {
      const tag = asMap(item, 'a tag');
      const key = tag.members.get('Key');
      const value = tag.members.get('Value');
      if (key === undefined || value === undefined)
        throw new SourceError(
          'malformed-tag',
          item.origin,
          'a tag needs `Key` and `Value`',
          'Write { "Key": …, "Value": … }.',
        );
      return { key: asText(key, 'the key of a tag'), value: asText(value, 'the value of a tag') };
    });
  }
}

/** The members of those names. A value that is a function's stays whole. */
function picked(map: MapNode, names: readonly string[]): MapNode {
  const members: [string, Node][] = [];
  for (const [name, node] of map.members) {
    const inner = names.filter((each) => each.startsWith(`${name}.`)).map((each) => each.slice(name.length + 1));
    const plain =
      node.kind === 'map' && ![...node.members.keys()].some((key) => key === 'Ref' || key.startsWith('Fn::'));
    if (names.includes(name)) members.push([name, node]);
    else if (inner.length > 0) members.push([name, plain ? picked(node, inner) : node]);
  }
  return mapNode(members, map.origin);
}

/** A macro beside the properties adds more of them in the account: what it adds is left out. */
function withoutTransform({ properties, type, logicalId }: Declared, workload: OpenWorkload): MapNode {
  const transform = properties.members.get('Fn::Transform');
  if (transform === undefined || properties.members.size === 1) return properties;
  const what = `\`Fn::Transform\` of ${type} \`${logicalId}\``;
  workload.leftOut.push({
    what,
    why: 'a macro runs in the account and changes the template there',
    origin: transform.origin,
  });
  return mapNode(
    [...properties.members].filter(([name]) => name !== 'Fn::Transform'),
    properties.origin,
  );
}

/** One property that decides a name, evaluated by itself (names are asked for before everything else is known). */
export function namedBy(resource: Declared, property: string, otherwise: (resource: Declared) => string): Text {
  const node = resource.properties.members.get(property);
  if (node === undefined) return otherwise(resource);
  const value = evaluate(node, resource.stack);
  // AWS::NoValue: as if the property were not there.
  return value.kind === 'scalar' && value.value === null ? otherwise(resource) : asText(value, `\`${property}\``);
}

/** A value that exists once the resource has been made: given by the user, or else `load` fills it in. */
export function madeLater(attribute: string): (resource: Declared, at: Origin) => Text {
  return (resource, at) => {
    const key = `${resource.logicalId}${attribute === 'Ref' ? '' : `.${attribute}`}`;
    return (
      resource.stack.given.get(key) ??
      unknown({
        why: `${attribute} of ${resource.type} \`${resource.logicalId}\` exists once it has been made`,
        help: `Supply it: --parameter ${key}=VALUE`,
        origin: at,
        deferred: { resource: resourceId(resource), attribute },
      })
    );
  };
}
