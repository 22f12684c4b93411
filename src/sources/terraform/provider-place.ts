import { parseArn } from '../../core/arn.ts';
import type { MapNode, Node } from '../node.ts';
import { type TfPlan, type TfResource, within } from './plan.ts';

/** Where a provider makes things; `undefined` for what its configuration does not say in the plan. */
export interface ProviderPlace {
  readonly account: string | undefined;
  readonly region: string | undefined;
}

/**
 * The account and Region that a provider's configuration says: `assume_role` with a role's ARN or `allowed_account_ids`, and
 * `region`. A `profile` hides both. Source: Terraform Registry, hashicorp/aws, provider configuration.
 */
export function providerPlace(plan: TfPlan, provider: string): ProviderPlace {
  const expressions = within(plan.providers, provider, 'expressions');
  const text = (node: Node | undefined) => constantOf(node, provider.includes(':') ? undefined : plan.variables);
  return {
    account: accountOf(expressions, text),
    region: text(within(expressions, 'region')),
  };
}

/** Whether a provider's configuration sends it to an account that may be another one. */
export function leadsElsewhere(plan: TfPlan, provider: string): boolean {
  const expressions = within(plan.providers, provider, 'expressions');
  return within(expressions, 'assume_role') !== undefined || within(expressions, 'profile') !== undefined;
}

function accountOf(expressions: Node | undefined, text: (node: Node | undefined) => string | undefined) {
  const assumed = first(within(expressions, 'assume_role'));
  const role = within(assumed, 'role_arn');
  const given = text(role);
  const named = given === undefined ? undefined : (parseArn(given)?.account ?? given);
  if (named !== undefined && /^\d{12}$/.test(named)) return named;
  const allowed = within(expressions, 'allowed_account_ids', 'constant_value');
  const [account, another] = allowed?.kind === 'list' ? allowed.items : [];
  const id = account?.kind === 'scalar' && another === undefined ? (account.text ?? String(account.value)) : undefined;
  return id !== undefined && /^\d{12}$/.test(id) ? id : undefined;
}

function first(node: Node | undefined): Node | undefined {
  return node?.kind === 'list' ? node.items[0] : node;
}

/** A constant, or the value of the one variable of the root module that an expression is made of. */
function constantOf(expression: Node | undefined, variables: MapNode | undefined): string | undefined {
  const constant = within(expression, 'constant_value');
  if (constant?.kind === 'scalar' && typeof constant.value === 'string') return constant.value;
  const references = within(expression, 'references');
  const names = references?.kind === 'list' ? references.items.map((item) => String(scalarOf(item))) : [];
  const [name, another] = names;
  const variable = /^var\.([\w-]+)$/.exec(name ?? '')?.[1];
  if (variable === undefined || another !== undefined) return undefined;
  const value = scalarOf(within(variables, variable, 'value'));
  return typeof value === 'string' ? value : undefined;
}

function scalarOf(node: Node | undefined) {
  return node?.kind === 'scalar' ? node.value : undefined;
}

/** The account in what a state (or a plan of things that are there) knows of a resource. */
export function accountInValues({ values }: TfResource): string | undefined {
  const text = (name: string) => {
    const value = scalarOf(values.members.get(name));
    return typeof value === 'string' ? value : '';
  };
  for (const name of ['arn', 'secret_arn']) {
    const account = parseArn(text(name))?.account;
    if (account !== undefined && /^\d{12}$/.test(account)) return account;
  }
  const registry = text('registry_id');
  if (/^\d{12}$/.test(registry)) return registry;
  return /^https:\/\/sqs\.[^/]+\/(\d{12})\//.exec(text('queue_url'))?.[1];
}
