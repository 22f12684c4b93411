import { arn } from '../../../core/arn.ts';
import { asText, type Node, plain, unknownsIn } from '../../node.ts';
import { SourceError } from '../../origin.ts';
import { policyNode } from '../../policy-source.ts';
import { concatenate, type Text, Unknown } from '../../unknown.ts';
import { madeLater, namedBy, Properties, type ResourceType } from '../properties.ts';
import { type Declared, madeUpName, resourceId } from '../scope.ts';

/** Properties that are queue attributes of the same name. Source: CloudFormation, AWS::SQS::Queue. */
const ATTRIBUTES = [
  'ContentBasedDeduplication',
  'DeduplicationScope',
  'DelaySeconds',
  'FifoQueue',
  'FifoThroughputLimit',
  'KmsDataKeyReusePeriodSeconds',
  'KmsMasterKeyId',
  'MaximumMessageSize',
  'MessageRetentionPeriod',
  'ReceiveMessageWaitTimeSeconds',
  'SqsManagedSseEnabled',
  'VisibilityTimeout',
] as const;
const JSON_ATTRIBUTES = ['RedriveAllowPolicy', 'RedrivePolicy'] as const;

/** Characters of a queue's name. Source: SQS Developer Guide, quotas-queues. */
const LONGEST = 80;

function queueName(resource: Declared): Text {
  const fifo = String(namedBy(resource, 'FifoQueue', () => 'false')).toLowerCase() === 'true' ? '.fifo' : '';
  return namedBy(resource, 'QueueName', (unnamed) => `${madeUpName(unnamed, LONGEST - fifo.length)}${fifo}`);
}

function queueArn(resource: Declared): Text {
  return concatenate([arn('sqs', resource.stack.region, resource.stack.account, ''), queueName(resource)]);
}

/** An object as the JSON text that the attribute takes. */
function jsonText(node: Node): Text {
  if (node.kind !== 'map') return asText(node, 'the policy');
  if (unknownsIn(node).length === 0) return JSON.stringify(plain(node));
  // Written around the unknown parts, so that they can be filled in once they exist.
  const parts: Text[] = [];
  let rest = JSON.stringify(plain(node), (_, value) => {
    if (!(value instanceof Unknown)) return value;
    parts.push(value);
    return `\u0000${parts.length - 1}\u0000`;
  });
  const texts: Text[] = [];
  for (let found = /\\u0000(\d+)\\u0000/.exec(rest); found !== null; found = /\\u0000(\d+)\\u0000/.exec(rest)) {
    texts.push(rest.slice(0, found.index), parts[Number(found[1])]!);
    rest = rest.slice(found.index + found[0].length);
  }
  return concatenate([...texts, rest]);
}

const queue: ResourceType = {
  read(resource, workload) {
    const properties = new Properties(resource, ['QueueName', 'Tags', ...ATTRIBUTES, ...JSON_ATTRIBUTES], workload);
    const attributes = new Map<string, Text>();
    for (const name of ATTRIBUTES) {
      const value = properties.text(name);
      if (value !== undefined) attributes.set(name, value);
    }
    for (const name of JSON_ATTRIBUTES) {
      const node = properties.node(name);
      if (node !== undefined) attributes.set(name, jsonText(node));
    }
    workload.queues.push({
      id: resourceId(resource),
      origin: resource.origin,
      name: queueName(resource),
      arn: queueArn(resource),
      attributes,
      tags: properties.tags(),
    });
  },
  ref: madeLater('Ref'),
  attributes: { Arn: queueArn, QueueName: queueName, QueueUrl: madeLater('Ref') },
};

const queuePolicy: ResourceType = {
  read(resource, workload) {
    const properties = new Properties(resource, ['PolicyDocument', 'Queues'], workload);
    const document = policyNode(properties.required('PolicyDocument'), 'resource');
    const queues = properties.texts('Queues');
    if (queues.length === 0)
      throw new SourceError(
        'missing-property',
        resource.origin,
        `\`${resource.logicalId}\` names no queue`,
        'Add `Queues`.',
      );
    for (const url of queues)
      workload.resourcePolicies.push({
        id: resourceId(resource),
        origin: resource.origin,
        kind: 'queue',
        resource: url,
        document,
      });
  },
  ref: (resource) => madeUpName(resource),
  attributes: {},
};

export const sqsTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::SQS::Queue': queue,
  'AWS::SQS::QueuePolicy': queuePolicy,
};
