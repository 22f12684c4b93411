import { arn } from '../../../core/arn.ts';
import { inputOf } from '../../by-model.ts';
import { mapNode, type Node, scalar } from '../../node.ts';
import { concatenate, type Text } from '../../unknown.ts';
import { madeLater, namedBy, Properties, type ResourceType } from '../properties.ts';
import { type Declared, madeUpName, resourceId } from '../scope.ts';

function tableName(resource: Declared): Text {
  return namedBy(resource, 'TableName', madeUpName);
}

function tableArn(resource: Declared): Text {
  return concatenate([arn('dynamodb', resource.stack.region, resource.stack.account, 'table/'), tableName(resource)]);
}

const INPUT = [
  'AttributeDefinitions',
  'BillingMode',
  'DeletionProtectionEnabled',
  'GlobalSecondaryIndexes',
  'KeySchema',
  'LocalSecondaryIndexes',
  'ProvisionedThroughput',
  'StreamSpecification',
  'TableClass',
  'Tags',
];

const table: ResourceType = {
  read(resource, workload) {
    const properties = new Properties(resource, [...INPUT, 'TableName'], workload);
    const members = [...properties.map.members]
      .filter(([name]) => INPUT.includes(name))
      .map(([name, node]) => [name, name === 'StreamSpecification' ? enabledStream(node) : node] as const);
    workload.tables.push({
      id: resourceId(resource),
      origin: resource.origin,
      name: tableName(resource),
      arn: tableArn(resource),
      input: inputOf(
        'dynamodb',
        'CreateTable',
        mapNode([...members], properties.map.origin),
        'template',
        `\`${resource.logicalId}\``,
      ),
    });
  },
  ref: tableName,
  attributes: { Arn: tableArn, StreamArn: madeLater('StreamArn') },
};

/** CloudFormation has no `StreamEnabled`: writing the specification means it. */
function enabledStream(node: Node): Node {
  if (node.kind !== 'map' || node.members.has('StreamEnabled')) return node;
  return mapNode([['StreamEnabled', scalar(true, node.origin)], ...node.members], node.origin);
}

export const dynamodbTypes: Readonly<Record<string, ResourceType>> = { 'AWS::DynamoDB::Table': table };
