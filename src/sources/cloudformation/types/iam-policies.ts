import { policyNode } from '../../policy-source.ts';
import type { OpenWorkload } from '../../workload.ts';
import { Properties, type ResourceType } from '../properties.ts';
import { type Declared, resourceId } from '../scope.ts';
import { iamArn, nameOf } from './iam.ts';

/** Kinds of holders by the property that lists them. */
const HOLDERS = { Groups: 'group', Roles: 'role', Users: 'user' } as const;
type HolderList = keyof typeof HOLDERS;
const LISTS = Object.keys(HOLDERS) as HolderList[];

/** An inline policy with a name of its own, put into several roles, users and groups, or into the one that it names. */
function readInline(resource: Declared, workload: OpenWorkload, property: HolderList | undefined): void {
  const used =
    property === undefined
      ? ['PolicyDocument', 'PolicyName', ...LISTS]
      : ['PolicyDocument', 'PolicyName', `${property.slice(0, -1)}Name`];
  const properties = new Properties(resource, used, workload);
  const name = properties.requiredText('PolicyName');
  const document = policyNode(properties.required('PolicyDocument'), 'identity');
  const holders =
    property === undefined
      ? LISTS.flatMap((list) => properties.texts(list).map((holder) => ({ kind: HOLDERS[list], name: holder })))
      : [{ kind: HOLDERS[property], name: properties.requiredText(`${property.slice(0, -1)}Name`) }];
  for (const holder of holders)
    workload.inlinePolicies.push({ id: resourceId(resource), origin: resource.origin, holder, name, document });
}

const managedPolicy: ResourceType = {
  read(resource, workload) {
    const properties = new Properties(
      resource,
      ['Description', 'ManagedPolicyName', 'Path', 'PolicyDocument', ...LISTS],
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
    for (const list of LISTS)
      for (const name of properties.texts(list))
        workload.attachments.push({
          id: resourceId(resource),
          origin: resource.origin,
          holder: { kind: HOLDERS[list], name },
          policyArn,
        });
  },
  ref: (resource) => iamArn(resource, 'policy', 'ManagedPolicyName'),
  attributes: { PolicyArn: (resource) => iamArn(resource, 'policy', 'ManagedPolicyName') },
};

function inline(property: HolderList | undefined): ResourceType {
  return {
    read: (resource, workload) => readInline(resource, workload, property),
    ref: (resource) => nameOf(resource, 'PolicyName'),
    attributes: {},
  };
}

export const iamPolicyTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::IAM::GroupPolicy': inline('Groups'),
  'AWS::IAM::ManagedPolicy': managedPolicy,
  'AWS::IAM::Policy': inline(undefined),
  'AWS::IAM::RolePolicy': inline('Roles'),
  'AWS::IAM::UserPolicy': inline('Users'),
};
