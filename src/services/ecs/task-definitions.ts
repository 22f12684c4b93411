import { arn } from '../../core/arn.ts';
import { AwsError } from '../../core/errors.ts';
import { operation, type ReadContext } from '../../gateway/operation.ts';
import { principalArn } from '../../gateway/principals.ts';
import type { Read, Tx } from '../../store/collections.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import { clientError, invalidParameter } from './errors.ts';
import { type DefinitionName, definitionArn, definitionKey, definitionName, type Scope } from './identifiers.ts';
import {
  clusters,
  regional,
  type TaskDefinitionRecord,
  taskDefinitionFamilies,
  taskDefinitions,
  tasks,
} from './records.ts';
import { withDefaults } from './registration/defaults.ts';
import { requiredAttributes } from './registration/required-attributes.ts';
import { compatibilitiesOf, registrationViolations } from './registration/rules.ts';
import { parseTaskCpu, parseTaskMemory } from './registration/task-size.ts';
import { readTags, requestedTags, setTags, tagged, tagList, tagOnCreate, tagsOf } from './tags.ts';
import { findDefinition } from './task-lookup.ts';
import { passRoleChecks, rolesOf, type TaskRoles } from './task-roles.ts';

function put(tx: Tx, scope: Scope, record: TaskDefinitionRecord): TaskDefinitionRecord {
  tx.put(taskDefinitions, regional(scope.account, scope.region), definitionKey(record.family, record.revision), record);
  return record;
}

/** ecs:compute-compatibility, ecs:privileged, ecs:task-cpu, ecs:task-memory. Source: Service Authorization Reference. */
function registrationKeys(input: Ecs.RegisterTaskDefinitionRequest): Record<string, string | readonly string[]> {
  const cpu = input.cpu === undefined ? undefined : parseTaskCpu(input.cpu);
  const memory = input.memory === undefined ? undefined : parseTaskMemory(input.memory);
  const compatibilities = input.requiresCompatibilities ?? [];
  return {
    'ecs:privileged': String(input.containerDefinitions.some((container) => container.privileged === true)),
    ...(compatibilities.length === 0 ? {} : { 'ecs:compute-compatibility': compatibilities }),
    ...(cpu === undefined ? {} : { 'ecs:task-cpu': String(cpu) }),
    ...(memory === undefined ? {} : { 'ecs:task-memory': String(memory) }),
  };
}

export const RegisterTaskDefinition = operation<'ecs', 'RegisterTaskDefinition', { readonly roles: TaskRoles }>(
  'ecs',
  'RegisterTaskDefinition',
  {
    // The roles' syntax is checked before anything else (observed); the rest after authorization.
    resolve: ({ input, account }) => ({ roles: rolesOf(input, account) }),
    authorize: ({ input, tx, account, region, roles }) => {
      // unverified: the resource of a revision that is not there yet
      const resource = arn('ecs', region, account, `task-definition/${input.family}:*`);
      return [
        {
          action: 'ecs:RegisterTaskDefinition',
          resource,
          requestTags: requestedTags(input.tags),
          context: registrationKeys(input),
        },
        ...tagOnCreate('RegisterTaskDefinition', resource, input.tags),
        ...passRoleChecks(tx, roles),
      ];
    },
    handle: ({ input, tx, account, region, principal, now }) => {
      const tags = readTags(input.tags);
      for (const { code, message } of registrationViolations(input)) throw new AwsError(code, message);
      const partition = regional(account, region);
      forgetDeleted(tx, { account, region }, now);
      const revision = tx.get(taskDefinitionFamilies, partition, input.family)?.nextRevision ?? 1;
      tx.put(taskDefinitionFamilies, partition, input.family, { nextRevision: revision + 1 });
      const taskDefinitionArn = definitionArn({ account, region }, input.family, revision);
      const record = put(
        tx,
        { account, region },
        {
          arn: taskDefinitionArn,
          family: input.family,
          revision,
          definition: {
            ...withDefaults(input, account),
            taskDefinitionArn,
            revision,
            status: 'ACTIVE',
            requiresAttributes: requiredAttributes(input),
            compatibilities: compatibilitiesOf(input),
            registeredAt: now,
            registeredBy: principalArn(principal),
          },
        },
      );
      setTags(tx, { account, region }, taskDefinitionArn, tags);
      return { taskDefinition: record.definition, tags: tagList(tags) };
    },
  },
);

interface OfDefinition {
  readonly named: DefinitionName;
  readonly found: TaskDefinitionRecord | undefined;
}

function resolveDefinition({
  input,
  account,
  region,
  tx,
}: ReadContext<{ readonly taskDefinition: string }>): OfDefinition {
  const named = definitionName(input.taskDefinition, { account, region });
  return { named, found: findDefinition(tx, named) };
}

