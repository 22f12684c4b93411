import type { Ids } from '../../core/ids.ts';
import { operation } from '../../gateway/operation.ts';
import { collection, type Read, type Tx } from '../../store/collections.ts';
import type * as Iam from '../../wire/generated/types/iam.ts';
import { clusters } from '../ecs/records.ts';
import { entityCheck, existing, findEntity, putEntity, wholeSeconds } from './entities.ts';
import { invalidInput, noSuchEntity } from './errors.ts';
import { iamArn } from './paths.ts';
import type { RoleRecord } from './records.ts';
import { removeRole, shownRoleWithTags } from './roles.ts';

interface LinkedService {
  readonly roleName: string;
  readonly policy: string;
}

/** Services with a role of their own. Source: the services' guides, "Using service-linked roles". */
const LINKED_SERVICES: Readonly<Record<string, LinkedService>> = {
  'ecs.amazonaws.com': {
    roleName: 'AWSServiceRoleForECS',
    policy: 'arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy',
  },
  'ecs-compute.amazonaws.com': {
    roleName: 'AWSServiceRoleForECSCompute',
    policy: 'arn:aws:iam::aws:policy/aws-service-role/AmazonECSComputeServiceRolePolicy',
  },
  'ecs.application-autoscaling.amazonaws.com': {
    roleName: 'AWSServiceRoleForApplicationAutoScaling_ECSService',
    policy: 'arn:aws:iam::aws:policy/aws-service-role/AWSApplicationAutoscalingECSServicePolicy',
  },
};

function linkedPath(service: string): string {
  return `/aws-service-role/${service}/`;
}

/** ARN of the service-linked role of a service in an account, whether it is there or not. */
export function serviceLinkedRoleArn(account: string, service: string): string {
  return iamArn(account, 'role', linkedPath(service), LINKED_SERVICES[service]?.roleName ?? '');
}

/** The service-linked role of a service, when the account has it. */
export function findServiceLinkedRole(read: Read, account: string, service: string): RoleRecord | undefined {
  const linked = LINKED_SERVICES[service];
  const role = linked === undefined ? undefined : findEntity(read, 'role', account, linked.roleName);
  return role?.linkedTo === service ? role : undefined;
}

function createLinkedRole(
  tx: Tx,
  ids: Ids,
  account: string,
  now: number,
  service: string,
  linked: LinkedService,
  description: string | undefined,
): RoleRecord {
  const path = linkedPath(service);
  const role: RoleRecord = {
    name: linked.roleName,
    path,
    arn: iamArn(account, 'role', path, linked.roleName),
    id: ids.iam('AROA'),
    createdAt: wholeSeconds(now),
    inline: {},
    attached: [linked.policy],
    trust: JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
    }),
    trustedIds: {},
    ...(description === undefined ? {} : { description }),
    maxSessionDuration: 3600,
    tags: {},
    linkedTo: service,
  };
  putEntity(tx, 'role', account, role);
  return role;
}

export const CreateServiceLinkedRole = operation('iam', 'CreateServiceLinkedRole', {
  authorize: ({ account, input }) => {
    const service = input.AWSServiceName;
    const check = entityCheck(
      'iam:CreateServiceLinkedRole',
      'role',
      account,
      LINKED_SERVICES[service]?.roleName ?? '*',
      undefined,
      {
        path: linkedPath(service),
      },
    );
    return [{ ...check, context: { ...check.context, 'iam:AWSServiceName': service } }];
  },
  handle: ({ tx, account, input, now, ids }) => {
    const service = input.AWSServiceName;
    const linked = Object.hasOwn(LINKED_SERVICES, service) ? LINKED_SERVICES[service] : undefined;
    if (linked === undefined) {
      throw invalidInput(
        `Rolecall has no service-linked role for ${service}. It has them for: ${Object.keys(LINKED_SERVICES).join(', ')}.`,
      );
    }
    if (input.CustomSuffix !== undefined) {
      throw invalidInput(`Custom suffix is not allowed for ${service}`); // unverified: text
    }
    if (findEntity(tx, 'role', account, linked.roleName) !== undefined) {
      throw invalidInput(
        `Service role name ${linked.roleName} has been taken in this account, please try a different suffix.`,
      );
    }
    const role = createLinkedRole(tx, ids, account, now, service, linked, input.Description);
    return { Role: shownRoleWithTags(tx, role) };
  },
});

interface DeletionRecord {
  readonly status: 'SUCCEEDED' | 'FAILED';
  readonly roleName: string;
  readonly reason?: { readonly text: string; readonly usage: readonly Iam.RoleUsageType[] };
}

/** Partition: account; key: deletion task id. */
const deletions = collection<DeletionRecord>('iam/service-linked-role-deletions');

export const DeleteServiceLinkedRole = operation('iam', 'DeleteServiceLinkedRole', {
  resolve: ({ tx, account, input }) => ({ role: findEntity(tx, 'role', account, input.RoleName) }),
  authorize: ({ account, input, role }) => [
    entityCheck('iam:DeleteServiceLinkedRole', 'role', account, input.RoleName, role),
  ],
  // AWS deletes later and the answer tells how to ask; here it is done at once, and the task knows the outcome.
  handle: ({ tx, account, input, role, ids }) => {
    const found = existing(role, 'role', input.RoleName);
    if (found.linkedTo === undefined) {
      throw invalidInput(`Role ${found.name} is not a service-linked role.`); // unverified: text
    }
    const usage = usageOf(tx, account, found.linkedTo);
    const task = `task${found.path}${found.name}/${ids.uuid()}`;
    if (usage.length === 0) removeRole(tx, account, found);
    tx.put(deletions, account, task, {
      roleName: found.name,
      ...(usage.length === 0
        ? { status: 'SUCCEEDED' }
        : {
            status: 'FAILED',
            reason: { text: 'The service-linked role is being used by resources of the service.', usage }, // unverified: text
          }),
    });
    return { DeletionTaskId: task };
  },
});

export const GetServiceLinkedRoleDeletionStatus = operation('iam', 'GetServiceLinkedRoleDeletionStatus', {
  resolve: ({ tx, account, input }) => ({ task: tx.get(deletions, account, input.DeletionTaskId) }),
  authorize: ({ account, input }) => {
    const [, path = '/', name = '*'] = /^task(\/.*\/)([^/]+)\/[^/]+$/.exec(input.DeletionTaskId) ?? [];
    return [entityCheck('iam:GetServiceLinkedRoleDeletionStatus', 'role', account, name, undefined, { path })];
  },
  handle: ({ input, task }) => {
    if (task === undefined) throw noSuchEntity(`Deletion task ${input.DeletionTaskId} cannot be found.`); // unverified: text
    if (task.reason === undefined) return { Status: task.status };
    return { Status: task.status, Reason: { Reason: task.reason.text, RoleUsageList: task.reason.usage } };
  },
});

/** What a service still keeps that needs its role: for ECS its clusters, by Region. */
function usageOf(read: Read, account: string, service: string): Iam.RoleUsageType[] {
  if (service !== 'ecs.amazonaws.com') return [];
  const usage: Iam.RoleUsageType[] = [];
  for (const partition of read.partitions(clusters)) {
    const [owner, region] = partition.split('/') as [string, string];
    if (owner !== account) continue;
    const active = read.list(clusters, partition).filter(({ status }) => status === 'ACTIVE');
    if (active.length > 0) usage.push({ Region: region, Resources: active.map(({ arn }) => arn) });
  }
  return usage;
}
