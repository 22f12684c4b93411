import { asText, type MapNode, mapNode, type Node, textNode } from '../node.ts';
import { type Text, unknown } from '../unknown.ts';
import { ATTRIBUTES, type AttributeSource, later } from './attributes.ts';
import { type TfModule, type TfPlan, type TfResource, within, withoutIndexes } from './plan.ts';
import { accountInValues, leadsElsewhere, providerPlace } from './provider-place.ts';

/** Stands for an account or Region that is not known. */
const ELSEWHERE = '\u0000';

/** A plan in its account and Region: asks for attributes, and follows the references of those that are not known. */
export class TfScope {
  readonly account: string;
  readonly region: string;
  readonly plan: TfPlan;
  readonly #given: ReadonlyMap<string, string>;
  readonly #byLocal = new Map<string, TfResource[]>();
  readonly #open: string[] = [];

  constructor(plan: TfPlan, account: string, region: string, given: ReadonlyMap<string, string>) {
    this.plan = plan;
    this.account = account;
    this.region = region;
    this.#given = given;
    for (const resource of [...plan.resources, ...plan.read]) {
      const key = `${resource.module} ${resource.local}`;
      const list = this.#byLocal.get(key);
      if (list === undefined) this.#byLocal.set(key, [resource]);
      else list.push(resource);
    }
  }

  /**
   * An argument that names another thing (by ARN, id or name): where it is not known, what it refers to. Steps into blocks
   * are names and, for the first block, 0. Undefined where it is not set.
   */
  reference(resource: TfResource, ...path: readonly (string | 0)[]): Text | undefined {
    const node = this.#argument(resource, path);
    if (node === undefined) return undefined;
    const followed = node.kind === 'unknown' ? this.#followed(resource, path, node) : undefined;
    return asText(followed ?? this.#explained(node, resource, path), `\`${path.join('.')}\` of ${resource.address}`);
  }

  /** An argument as the plan has it; undefined where it is not set. */
  node(resource: TfResource, ...path: readonly (string | 0)[]): Node | undefined {
    const node = this.#argument(resource, path);
    return node === undefined ? undefined : this.#explained(node, resource, path);
  }

  text(resource: TfResource, ...path: readonly (string | 0)[]): Text | undefined {
    const node = this.node(resource, ...path);
    return node === undefined ? undefined : asText(node, `\`${path.join('.')}\` of ${resource.address}`);
  }

  /** Undefined where it is not set. What the configuration does not set, and AWS or the provider will, is not set, either. */
  #argument(resource: TfResource, path: readonly (string | 0)[]): Node | undefined {
    const node = at(resource.values, path);
    if (node === undefined || unset(node)) return undefined;
    return node.kind === 'unknown' && path.length === 1 && !configured(resource, String(path[0])) ? undefined : node;
  }

  /** `arn`, `id`, `name`, … as other resources see it: known, computed, or unknown. */
  attribute(resource: TfResource, attribute: string): Text | undefined {
    const known = (name: string): Text | undefined => {
      const node = resource.values.members.get(name);
      if (node === undefined || node.kind === 'unknown') {
        const given = this.#given.get(`${resource.address}.${name}`);
        if (given !== undefined) return given;
      }
      return node?.kind === 'scalar' && node.value !== null ? (node.text ?? String(node.value)) : undefined;
    };
    const written = known(attribute);
    if (written !== undefined) return written;
    const make = ATTRIBUTES[resource.type]?.[attribute];
    if (make === undefined) return undefined;
    const place = this.placeOf(resource);
    const { address, origin } = resource;
    const source: AttributeSource = { account: this.account, region: this.region, address, origin, known };
    if (place !== undefined) return make({ ...source, ...place });
    // Names do not depend on where a thing is; ARNs and addresses do.
    const elsewhere = make({ ...source, account: ELSEWHERE, region: ELSEWHERE });
    return String(elsewhere).includes(ELSEWHERE) ? later(source, attribute) : elsewhere;
  }

  /**
   * Account and Region of a resource: those that are in its own values, else those of the provider that makes it; undefined
   * for another provider that does not say its own.
   */
  placeOf(resource: TfResource): { readonly account: string; readonly region: string } | undefined {
    const { provider, values } = resource;
    // Since version 6 of the provider a resource may name its Region itself.
    const written = values.members.get('region');
    const own = written?.kind === 'scalar' && typeof written.value === 'string' ? written.value : undefined;
    const inValues = accountInValues(resource);
    if (provider === undefined || provider === 'aws')
      return { account: inValues ?? this.account, region: own ?? this.region };
    const said = providerPlace(this.plan, provider);
    const account = inValues ?? said.account ?? (leadsElsewhere(this.plan, provider) ? undefined : this.account);
    const region =
      own ?? said.region ?? (provider.endsWith(':aws') || said.account !== undefined ? this.region : undefined);
    return account === undefined || region === undefined ? undefined : { account, region };
  }

  /** The one resource that an argument refers to, and by which attribute, if there is only one. */
  target(resource: TfResource, ...path: readonly (string | 0)[]): TfTarget | undefined {
    const module = this.plan.modules.get(withoutIndexes(resource.module));
    return this.#targets(at(resource.expressions, path), resource.module, module);
  }

