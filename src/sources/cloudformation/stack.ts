import { existsSync } from 'node:fs';
import { resolve as absolute, dirname, join } from 'node:path';
import { asMap, asString, asText, type MapNode, mapNode, type Node } from '../node.ts';
import { type Origin, SourceError } from '../origin.ts';
import { readDocument } from '../read-document.ts';
import { nearestName } from '../suggest.ts';
import { type Missing, type Text, unknown } from '../unknown.ts';
import type { OpenWorkload } from '../workload.ts';
import { cdkAsset } from './cdk-asset.ts';
import { conditionHolds } from './conditions.ts';
import { evaluate } from './evaluate.ts';
import type { Exports } from './exports.ts';
import { hasLoop, withoutLoops } from './for-each.ts';
import { readParameters } from './parameters.ts';
import { resourceTypes, whyLeftOut } from './resource-types.ts';
import { type Declared, madeUpName, type NestedStack, resourceId, type Stack } from './scope.ts';

/** Members of a resource beside its properties. Source: CloudFormation User Guide, aws-product-attribute-reference. */
const RESOURCE_MEMBERS = [
  'Condition',
  'CreationPolicy',
  'DeletionPolicy',
  'DependsOn',
  'Metadata',
  'Properties',
  'Type',
  'UpdatePolicy',
  'UpdateReplacePolicy',
];

/** Nested stacks within nested stacks: more is a template that names itself. */
const MAX_DEPTH = 20;

export interface StackOptions {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  /** Made in another account than the one that the input is read for. */
  readonly otherAccounts?: boolean;
  /** Values given by the user, see `TemplateOptions`. */
  readonly given: ReadonlyMap<string, string>;
  readonly exports: Exports;
  /** What the stack around a nested one passes to it. */
  readonly passed?: ReadonlyMap<string, Node>;
  readonly depth?: number;
}

/** One template with its parameters: what its functions ask for, and its resources. */
export class OpenStack implements Stack, NestedStack {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly otherAccounts: boolean;
  readonly given: ReadonlyMap<string, string>;
  readonly parameters: ReadonlyMap<string, Node>;
  readonly mappings: ReadonlyMap<string, Node>;
  readonly conditions: ReadonlyMap<string, Node>;
  readonly resources: ReadonlyMap<string, Declared>;
  readonly macros: readonly string[];
  /** Absolute path of the template. */
  readonly file: string;
  readonly outputs: ReadonlyMap<string, Node>;
  readonly #options: StackOptions;
  readonly #nested = new Map<string, OpenStack | string>();
  /** Names being worked out, to notice a circle. */
  readonly #open: string[] = [];

  /** @throws SourceError */
  constructor(root: MapNode, options: StackOptions) {
    this.#options = options;
    this.file = absolute(root.origin.file);
    this.name = options.name;
    this.account = options.account;
    this.region = options.region;
    this.otherAccounts = options.otherAccounts === true;
    this.given = options.given;
    this.macros = macrosOf(root);
    this.mappings = section(root, 'Mappings');
    this.parameters = readParameters(section(root, 'Parameters'), options.given, options.passed);
    const resources = new Map<string, Declared>();
    this.resources = resources;
    this.conditions = this.#section(root, 'Conditions');
    this.outputs = this.#section(root, 'Outputs');
    const declared = [...this.#section(root, 'Resources')].filter(([name]) => name !== 'Fn::Transform');
    for (const [logicalId, node] of declared) resources.set(logicalId, this.#declared(logicalId, node));
    for (const [logicalId, node] of declared) this.#checkDependsOn(logicalId, node);
    options.exports.add(this);
  }

  /** A section with its loops carried out. */
  #section(root: MapNode, name: string): ReadonlyMap<string, Node> {
    const node = root.members.get(name);
    if (node === undefined || !hasLoop(node)) return section(root, name);
    return asMap(withoutLoops(node, this), `the section \`${name}\``).members;
  }

  /** Every resource that is of a known type and whose condition does not say otherwise. @throws SourceError */
  readResources(workload: OpenWorkload): void {
    for (const resource of this.resources.values()) {
      const type = resourceTypes[resource.type];
      const what = `${resource.type} \`${resource.logicalId}\``;
      if (type === undefined) {
        workload.leftOut.push({ what, why: whyLeftOut(resource.type), origin: resource.origin });
        continue;
      }
      const created = resource.condition === undefined || this.#conditionOf(resource, resource.condition);
      if (created === false) {
        const why = `its condition \`${resource.condition}\` is false`;
        workload.leftOut.push({ what, why, origin: resource.origin });
        continue;
      }
      if (created !== true)
        workload.uncertain.push({ id: resourceId(resource), origin: resource.origin, what, missing: created });
      type.read(resource, workload);
    }
  }

  #conditionOf(resource: Declared, name: string): boolean | Missing {
    return conditionHolds({ kind: 'scalar', value: name, origin: resource.origin }, this);
  }

