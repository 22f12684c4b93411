import { asMap, asString, type MapNode, mapNode, type Node } from '../node.ts';
import { type Origin, SourceError } from '../origin.ts';
import { nearestName } from '../suggest.ts';
import { type Missing, type Text, unknown } from '../unknown.ts';
import type { OpenWorkload } from '../workload.ts';
import { conditionHolds } from './conditions.ts';
import { readParameters } from './parameters.ts';
import { resourceTypes, whyLeftOut } from './resource-types.ts';
import { type Declared, resourceId, type Stack } from './scope.ts';

/** Source: CloudFormation User Guide, template-anatomy. */
const SECTIONS = [
  'AWSTemplateFormatVersion',
  'Conditions',
  'Description',
  'Globals',
  'Hooks',
  'Mappings',
  'Metadata',
  'Outputs',
  'Parameters',
  'Resources',
  'Rules',
  'Transform',
] as const;

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

export interface TemplateOptions {
  readonly stackName: string;
  /** `--parameter NAME=VALUE`: parameters of the template, and stand-ins `LOGICALID`, `LOGICALID.ATTRIBUTE`, `import:NAME`. */
  readonly given: ReadonlyMap<string, string>;
}

/** True for a document that is a CloudFormation template. */
export function isTemplate(node: Node): boolean {
  const resources = node.kind === 'map' ? node.members.get('Resources') : undefined;
  if (resources?.kind !== 'map') return node.kind === 'map' && node.members.has('AWSTemplateFormatVersion');
  return true;
}

/** Reads a CloudFormation template into the workload. @throws SourceError */
export function readTemplate(document: Node, options: TemplateOptions, workload: OpenWorkload): void {
  const root = asMap(document, 'a template');
  for (const [name, section] of root.members) {
    if (SECTIONS.some((known) => known === name)) continue;
    const similar = nearestName(name, SECTIONS);
    const help = similar === undefined ? `Sections: ${SECTIONS.join(', ')}.` : `Did you mean \`${similar}\`?`;
    throw new SourceError('unknown-section', section.origin, `a template has no section \`${name}\``, help);
  }
  leaveOutTransform(root, workload);
  const stack = new OpenStack(root, options, workload);
  for (const resource of stack.resources.values()) {
    const type = resourceTypes[resource.type];
    const what = `${resource.type} \`${resource.logicalId}\``;
    if (type === undefined) {
      workload.leftOut.push({ what, why: whyLeftOut(resource.type), origin: resource.origin });
      continue;
    }
    const created = resource.condition === undefined || conditionOf(resource, resource.condition);
    if (created === false) {
      workload.leftOut.push({ what, why: `its condition \`${resource.condition}\` is false`, origin: resource.origin });
      continue;
    }
    if (created !== true)
      workload.uncertain.push({ id: resourceId(resource), origin: resource.origin, what, missing: created });
    type.read(resource, workload);
  }
}

function conditionOf(resource: Declared, name: string): boolean | Missing {
  return conditionHolds({ kind: 'scalar', value: name, origin: resource.origin }, resource.stack);
}

function leaveOutTransform(root: MapNode, workload: OpenWorkload): void {
  const transform = root.members.get('Transform');
  if (transform === undefined) return;
  const names = transform.kind === 'list' ? transform.items : [transform];
  for (const node of names) {
    const name = node.kind === 'scalar' ? String(node.value) : 'a transform';
    if (name === 'AWS::LanguageExtensions') continue;
    const why = name.startsWith('AWS::Serverless')
      ? 'SAM is not supported; its resources are left out'
      : 'macros run in the account only';
    workload.leftOut.push({ what: `transform \`${name}\``, why, origin: node.origin });
  }
}

class OpenStack implements Stack {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly given: ReadonlyMap<string, string>;
  readonly parameters: ReadonlyMap<string, Node>;
  readonly mappings: ReadonlyMap<string, Node>;
  readonly conditions: ReadonlyMap<string, Node>;
  readonly resources: ReadonlyMap<string, Declared>;
  /** Names being worked out, to notice a circle. */
  readonly #open: string[] = [];

  constructor(root: MapNode, options: TemplateOptions, workload: OpenWorkload) {
    this.name = options.stackName;
    this.account = workload.account;
    this.region = workload.region;
    this.given = options.given;
    this.mappings = section(root, 'Mappings');
    this.conditions = section(root, 'Conditions');
    this.parameters = readParameters(section(root, 'Parameters'), options.given);
    const resources = new Map<string, Declared>();
    for (const [logicalId, node] of section(root, 'Resources'))
      resources.set(logicalId, this.#declared(logicalId, node));
    this.resources = resources;
    for (const [logicalId, node] of section(root, 'Resources')) this.#checkDependsOn(logicalId, node);
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
      condition: condition === undefined ? undefined : asString(condition, `the condition of \`${logicalId}\``),
    };
  }

  #checkDependsOn(logicalId: string, node: Node): void {
    const dependsOn = node.kind === 'map' ? node.members.get('DependsOn') : undefined;
    if (dependsOn === undefined) return;
    for (const item of dependsOn.kind === 'list' ? dependsOn.items : [dependsOn]) {
      const name = asString(item, `\`DependsOn\` of \`${logicalId}\``);
      if (this.resources.has(name)) continue;
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
