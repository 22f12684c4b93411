import { operation } from '../../gateway/operation.ts';
import { page } from './pages.ts';
import type { TaskDefinitionRecord } from './records.ts';
import { regional, taskDefinitions } from './records.ts';

export const ListTaskDefinitions = operation('ecs', 'ListTaskDefinitions', {
  authorize: () => [{ action: 'ecs:ListTaskDefinitions', resource: '*' }],
  handle: ({ input, tx, account, region }) => {
    const status = input.status ?? 'ACTIVE';
    // Source: ECS API, ListTaskDefinitions: familyPrefix is the full family name; by family, then by revision.
    const records = tx
      .list(taskDefinitions, regional(account, region))
      .filter(
        (record) =>
          record.definition.status === status &&
          (input.familyPrefix === undefined || record.family === input.familyPrefix),
      );
    const order = input.sort === 'DESC' ? 'descending' : 'ascending';
    const { items, nextToken } = page(records, familyAndRevision, input, order);
    return { taskDefinitionArns: items.map((record) => record.arn), nextToken };
  },
});

/** Sorts by family first, whatever characters follow its name elsewhere. */
function familyAndRevision(record: TaskDefinitionRecord): string {
  return `${record.family}\0${String(record.revision).padStart(10, '0')}`;
}

export const ListTaskDefinitionFamilies = operation('ecs', 'ListTaskDefinitionFamilies', {
  authorize: () => [{ action: 'ecs:ListTaskDefinitionFamilies', resource: '*' }],
  handle: ({ input, tx, account, region }) => {
    const active = new Map<string, boolean>();
    for (const record of tx.list(taskDefinitions, regional(account, region))) {
      if (record.definition.status === 'DELETE_IN_PROGRESS') continue;
      active.set(record.family, (active.get(record.family) ?? false) || record.definition.status === 'ACTIVE');
    }
    // Source: ECS API, ListTaskDefinitionFamilies: a family with at least one ACTIVE revision is ACTIVE; default: all.
    const status = input.status ?? 'ALL';
    const families = [...active]
      .filter(([family, isActive]) => {
        if (!family.startsWith(input.familyPrefix ?? '')) return false;
        return status === 'ALL' || (status === 'ACTIVE') === isActive;
      })
      .map(([family]) => family);
    const { items, nextToken } = page(families, (family) => family, input);
    return { families: items, nextToken };
  },
});