  imported(name: string, at: Origin): Node | undefined {
    return this.#options.exports.value(name, this, at);
  }

  /** `Fn::GetAtt: [STACK, Outputs.NAME]`. @throws SourceError */
  output(name: string, at: Origin): Node {
    const node = this.outputs.get(name);
    if (node === undefined) {
      const similar = nearestName(name, [...this.outputs.keys()]);
      const help =
        similar === undefined ? 'Add it to the `Outputs` of the nested template.' : `Did you mean \`${similar}\`?`;
      throw new SourceError('undefined-reference', at, `the nested stack has no output \`${name}\``, help);
    }
    const value = asMap(node, `the output \`${name}\``).members.get('Value');
    if (value === undefined)
      throw new SourceError('missing-member', node.origin, `the output \`${name}\` has no \`Value\``, 'Add it.');
    return evaluate(value, this);
  }

  nested(resource: Declared): OpenStack | string {
    let found = this.#nested.get(resource.logicalId);
    if (found === undefined) {
      found = this.#openNested(resource);
      this.#nested.set(resource.logicalId, found);
    }
    return found;
  }

  /** The nested stacks whose templates are at hand, and those within them. */
  allNested(): OpenStack[] {
    return [...this.resources.values()]
      .filter(({ type, condition }) => type === 'AWS::CloudFormation::Stack' && condition === undefined)
      .flatMap((resource) => {
        const stack = this.nested(resource);
        return typeof stack === 'string' ? [] : [stack, ...stack.allNested()];
      });
  }

  #openNested(resource: Declared): OpenStack | string {
    const file = this.#nestedFile(resource);
    if (typeof file !== 'string') return file.why;
    const depth = (this.#options.depth ?? 0) + 1;
    if (depth > MAX_DEPTH)
      throw new SourceError('circular-reference', resource.origin, 'this stack holds itself', 'Name another template.');
    if (!existsSync(file)) return `its template ${file} does not exist`;
    const parameters = resource.properties.members.get('Parameters');
    const passed = parameters === undefined ? undefined : evaluate(parameters, this);
    return new OpenStack(asMap(readDocument(file), 'a template'), {
      ...this.#options,
      name: madeUpName(resource),
      passed: passed === undefined ? new Map() : asMap(passed, '`Parameters`').members,
      depth,
    });
  }

