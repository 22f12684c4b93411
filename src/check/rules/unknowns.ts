import type { Missing } from '../../sources/unknown.ts';
import type { Finding } from '../finding.ts';
import type { CheckedTask, JudgedDuty } from '../model/task.ts';
import type { World } from '../model/world.ts';
import { found, type RuleInfo } from './rule.ts';
import { isImpossible } from './trust.ts';

export const VALUE_MISSING: RuleInfo = {
  id: 'RC901',
  title: 'A value is not in the input',
  severity: 'note',
  verdict: 'unknown',
};
export const POLICY_MISSING: RuleInfo = {
  id: 'RC902',
  title: 'A policy is not in the input',
  severity: 'note',
  verdict: 'unknown',
};
export const ROLE_MISSING: RuleInfo = {
  id: 'RC903',
  title: 'A role is not in the input',
  severity: 'note',
  verdict: 'unknown',
};
export const INSTANCE_ROLE_MISSING: RuleInfo = {
  id: 'RC904',
  title: 'The role of the container instances is not in the input',
  severity: 'note',
  verdict: 'unknown',
};

/** What cannot be decided: one finding for each thing that is missing, with the calls that wait for it. */
export function* unknowns(world: World, tasks: readonly CheckedTask[]): Iterable<Finding> {
  for (const task of tasks) {
    const waiting = new Map<string, { missing: Missing; duties: JudgedDuty[] }>();
    for (const duty of task.duties) {
      if (duty.answer.verdict !== 'unknown' || (duty.view !== undefined && isImpossible(duty.view))) continue;
      for (const missing of duty.answer.missing) {
        const key = `${missing.why}\n${missing.help}`;
        const entry = waiting.get(key) ?? { missing, duties: [] };
        entry.duties.push(duty);
        waiting.set(key, entry);
      }
    }
    for (const { missing, duties } of waiting.values()) {
      const duty = duties[0]!;
      const actions = [...new Set(duties.map(({ action }) => action))];
      yield found(world, ruleFor(missing), {
        task,
        duty,
        why: `${actions.join(', ')} cannot be decided: ${missing.why}.`,
        remedy: missing.help,
        ...(missing.origin.file === '' ? {} : { source: missing.origin }),
      });
    }
    for (const { path, missing } of task.view.unknownParts) {
      for (const one of missing) {
        yield found(world, VALUE_MISSING, {
          task,
          because: path,
          why: `Which calls ${path} leads to cannot be said: ${one.why}.`,
          remedy: one.help,
        });
      }
    }
  }
}

function ruleFor({ why }: Missing): RuleInfo {
  if (why.startsWith('the role of the ') || why.startsWith('several roles could')) return INSTANCE_ROLE_MISSING;
  if (why.startsWith('the role ')) return ROLE_MISSING;
  if (/^the (managed policy|permissions boundary|policy of) /.test(why)) return POLICY_MISSING;
  return VALUE_MISSING;
}
