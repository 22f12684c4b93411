import { parseArn } from '../../core/arn.ts';
import { decide } from '../../policy/decide.ts';
import { explain } from '../../policy/explain.ts';
import type { Explanation } from '../../policy/explanation.ts';
import type { AccessRequest, RequestContext, RequestPrincipal, StatementRef } from '../../policy/types.ts';
import type { Missing } from '../../sources/unknown.ts';
import { globsMeet } from './globs.ts';
import { namedPolicy, type ResourceBook } from './resources.ts';
import type { RoleView } from './roles.ts';
import { isResourceTag } from './runtime-keys.ts';
import { hasToken, type Tokens } from './tokens.ts';

/** One thing a role will ask for. */
export interface Question {
  readonly role: RoleView;
  readonly action: string;
  readonly resource: string;
  readonly context: RequestContext;
}

export type Answer =
  | { readonly verdict: 'allowed'; readonly by?: StatementRef }
  | { readonly verdict: 'refused'; readonly explanation: Explanation }
  | { readonly verdict: 'unknown'; readonly missing: readonly Missing[] };

/** Decides questions about roles with what the input says. */
export class Decider {
  readonly #resources: ResourceBook;
  readonly #tokens: Tokens;

  constructor(resources: ResourceBook, tokens: Tokens) {
    this.#resources = resources;
    this.#tokens = tokens;
  }

  answer({ role, action, resource, context }: Question): Answer {
    if (role.state === 'absent') return { verdict: 'unknown', missing: role.missing };
    const view = this.#resources.of(action, resource, role.account);
    const tags = Object.entries(view.tags);
    const request: AccessRequest = {
      principal: sessionOf(role),
      action,
      resource,
      resourceAccount: view.account,
      context:
        tags.length === 0
          ? { ...context, 'aws:ResourceAccount': view.account }
          : {
              ...context,
              ...Object.fromEntries(tags.map(([key, value]) => [`aws:ResourceTag/${key}`, value])),
              'aws:ResourceAccount': view.account,
            },
    };
    const leastPolicy = namedPolicy(view.policy, 'least');
    const mostPolicy = namedPolicy(view.policy, 'most');
    const least = decide(request, role.least, leastPolicy);
    const certain = role.least === role.most && leastPolicy?.policy === mostPolicy?.policy && !hasToken(resource);
    const most = certain ? least : decide(request, role.most, mostPolicy);
    if (least.effect === 'Allowed' && most.effect === 'Allowed')
      return least.decidedBy === undefined ? { verdict: 'allowed' } : { verdict: 'allowed', by: least.decidedBy };
    const missing = () =>
      unique([...role.missing, ...(view.policy?.bounds.missing ?? []), ...this.#tokens.missingIn(resource)]);
    if (least.effect !== most.effect && (least.effect === 'Allowed' || most.effect === 'Allowed'))
      return { verdict: 'unknown', missing: this.#relevant(role, request, missing()) };
    const open = hasToken(resource) && !this.#resources.isManagedKey(resource);
    if (open && most.deniedBy === 'identity' && this.#mayFit(role, request))
      return { verdict: 'unknown', missing: missing() };
    const explanation = explain(request, role.most, mostPolicy);
    const near = explanation.missing;
    if (near?.kind === 'meet-condition' && isResourceTag(near.condition.key) && !view.declared)
      return { verdict: 'unknown', missing: [tagsUnknown(resource, near.condition.key)] };
    return { verdict: 'refused', explanation };
  }

  /** Whether some Allow would fit one of the values that an unknown resource may have. */
  #mayFit(role: RoleView, request: AccessRequest): boolean {
    const asked = this.#tokens.pattern(request.resource);
    const action = request.action.toLowerCase();
    return role.most.set.identity.some(({ policy }) =>
      policy.statements.some(
        (statement) =>
          statement.effect === 'Allow' &&
          statement.matchesAction(action) &&
          statement.conditionsHold(request.context) &&
          (statement.resources ?? []).some(({ text }) => globsMeet(text.replaceAll(/\$\{[^}]*\}/g, '*'), asked)),
      ),
    );
  }

  /** Only what can decide this request: the unknowns of policies with a statement that speaks about the action. */
  #relevant(role: RoleView, request: AccessRequest, all: readonly Missing[]): readonly Missing[] {
    const action = request.action.toLowerCase();
    const speaking = role.held
      .filter(({ bounds }) => bounds.most.statements.some((statement) => statement.matchesAction(action)))
      .flatMap(({ bounds }) => bounds.missing);
    const wanted = new Set([...speaking, ...this.#tokens.missingIn(request.resource)]);
    const narrowed = all.filter((missing) => wanted.has(missing));
    return narrowed.length > 0 ? narrowed : all;
  }
}

/** The session that ECS makes of a role for a task. */
export function sessionOf(role: RoleView): RequestPrincipal {
  if (role.isUser === true) return { type: 'user', account: role.account, arn: role.arn };
  return {
    type: 'role-session',
    account: role.account,
    arn: `arn:${parseArn(role.arn)?.partition ?? 'aws'}:sts::${role.account}:assumed-role/${role.name}/TASK_ID`,
    roleArn: role.arn,
  };
}

function tagsUnknown(resource: string, key: string): Missing {
  return {
    why: `the tags of ${resource} are not in the input, and the policy asks for ${key}`,
    help: 'Give the template that declares the resource.',
    origin: { file: '', path: '', line: 0 },
  };
}

export function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
