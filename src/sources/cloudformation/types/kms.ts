import { arn } from '../../../core/arn.ts';
import { inputOf } from '../../by-model.ts';
import { mapNode } from '../../node.ts';
import { policyNode } from '../../policy-source.ts';
import { concatenate, type Text } from '../../unknown.ts';
import { madeLater, namedBy, Properties, type ResourceType } from '../properties.ts';
import { type Declared, madeUpName, resourceId } from '../scope.ts';

const keyId = madeLater('Ref');

/** All of it is known but the key's id. */
function keyArn(resource: Declared, at: Declared['origin']): Text {
  return concatenate([arn('kms', resource.stack.region, resource.stack.account, 'key/'), keyId(resource, at)]);
}

/** Properties that CreateKey takes under the same name. */
const INPUT = ['BypassPolicyLockoutSafetyCheck', 'Description', 'KeySpec', 'KeyUsage', 'MultiRegion', 'Origin'];

const key: ResourceType = {
  read(resource, workload) {
    const properties = new Properties(
      resource,
      [...INPUT, 'Enabled', 'EnableKeyRotation', 'KeyPolicy', 'Tags'],
      workload,
    );
    const members = [...properties.map.members].filter(([name]) => INPUT.includes(name));
    const policy = properties.node('KeyPolicy');
    workload.keys.push({
      id: resourceId(resource),
      origin: resource.origin,
      arn: keyArn(resource, resource.origin),
      input: inputOf(
        'kms',
        'CreateKey',
        mapNode(members, properties.map.origin),
        'template',
        `\`${resource.logicalId}\``,
      ),
      ...(policy === undefined ? {} : { policy: policyNode(policy, 'key') }),
      enabled: properties.flag('Enabled', true),
      rotation: properties.flag('EnableKeyRotation', false),
      tags: properties.tags(),
    });
  },
  ref: keyId,
  attributes: { Arn: keyArn, KeyId: keyId },
};

const alias: ResourceType = {
  read(resource, workload) {
    const properties = new Properties(resource, ['AliasName', 'TargetKeyId'], workload);
    workload.aliases.push({
      id: resourceId(resource),
      origin: resource.origin,
      name: properties.requiredText('AliasName'),
      target: properties.requiredText('TargetKeyId'),
    });
  },
  ref: (resource) => namedBy(resource, 'AliasName', madeUpName),
  attributes: {},
};

export const kmsTypes: Readonly<Record<string, ResourceType>> = { 'AWS::KMS::Key': key, 'AWS::KMS::Alias': alias };
