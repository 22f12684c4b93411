import { arn } from '../../../core/arn.ts';
import { policyNode } from '../../policy-source.ts';
import { concatenate, type Text } from '../../unknown.ts';
import { namedBy, Properties, type ResourceType } from '../properties.ts';
import { type Declared, madeUpName, resourceId } from '../scope.ts';

function bucketName(resource: Declared): Text {
  return namedBy(resource, 'BucketName', (unnamed) => madeUpName(unnamed, 63).toLowerCase());
}

function bucketArn(resource: Declared): Text {
  return concatenate([arn('s3', '', '', ''), bucketName(resource)]);
}

const bucket: ResourceType = {
  read(resource, workload) {
    const properties = new Properties(resource, ['BucketName', 'Tags'], workload);
    workload.buckets.push({
      id: resourceId(resource),
      origin: resource.origin,
      name: bucketName(resource),
      arn: bucketArn(resource),
      tags: properties.tags(),
    });
  },
  ref: bucketName,
  attributes: {
    Arn: bucketArn,
    DomainName: (resource) => concatenate([bucketName(resource), '.s3.amazonaws.com']),
    RegionalDomainName: (resource) => concatenate([bucketName(resource), `.s3.${resource.stack.region}.amazonaws.com`]),
  },
};

const bucketPolicy: ResourceType = {
  read(resource, workload) {
    const properties = new Properties(resource, ['Bucket', 'PolicyDocument'], workload);
    workload.resourcePolicies.push({
      id: resourceId(resource),
      origin: resource.origin,
      kind: 'bucket',
      resource: properties.requiredText('Bucket'),
      document: policyNode(properties.required('PolicyDocument'), 'resource'),
    });
  },
  ref: (resource) => namedBy(resource, 'Bucket', () => ''),
  attributes: {},
};

export const s3Types: Readonly<Record<string, ResourceType>> = {
  'AWS::S3::Bucket': bucket,
  'AWS::S3::BucketPolicy': bucketPolicy,
};
