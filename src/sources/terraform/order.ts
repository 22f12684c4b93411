import type { MapNode, Node } from '../node.ts';
import type { MadeAfter } from '../workload.ts';
import { type TfModule, type TfPlan, type TfResource, within, withoutIndexes } from './plan.ts';

/**
 * What Terraform makes before a resource: all that its arguments and `depends_on` refer to, directly or through others,
 * through variables and outputs of modules. Addresses have no indexes, as the configuration has none. Undefined for a
 * state, in which everything is made already. Source: Terraform, JSON Output Format, Configuration Representation.
 */
export function madeBefore(resource: TfResource, plan: TfPlan): MadeAfter | undefined {
  if (resource.expressions === undefined) return undefined;
  const walk = new Walk(plan);
  walk.resource(withoutIndexes(resource.module), resource.local);
  walk.run();
  return { tool: 'Terraform', ids: walk.reached, complete: !walk.sawLocals };
}

/** Follows references until nothing new comes. */
class Walk {
  readonly reached = new Set<string>();
  /** Local values stand in no plan: what they refer to cannot be followed. */
  sawLocals = false;
  readonly #modules: ReadonlyMap<string, TfModule>;
  readonly #open: (() => void)[] = [];
  readonly #seen = new Set<string>();

  constructor({ modules }: TfPlan) {
    this.#modules = modules;
  }

  run(): void {
    for (let next = this.#open.pop(); next !== undefined; next = this.#open.pop()) next();
  }

  resource(module: string, local: string): void {
    const address = joined(module, local);
    if (this.reached.has(address)) return;
    this.reached.add(address);
    this.#open.push(() => {
      const configured = this.#configured(module, local);
      if (configured !== undefined) this.#references(configured, module);
      // Everything in a module waits for what its call depends on.
      for (let at = this.#modules.get(module); at?.parent !== undefined; at = at.parent)
        this.#dependsOn(this.#callOf(at), at.parent.address);
    });
  }

  #configured(module: string, local: string): MapNode | undefined {
    const resources = within(this.#modules.get(module)?.configuration, 'resources');
    const found = items(resources).find((each) => text(within(each, 'address')) === local);
    return found?.kind === 'map' ? found : undefined;
  }

  #callOf({ address, parent }: TfModule): Node | undefined {
    return within(parent?.configuration, 'module_calls', address.slice(address.lastIndexOf('module.') + 7));
  }

  #references(node: Node, module: string): void {
    if (node.kind === 'list') for (const item of node.items) this.#references(item, module);
    if (node.kind !== 'map') return;
    for (const [name, member] of node.members) {
      if (name === 'references' || name === 'depends_on') this.#names(member, module);
      else this.#references(member, module);
    }
  }

  #dependsOn(node: Node | undefined, module: string): void {
    const names = within(node, 'depends_on');
    if (names !== undefined) this.#names(names, module);
  }

  #names(list: Node, module: string): void {
    for (const item of items(list)) {
      const name = text(item);
      if (name !== undefined && !this.#seen.has(`${module} ${name}`)) {
        this.#seen.add(`${module} ${name}`);
        this.#follow(name, module);
      }
    }
  }

  #follow(reference: string, module: string): void {
    const [first, second, third] = withoutIndexes(reference).split('.');
    if (first === undefined || second === undefined) return;
    if (first === 'local') this.sawLocals = true;
    else if (first === 'var') this.#variable(second, module);
    else if (first === 'module') this.#module(joined(module, `module.${second}`), third);
    else if (first === 'data') {
      if (third !== undefined) this.resource(module, `data.${second}.${third}`);
    } else if (!['each', 'count', 'self', 'path', 'terraform'].includes(first))
      this.resource(module, `${first}.${second}`);
  }

  #variable(name: string, module: string): void {
    const of = this.#modules.get(module);
    const argument = of?.call?.members.get(name);
    if (argument !== undefined && of?.parent !== undefined) this.#references(argument, of.parent.address);
  }

  /** One output of a module, or (`depends_on = [module.x]`) all that is in it. */
  #module(address: string, output: string | undefined): void {
    const configuration = this.#modules.get(address)?.configuration;
    if (output !== undefined) {
      const found = within(configuration, 'outputs', output);
      if (found !== undefined) this.#references(found, address);
      return;
    }
    for (const [inner, { configuration: own }] of this.#modules)
      if (inner === address || inner.startsWith(`${address}.`))
        for (const each of items(within(own, 'resources'))) {
          const local = text(within(each, 'address'));
          if (local !== undefined) this.resource(inner, local);
        }
  }
}

function joined(module: string, local: string): string {
  return module === '' ? local : `${module}.${local}`;
}

function items(node: Node | undefined): readonly Node[] {
  return node?.kind === 'list' ? node.items : [];
}

function text(node: Node | undefined): string | undefined {
  return node?.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined;
}