  #nestedFile(resource: Declared): string | { readonly why: string } {
    const folder = dirname(resource.origin.file);
    // The CDK notes the local file beside the address that it will be uploaded to.
    const metadata = resource.metadata?.kind === 'map' ? resource.metadata.members : undefined;
    const asset = metadata?.get('aws:asset:path');
    const property = metadata?.get('aws:asset:property');
    if (asset?.kind === 'scalar' && property?.kind === 'scalar' && property.value === 'TemplateURL')
      return join(folder, String(asset.value));
    const node = resource.properties.members.get('TemplateURL');
    if (node === undefined) return { why: 'it names no template (`TemplateURL`)' };
    const url = asText(evaluate(node, this), '`TemplateURL`');
    const help = 'give the nested stack’s template as a further path';
    if (typeof url !== 'string') return { why: `where its template is cannot be known; ${help}` };
    const uploaded = cdkAsset(folder, url);
    if (uploaded !== undefined) return uploaded;
    if (/^(https?|s3):/.test(url)) return { why: `its template is at ${url}; ${help}` };
    return join(folder, url);
  }

  #declared(logicalId: string, node: Node): Declared {
    if (logicalId.startsWith('Fn::'))
      throw new SourceError(
        'unknown-function',
        node.origin,
        `the function \`${logicalId}\` is not supported`,
        'Write its resources out.',
      );
    if (!/^[A-Za-z0-9]+$/.test(logicalId))
      throw new SourceError(
        'invalid-logical-id',
        node.origin,
        `\`${logicalId}\` is not a logical id`,
        'Logical ids are letters and digits only.',
      );
    const map = asMap(node, `the resource \`${logicalId}\``);
    for (const [name, member] of map.members) {
      if (RESOURCE_MEMBERS.includes(name)) continue;
      const similar = nearestName(name, RESOURCE_MEMBERS);
      const help =
        similar === undefined ? 'Did you mean to put it under `Properties`?' : `Did you mean \`${similar}\`?`;
      throw new SourceError(
        'unknown-member',
        member.origin,
        `the resource \`${logicalId}\` has no member \`${name}\``,
        help,
      );
    }
    const type = map.members.get('Type');
    if (type === undefined)
      throw new SourceError(
        'missing-member',
        map.origin,
        `the resource \`${logicalId}\` has no \`Type\``,
        'Add its type, e.g. AWS::IAM::Role.',
      );
    const properties = map.members.get('Properties');
    const condition = map.members.get('Condition');
    return {
      stack: this,
      logicalId,
      type: asString(type, `the type of \`${logicalId}\``),
      properties:
        properties === undefined ? mapNode([], map.origin) : asMap(properties, `the properties of \`${logicalId}\``),
      origin: map.origin,
      dependsOn: dependsOn(map).flatMap((item) => (item.kind === 'scalar' ? [String(item.value)] : [])),
      metadata: map.members.get('Metadata'),
      condition: condition === undefined ? undefined : asString(condition, `the condition of \`${logicalId}\``),
    };
  }

  #checkDependsOn(logicalId: string, node: Node): void {
    for (const item of dependsOn(node)) {
      const name = asString(item, `\`DependsOn\` of \`${logicalId}\``);
      if (this.resources.has(name) || this.macros.length > 0) continue;
      const similar = nearestName(name, [...this.resources.keys()]);
      const help = similar === undefined ? 'Declare it, or remove the entry.' : `Did you mean \`${similar}\`?`;
      throw new SourceError('undefined-reference', item.origin, `the template has no resource \`${name}\``, help);
    }
  }

  refOf(resource: Declared, at: Origin): Text {
    return this.#guarded(resource, at, 'Ref', () => {
      const given = this.given.get(resource.logicalId);
      if (given !== undefined) return given;
      const type = resourceTypes[resource.type];
      return type === undefined ? madeByAws(resource, resource.logicalId, 'physical id', at) : type.ref(resource, at);
    });
  }

  attributeOf(resource: Declared, attribute: string, at: Origin): Text {
    return this.#guarded(resource, at, attribute, () => {
      const given = this.given.get(`${resource.logicalId}.${attribute}`);
      if (given !== undefined) return given;
      if (resource.type === 'AWS::CloudFormation::Stack' && attribute.startsWith('Outputs.')) {
        const stack = this.nested(resource);
        if (typeof stack !== 'string')
          return asText(stack.output(attribute.slice('Outputs.'.length), at), `\`${resource.logicalId}.${attribute}\``);
      }
      const make = resourceTypes[resource.type]?.attributes[attribute];
      return make === undefined
        ? madeByAws(resource, `${resource.logicalId}.${attribute}`, `attribute ${attribute}`, at)
        : make(resource, at);
    });
  }

  #guarded(resource: Declared, at: Origin, what: string, work: () => Text): Text {
    const key = `${resourceId(resource)} ${what}`;
    if (this.#open.includes(key))
      throw new SourceError(
        'circular-reference',
        at,
        `the name of \`${resource.logicalId}\` depends on itself`,
        'Break the circle.',
      );
    this.#open.push(key);
    try {
      return work();
    } finally {
      this.#open.pop();
    }
  }
}

/** The items of `DependsOn`: one, or a list. What is no text is refused by itself. */
function dependsOn(node: Node): readonly Node[] {
  const value = node.kind === 'map' ? node.members.get('DependsOn') : undefined;
  return value === undefined ? [] : value.kind === 'list' ? value.items : [value];
}

function madeByAws(resource: Declared, key: string, what: string, at: Origin): Text {
  return unknown({
    why: `the ${what} of ${resource.type} \`${resource.logicalId}\` is only known in AWS`,
    help: `Supply it: --parameter ${key}=VALUE`,
    origin: at,
  });
}

function section(root: MapNode, name: string): ReadonlyMap<string, Node> {
  const node = root.members.get(name);
  return node === undefined ? new Map() : asMap(node, `the section \`${name}\``).members;
}

/** Names of the transforms that run in the account. */
function macrosOf(root: MapNode): string[] {
  const transform = root.members.get('Transform');
  const named = transform === undefined ? [] : transform.kind === 'list' ? transform.items : [transform];
  const included = section(root, 'Resources').has('Fn::Transform') || root.members.has('Fn::Transform');
  return [
    ...named
      .map((node) => (node.kind === 'scalar' ? String(node.value) : 'a transform'))
      .filter((name) => name !== 'AWS::LanguageExtensions'),
    ...(included ? ['a transform'] : []),
  ];
}
