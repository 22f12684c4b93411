import { parseArn } from '../../core/arn.ts';
import { decide } from '../../policy/decide.ts';
import type { Explanation } from '../../policy/explanation.ts';
import { whySentence } from '../../policy/why.ts';
import type { RoleKind } from '../../roles/duty.ts';
import { diagnose, type OtherRole } from '../diagnose.ts';
import { type Finding, type PolicyFix, policyFix } from '../finding.ts';
import { sessionOf } from '../model/decision.ts';
import type { RoleView } from '../model/roles.ts';
import type { CheckedTask, JudgedDuty } from '../model/task.ts';
import type { World } from '../model/world.ts';
import { kindOf, type RefusalKind } from './refusal-kinds.ts';
import { found } from './rule.ts';

/** Every duty that will be refused, called by its kind, with the smallest fix. */
export function* refusals(world: World, tasks: readonly CheckedTask[]): Iterable<Finding> {
  const instanceFindings = new Set<string>();
  for (const task of tasks) {
    for (const duty of task.duties) {
      if (duty.answer.verdict !== 'refused' || 'noRole' in duty.answer) continue;
      if (duty.action === 'sts:AssumeRole' || duty.role === 'caller') continue;
      if (duty.call.stage === 'instance') {
        // The agent's own calls are the same for every task of the cluster.
        const key = `${duty.view?.arn} ${duty.action} ${duty.resource}`;
        if (instanceFindings.has(key)) continue;
        instanceFindings.add(key);
      }
      yield refusal(world, task, duty, duty.answer.explanation);
    }
  }
}

function refusal(world: World, task: CheckedTask, duty: JudgedDuty, explanation: Explanation): Finding {
  const view = duty.view!;
  const others = otherRoles(world, task, duty);
  const { why, fix } = diagnose(
    {
      action: duty.action,
      resource: duty.resource,
      principal: view.name,
      role: duty.role as RoleKind,
      stage: duty.call.stage,
      why: whySentence(explanation),
      ...(explanation.missing === undefined ? {} : { missing: explanation.missing }),
    },
    others,
  );
  const kind = kindOf(duty, explanation, others, world);
  if (world.resources.isManagedKey(duty.resource)) return managedKeyRefusal(world, task, duty, kind);
  return found(world, kind, {
    task,
    duty,
    why: kind.also === undefined ? why : `${why} ${kind.also}`,
    remedy: fix.map(({ target, action }) => `${target}: ${action}`).join('; '),
    fix: fix.flatMap(({ target, statement }): PolicyFix[] =>
      statement === undefined ? [] : [policyFix(whose(target, view, duty), [starred(statement)])],
    ),
  });
}

/** Source: Secrets Manager User Guide, auth-and-access_examples_cross. */
function managedKeyRefusal(world: World, task: CheckedTask, duty: JudgedDuty, kind: RefusalKind): Finding {
  const { account, region } = parseArn(duty.resource)!;
  const statement = {
    Effect: 'Allow',
    Principal: { AWS: duty.view!.arn },
    Action: 'kms:Decrypt',
    Resource: '*',
    Condition: { StringEquals: { 'kms:ViaService': `secretsmanager.${region}.amazonaws.com` } },
  };
  return found(world, kind, {
    task,
    duty,
    why: `The secret is encrypted with aws/secretsmanager of account ${account}, which decrypts for that account alone: no policy can open it to ${duty.view!.arn}. AWS says "Access to KMS is not allowed".`,
    remedy: `Encrypt the secret with a customer managed key of account ${account} whose policy has this statement, and allow kms:Decrypt on that key in ${duty.view!.name} too.`,
    fix: [policyFix(`the customer managed key of account ${account}`, [statement])],
  });
}

/** A statement names the task's streams for every task. */
function starred(statement: object): object {
  return JSON.parse(JSON.stringify(statement).replaceAll('TASK_ID', '*')) as object;
}

/** A fix is for the role itself, or for the policy of the resource. */
function whose(target: string, view: RoleView, duty: JudgedDuty): string {
  return target.startsWith('the ') && target.includes('policy of ') ? duty.resource : view.arn;
}

/** The task's other roles, each with the statement that would have allowed the call. */
export function otherRoles(world: World, task: CheckedTask, duty: JudgedDuty): OtherRole[] {
  const roles: [RoleKind, RoleView | undefined][] = [
    ['task-execution', task.execution],
    ['task', task.task],
    ['container-instance', task.instance !== undefined && 'view' in task.instance ? task.instance.view : undefined],
  ];
  return roles.flatMap(([role, view]) => {
    if (view === undefined || view.arn === duty.view?.arn || role === duty.role) return [];
    const decision = decide(
      {
        principal: sessionOf(view),
        action: duty.action,
        resource: duty.resource,
        resourceAccount: world.resources.of(duty.action, duty.resource).account,
        context: duty.context,
      },
      view.least,
    );
    const by = decision.effect === 'Allowed' ? decision.decidedBy : undefined;
    // `*` is a right to everything: nothing was granted for this call in particular. Nor was it by what AWS gives instances.
    const wide =
      by === undefined ||
      actionsOf(view, by).every((text) => text === '*') ||
      (role === 'container-instance' && view.held.some(({ name, awsManaged }) => awsManaged && name === by.policy));
    return [{ role, name: view.name, grants: wide ? undefined : by }];
  });
}

function actionsOf(view: RoleView, ref: { policy: string; index: number }): string[] {
  const policy = view.least.set.identity.find(({ name }) => name === ref.policy)?.policy;
  return policy?.statements[ref.index]?.actions.map(({ text }) => text) ?? [];
}
