import { asList, asMap, asString, type ListNode, type MapNode, mapNode, type Node, scalar } from '../node.ts';
import { type Origin, pointer } from '../origin.ts';
import { unknown } from '../unknown.ts';

/** A resource or data source of a plan or state. */
export interface TfResource {
  /** E.g. `module.web.aws_iam_role.task[0]`. */
  readonly address: string;
  /** Address of its module; empty for the root module. */
  readonly module: string;
  readonly mode: 'managed' | 'data';
  readonly type: string;
  /** The address without its module and index, e.g. `aws_iam_role.task`. */
  readonly local: string;
  /** Its attributes; what is known after apply is unknown. */
  readonly values: MapNode;
  readonly origin: Origin;
  /** The arguments as the configuration has them. */
  readonly expressions: MapNode | undefined;
  /** The provider that makes it, as `providers` of the plan names it: `aws`, `aws.ALIAS`, `module.web:aws`. */
  readonly provider: string | undefined;
}

/** One module of the configuration, and how it is called. */
export interface TfModule {
  readonly address: string;
  readonly parent: TfModule | undefined;
  /** The arguments of the call, in the parent. */
  readonly call: MapNode | undefined;
  readonly configuration: MapNode | undefined;
}

export interface TfPlan {
  readonly resources: readonly TfResource[];
  /** Data sources that were read while planning. */
  readonly read: readonly TfResource[];
  readonly modules: ReadonlyMap<string, TfModule>;
  readonly providers: MapNode | undefined;
  /** The root module's variables, with their values. */
  readonly variables: MapNode | undefined;
}

/** Members of a map of a map of …; undefined where one of them is not there. */
export function within(node: Node | undefined, ...steps: readonly string[]): Node | undefined {
  let at = node;
  for (const step of steps) at = at?.kind === 'map' ? at.members.get(step) : undefined;
  return at;
}

/**
 * The resources of a plan or state with what is known of them, or was given as `ADDRESS.ATTRIBUTE`.
 * Source: Terraform, JSON Output Format. @throws SourceError
 */
export function readPlan(root: MapNode, given: ReadonlyMap<string, string>): TfPlan {
  const modules = new Map<string, TfModule>();
  addModule(within(root, 'configuration', 'root_module'), '', undefined, undefined, modules);
  const changes = new Map<string, Node>();
  for (const node of itemsOf(root.members.get('resource_changes'))) {
    const change = asMap(node, 'a change');
    const address = change.members.get('address');
    const after = within(change, 'change', 'after_unknown');
    if (address?.kind === 'scalar' && after !== undefined) changes.set(String(address.value), after);
  }
  const of = (values: Node | undefined): TfResource[] => {
    const found: TfResource[] = [];
    walk(within(values, 'root_module'), '', { modules, changes, given }, found);
    return found;
  };
  const providers = within(root, 'configuration', 'provider_config');
  const variables = root.members.get('variables');
  return {
    variables: variables?.kind === 'map' ? variables : undefined,
    providers: providers?.kind === 'map' ? providers : undefined,
    resources: of(root.members.get('planned_values') ?? root.members.get('values')),
    read: of(within(root, 'prior_state', 'values')).filter(({ mode }) => mode === 'data'),
    modules,
  };
}

function itemsOf(node: Node | undefined): readonly Node[] {
  return node === undefined ? [] : asList(node, 'this member');
}

function addModule(
  configuration: Node | undefined,
  address: string,
  parent: TfModule | undefined,
  call: MapNode | undefined,
  modules: Map<string, TfModule>,
): void {
  if (configuration?.kind !== 'map') return;
  const module = { address, parent, call, configuration };
  modules.set(address, module);
  const calls = configuration.members.get('module_calls');
  for (const [name, node] of calls?.kind === 'map' ? calls.members : []) {
    const expressions = within(node, 'expressions');
    addModule(
      within(node, 'module'),
      address === '' ? `module.${name}` : `${address}.module.${name}`,
      module,
      expressions?.kind === 'map' ? expressions : undefined,
      modules,
    );
  }
}

