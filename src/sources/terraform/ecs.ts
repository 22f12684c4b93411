import { arn } from '../../core/arn.ts';
import { inputOf } from '../by-model.ts';
import { type MapNode, mapNode, type Node, scalar, textNode } from '../node.ts';
import { type Origin, pointerSteps, SourceError } from '../origin.ts';
import { embeddedDocument } from '../read-document.ts';
import { concatenate, sameText, type Text } from '../unknown.ts';
import type { OpenWorkload } from '../workload.ts';
import { apiInput } from './api-input.ts';
import { madeBefore } from './order.ts';
import type { TfResource } from './plan.ts';
import { leaveOut, optional, type Reader, tagsOf } from './reader.ts';
import { at, ownArguments, type TfScope } from './scope.ts';

const taskDefinition: Reader = (scope, resource, workload) => {
  const containers = scope.node(resource, 'container_definitions');
  const family = scope.attribute(resource, 'family');
  if (containers === undefined || family === undefined) {
    leaveOut(resource, 'it has no `container_definitions`', workload);
    return;
  }
  const argument = (name: string) => resource.values.members.get(name)?.origin ?? resource.origin;
  const roles = (['execution_role_arn', 'task_role_arn'] as const).flatMap((name): [string, Node][] => {
    const text = scope.reference(resource, name);
    return text === undefined ? [] : [[name, textNode(text, argument(name))]];
  });
  const { container_definitions: _, ...rest } = Object.fromEntries(ownArguments(resource).members);
  const values = new Map<string, Node>([...Object.entries(rest), ...roles]);
  values.delete('tags');
  for (const name of ['id', 'arn', 'revision', 'tags_all', 'arn_without_revision']) values.delete(name);
  const translated = apiInput('ecs', 'RegisterTaskDefinition', mapNode([...values], resource.values.origin));
  const members = new Map(translated.members);
  const volumes = volumesOf(scope, resource, members.get('volumes'));
  if (volumes !== undefined) members.set('volumes', volumes);
  const tags = tagsOf(resource);
  const document = containers.kind === 'scalar' ? embeddedDocument(containers) : containers;
  members.set('family', textNode(family, argument('family')));
  members.set('containerDefinitions', document);
  if (tags.length > 0)
    members.set('tags', {
      kind: 'list',
      items: tags.map(({ key, value }) =>
        mapNode(
          [
            ['key', textNode(key, argument('tags'))],
            ['value', textNode(value, argument('tags'))],
          ],
          argument('tags'),
        ),
      ),
      origin: argument('tags'),
    });
  workload.taskDefinitions.push({
    id: resource.address,
    origin: resource.origin,
    family,
    input: checkedInput(resource, mapNode([...members], resource.values.origin), workload),
  });
};

/** The provider drops members of container definitions that it does not know; so they are named, and dropped here, too. */
function checkedInput(resource: TfResource, input: MapNode, workload: OpenWorkload): MapNode {
  let node = input;
  for (;;) {
    try {
      return inputOf('ecs', 'RegisterTaskDefinition', node, 'api', resource.address);
    } catch (error) {
      if (!(error instanceof SourceError) || error.code !== 'unknown-member') throw error;
      const { origin } = error;
      const without = dropped(node, origin);
      if (without === undefined) throw error;
      const name = pointerSteps(origin.path).at(-1);
      const what = `\`${name}\` of a container definition of ${resource.address}`;
      workload.leftOut.push({ what, why: 'ECS has no such parameter; the provider drops it', origin });
      node = without as MapNode;
    }
  }
}

/** The node without the member that was written there; undefined where there is none. */
function dropped(node: Node, place: Origin): Node | undefined {
  if (node.kind === 'map') {
    for (const [name, member] of node.members) {
      if (member.origin.path === place.path)
        return { ...node, members: new Map([...node.members].filter(([other]) => other !== name)) };
      const inner = dropped(member, place);
      if (inner !== undefined) return { ...node, members: new Map([...node.members, [name, inner]]) };
    }
  }
  if (node.kind === 'list')
    for (const [index, item] of node.items.entries()) {
      const inner = dropped(item, place);
      if (inner !== undefined) return { ...node, items: node.items.with(index, inner) };
    }
  return undefined;
}

/** `host_path` is a member of `host`; file systems and access points are references. */
function volumesOf(scope: TfScope, resource: TfResource, volumes: Node | undefined): Node | undefined {
  const blocks = resource.values.members.get('volume');
  if (volumes?.kind !== 'list' || blocks?.kind !== 'list') return volumes;
  const only = blocks.items.length === 1;
  const items = volumes.items.map((volume, index) => {
    const host = at(blocks.items[index], ['host_path']);
    if (volume.kind !== 'map') return volume;
    const members = new Map(volume.members);
    if (host?.kind === 'unknown' || (host?.kind === 'scalar' && host.value !== null && host.value !== ''))
      members.set('host', mapNode([['sourcePath', host]], host.origin));
    const efs = members.get('efsVolumeConfiguration');
    if (only && efs?.kind === 'map') members.set('efsVolumeConfiguration', efsOf(scope, resource, efs));
    return { ...volume, members };
  });
  return { ...volumes, items };
}

