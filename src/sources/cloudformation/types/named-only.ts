import { arn } from '../../../core/arn.ts';
import { concatenate, type Text } from '../../unknown.ts';
import { namedBy, type ResourceType } from '../properties.ts';
import { type Declared, madeUpName } from '../scope.ts';

/** Why a resource is left out that no part of ECS asks about. */
export const NOT_SERVED = 'this type is not served; tasks run without it';

/** What is not made here, though policies and task definitions may name it: its name and ARN are known all the same. */
function namedOnly(property: string, longest: number, service: string, prefix: string) {
  const name = (resource: Declared): Text => namedBy(resource, property, (unnamed) => madeUpName(unnamed, longest));
  const fullArn = (resource: Declared): Text =>
    concatenate([arn(service, resource.stack.region, resource.stack.account, prefix), name(resource)]);
  const read: ResourceType['read'] = ({ type, logicalId, origin }, workload) => {
    workload.leftOut.push({ what: `${type} \`${logicalId}\``, why: NOT_SERVED, origin });
  };
  return { name, fullArn, read };
}

const topic = namedOnly('TopicName', 256, 'sns', '');
const lambda = namedOnly('FunctionName', 64, 'lambda', 'function:');
const stream = namedOnly('Name', 128, 'kinesis', 'stream/');
const deliveryStream = namedOnly('DeliveryStreamName', 64, 'firehose', 'deliverystream/');

/** Source: CloudFormation Template Reference, Return values of each. */
export const namedOnlyTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::SNS::Topic': {
    read: topic.read,
    ref: topic.fullArn,
    attributes: { TopicArn: topic.fullArn, TopicName: topic.name },
  },
  'AWS::Lambda::Function': { read: lambda.read, ref: lambda.name, attributes: { Arn: lambda.fullArn } },
  'AWS::Kinesis::Stream': { read: stream.read, ref: stream.name, attributes: { Arn: stream.fullArn } },
  'AWS::KinesisFirehose::DeliveryStream': {
    read: deliveryStream.read,
    ref: deliveryStream.name,
    attributes: { Arn: deliveryStream.fullArn },
  },
};
