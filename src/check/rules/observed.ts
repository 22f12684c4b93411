import type { ActionPattern } from '../../policy/action-pattern.ts';
import type { Finding } from '../finding.ts';
import { globsMeet } from '../model/globs.ts';
import type { CheckedTask } from '../model/task.ts';
import type { World } from '../model/world.ts';
import { found, type RuleInfo } from './rule.ts';
import { statementOrigin } from './statement-origin.ts';

export const NOT_OBSERVED: RuleInfo = {
  id: 'RC308',
  title: 'Grant of the task role that the trail never shows used',
  severity: 'note',
  verdict: 'over-granted',
};

/** With a trail only: what the task role may do and was never seen to do. Observed, not certain: another run may use it. */
export function* observed(world: World, tasks: readonly CheckedTask[]): Iterable<Finding> {
  const calls = world.options.observed;
  if (calls === undefined) return;
  const seen = new Set<string>();
  for (const task of tasks) {
    const view = task.task;
    if (view === undefined || seen.has(view.arn) || view.arn === task.execution?.arn) continue;
    seen.add(view.arn);
    const used = calls.filter(({ roleArn, denied }) => roleArn === view.arn && !denied);
    // Nothing was seen of this role: the trail is not one of its runs.
    if (used.length === 0) continue;
    const planned = task.duties.filter((duty) => duty.view?.arn === view.arn);
    for (const held of view.held) {
      if (held.awsManaged || held.source === undefined) continue;
      for (const statement of held.bounds.least.statements) {
        if (statement.effect !== 'Allow' || statement.notAction) continue;
        const fits = (pattern: ActionPattern) =>
          [...used, ...planned].some(
            ({ action, resource }) =>
              pattern.matches(action.toLowerCase()) &&
              (statement.resources ?? []).some(
                ({ text }) => text === '*' || globsMeet(text, world.tokens.pattern(resource)),
              ),
          );
        const unused = statement.actions.filter((pattern) => !fits(pattern));
        if (unused.length === 0) continue;
        yield found(world, NOT_OBSERVED, {
          task,
          role: 'task',
          view,
          source: statementOrigin(held, statement.index),
          why: `The trail shows no call that needs ${unused.map(({ text }) => text).join(', ')} of statement ${statement.sid ?? statement.index + 1} of ${held.name}.`,
          remedy: 'Remove it if no other run needs it.',
        });
      }
    }
  }
}
