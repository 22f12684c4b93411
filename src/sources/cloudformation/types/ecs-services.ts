import { arn } from '../../../core/arn.ts';
import { inputOf } from '../../by-model.ts';
import { asMap, mapNode, type Node, textNode } from '../../node.ts';
import { concatenate, type Text } from '../../unknown.ts';
import { madeBefore } from '../order.ts';
import { namedBy, Properties, type ResourceType } from '../properties.ts';
import { type Declared, madeUpName, resourceId } from '../scope.ts';

function serviceName(resource: Declared): Text {
  return namedBy(resource, 'ServiceName', madeUpName);
}

function serviceArn(resource: Declared): Text {
  const given = namedBy(resource, 'Cluster', () => 'default');
  // `Cluster` takes a name or an ARN.
  const cluster = typeof given === 'string' ? given.slice(given.lastIndexOf('/') + 1) : given;
  const { region, account } = resource.stack;
  return concatenate([arn('ecs', region, account, 'service/'), cluster, '/', serviceName(resource)]);
}

/** CreateService's parameters under CloudFormation's names. Source: CloudFormation, AWS::ECS::Service. */
const SERVICE = [
  'AvailabilityZoneRebalancing',
  'CapacityProviderStrategy',
  'Cluster',
  'DeploymentConfiguration',
  'DeploymentController',
  'DesiredCount',
  'EnableECSManagedTags',
  'EnableExecuteCommand',
  'HealthCheckGracePeriodSeconds',
  'LaunchType',
  'LoadBalancers',
  'NetworkConfiguration',
  'PlacementConstraints',
  'PlacementStrategies',
  'PlatformVersion',
  'PropagateTags',
  'Role',
  'SchedulingStrategy',
  'ServiceConnectConfiguration',
  'ServiceName',
  'ServiceRegistries',
  'Tags',
  'TaskDefinition',
  'VolumeConfigurations',
  'VpcLatticeConfigurations',
];

const service: ResourceType = {
  read(resource, workload) {
    const properties = new Properties(resource, [...SERVICE, 'ForceNewDeployment'], workload);
    const name = serviceName(resource);
    const members = [...properties.map.members]
      .filter(([property]) => SERVICE.includes(property) && property !== 'ServiceName')
      .map(([property, node]): [string, Node] => [
        property === 'PlacementStrategies' ? 'PlacementStrategy' : property,
        node,
      ]);
    const node = mapNode(
      [['ServiceName', textNode(name, properties.node('ServiceName')?.origin ?? resource.origin)], ...members],
      properties.map.origin,
    );
    const cluster = properties.text('Cluster');
    const taskDefinition = properties.text('TaskDefinition');
    workload.services.push({
      id: resourceId(resource),
      origin: resource.origin,
      name,
      arn: serviceArn(resource),
      ...(cluster === undefined ? {} : { cluster }),
      ...(taskDefinition === undefined ? {} : { taskDefinition }),
      input: inputOf('ecs', 'CreateService', node, 'template', `\`${resource.logicalId}\``),
      madeAfter: madeBefore(resource),
    });
  },
  ref: serviceArn,
  attributes: { Name: serviceName, ServiceArn: serviceArn },
};

function providerName(resource: Declared): Text {
  return namedBy(resource, 'Name', madeUpName);
}

const capacityProvider: ResourceType = {
  read(resource, workload) {
    const properties = new Properties(resource, ['AutoScalingGroupProvider', 'Name', 'Tags'], workload);
    const provider = properties.node('AutoScalingGroupProvider');
    const group = provider === undefined ? undefined : asMap(provider, '`AutoScalingGroupProvider`').members;
    const arnNode = group?.get('AutoScalingGroupArn');
    workload.capacityProviders.push({
      id: resourceId(resource),
      origin: resource.origin,
      name: providerName(resource),
      ...(arnNode?.kind === 'scalar' ? { autoScalingGroup: String(arnNode.value) } : {}),
      ...(arnNode?.kind === 'unknown' ? { autoScalingGroup: arnNode.value } : {}),
    });
  },
  ref: providerName,
  attributes: {},
};

export const ecsServiceTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::ECS::CapacityProvider': capacityProvider,
  'AWS::ECS::Service': service,
};