  /**
   * An argument that is nothing but another resource's attribute. The plan does not say whether text stands around a
   * reference; to an ARN, id or name nothing can be added where AWS takes just such a one.
   */
  #followed(resource: TfResource, path: readonly (string | 0)[], node: Node): Node | undefined {
    const key = `${resource.address} ${path.join('.')}`;
    const target = this.target(resource, ...path);
    if (target === undefined || this.#open.includes(key)) return undefined;
    this.#open.push(key);
    try {
      const text = this.attribute(target.resource, target.attribute ?? attributeFor(path));
      return text === undefined ? undefined : textNode(text, node.origin);
    } finally {
      this.#open.pop();
    }
  }

  #targets(expression: Node | undefined, within_: string, module: TfModule | undefined): TfTarget | undefined {
    const [reference, second] = referencesOf(expression);
    if (reference === undefined || second !== undefined) return undefined;
    const argument = /^var\.([\w-]+)$/.exec(reference);
    if (argument !== null) {
      const parent = module?.parent;
      if (parent === undefined) return undefined;
      return this.#targets(module?.call?.members.get(argument[1]!), outer(within_), parent);
    }
    const output = /^module\.([\w-]+)(\[[^\]]*\])?\.([\w-]+)$/.exec(reference);
    if (output !== null) {
      const call = `module.${output[1]}`;
      const inner = this.plan.modules.get(
        module === undefined || module.address === '' ? call : `${module.address}.${call}`,
      );
      const value = within(inner?.configuration, 'outputs', output[3]!, 'expression');
      const prefix = within_ === '' ? '' : `${within_}.`;
      return inner === undefined ? undefined : this.#targets(value, `${prefix}${call}${output[2] ?? ''}`, inner);
    }
    const found = /^((?:data\.)?[a-z]\w*\.[\w-]+)(\[[^\]]*\])?(?:\.(\w+))?$/.exec(reference);
    if (found === null) return undefined;
    const [, local, index, attribute] = found;
    const candidates = (this.#byLocal.get(`${within_} ${local}`) ?? []).filter(
      ({ address }) => index === undefined || address.endsWith(index),
    );
    const [resource, another] = candidates;
    if (resource === undefined || another !== undefined) return undefined;
    return { resource, attribute };
  }

  /** The node; one that is not known says what it depends on. */
  #explained(node: Node, resource: TfResource, path: readonly (string | 0)[]): Node {
    if (node.kind !== 'unknown') return node;
    const references = referencesOf(at(resource.expressions, path)).filter((name) => !/^(each|count)\./.test(name));
    if (references.length === 0) return node;
    const why = `\`${path.join('.')}\` of ${resource.address} is known after apply: it depends on ${references.join(', ')}`;
    return { ...node, value: unknown({ ...node.value.missing[0]!, why }) };
  }
}

/** Whether the configuration sets an argument; of a state nobody knows, and everything is known. */
export function configured({ expressions }: TfResource, argument: string): boolean {
  return expressions === undefined || expressions.members.has(argument);
}

/** The arguments without those that AWS or the provider will fill in. */
export function ownArguments(resource: TfResource): MapNode {
  const { values } = resource;
  const members = [...values.members].filter(([name, node]) => node.kind !== 'unknown' || configured(resource, name));
  return mapNode(members, values.origin);
}

/** A resource, and the attribute of it that is meant. */
export interface TfTarget {
  readonly resource: TfResource;
  /** Undefined where the plan does not say it: Terraform before 0.13 wrote only the resource. */
  readonly attribute: string | undefined;
}

/** The attribute that fits an argument. */
function attributeFor(path: readonly (string | 0)[]): string {
  const argument = String(path.at(-1));
  return argument.endsWith('arn') || argument === 'task_definition' ? 'arn' : 'id';
}

/** A member of blocks; on the way, what is not known as a whole. */
export function at(node: Node | undefined, path: readonly (string | 0)[]): Node | undefined {
  let here = node;
  for (const step of path) {
    if (here?.kind === 'unknown') return here;
    here =
      step === 0
        ? here?.kind === 'list'
          ? here.items[0]
          : here
        : here?.kind === 'map'
          ? here.members.get(step)
          : undefined;
  }
  return here;
}

function outer(module: string): string {
  const parts = module.match(/module\.[\w-]+(?:\[[^\]]*\])?/g) ?? [];
  return parts.slice(0, -1).join('.');
}

/** What an expression refers to, each only in its longest form. Source: Terraform, JSON Output Format, Expression Representation. */
export function referencesOf(expression: Node | undefined): string[] {
  const list = within(expression, 'references');
  if (list?.kind !== 'list') return [];
  const all = list.items.flatMap((item) => (item.kind === 'scalar' ? [String(item.value)] : []));
  return all.filter(
    (name, index) =>
      all.indexOf(name) === index &&
      !all.some((other) => other !== name && other.startsWith(name) && /^[.[]/.test(other.slice(name.length))),
  );
}

/** True for what a provider writes where nothing is set. */
export function unset(node: Node | undefined): boolean {
  if (node === undefined) return true;
  if (node.kind === 'scalar') return node.value === null || node.value === '';
  return node.kind === 'list' ? node.items.length === 0 : node.kind === 'map' && node.members.size === 0;
}