/** The address without the indexes of its modules, as the configuration has it. */
export function withoutIndexes(address: string): string {
  return address.replaceAll(/\[(?:\d+|"(?:[^"\\]|\\.)*")\]/g, '');
}

interface Context {
  readonly modules: ReadonlyMap<string, TfModule>;
  /** `after_unknown` by address. */
  readonly changes: ReadonlyMap<string, Node>;
  readonly given: ReadonlyMap<string, string>;
}

function walk(node: Node | undefined, module: string, context: Context, found: TfResource[]): void {
  const { modules, changes, given } = context;
  if (node?.kind !== 'map') return;
  const configured = new Map<string, MapNode>();
  const providers = new Map<string, string>();
  for (const each of itemsOf(within(modules.get(withoutIndexes(module))?.configuration, 'resources'))) {
    const address = within(each, 'address');
    const expressions = within(each, 'expressions');
    const provider = within(each, 'provider_config_key');
    if (address?.kind !== 'scalar') continue;
    if (expressions?.kind === 'map') configured.set(String(address.value), expressions);
    if (provider?.kind === 'scalar') providers.set(String(address.value), String(provider.value));
  }
  for (const each of itemsOf(node.members.get('resources'))) {
    const resource = asMap(each, 'a resource');
    const text = (name: string) => asString(resource.members.get(name) ?? each, `\`${name}\``);
    const address = text('address');
    const mode = text('mode') === 'data' ? 'data' : 'managed';
    const type = text('type');
    const local = `${mode === 'data' ? 'data.' : ''}${type}.${text('name')}`;
    const values = resource.members.get('values');
    found.push({
      address,
      module,
      mode,
      type,
      local,
      values: asMap(
        withUnknowns(values ?? mapNode([], each.origin), changes.get(address), { address, given }, ''),
        `the values of ${address}`,
      ),
      origin: each.origin,
      expressions: configured.get(local),
      provider: providers.get(local),
    });
  }
  for (const child of itemsOf(node.members.get('child_modules'))) {
    const address = within(child, 'address');
    walk(child, address?.kind === 'scalar' ? String(address.value) : module, context, found);
  }
}

interface Of {
  readonly address: string;
  readonly given: ReadonlyMap<string, string>;
}

/** The values with what is known after apply put in as unknown, or as it was given. */
function withUnknowns(value: Node, after: Node | undefined, of: Of, attribute: string): Node {
  if (after === undefined) return value;
  if (after.kind === 'scalar') {
    if (after.value !== true) return value;
    const given = of.given.get(`${of.address}.${attribute}`);
    return given === undefined ? knownAfterApply(of.address, attribute, value.origin) : scalar(given, value.origin);
  }
  if (after.kind === 'list' && value.kind === 'list') {
    const one = value.items.length === 1;
    const items = value.items.map((item, index) =>
      withUnknowns(item, after.items[index], of, one ? attribute : `${attribute}[${index}]`),
    );
    return { ...value, items } satisfies ListNode;
  }
  if (after.kind === 'map' && value.kind === 'map') {
    const members = new Map(value.members);
    for (const [name, inner] of after.members) {
      const path = attribute === '' ? name : `${attribute}.${name}`;
      const below = members.get(name) ?? emptyOf(inner, { ...value.origin, path: pointer(value.origin.path, name) });
      if (below !== undefined) members.set(name, withUnknowns(below, inner, of, path));
    }
    return { ...value, members };
  }
  return value;
}

/** What stands where a plan leaves a member out because it is not known. */
function emptyOf(after: Node, origin: Origin): Node | undefined {
  return after.kind === 'scalar' && after.value === true ? { kind: 'scalar', value: null, origin } : undefined;
}

function knownAfterApply(address: string, attribute: string, origin: Origin): Node {
  const value = unknown({
    why: `\`${attribute}\` of ${address} is known after apply`,
    help: `Supply it: --parameter ${address}.${attribute}=VALUE, or give the state: terraform show -json > state.json after apply.`,
    origin,
    deferred: { resource: address, attribute },
  });
  return { kind: 'unknown', value, origin };
}
