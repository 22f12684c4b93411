import { arn } from '../../core/arn.ts';
import { type MapNode, mapNode, type Node } from '../node.ts';
import { concatenate, sameText, type Text } from '../unknown.ts';
import type { LaunchSource } from '../workload.ts';
import { later } from './attributes.ts';
import { policyOf } from './documents.ts';
import type { TfResource } from './plan.ts';
import { leaveOut, optional, type Reader, tagsOf } from './reader.ts';
import { at, type TfScope, unset } from './scope.ts';

/** `http_tokens` is `HttpTokens`. */
function metadataOptions(node: Node | undefined): MapNode | undefined {
  if (node?.kind !== 'map') return undefined;
  const members = [...node.members]
    .filter(([, value]) => !unset(value) && value.kind !== 'unknown')
    .map(([name, value]): [string, Node] => [
      name.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]);
  return mapNode(members, node.origin);
}

function launch(
  kind: LaunchSource['kind'],
  profile: readonly (readonly (string | 0)[])[],
  template: readonly (readonly (string | 0)[])[],
): Reader {
  return (scope, resource, workload) => {
    const first = (paths: readonly (readonly (string | 0)[])[]): Text | undefined => {
      for (const path of paths) {
        const node = at(resource.values, path);
        // Of `id` and `name`, the one that is not written is known after apply.
        if (
          node?.kind === 'unknown' &&
          resource.expressions !== undefined &&
          at(resource.expressions, path) === undefined
        )
          continue;
        const text = scope.reference(resource, ...path);
        if (text !== undefined) return text;
      }
      return undefined;
    };
    const data = userData(scope, resource);
    workload.launches.push({
      id: resource.address,
      origin: resource.origin,
      kind,
      name: scope.attribute(resource, 'name') ?? resource.address,
      ...optional('instanceProfile', first(profile)),
      ...optional('launchTemplate', first(template)),
      ...optional('userData', data),
      ...optional('metadataOptions', metadataOptions(at(resource.values, ['metadata_options', 0]))),
    });
  };
}

/** Of an instance a state keeps only a hash: that says nothing. */
function userData(scope: TfScope, resource: TfResource): Text | undefined {
  const encoded =
    scope.text(resource, 'user_data_base64') ??
    (resource.type === 'aws_launch_template' ? scope.text(resource, 'user_data') : undefined);
  if (encoded !== undefined)
    return typeof encoded === 'string' ? Buffer.from(encoded, 'base64').toString('utf8') : encoded;
  const text = resource.type === 'aws_launch_template' ? undefined : scope.text(resource, 'user_data');
  return typeof text === 'string' && /^[0-9a-f]{40}$/.test(text) ? undefined : text;
}

const TEMPLATE = [
  ['launch_template', 0, 'id'],
  ['launch_template', 0, 'name'],
] as const;

const fileSystem: Reader = (scope, resource, workload) => {
  workload.fileSystems.push({
    id: resource.address,
    origin: resource.origin,
    fileSystemId: scope.attribute(resource, 'id') ?? resource.address,
    arn: scope.attribute(resource, 'arn') ?? resource.address,
    ...optional('keyId', scope.reference(resource, 'kms_key_id')),
    tags: tagsOf(resource),
  });
};

/** Read after the file systems. */
const fileSystemPolicy: Reader = (scope, resource, workload) => {
  const of = scope.reference(resource, 'file_system_id');
  const policy = policyOf(scope, resource, 'resource', 'policy');
  const index = workload.fileSystems.findIndex(({ fileSystemId }) => of !== undefined && sameText(fileSystemId, of));
  const found = workload.fileSystems[index];
  if (found === undefined || policy === undefined) leaveOut(resource, 'its file system is not in the input', workload);
  else workload.fileSystems[index] = { ...found, policy };
};

const accessPoint: Reader = (scope, resource, workload) => {
  const fileSystemId = scope.reference(resource, 'file_system_id');
  if (fileSystemId === undefined) leaveOut(resource, 'it names no file system', workload);
  else
    workload.accessPoints.push({
      id: resource.address,
      origin: resource.origin,
      accessPointId: scope.attribute(resource, 'id') ?? resource.address,
      arn: scope.attribute(resource, 'arn') ?? resource.address,
      fileSystemId,
    });
};

const targetGroup: Reader = (scope, resource, workload) => {
  workload.targetGroups.push({
    id: resource.address,
    origin: resource.origin,
    name: scope.attribute(resource, 'name') ?? resource.address,
    arn: scope.attribute(resource, 'arn') ?? resource.address,
    ...optional('targetType', scope.text(resource, 'target_type')),
  });
};

