import type { CompiledStatement } from '../../policy/compiled.ts';
import type { Finding } from '../finding.ts';
import { policyFix } from '../finding.ts';
import { type RoleNeeds, roleNeeds } from '../least-privilege/needs.ts';
import { anyTask, statementsFor } from '../least-privilege/statements.ts';
import { globsMeet } from '../model/globs.ts';
import type { HeldPolicy } from '../model/roles.ts';
import type { CheckedTask, JudgedDuty } from '../model/task.ts';
import type { World } from '../model/world.ts';
import { found, type RuleInfo } from './rule.ts';
import { statementOrigin } from './statement-origin.ts';

export const OVER_GRANTED: RuleInfo = {
  id: 'RC302',
  title: 'Grant that no call of ECS needs',
  severity: 'warning',
  verdict: 'over-granted',
};
export const MANAGED_TOO_WIDE: RuleInfo = {
  id: 'RC303',
  title: 'Managed policy where a few statements would do',
  severity: 'note',
  verdict: 'advice',
};
export const MEANT_FOR_THE_TASK: RuleInfo = {
  id: 'RC309',
  title: 'Application permission on the execution role',
  severity: 'warning',
  verdict: 'over-granted',
};

/** Services that ECS itself calls with the execution role or the instance role. */
const START_UP = new Set([
  'ecr',
  'logs',
  'secretsmanager',
  'ssm',
  'kms',
  's3',
  'ecs',
  'ec2',
  'ssmmessages',
  'ec2messages',
]);

/** What instances have beside ECS's own policy, for purposes that no task definition shows. */
const FOR_THE_INSTANCE =
  /\/(AmazonSSMManagedInstanceCore|CloudWatchAgentServerPolicy|AmazonSSMManagedEC2InstanceDefaultPolicy)$/;

/** Wildcards of AWS's own policy for the agent, with the number of actions there are: all of them may be needed. */
const COMPLETE: Readonly<Record<string, number>> = { 'ecs:submit*': 3 };

/** Part of every guide to pulling from ECR, though a pull does without it (AmazonEC2ContainerRegistryPullOnly). */
const COMPANIONS: Readonly<Record<string, string>> = { 'ecr:batchchecklayeravailability': 'ecr:BatchGetImage' };

/** What the execution role and the instance role are granted beyond the plan. Certain, since ECS alone uses them. */
export function* overGrants(world: World, tasks: readonly CheckedTask[]): Iterable<Finding> {
  for (const needs of roleNeeds(tasks).values()) {
    const { view, kinds, incomplete } = needs;
    // A role that is also the task's has needs that only the application knows.
    if (kinds.has('task') || incomplete || view.source === undefined) continue;
    const nearMisses = nearMissesOf(needs);
    for (const held of view.held) {
      if (held.awsManaged) yield* managed(world, needs, held);
      else if (held.source !== undefined) yield* own(world, needs, held, nearMisses);
    }
  }
}

/** Statements that a refusal is about already: once they say what was meant, they are needed. */
function nearMissesOf({ duties }: RoleNeeds): ReadonlySet<string> {
  return new Set(
    duties.flatMap(({ answer }) => {
      const near = answer.verdict === 'refused' && 'explanation' in answer ? answer.explanation.missing : undefined;
      if (near === undefined || !('statementRef' in near) || near.statementRef === undefined) return [];
      return near.kind === 'not-by-identity' ? [] : [`${near.statementRef.policy} ${near.statementRef.index}`];
    }),
  );
}

function* managed(world: World, needs: RoleNeeds, held: HeldPolicy): Iterable<Finding> {
  const { view, duties, kinds, tasks } = needs;
  const instance = kinds.has('container-instance');
  if (instance && FOR_THE_INSTANCE.test(held.name)) return;
  const covered = duties.filter(({ action, resource }) =>
    held.bounds.least.statements.some((one) => covers(one, action, resource, world)),
  );
  const name = held.name.slice(held.name.lastIndexOf('/') + 1);
  const [task] = tasks;
  const common = {
    task: task!,
    view,
    role: instance ? 'container-instance' : 'task-execution',
    source: held.origin,
  } as const;
  if (covered.length === 0) {
    const rule = instance ? OVER_GRANTED : MEANT_FOR_THE_TASK;
    yield found(world, rule, {
      ...common,
      why: `No call that ECS makes with ${view.arn} needs ${name}.${instance ? '' : ' The application does not get this role: its calls are made with the task role.'}`,
      remedy: instance ? 'Detach it.' : 'Attach it to the task role if the application needs it, and detach it here.',
    });
    return;
  }
  yield found(world, MANAGED_TOO_WIDE, {
    ...common,
    why: `${name} allows ${view.arn} far more than it needs, on every resource; the calls that ECS makes with it need a few statements.`,
    remedy: 'Replace it by the statements that `rolecall policy` prints.',
    fix: [policyFix(view.arn, statementsFor(covered, world.tokens))],
  });
}

