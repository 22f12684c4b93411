import type { CheckResult } from '../check.ts';
import type { Actor } from '../finding.ts';
import type { RoleView } from '../model/roles.ts';
import type { ObservedCall } from '../model/world.ts';
import { type PolicyDocument, splitBySize } from './documents.ts';
import { roleNeeds } from './needs.ts';
import { type NeededStatement, oneOrMany, statementsFor } from './statements.ts';

/** What one role needs, as policy documents. */
export interface RolePolicies {
  readonly role: Actor;
  readonly roleArn: string;
  readonly roleName: string;
  /** `plan`: certain. `trail`: what was seen, with what the plan knows. */
  readonly from: 'plan' | 'trail';
  readonly documents: readonly PolicyDocument[];
  /** What a person should know before using them. */
  readonly notes: readonly string[];
  readonly view: RoleView;
}

/**
 * The least policies of every role that the checked tasks use: of the execution and the instance role from the plan, of
 * the task role from a trail (without one, only what the plan knows of it).
 */
export function leastPolicies(result: CheckResult, observed: readonly ObservedCall[] | undefined): RolePolicies[] {
  const { tokens } = result.world;
  return [...roleNeeds(result.tasks).values()].flatMap(({ view, kinds, duties, incomplete, tasks }): RolePolicies[] => {
    const isTask = kinds.has('task');
    const seen = isTask ? (observed ?? []).filter(({ roleArn }) => roleArn === tokens.shown(view.arn)) : [];
    const statements = [...statementsFor(duties, tokens), ...observedStatements(seen)];
    const notes: string[] = [];
    if (incomplete) notes.push('Parts of the task definition are not known: there may be further needs.');
    if (statements.some(({ Resource }) => /\{[^"]*\}/.test(JSON.stringify(Resource))))
      notes.push('Replace what stands in braces: the input does not know it.');
    if (duties.some(({ resource }) => tokens.grantable(resource) !== tokens.shown(resource)))
      notes.push(
        '`*` stands where AWS chooses a name when the resource is made: put that name there once it is known.',
      );
    if (isTask && observed === undefined)
      notes.push('The application’s own calls are not in the plan: give a trail of a run with --trail.');
    if (isTask && observed !== undefined && seen.length === 0) notes.push('The trail shows no call of this role.');
    const refused = [
      ...new Set(seen.filter(({ denied }) => denied).map(({ action, resource }) => `${action} on ${resource}`)),
    ];
    if (refused.length > 0) notes.push(`Refused in the trail, and left out: ${refused.join(', ')}.`);
    if (kinds.has('task') && kinds.has('task-execution'))
      notes.push('This role is task role and execution role at once: give each its own.');
    const kind: Actor = kinds.has('task-execution') ? 'task-execution' : isTask ? 'task' : 'container-instance';
    return [
      {
        role: kind,
        roleArn: tokens.shown(view.arn),
        roleName: tokens.shown(view.name),
        from: isTask && seen.length > 0 ? 'trail' : 'plan',
        documents: splitBySize(statements),
        notes: tasks.length === 0 ? [] : notes,
        view,
      },
    ];
  });
}

/** Statements for calls that were seen and allowed. */
function observedStatements(calls: readonly ObservedCall[]): NeededStatement[] {
  const byResources = new Map<string, { actions: Set<string>; resources: string[] }>();
  const resourcesOf = new Map<string, Set<string>>();
  for (const { action, resource, denied } of calls) {
    if (denied) continue;
    const resources = resourcesOf.get(action) ?? new Set<string>();
    resources.add(resource.replace(/\/[0-9a-f]{32}(?=$|[/:])/g, '/*'));
    resourcesOf.set(action, resources);
  }
  for (const [action, resources] of resourcesOf) {
    const sorted = [...resources].sort();
    const key = `${action.split(':')[0]} ${sorted.join(' ')}`;
    const group = byResources.get(key) ?? { actions: new Set<string>(), resources: sorted };
    group.actions.add(action);
    byResources.set(key, group);
  }
  return [...byResources.values()].map(({ actions, resources }, index) => ({
    Sid: `Application${index + 1}`,
    Effect: 'Allow',
    Action: oneOrMany([...actions].sort()),
    Resource: oneOrMany(resources),
  }));
}
