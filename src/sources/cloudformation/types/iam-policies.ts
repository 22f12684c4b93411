import { policyNode } from '../../policy-source.ts';
import type { OpenWorkload } from '../../workload.ts';
import { Properties, type ResourceType } from '../properties.ts';
import { type Declared, resourceId } from '../scope.ts';
import { iamArn, nameOf } from './iam.ts';

/** An inline policy with a name of its own, put into several roles and users. */
function readInline(resource: Declared, workload: OpenWorkload, property: 'Roles' | 'Users' | undefined): void {
  const used =
    property === undefined
      ? ['PolicyDocument', 'PolicyName', 'Roles', 'Users']
      : ['PolicyDocument', 'PolicyName', `${property.slice(0, -1)}Name`];
  const properties = new Properties(resource, used, workload);
  const name = properties.requiredText('PolicyName');
  const document = policyNode(properties.required('PolicyDocument'), 'identity');
  const holders =
    property === undefined
      ? [
          ...properties.texts('Roles').map((holder) => ({ kind: 'role' as const, name: holder })),
          ...properties.texts('Users').map((holder) => ({ kind: 'user' as const, name: holder })),
        ]
      : [
          {
            kind: property === 'Roles' ? ('role' as const) : ('user' as const),
            name: properties.requiredText(`${property.slice(0, -1)}Name`),
          },
        ];
  for (const holder of holders)
    workload.inlinePolicies.push({ id: resourceId(resource), origin: resource.origin, holder, name, document });
}

const managedPolicy: ResourceType = {
  read(resource, workload) {
    const properties = new Properties(
      resource,
      ['Description', 'ManagedPolicyName', 'Path', 'PolicyDocument', 'Roles', 'Users'],
      workload,
    );
    const policyArn = iamArn(resource, 'policy', 'ManagedPolicyName');
    const description = properties.text('Description');
    workload.managedPolicies.push({
      id: resourceId(resource),
      origin: resource.origin,
      name: nameOf(resource, 'ManagedPolicyName'),
      path: properties.text('Path') ?? '/',
      arn: policyArn,
      ...(description === undefined ? {} : { description }),
      document: policyNode(properties.required('PolicyDocument'), 'identity'),
    });
    for (const [kind, property] of [
      ['role', 'Roles'],
      ['user', 'Users'],
    ] as const)
      for (const name of properties.texts(property))
        workload.attachments.push({
          id: resourceId(resource),
          origin: resource.origin,
          holder: { kind, name },
          policyArn,
        });
  },
  ref: (resource) => iamArn(resource, 'policy', 'ManagedPolicyName'),
  attributes: { PolicyArn: (resource) => iamArn(resource, 'policy', 'ManagedPolicyName') },
};

function inline(property: 'Roles' | 'Users' | undefined): ResourceType {
  return {
    read: (resource, workload) => readInline(resource, workload, property),
    ref: (resource) => nameOf(resource, 'PolicyName'),
    attributes: {},
  };
}

export const iamPolicyTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::IAM::ManagedPolicy': managedPolicy,
  'AWS::IAM::Policy': inline(undefined),
  'AWS::IAM::RolePolicy': inline('Roles'),
  'AWS::IAM::UserPolicy': inline('Users'),
};
