import { asMap, type MapNode, type Node } from '../node.ts';
import { SourceError } from '../origin.ts';
import { nearestName } from '../suggest.ts';
import type { OpenWorkload } from '../workload.ts';
import { Exports } from './exports.ts';
import { OpenStack } from './stack.ts';

/** Source: CloudFormation User Guide, template-anatomy. */
const SECTIONS = [
  'AWSTemplateFormatVersion',
  'Conditions',
  'Description',
  'Fn::Transform',
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

export interface TemplateOptions {
  readonly stackName: string;
  /** `--parameter NAME=VALUE`: parameters of the template, and stand-ins `LOGICALID`, `LOGICALID.ATTRIBUTE`, `import:NAME`. */
  readonly given: ReadonlyMap<string, string>;
  /** What the stack's resources become part of; default: the workload of the other templates. */
  readonly workload?: OpenWorkload;
}

/** True for a document that is a CloudFormation template. */
export function isTemplate(node: Node): boolean {
  const resources = node.kind === 'map' ? node.members.get('Resources') : undefined;
  if (resources?.kind !== 'map') return node.kind === 'map' && node.members.has('AWSTemplateFormatVersion');
  return true;
}

/** The templates of one input: what one stack exports, another may import. */
export class Templates {
  readonly #workload: OpenWorkload;
  readonly #exports = new Exports();
  readonly #stacks: { readonly stack: OpenStack; readonly workload: OpenWorkload }[] = [];

  constructor(workload: OpenWorkload) {
    this.#workload = workload;
  }

  /** Opens a template; its resources are read when all templates are open. @throws SourceError */
  open(document: Node, options: TemplateOptions): void {
    const root = asMap(document, 'a template');
    const workload = options.workload ?? this.#workload;
    checkSections(root);
    refuseSam(root);
    leaveOutTransforms(root, workload);
    const stack = new OpenStack(root, {
      name: options.stackName,
      account: workload.account,
      region: workload.region,
      otherAccounts: workload !== this.#workload,
      given: options.given,
      exports: this.#exports,
    });
    this.#stacks.push({ stack, workload });
  }

  /** Reads the resources of all of them. A template that another one nests is read there, with what it is given there. */
  readResources(): void {
    const nested = new Set(this.#stacks.flatMap(({ stack }) => stack.allNested()).map(({ file }) => file));
    for (const { stack, workload } of this.#stacks) if (!nested.has(stack.file)) stack.readResources(workload);
  }
}

/** Reads a CloudFormation template into the workload. @throws SourceError */
export function readTemplate(document: Node, options: TemplateOptions, workload: OpenWorkload): void {
  const templates = new Templates(workload);
  templates.open(document, options);
  templates.readResources();
}

function checkSections(root: MapNode): void {
  for (const [name, section] of root.members) {
    if (SECTIONS.some((known) => known === name)) continue;
    const similar = nearestName(name, SECTIONS);
    const help = similar === undefined ? `Sections: ${SECTIONS.join(', ')}.` : `Did you mean \`${similar}\`?`;
    throw new SourceError('unknown-section', section.origin, `a template has no section \`${name}\``, help);
  }
}

/** A template of nothing but SAM resources holds nothing that could be read. */
function refuseSam(root: MapNode): void {
  const resources = root.members.get('Resources');
  const types = (resources?.kind === 'map' ? [...resources.members.values()] : []).map((node) => {
    const type = node.kind === 'map' ? node.members.get('Type') : undefined;
    return type?.kind === 'scalar' ? String(type.value) : '';
  });
  if (types.length === 0 || !types.every((type) => type.startsWith('AWS::Serverless::'))) return;
  throw new SourceError(
    'sam-not-supported',
    root.members.get('Transform')?.origin ?? root.origin,
    'this is a SAM template: AWS makes its resources of it when it is deployed, and they are not in the file',
    'Give the template that AWS made: aws cloudformation get-template --stack-name NAME --template-stage Processed.',
  );
}

function leaveOutTransforms(root: MapNode, workload: OpenWorkload): void {
  const transform = root.members.get('Transform');
  for (const node of transform === undefined ? [] : transform.kind === 'list' ? transform.items : [transform]) {
    const named = node.kind === 'map' ? node.members.get('Name') : node;
    const name = named?.kind === 'scalar' ? String(named.value) : 'a transform';
    if (name === 'AWS::LanguageExtensions') continue;
    const why = name.startsWith('AWS::Serverless')
      ? 'SAM is not supported; its resources are left out'
      : 'macros run in the account only';
    workload.leftOut.push({ what: `transform \`${name}\``, why, origin: node.origin });
  }
  for (const [name, section] of root.members) {
    const included =
      name === 'Fn::Transform' ? section : section.kind === 'map' && section.members.get('Fn::Transform');
    if (typeof included !== 'object') continue;
    const what = name === 'Fn::Transform' ? '`Fn::Transform` of the template' : `\`Fn::Transform\` of \`${name}\``;
    workload.leftOut.push({ what, why: 'macros run in the account only', origin: included.origin });
  }
}
