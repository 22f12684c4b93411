import type { LaunchType } from '../roles/duty.ts';
import { linkSecrets } from '../sources/load/link-secrets.ts';
import type { Workload } from '../sources/workload.ts';
import type { DecidedDuty, Finding } from './finding.ts';
import { execOptions } from './model/exec-options.ts';
import { instanceRoleOf } from './model/instance-role.ts';
import { launchTypesOf } from './model/launch-types.ts';
import { registrationOf } from './model/registration.ts';
import { type CheckedTask, checkTask } from './model/task.ts';
import { type CheckOptions, type World, worldOf } from './model/world.ts';
import { callerOf, passRoleDuties } from './rules/caller.ts';
import { ruleInfos, rules } from './rules/rules.ts';
import { idleSilences, type Notice, type Silenced, silence } from './silence.ts';

export interface CheckResult {
  readonly duties: readonly DecidedDuty[];
  readonly findings: readonly Finding[];
  /** Findings that `rolecall.json` or a comment silences, with the reason given. */
  readonly silenced: readonly Silenced[];
  /** What silences nothing. */
  readonly notices: readonly Notice[];
  readonly tasks: readonly CheckedTask[];
  readonly world: World;
}

/**
 * Says what each role of a workload's tasks will be refused in AWS, why, and the smallest fix. Offline: nothing is
 * called, and only the files that silencing comments may stand in are read.
 */
export function check(workload: Workload, options: CheckOptions = {}): CheckResult {
  const world = worldOf(linkSecrets(workload), options);
  const tasks = tasksOf(world);
  const findings = rules.flatMap((rule) => [...rule(world, tasks)]);
  const sorted = sortFindings(findings);
  const { kept, silenced } = silence(sorted, workload);
  const notices = idleSilences(
    sorted,
    workload,
    ruleInfos.map(({ id }) => id),
  );
  return { duties: tasks.flatMap((task) => dutiesOf(world, task)), findings: kept, silenced, notices, tasks, world };
}

function tasksOf(world: World): CheckedTask[] {
  const { workload, options, roles, tokens } = world;
  const given = options.instanceRole;
  const caller = callerOf(world);
  const instances = new Map<LaunchType, ReturnType<typeof instanceRoleOf>>();
  const instanceOf = (launchType: LaunchType) => {
    if (launchType === 'FARGATE') return undefined;
    // A role that is not in the input is still the one that was named: another one in its place would be a guess.
    if (given !== undefined) return { view: given.startsWith('arn:') ? roles.find(given) : roles.byName(given) };
    if (!instances.has(launchType)) instances.set(launchType, instanceRoleOf(workload, roles, tokens, launchType));
    return instances.get(launchType);
  };
  return workload.taskDefinitions.flatMap((source, index) => {
    options.onProgress?.(index, workload.taskDefinitions.length);
    const view = registrationOf(source, tokens, workload.account);
    const { services } = world.deployments.of(source);
    const ofServices = [...new Set(services.flatMap((service) => service.launchTypes))];
    const exec = options.exec === true || services.some((service) => service.exec);
    return launchTypesOf(view, workload, options.launchTypes, ofServices).map((launchType) =>
      checkTask(world, view, launchType, instanceOf(launchType), {
        ...(exec ? { exec: execOptions(world) } : {}),
        ...(caller === undefined ? {} : { further: (task) => passRoleDuties(world, task, caller) }),
      }),
    );
  });
}

function dutiesOf({ tokens }: World, task: CheckedTask): DecidedDuty[] {
  return task.duties.map(({ call, role, view, action, resource, because, answer }) => ({
    taskDefinition: task.family,
    launchType: task.launchType,
    stage: call.stage,
    role,
    roleArn: view === undefined ? null : tokens.shown(view.arn),
    action,
    resource: tokens.shown(resource),
    because,
    verdict: answer.verdict,
  }));
}

const RANK = { refused: 0, 'not-a-role-problem': 1, unknown: 2, 'over-granted': 3, advice: 4, allowed: 5 } as const;

/** The worst first; otherwise in the order of the input. */
function sortFindings(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => RANK[a.verdict] - RANK[b.verdict]);
}
