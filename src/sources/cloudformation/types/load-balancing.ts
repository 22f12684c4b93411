import { arn } from '../../../core/arn.ts';
import { concatenate, type Text } from '../../unknown.ts';
import { madeLater, namedBy, Properties, type ResourceType } from '../properties.ts';
import { type Declared, madeUpName, resourceId } from '../scope.ts';

function groupName(resource: Declared): Text {
  return namedBy(resource, 'Name', (unnamed) => madeUpName(unnamed, 32));
}

/** All of it is known but the sixteen characters at the end. */
function groupArn(resource: Declared, at: Declared['origin']): Text {
  const { region, account } = resource.stack;
  const suffix = madeLater('TargetGroupId')(resource, at);
  return concatenate([arn('elasticloadbalancing', region, account, 'targetgroup/'), groupName(resource), '/', suffix]);
}

const targetGroup: ResourceType = {
  read(resource, workload) {
    const properties = new Properties(resource, ['TargetType'], workload, 'irrelevant');
    const targetType = properties.text('TargetType');
    workload.targetGroups.push({
      id: resourceId(resource),
      origin: resource.origin,
      name: groupName(resource),
      arn: groupArn(resource, resource.origin),
      ...(targetType === undefined ? {} : { targetType }),
    });
  },
  ref: groupArn,
  attributes: { TargetGroupArn: groupArn, TargetGroupName: groupName },
};

export const loadBalancingTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::ElasticLoadBalancingV2::TargetGroup': targetGroup,
};
