import type { Origin } from '../../sources/origin.ts';
import type { Actor, Finding, PolicyFix, Severity, Verdict } from '../finding.ts';
import { originAt } from '../model/registration.ts';
import type { RoleView } from '../model/roles.ts';
import type { CheckedTask, JudgedDuty } from '../model/task.ts';
import type { World } from '../model/world.ts';

/** A rule as people look it up: its page is docs/rules/ID.md. */
export interface RuleInfo {
  readonly id: string;
  /** A few words, e.g. `Secret not granted to the execution role`. */
  readonly title: string;
  readonly severity: Severity;
  readonly verdict: Verdict;
}

/** Looks at the whole workload, or at one task after the other. */
export type Find = (world: World, tasks: readonly CheckedTask[]) => Iterable<Finding>;

export interface Rule extends RuleInfo {
  readonly find: Find;
}

/** The parts of a finding that a rule says itself; the rest follows from the task, the duty or the role. */
export interface Said {
  readonly why: string;
  readonly remedy: string;
  readonly fix?: readonly PolicyFix[];
  readonly source?: Origin;
  readonly task?: CheckedTask;
  readonly duty?: JudgedDuty;
  readonly role?: Actor;
  readonly view?: RoleView;
  readonly action?: string;
  readonly resource?: string;
  /** JSON pointer into the task definition. */
  readonly because?: string;
  readonly severity?: Severity;
  readonly verdict?: Verdict;
}

const NOWHERE: Origin = { file: '', path: '', line: 0 };

/** A finding of a rule. Every text is cleaned of tokens. */
export function found({ tokens }: World, rule: RuleInfo, said: Said): Finding {
  const { task, duty } = said;
  const view = said.view ?? duty?.view;
  const because = said.because ?? duty?.because;
  const shown = (text: string | undefined) => (text === undefined ? null : tokens.shown(text));
  return {
    id: rule.id,
    severity: said.severity ?? rule.severity,
    verdict: said.verdict ?? rule.verdict,
    taskDefinition: task?.family ?? null,
    launchType: task?.launchType ?? null,
    stage: duty?.call.stage ?? null,
    role: said.role ?? duty?.role ?? null,
    roleArn: shown(view?.arn),
    action: said.action ?? duty?.action ?? null,
    resource: shown(said.resource ?? duty?.resource),
    why: tokens.shown(said.why),
    remedy: tokens.shown(said.remedy),
    fix: (said.fix ?? []).map((fix) => JSON.parse(tokens.shown(JSON.stringify(fix))) as PolicyFix),
    source:
      said.source ??
      (task !== undefined && because !== undefined
        ? originAt(task.view.source, because)
        : (view?.source?.origin ?? task?.view.source.origin ?? NOWHERE)),
  };
}
