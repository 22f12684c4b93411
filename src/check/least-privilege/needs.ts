import type { Actor } from '../finding.ts';
import type { RoleView } from '../model/roles.ts';
import type { CheckedTask, JudgedDuty } from '../model/task.ts';

/** What one role must be allowed, over all task definitions and launch types of the input. */
export interface RoleNeeds {
  readonly view: RoleView;
  readonly kinds: ReadonlySet<Actor>;
  /** Each action and resource once. */
  readonly duties: readonly JudgedDuty[];
  /** Tasks that use it. */
  readonly tasks: readonly CheckedTask[];
  /** Parts of those task definitions are not known: there may be further needs. */
  readonly incomplete: boolean;
}

interface Open {
  readonly view: RoleView;
  readonly kinds: Set<Actor>;
  readonly duties: Map<string, JudgedDuty>;
  readonly tasks: Set<CheckedTask>;
}

/** The needs of every role that a task uses, by ARN. */
export function roleNeeds(tasks: readonly CheckedTask[]): ReadonlyMap<string, RoleNeeds> {
  const open = new Map<string, Open>();
  const of = (view: RoleView): Open => {
    let needs = open.get(view.arn);
    if (needs === undefined) {
      needs = { view, kinds: new Set(), duties: new Map(), tasks: new Set() };
      open.set(view.arn, needs);
    }
    return needs;
  };
  for (const task of tasks) {
    const own: (readonly [Actor, RoleView | undefined])[] = [
      ['task-execution', task.execution],
      ['task', task.task],
      ['container-instance', task.instance !== undefined && 'view' in task.instance ? task.instance.view : undefined],
    ];
    for (const [kind, view] of own) {
      if (view === undefined) continue;
      const needs = of(view);
      needs.kinds.add(kind);
      needs.tasks.add(task);
    }
    for (const duty of task.duties) {
      if (duty.view === undefined || duty.action === 'sts:AssumeRole' || duty.role === 'caller') continue;
      const key = `${duty.action} ${duty.resource} ${duty.call.via ?? ''}`;
      const { duties } = of(duty.view);
      if (!duties.has(key)) duties.set(key, duty);
    }
  }
  return new Map(
    [...open].map(([arn, { view, kinds, duties, tasks: users }]) => [
      arn,
      {
        view,
        kinds,
        duties: [...duties.values()],
        tasks: [...users],
        incomplete: [...users].some((task) => task.view.unknownParts.length > 0),
      },
    ]),
  );
}