/** EcsParameters under CloudFormation's names, as far as RunTask is concerned. */
function ecsParameters(node: Node | undefined, origin: TfResource['origin']): MapNode {
  const members: [string, Node][] = [];
  for (const [name, value] of node?.kind === 'map' ? node.members : []) {
    if (unset(value)) continue;
    const key = name
      .replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())
      .replace('EcsManaged', 'ECSManaged');
    members.push([key, value]);
  }
  return mapNode(members, node?.origin ?? origin);
}

const eventTarget: Reader = (scope, resource, workload) => {
  const block = at(resource.values, ['ecs_target', 0]);
  // Other targets start no tasks.
  if (block === undefined || block.kind !== 'map') return;
  const taskDefinition = scope.reference(resource, 'ecs_target', 0, 'task_definition_arn');
  const clusterArn = scope.reference(resource, 'arn');
  const rule = scope.reference(resource, 'rule');
  if (taskDefinition === undefined || clusterArn === undefined || rule === undefined) {
    leaveOut(resource, 'it names no rule, no cluster or no task definition', workload);
    return;
  }
  const bus = scope.text(resource, 'event_bus_name') ?? 'default';
  const prefix = arn('events', scope.region, scope.account, 'rule/');
  workload.taskStarters.push({
    id: resource.address,
    origin: resource.origin,
    kind: 'rule',
    name: rule,
    arn: concatenate(bus === 'default' ? [prefix, rule] : [prefix, bus, '/', rule]),
    clusterArn,
    ...optional('roleArn', scope.reference(resource, 'role_arn')),
    taskDefinition,
    parameters: ecsParameters(block, resource.origin),
    ...optional('input', scope.text(resource, 'input')),
  });
};

const schedule: Reader = (scope, resource, workload) => {
  const block = at(resource.values, ['target', 0, 'ecs_parameters', 0]);
  if (block === undefined || block.kind !== 'map') return;
  const taskDefinition = scope.reference(resource, 'target', 0, 'ecs_parameters', 0, 'task_definition_arn');
  const clusterArn = scope.reference(resource, 'target', 0, 'arn');
  if (taskDefinition === undefined || clusterArn === undefined) {
    leaveOut(resource, 'it names no cluster or no task definition', workload);
    return;
  }
  const name = scope.text(resource, 'name') ?? later({ ...scope, ...resource, known: () => undefined }, 'name');
  const group = scope.text(resource, 'group_name') ?? 'default';
  workload.taskStarters.push({
    id: resource.address,
    origin: resource.origin,
    kind: 'schedule',
    name,
    arn: concatenate([arn('scheduler', scope.region, scope.account, 'schedule/'), group, '/', name]),
    clusterArn,
    ...optional('roleArn', scope.reference(resource, 'target', 0, 'role_arn')),
    taskDefinition,
    parameters: ecsParameters(block, resource.origin),
    ...optional('input', scope.text(resource, 'target', 0, 'input')),
  });
};

const linkedRole: Reader = (scope, resource, workload) => {
  workload.serviceLinkedRoles.push({
    id: resource.address,
    origin: resource.origin,
    service: scope.text(resource, 'aws_service_name') ?? resource.address,
    ...optional('suffix', scope.text(resource, 'custom_suffix')),
  });
};

export const launchReaders: Readonly<Record<string, Reader>> = {
  aws_autoscaling_group: launch(
    'auto-scaling-group',
    [],
    [
      ['launch_configuration'],
      ...TEMPLATE,
      ['mixed_instances_policy', 0, 'launch_template', 0, 'launch_template_specification', 0, 'launch_template_id'],
      ['mixed_instances_policy', 0, 'launch_template', 0, 'launch_template_specification', 0, 'launch_template_name'],
    ],
  ),
  aws_cloudwatch_event_target: eventTarget,
  aws_efs_access_point: accessPoint,
  aws_efs_file_system: fileSystem,
  aws_iam_service_linked_role: linkedRole,
  aws_instance: launch('instance', [['iam_instance_profile']], TEMPLATE),
  aws_launch_configuration: launch('launch-configuration', [['iam_instance_profile']], []),
  aws_launch_template: launch(
    'launch-template',
    [
      ['iam_instance_profile', 0, 'arn'],
      ['iam_instance_profile', 0, 'name'],
    ],
    [],
  ),
  aws_lb_target_group: targetGroup,
  aws_scheduler_schedule: schedule,
};

export const fileSystemPolicyReaders: Readonly<Record<string, Reader>> = {
  aws_efs_file_system_policy: fileSystemPolicy,
};