function efsOf(scope: TfScope, resource: TfResource, efs: MapNode): MapNode {
  const path = ['volume', 0, 'efs_volume_configuration', 0] as const;
  const members = new Map(efs.members);
  const id = scope.reference(resource, ...path, 'file_system_id');
  if (id !== undefined) members.set('fileSystemId', textNode(id, members.get('fileSystemId')?.origin ?? efs.origin));
  const authorization = members.get('authorizationConfig');
  const point = scope.reference(resource, ...path, 'authorization_config', 0, 'access_point_id');
  if (authorization?.kind === 'map' && point !== undefined)
    members.set('authorizationConfig', {
      ...authorization,
      members: new Map([...authorization.members, ['accessPointId', textNode(point, authorization.origin)]]),
    });
  return { ...efs, members };
}

const cluster: Reader = (scope, resource, workload) => {
  const { members } = apiInput('ecs', 'CreateCluster', ownArguments(resource));
  const known = ['configuration', 'serviceConnectDefaults', 'settings'];
  workload.clusters.push({
    id: resource.address,
    origin: resource.origin,
    name: scope.attribute(resource, 'name') ?? resource.address,
    arn: scope.attribute(resource, 'arn') ?? resource.address,
    input: mapNode(
      [...members].filter(([name]) => known.includes(name)),
      resource.values.origin,
    ),
  });
};

/** Read after the clusters. */
const clusterProviders: Reader = (scope, resource, workload) => {
  const name = scope.reference(resource, 'cluster_name');
  const index = workload.clusters.findIndex((one) => name !== undefined && sameText(one.name, name));
  const found = workload.clusters[index];
  const { members } = apiInput('ecs', 'CreateCluster', ownArguments(resource));
  const strategy = members.get('defaultCapacityProviderStrategy');
  if (found === undefined) leaveOut(resource, 'its cluster is not in the input', workload);
  else if (strategy !== undefined) workload.clusters[index] = { ...found, defaultCapacityProviderStrategy: strategy };
};

const service: Reader = (scope, resource, workload) => {
  const { values } = resource;
  const name = scope.attribute(resource, 'name') ?? resource.address;
  const clusterName = scope.reference(resource, 'cluster');
  const task = scope.reference(resource, 'task_definition');
  const role = scope.reference(resource, 'iam_role');
  const place = (argument: string) => values.members.get(argument)?.origin ?? resource.origin;
  const without = [
    'tags',
    'tags_all',
    'cluster',
    'task_definition',
    'iam_role',
    'id',
    'arn',
    'name',
    'deployment_controller',
  ];
  const translated = apiInput(
    'ecs',
    'CreateService',
    mapNode(
      [...ownArguments(resource).members].filter(([key]) => !without.includes(key)),
      values.origin,
    ),
  );
  const members = new Map(translated.members);
  const network = at(values, ['network_configuration', 0]);
  if (network?.kind === 'map') {
    const vpc = mapNode(
      (
        [
          ['subnets', 'subnets'],
          ['security_groups', 'securityGroups'],
        ] as const
      ).flatMap(([from, to]): [string, Node][] => {
        const node = network.members.get(from);
        return node === undefined || node.kind === 'scalar' ? [] : [[to, node]];
      }),
      network.origin,
    );
    const open = at(network, ['assign_public_ip']);
    const ip = scalar(open?.kind === 'scalar' && open.value === true ? 'ENABLED' : 'DISABLED', network.origin);
    members.set(
      'networkConfiguration',
      mapNode(
        [['awsvpcConfiguration', { ...vpc, members: new Map([...vpc.members, ['assignPublicIp', ip]]) }]],
        network.origin,
      ),
    );
  }
  const add = (key: string, value: Text | undefined, argument: string) => {
    if (value !== undefined) members.set(key, textNode(value, place(argument)));
  };
  add('serviceName', name, 'name');
  add('cluster', clusterName, 'cluster');
  add('taskDefinition', task, 'task_definition');
  add('role', role, 'iam_role');
  const shortName = typeof clusterName === 'string' ? clusterName.slice(clusterName.lastIndexOf('/') + 1) : clusterName;
  workload.services.push({
    id: resource.address,
    origin: resource.origin,
    name,
    arn: concatenate([arn('ecs', scope.region, scope.account, 'service/'), shortName ?? 'default', '/', name]),
    ...optional('cluster', clusterName),
    ...optional('taskDefinition', task),
    input: mapNode([...members], values.origin),
    ...optional('madeAfter', madeBefore(resource, scope.plan)),
  });
};

const capacityProvider: Reader = (scope, resource, workload) => {
  const group = scope.reference(resource, 'auto_scaling_group_provider', 0, 'auto_scaling_group_arn');
  workload.capacityProviders.push({
    id: resource.address,
    origin: resource.origin,
    name: scope.text(resource, 'name') ?? resource.address,
    ...optional('autoScalingGroup', group),
  });
};

export const ecsReaders: Readonly<Record<string, Reader>> = {
  aws_ecs_capacity_provider: capacityProvider,
  aws_ecs_cluster: cluster,
  aws_ecs_service: service,
  aws_ecs_task_definition: taskDefinition,
};

/** Of things that must have been read before. */
export const ecsClusterReaders: Readonly<Record<string, Reader>> = {
  aws_ecs_cluster_capacity_providers: clusterProviders,
};