/** Source: Service Authorization Reference: no resource-level permissions; another account's definition is still not the caller's. */
function onAllDefinitions(action: string) {
  return ({ named }: OfDefinition) => [{ action: `ecs:${action}`, resource: '*', resourceAccount: named.account }];
}

export const DescribeTaskDefinition = operation<'ecs', 'DescribeTaskDefinition', OfDefinition>(
  'ecs',
  'DescribeTaskDefinition',
  {
    resolve: resolveDefinition,
    authorize: onAllDefinitions('DescribeTaskDefinition'),
    handle: ({ input, tx, found, named }) => {
      // Source: observed.
      if (found === undefined) throw clientError('Unable to describe task definition.');
      const tags = input.include?.includes('TAGS') === true ? tagList(tagsOf(tx, named, found.arn)) : [];
      return { taskDefinition: found.definition, tags };
    },
  },
);

export const DeregisterTaskDefinition = operation<'ecs', 'DeregisterTaskDefinition', OfDefinition>(
  'ecs',
  'DeregisterTaskDefinition',
  {
    resolve: resolveDefinition,
    authorize: onAllDefinitions('DeregisterTaskDefinition'),
    handle: ({ tx, named, found, now }) => {
      // Source: ECS API, DeregisterTaskDefinition: family and revision are needed. unverified: text
      if (named.revision === undefined) throw invalidParameter('Revision is missing from the task definition.');
      // unverified: texts
      if (found === undefined) throw clientError('The specified task definition does not exist.');
      if (found.definition.status !== 'ACTIVE') {
        throw clientError(
          'The specified task definition is inactive. You can only deregister an active task definition.',
        );
      }
      const definition: Ecs.TaskDefinition = { ...found.definition, status: 'INACTIVE', deregisteredAt: now };
      put(tx, named, { ...found, definition });
      return { taskDefinition: definition };
    },
  },
);

export const DeleteTaskDefinitions = operation<
  'ecs',
  'DeleteTaskDefinitions',
  { readonly named: readonly DefinitionName[] }
>('ecs', 'DeleteTaskDefinitions', {
  resolve: ({ input, account, region }) => {
    // Source: ECS API, DeleteTaskDefinitions: up to 10. unverified: text
    if (input.taskDefinitions.length === 0 || input.taskDefinitions.length > 10) {
      throw invalidParameter('taskDefinitions should have between 1 and 10 items.');
    }
    return { named: input.taskDefinitions.map((text) => definitionName(text, { account, region })) };
  },
  authorize: ({ tx, named }) =>
    named.map((name) => ({
      action: 'ecs:DeleteTaskDefinitions',
      resource: name.arn,
      ...tagged(tagsOf(tx, name, name.arn)),
    })),
  handle: ({ tx, named, now }) => {
    const deleted: Ecs.TaskDefinition[] = [];
    const failures: Ecs.Failure[] = [];
    for (const name of named) {
      const found = name.revision === undefined ? undefined : findDefinition(tx, name);
      if (found === undefined) {
        failures.push({ arn: name.arn, reason: 'TASK_DEFINITION_NOT_FOUND' }); // unverified: reason
      } else if (found.definition.status === 'ACTIVE') {
        // Source: ECS API, DeleteTaskDefinitions: it must be deregistered first. unverified: reason and detail
        failures.push({
          arn: found.arn,
          reason: 'TASK_DEFINITION_IS_ACTIVE',
          detail:
            'The specified task definition is still in ACTIVE status. Please deregister the target and try again.',
        });
      } else {
        const definition: Ecs.TaskDefinition = {
          ...found.definition,
          status: 'DELETE_IN_PROGRESS',
          deleteRequestedAt: found.definition.deleteRequestedAt ?? now,
        };
        put(tx, name, { ...found, definition });
        deleted.push(definition);
      }
    }
    return { taskDefinitions: deleted, failures };
  },
});

/** How long a deleted task definition that no task refers to is still described. unverified: AWS gives no figure. */
const DELETION = 60 * 60 * 1000;

/** Removes the deleted task definitions that no task refers to any more. Source: ECS API, DeleteTaskDefinitions. */
export function forgetDeleted(tx: Tx, scope: Scope, now: number): void {
  const partition = regional(scope.account, scope.region);
  for (const record of tx.list(taskDefinitions, partition)) {
    const since = record.definition.deleteRequestedAt;
    if (since === undefined || now - since < DELETION || isUsed(tx, scope, record.arn)) continue;
    tx.delete(taskDefinitions, partition, definitionKey(record.family, record.revision));
    setTags(tx, scope, record.arn, {});
  }
}

function isUsed(read: Read, scope: Scope, taskDefinitionArn: string): boolean {
  return read
    .list(clusters, regional(scope.account, scope.region))
    .some((cluster) => read.list(tasks, cluster.arn).some((task) => task.taskDefinitionArn === taskDefinitionArn));
}
