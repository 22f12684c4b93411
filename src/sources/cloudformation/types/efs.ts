import { arn } from '../../../core/arn.ts';
import { policyNode } from '../../policy-source.ts';
import { concatenate, type Text } from '../../unknown.ts';
import { madeLater, Properties, type ResourceType } from '../properties.ts';
import { type Declared, resourceId } from '../scope.ts';

const id = madeLater('Ref');

/** All of it is known but the id. */
function efsArn(kind: 'file-system' | 'access-point') {
  return (resource: Declared, at: Declared['origin']): Text =>
    concatenate([
      arn('elasticfilesystem', resource.stack.region, resource.stack.account, `${kind}/`),
      id(resource, at),
    ]);
}

const fileSystem: ResourceType = {
  read(resource, workload) {
    const properties = new Properties(
      resource,
      ['FileSystemPolicy', 'FileSystemTags', 'KmsKeyId'],
      workload,
      'irrelevant',
    );
    const policy = properties.node('FileSystemPolicy');
    const keyId = properties.text('KmsKeyId');
    workload.fileSystems.push({
      id: resourceId(resource),
      origin: resource.origin,
      fileSystemId: id(resource, resource.origin),
      arn: efsArn('file-system')(resource, resource.origin),
      ...(policy === undefined ? {} : { policy: policyNode(policy, 'resource') }),
      ...(keyId === undefined ? {} : { keyId }),
      tags: properties.tags('FileSystemTags'),
    });
  },
  ref: id,
  attributes: { Arn: efsArn('file-system'), FileSystemId: id },
};

const accessPoint: ResourceType = {
  read(resource, workload) {
    const properties = new Properties(resource, ['FileSystemId'], workload, 'irrelevant');
    workload.accessPoints.push({
      id: resourceId(resource),
      origin: resource.origin,
      accessPointId: id(resource, resource.origin),
      arn: efsArn('access-point')(resource, resource.origin),
      fileSystemId: properties.requiredText('FileSystemId'),
    });
  },
  ref: id,
  attributes: { AccessPointId: id, Arn: efsArn('access-point') },
};

export const efsTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::EFS::AccessPoint': accessPoint,
  'AWS::EFS::FileSystem': fileSystem,
};
