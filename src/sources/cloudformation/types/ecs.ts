import { arn } from '../../../core/arn.ts';
import { inputOf } from '../../by-model.ts';
import { mapNode, type Node, textNode } from '../../node.ts';
import { concatenate, sameText, type Text } from '../../unknown.ts';
import { evaluate } from '../evaluate.ts';
import { madeLater, namedBy, Properties, type ResourceType } from '../properties.ts';
import { type Declared, madeUpName, nameSuffix, resourceId } from '../scope.ts';

function clusterName(resource: Declared): Text {
  return namedBy(resource, 'ClusterName', madeUpName);
}

const cluster: ResourceType = {
  read(resource, workload) {
    const used = [
      'CapacityProviders',
      'ClusterName',
      'ClusterSettings',
      'Configuration',
      'DefaultCapacityProviderStrategy',
      'ServiceConnectDefaults',
      'Tags',
    ];
    const properties = new Properties(resource, used, workload);
    const renamed = [...properties.map.members]
      .filter(([name]) => used.includes(name) && name !== 'ClusterName')
      .map(([name, node]) => [name === 'ClusterSettings' ? 'Settings' : name, node] as const);
    const strategy = associatedStrategy(resource);
    workload.clusters.push({
      id: resourceId(resource),
      origin: resource.origin,
      name: clusterName(resource),
      arn: clusterArn(resource),
      input: inputOf(
        'ecs',
        'CreateCluster',
        mapNode(renamed, properties.map.origin),
        'template',
        `\`${resource.logicalId}\``,
      ),
      ...(strategy === undefined ? {} : { defaultCapacityProviderStrategy: strategy }),
    });
  },
  ref: clusterName,
  attributes: { Arn: clusterArn },
};

const ASSOCIATIONS = 'AWS::ECS::ClusterCapacityProviderAssociations';

/** The default strategy that a resource of the same template gives to the cluster. */
function associatedStrategy(cluster: Declared): Node | undefined {
  for (const resource of cluster.stack.resources.values()) {
    if (resource.type !== ASSOCIATIONS || !isOf(resource, cluster)) continue;
    const strategy = resource.properties.members.get('DefaultCapacityProviderStrategy');
    if (strategy === undefined) return undefined;
    const members = mapNode([['DefaultCapacityProviderStrategy', evaluate(strategy, cluster.stack)]], resource.origin);
    const input = inputOf('ecs', 'CreateCluster', members, 'template', `\`${resource.logicalId}\``);
    return input.members.get('defaultCapacityProviderStrategy');
  }
  return undefined;
}

function isOf(associations: Declared, cluster: Declared): boolean {
  const name = namedBy(associations, 'Cluster', () => '');
  return sameText(name, clusterName(cluster)) || sameText(name, clusterArn(cluster));
}

/** Read with its cluster; one of another stack's cluster is left out. */
const associations: ResourceType = {
  read(resource, workload) {
    const clusters = [...resource.stack.resources.values()].filter(({ type }) => type === 'AWS::ECS::Cluster');
    if (clusters.some((cluster) => isOf(resource, cluster))) return;
    workload.leftOut.push({
      what: `${resource.type} \`${resource.logicalId}\``,
      why: 'its cluster is not in this template',
      origin: resource.origin,
    });
  },
  ref: (resource) => namedBy(resource, 'Cluster', () => ''),
  attributes: {},
};

function clusterArn(resource: Declared): Text {
  return concatenate([arn('ecs', resource.stack.region, resource.stack.account, 'cluster/'), clusterName(resource)]);
}

/** CloudFormation leaves the hyphens out. Source: CloudFormation, AWS::ECS::TaskDefinition Family (observed names). */
function family(resource: Declared): Text {
  return namedBy(resource, 'Family', ({ stack, logicalId }) =>
    `${stack.name}${logicalId}${nameSuffix(stack.name, logicalId)}`.replaceAll('-', ''),
  );
}

const taskDefinition: ResourceType = {
  read(resource, workload) {
    const properties = new Properties(resource, TASK_DEFINITION, workload);
    const members = [...properties.map.members].filter(([name]) => name !== 'Family');
    const name = family(resource);
    const node = mapNode(
      [['Family', textNode(name, properties.node('Family')?.origin ?? resource.origin)], ...members],
      properties.map.origin,
    );
    workload.taskDefinitions.push({
      id: resourceId(resource),
      origin: resource.origin,
      family: name,
      input: inputOf('ecs', 'RegisterTaskDefinition', node, 'template', `\`${resource.logicalId}\``),
    });
  },
  ref: madeLater('Ref'),
  attributes: { TaskDefinitionArn: madeLater('Ref') },
};

/** All properties are RegisterTaskDefinition's parameters. Source: CloudFormation, AWS::ECS::TaskDefinition. */
const TASK_DEFINITION = [
  'ContainerDefinitions',
  'Cpu',
  'EnableFaultInjection',
  'EphemeralStorage',
  'ExecutionRoleArn',
  'Family',
  'InferenceAccelerators',
  'IpcMode',
  'Memory',
  'NetworkMode',
  'PidMode',
  'PlacementConstraints',
  'ProxyConfiguration',
  'RequiresCompatibilities',
  'RuntimePlatform',
  'Tags',
  'TaskRoleArn',
  'Volumes',
];

export const ecsTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::ECS::Cluster': cluster,
  [ASSOCIATIONS]: associations,
  'AWS::ECS::TaskDefinition': taskDefinition,
};
