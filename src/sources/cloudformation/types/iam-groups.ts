import { asMap, asText, required } from '../../node.ts';
import type { Origin } from '../../origin.ts';
import { policyNode } from '../../policy-source.ts';
import { concatenate, type Text } from '../../unknown.ts';
import { madeLater, namedBy, Properties, type ResourceType } from '../properties.ts';
import { type Declared, madeUpName, resourceId } from '../scope.ts';
import { iamArn, nameOf } from './iam.ts';

const group: ResourceType = {
  read(resource, workload) {
    const properties = new Properties(resource, ['GroupName', 'ManagedPolicyArns', 'Path', 'Policies'], workload);
    workload.groups.push({
      id: resourceId(resource),
      origin: resource.origin,
      name: nameOf(resource, 'GroupName'),
      path: properties.text('Path') ?? '/',
      arn: iamArn(resource, 'group', 'GroupName'),
      users: [],
      inlinePolicies: properties.list('Policies').map((node) => {
        const policy = asMap(node, 'an inline policy');
        return {
          origin: node.origin,
          name: asText(required(policy, 'PolicyName', 'an inline policy'), '`PolicyName`'),
          document: policyNode(required(policy, 'PolicyDocument', 'an inline policy'), 'identity'),
        };
      }),
      attachments: properties.list('ManagedPolicyArns').map((node) => ({
        origin: node.origin,
        policyArn: asText(node, 'an item of `ManagedPolicyArns`'),
      })),
    });
  },
  ref: (resource) => nameOf(resource, 'GroupName'),
  attributes: { Arn: (resource) => iamArn(resource, 'group', 'GroupName') },
};

/** Users in a group, apart from both. */
const addition: ResourceType = {
  read(resource, workload) {
    const properties = new Properties(resource, ['GroupName', 'Users'], workload);
    const name = properties.requiredText('GroupName');
    for (const user of properties.texts('Users'))
      workload.memberships.push({ id: resourceId(resource), origin: resource.origin, group: name, user });
  },
  ref: (resource) => madeUpName(resource),
  attributes: {},
};

/** Its name and ARN are AWS's choice: known for those without a suffix, by the service. */
const serviceLinkedRole: ResourceType = {
  read(resource, workload) {
    const properties = new Properties(resource, ['AWSServiceName', 'CustomSuffix', 'Description'], workload);
    const suffix = properties.text('CustomSuffix');
    workload.serviceLinkedRoles.push({
      id: resourceId(resource),
      origin: resource.origin,
      service: properties.requiredText('AWSServiceName'),
      ...(suffix === undefined ? {} : { suffix }),
    });
  },
  ref: linkedRoleName,
  attributes: {},
};

/** Source: IAM User Guide, reference_aws-services-that-work-with-iam; ECS Developer Guide, using-service-linked-roles. */
const LINKED_ROLES: Readonly<Record<string, string>> = {
  'autoscaling.amazonaws.com': 'AWSServiceRoleForAutoScaling',
  'ecs.amazonaws.com': 'AWSServiceRoleForECS',
  'ecs.application-autoscaling.amazonaws.com': 'AWSServiceRoleForApplicationAutoScaling_ECSService',
  'elasticloadbalancing.amazonaws.com': 'AWSServiceRoleForElasticLoadBalancing',
};

function linkedRoleName(resource: Declared, at: Origin): Text {
  const name = LINKED_ROLES[String(namedBy(resource, 'AWSServiceName', () => ''))];
  if (name === undefined) return madeLater('Ref')(resource, at);
  const suffix = namedBy(resource, 'CustomSuffix', () => '');
  return suffix === '' ? name : concatenate([name, '_', suffix]);
}

export const iamGroupTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::IAM::Group': group,
  'AWS::IAM::ServiceLinkedRole': serviceLinkedRole,
  'AWS::IAM::UserToGroupAddition': addition,
};
