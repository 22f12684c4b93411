import { arn } from '../../../core/arn.ts';
import { inputOf } from '../../by-model.ts';
import { asMap, asText, mapNode, type Node } from '../../node.ts';
import { SourceError } from '../../origin.ts';
import { policyNode } from '../../policy-source.ts';
import { concatenate, type Text } from '../../unknown.ts';
import type { SecretSource } from '../../workload.ts';
import { madeLater, namedBy, Properties, type ResourceType } from '../properties.ts';
import { type Declared, nameSuffix, resourceId } from '../scope.ts';

function secretName(resource: Declared): Text {
  return namedBy(resource, 'Name', ({ stack, logicalId }) => `${logicalId}-${nameSuffix(stack.name, logicalId)}`);
}

/** All of it is known but the six characters at the end. */
function secretArn(resource: Declared, at: Declared['origin']): Text {
  const suffix = madeLater('ArnSuffix')(resource, at);
  return concatenate([
    arn('secretsmanager', resource.stack.region, resource.stack.account, 'secret:'),
    secretName(resource),
    '-',
    suffix,
  ]);
}

/** Source: CloudFormation, AWS::SecretsManager::Secret GenerateSecretString. */
function generated(node: Node): NonNullable<SecretSource['generate']> {
  const { members, origin } = asMap(node, '`GenerateSecretString`');
  const template = members.get('SecretStringTemplate');
  const key = members.get('GenerateStringKey');
  if ((template === undefined) !== (key === undefined))
    throw new SourceError(
      'missing-property',
      origin,
      '`SecretStringTemplate` and `GenerateStringKey` belong together',
      'Give both, or none.',
    );
  const rest = [...members].filter(([name]) => name !== 'SecretStringTemplate' && name !== 'GenerateStringKey');
  return {
    input: inputOf('secretsmanager', 'GetRandomPassword', mapNode(rest, origin), 'template', '`GenerateSecretString`'),
    ...(template === undefined ? {} : { template: asText(template, '`SecretStringTemplate`') }),
    ...(key === undefined ? {} : { key: asText(key, '`GenerateStringKey`') }),
  };
}

const secret: ResourceType = {
  read(resource, workload) {
    const properties = new Properties(
      resource,
      ['Description', 'GenerateSecretString', 'KmsKeyId', 'Name', 'SecretString', 'Tags'],
      workload,
    );
    const value = properties.text('SecretString');
    const generate = properties.node('GenerateSecretString');
    if (value !== undefined && generate !== undefined)
      throw new SourceError(
        'conflicting-properties',
        generate.origin,
        '`SecretString` and `GenerateSecretString` exclude each other',
        'Keep one of them.',
      );
    const description = properties.text('Description');
    const keyId = properties.text('KmsKeyId');
    workload.secrets.push({
      id: resourceId(resource),
      origin: resource.origin,
      name: secretName(resource),
      arn: secretArn(resource, resource.origin),
      ...(description === undefined ? {} : { description }),
      ...(keyId === undefined ? {} : { keyId }),
      ...(value === undefined ? {} : { value }),
      ...(generate === undefined ? {} : { generate: generated(generate) }),
      tags: properties.tags(),
    });
  },
  ref: secretArn,
  attributes: { Id: secretArn },
};

const resourcePolicy: ResourceType = {
  read(resource, workload) {
    const properties = new Properties(resource, ['BlockPublicPolicy', 'ResourcePolicy', 'SecretId'], workload);
    workload.resourcePolicies.push({
      id: resourceId(resource),
      origin: resource.origin,
      kind: 'secret',
      resource: properties.requiredText('SecretId'),
      document: policyNode(properties.required('ResourcePolicy'), 'resource'),
    });
  },
  ref: (resource) => namedBy(resource, 'SecretId', () => ''),
  attributes: {},
};

/** Adds the database's address to the secret; there is no database here, and the secret stays as it is. */
const targetAttachment: ResourceType = {
  read(resource, workload) {
    workload.leftOut.push({
      what: `${resource.type} \`${resource.logicalId}\``,
      why: 'there is no database here whose address it could add; the secret stays as it is',
      origin: resource.origin,
    });
  },
  ref: (resource) => namedBy(resource, 'SecretId', () => ''),
  attributes: {},
};

export const secretsManagerTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::SecretsManager::Secret': secret,
  'AWS::SecretsManager::ResourcePolicy': resourcePolicy,
  'AWS::SecretsManager::SecretTargetAttachment': targetAttachment,
};