function* own(world: World, needs: RoleNeeds, held: HeldPolicy, nearMisses: ReadonlySet<string>): Iterable<Finding> {
  const { view, duties, kinds, tasks } = needs;
  const instance = kinds.has('container-instance');
  for (const statement of held.bounds.least.statements) {
    if (statement.effect !== 'Allow' || nearMisses.has(`${held.name} ${statement.index}`)) continue;
    const excess = excessOf(statement, duties, world);
    if (excess.length === 0) continue;
    const rule = !instance && foreign(statement, duties) ? MEANT_FOR_THE_TASK : OVER_GRANTED;
    const needed = duties.filter(({ action, resource }) => covers(statement, action, resource, world));
    const name = `statement ${statement.sid ?? statement.index + 1} of ${held.name}`;
    const moved =
      rule === MEANT_FOR_THE_TASK
        ? ' The application does not get this role: its calls are made with the task role.'
        : '';
    yield found(world, rule, {
      task: tasks[0]!,
      view,
      role: instance ? 'container-instance' : 'task-execution',
      source: statementOrigin(held, statement.index),
      why: `${name} gives ${view.arn} more than ECS uses: ${excess.join('; ')}.${moved}`,
      remedy:
        rule === MEANT_FOR_THE_TASK
          ? 'Move it to the task role if the application needs it, else remove it.'
          : needed.length === 0
            ? 'Remove the statement.'
            : 'Narrow the statement to what is used.',
      fix: needed.length === 0 ? [] : [policyFix(view.arn, statementsFor(needed, world.tokens))],
    });
  }
}

/** Only actions of services that ECS does not call with this role. */
function foreign(statement: CompiledStatement, duties: readonly JudgedDuty[]): boolean {
  const used = new Set(duties.map(({ action }) => action.split(':')[0]!));
  return (
    !statement.notAction &&
    statement.actions.every(
      ({ service }) => service !== undefined && !used.has(service) && (!START_UP.has(service) || service === 's3'),
    )
  );
}

/** What of a statement is not needed, or wider than needed; a sentence for each. */
function excessOf(statement: CompiledStatement, duties: readonly JudgedDuty[], world: World): string[] {
  if (statement.notAction) return ['NotAction allows everything but what it names'];
  if (statement.notResource) return ['NotResource allows everything but what it names'];
  const excess: string[] = [];
  const needed = duties.filter(({ action }) => statement.matchesAction(action.toLowerCase()));
  const unused = statement.actions.filter((pattern) => {
    const companion = COMPANIONS[pattern.text.toLowerCase()];
    if (companion !== undefined && duties.some(({ action }) => action === companion)) return false;
    if (mayDecrypt(pattern.text, duties, world)) return false;
    return !needed.some(({ action }) => pattern.matches(action.toLowerCase()));
  });
  if (unused.length > 0) excess.push(`no call needs ${unused.map(({ text }) => text).join(', ')}`);
  for (const pattern of statement.actions) {
    if (!/[*?]/.test(pattern.text) || unused.includes(pattern)) continue;
    const asked = [...new Set(needed.map(({ action }) => action))].filter((action) =>
      pattern.matches(action.toLowerCase()),
    );
    if (asked.length < (COMPLETE[pattern.text.toLowerCase()] ?? Number.POSITIVE_INFINITY))
      excess.push(`${pattern.text} is more than ${asked.join(', ')}`);
  }
  if (needed.length === 0) return excess;
  for (const { text } of statement.resources ?? []) {
    const asked = needed.filter(({ resource }) => meets(text, resource, world));
    if (asked.length === 0) excess.push(`no call goes to ${text}`);
    else if (
      everything(text) &&
      !narrowed(statement) &&
      !asked.some(({ resource }) => anyTask(world.tokens.pattern(resource)) === text)
    )
      excess.push(
        `${text} is more than ${[...new Set(asked.map(({ resource }) => shortened(resource)))].slice(0, 3).join(', ')}`,
      );
  }
  return excess;
}

/** A key may encrypt what is read, where the input does not show the secret or parameter. */
function mayDecrypt(action: string, duties: readonly JudgedDuty[], { resources }: World): boolean {
  if (!/^kms:(decrypt|\*)$/i.test(action)) return false;
  return duties.some(
    ({ action: asked, resource }) =>
      /^(secretsmanager:GetSecretValue|ssm:GetParameters|s3:GetObject)$/.test(asked) &&
      !resources.of(asked, resource).declared,
  );
}

/** Kept to one cluster by a condition, as the CDK and AWS's own examples do it for the agent. */
function narrowed({ conditions }: CompiledStatement): boolean {
  return conditions.some(({ key }) => key.name.toLowerCase() === 'ecs:cluster');
}

/** Ends in a resource part that is all of a type, or all there is. */
function everything(pattern: string): boolean {
  if (pattern === '*') return true;
  const resource = pattern.split(':').slice(5).join(':');
  return /^([a-z-]+[/:])?\/?\*(:\*)?$/.test(resource) || /^arn:[^:]*:s3:::\*/.test(pattern);
}

function meets(pattern: string, resource: string, { tokens }: World): boolean {
  return pattern === '*' || globsMeet(pattern.replaceAll(/\$\{[^}]*\}/g, '*'), tokens.pattern(resource));
}

function covers(statement: CompiledStatement, action: string, resource: string, world: World): boolean {
  return (
    statement.effect === 'Allow' &&
    statement.matchesAction(action.toLowerCase()) &&
    (statement.resources ?? []).some(({ text }) => meets(text, resource, world)) !== statement.notResource
  );
}

function shortened(resource: string): string {
  return resource.replace(/:TASK_ID$/, ':*').replaceAll('TASK_ID', '*');
}
