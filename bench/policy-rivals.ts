import { preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import { newEnforcer, newModelFromString, StringAdapter } from 'casbin';
import type { AccessRequest } from '../src/policy/types.ts';
import type { BenchCase, BenchStatement } from './policy-cases.ts';

/** Another engine, ready to be asked the same questions: true for allow. */
export type Rival = (request: AccessRequest) => boolean;

/** Cedar with the statements translated, in its prepared form (policies parsed once and kept inside the engine). */
export function cedar(benchCase: BenchCase): Rival {
  const text = benchCase.statements.map(cedarPolicy).join('\n');
  const parsed = preparsePolicySet(benchCase.name, { staticPolicies: text });
  if (parsed.type !== 'success') throw new Error(JSON.stringify(parsed.errors));
  return ({ action, resource, context }) => {
    const answer = statefulIsAuthorized({
      principal: { type: 'Role', id: 'app' },
      action: { type: 'Action', id: action },
      resource: { type: 'Resource', id: resource },
      // The ARN goes into the context as well: Cedar compares the id of an entity for equality only.
      context: { ...context, arn: resource, action },
      entities: [],
      preparsedPolicySetId: benchCase.name,
    });
    if (answer.type !== 'success') throw new Error(JSON.stringify(answer.errors));
    return answer.response.decision === 'allow';
  };
}

function cedarPolicy({ Effect, Action, Resource, Condition }: BenchStatement): string {
  const text = JSON.stringify;
  // In Cedar a plain text with a `*` is a pattern for `like`.
  const anyOf = (values: readonly string[], attribute: string) =>
    `(${values.map((value) => (value.includes('*') ? `context.${attribute} like ${text(value)}` : `context.${attribute} == ${text(value)}`)).join(' || ')})`;
  const exact = Action.every((action) => !action.includes('*'));
  const scope = exact ? `action in [${Action.map((action) => `Action::${text(action)}`).join(', ')}]` : 'action';
  const conditions = exact ? [] : [anyOf(Action, 'action')];
  if (!Resource.includes('*')) conditions.push(anyOf(Resource, 'arn'));
  for (const keys of Object.values(Condition ?? {})) {
    for (const [key, value] of Object.entries(keys)) {
      conditions.push(`context has ${text(key)} && context[${text(key)}] == ${text(value)}`);
    }
  }
  const when = conditions.length === 0 ? '' : ` when { ${conditions.join(' && ')} }`;
  return `${Effect === 'Allow' ? 'permit' : 'forbid'}(principal, ${scope}, resource)${when};`;
}

/** casbin with one rule per action and resource. Conditions are left out, which is to its advantage. */
export async function casbin(benchCase: BenchCase): Promise<Rival> {
  const model = newModelFromString(`
[request_definition]
r = act, obj
[policy_definition]
p = act, obj, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = keyMatch(r.act, p.act) && keyMatch(r.obj, p.obj)
`);
  const rules = benchCase.statements.flatMap(({ Effect, Action, Resource }) =>
    Action.flatMap((action) =>
      Resource.map((resource) => `p, ${action}, ${resource}, ${Effect === 'Allow' ? 'allow' : 'deny'}`),
    ),
  );
  const enforcer = await newEnforcer(model, new StringAdapter(rules.join('\n')));
  return ({ action, resource }) => enforcer.enforceSync(action, resource);
}
