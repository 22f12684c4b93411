import { arn } from '../../../core/arn.ts';
import { inputOf } from '../../by-model.ts';
import { asMap, asText, mapNode } from '../../node.ts';
import { policyNode } from '../../policy-source.ts';
import { concatenate, type Text } from '../../unknown.ts';
import { namedBy, Properties, type ResourceType } from '../properties.ts';
import { type Declared, madeUpName, resourceId } from '../scope.ts';

function repositoryName(resource: Declared): Text {
  return namedBy(resource, 'RepositoryName', (unnamed) => madeUpName(unnamed).toLowerCase());
}

function repositoryArn(resource: Declared): Text {
  return concatenate([
    arn('ecr', resource.stack.region, resource.stack.account, 'repository/'),
    repositoryName(resource),
  ]);
}

function repositoryUri(resource: Declared): Text {
  const { account, region } = resource.stack;
  return concatenate([`${account}.dkr.ecr.${region}.amazonaws.com/`, repositoryName(resource)]);
}

const INPUT = ['EncryptionConfiguration', 'ImageScanningConfiguration', 'ImageTagMutability'];

const repository: ResourceType = {
  read(resource, workload) {
    const properties = new Properties(
      resource,
      [...INPUT, 'LifecyclePolicy', 'RepositoryName', 'RepositoryPolicyText', 'Tags'],
      workload,
    );
    const policy = properties.node('RepositoryPolicyText');
    const lifecycle = properties.node('LifecyclePolicy');
    const lifecyclePolicy =
      lifecycle === undefined ? undefined : asMap(lifecycle, '`LifecyclePolicy`').members.get('LifecyclePolicyText');
    const members = [...properties.map.members].filter(([name]) => INPUT.includes(name));
    workload.repositories.push({
      id: resourceId(resource),
      origin: resource.origin,
      name: repositoryName(resource),
      arn: repositoryArn(resource),
      ...(policy === undefined ? {} : { policy: policyNode(policy, 'resource') }),
      input: inputOf(
        'ecr',
        'CreateRepository',
        mapNode(members, properties.map.origin),
        'template',
        `\`${resource.logicalId}\``,
      ),
      ...(lifecyclePolicy === undefined ? {} : { lifecyclePolicy: asText(lifecyclePolicy, '`LifecyclePolicyText`') }),
      tags: properties.tags(),
    });
  },
  ref: repositoryName,
  attributes: { Arn: repositoryArn, RepositoryUri: repositoryUri },
};

export const ecrTypes: Readonly<Record<string, ResourceType>> = { 'AWS::ECR::Repository': repository };
