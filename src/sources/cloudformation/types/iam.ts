import { arn } from '../../../core/arn.ts';
import { asText, required } from '../../node.ts';
import { SourceError } from '../../origin.ts';
import { policyNode } from '../../policy-source.ts';
import { concatenate, type Text } from '../../unknown.ts';
import type { OpenWorkload } from '../../workload.ts';
import { madeLater, namedBy, Properties, type ResourceType } from '../properties.ts';
import { type Declared, madeUpName, resourceId } from '../scope.ts';

/** `arn:aws:iam::ACCOUNT:KIND/PATH/NAME`. */
export function iamArn(resource: Declared, kind: string, nameProperty: string): Text {
  const path = namedBy(resource, 'Path', () => '/');
  return concatenate([arn('iam', '', resource.stack.account, kind), path, nameOf(resource, nameProperty)]);
}

/** Source: IAM User Guide, reference_iam-quotas. */
const LONGEST: Readonly<Record<string, number>> = { RoleName: 64, UserName: 64 };

export function nameOf(resource: Declared, property: string): Text {
  return namedBy(resource, property, (unnamed) => madeUpName(unnamed, LONGEST[property]));
}

/** `Policies`: inline policies written inside a role or user. */
function readInline(holder: 'role' | 'user', name: Text, properties: Properties, workload: OpenWorkload): void {
  for (const node of properties.list('Policies')) {
    if (node.kind !== 'map')
      throw new SourceError(
        'wrong-type',
        node.origin,
        'an inline policy must be an object',
        'Write { "PolicyName": …, "PolicyDocument": … }.',
      );
    workload.inlinePolicies.push({
      origin: node.origin,
      holder: { kind: holder, name },
      name: asText(required(node, 'PolicyName', 'an inline policy'), '`PolicyName`'),
      document: policyNode(required(node, 'PolicyDocument', 'an inline policy'), 'identity'),
    });
  }
  for (const node of properties.list('ManagedPolicyArns'))
    workload.attachments.push({
      origin: node.origin,
      holder: { kind: holder, name },
      policyArn: asText(node, 'an item of `ManagedPolicyArns`'),
    });
}

const role: ResourceType = {
  read(resource, workload) {
    const properties = new Properties(
      resource,
      [
        'AssumeRolePolicyDocument',
        'Description',
        'ManagedPolicyArns',
        'MaxSessionDuration',
        'Path',
        'PermissionsBoundary',
        'Policies',
        'RoleName',
        'Tags',
      ],
      workload,
    );
    const name = nameOf(resource, 'RoleName');
    const description = properties.text('Description');
    const maxSessionDuration = properties.text('MaxSessionDuration');
    const boundary = properties.text('PermissionsBoundary');
    workload.roles.push({
      id: resourceId(resource),
      origin: resource.origin,
      name,
      path: properties.text('Path') ?? '/',
      arn: iamArn(resource, 'role', 'RoleName'),
      trust: policyNode(properties.required('AssumeRolePolicyDocument'), 'trust'),
      ...(description === undefined ? {} : { description }),
      ...(maxSessionDuration === undefined ? {} : { maxSessionDuration }),
      ...(boundary === undefined ? {} : { boundary }),
      tags: properties.tags(),
    });
    readInline('role', name, properties, workload);
  },
  ref: (resource) => nameOf(resource, 'RoleName'),
  attributes: { Arn: (resource) => iamArn(resource, 'role', 'RoleName'), RoleId: madeLater('RoleId') },
};

const user: ResourceType = {
  read(resource, workload) {
    const properties = new Properties(
      resource,
      ['Groups', 'ManagedPolicyArns', 'Path', 'PermissionsBoundary', 'Policies', 'Tags', 'UserName'],
      workload,
    );
    const name = nameOf(resource, 'UserName');
    const boundary = properties.text('PermissionsBoundary');
    workload.users.push({
      id: resourceId(resource),
      origin: resource.origin,
      name,
      path: properties.text('Path') ?? '/',
      arn: iamArn(resource, 'user', 'UserName'),
      ...(boundary === undefined ? {} : { boundary }),
      tags: properties.tags(),
    });
    readInline('user', name, properties, workload);
    for (const group of properties.texts('Groups'))
      workload.memberships.push({ origin: resource.origin, group, user: name });
  },
  ref: (resource) => nameOf(resource, 'UserName'),
  attributes: { Arn: (resource) => iamArn(resource, 'user', 'UserName') },
};

const instanceProfile: ResourceType = {
  read(resource, workload) {
    const properties = new Properties(resource, ['InstanceProfileName', 'Path', 'Roles'], workload);
    const [first, second] = properties.texts('Roles');
    if (second !== undefined)
      throw new SourceError(
        'too-many-roles',
        resource.origin,
        'an instance profile holds one role',
        'Keep one of them.',
      );
    workload.instanceProfiles.push({
      id: resourceId(resource),
      origin: resource.origin,
      name: nameOf(resource, 'InstanceProfileName'),
      path: properties.text('Path') ?? '/',
      arn: iamArn(resource, 'instance-profile', 'InstanceProfileName'),
      ...(first === undefined ? {} : { role: first }),
    });
  },
  ref: (resource) => nameOf(resource, 'InstanceProfileName'),
  attributes: { Arn: (resource) => iamArn(resource, 'instance-profile', 'InstanceProfileName') },
};

export const iamTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::IAM::Role': role,
  'AWS::IAM::User': user,
  'AWS::IAM::InstanceProfile': instanceProfile,
};
