import { arn } from '../../../core/arn.ts';
import { concatenate, type Text } from '../../unknown.ts';
import { namedBy, Properties, type ResourceType } from '../properties.ts';
import { type Declared, madeUpName, resourceId } from '../scope.ts';

function groupName(resource: Declared): Text {
  return namedBy(resource, 'LogGroupName', madeUpName);
}

/** With `:*` at the end. Source: CloudFormation, AWS::Logs::LogGroup return values. */
function groupArn(resource: Declared): Text {
  return concatenate([
    arn('logs', resource.stack.region, resource.stack.account, 'log-group:'),
    groupName(resource),
    ':*',
  ]);
}

const logGroup: ResourceType = {
  read(resource, workload) {
    const properties = new Properties(
      resource,
      ['KmsKeyId', 'LogGroupClass', 'LogGroupName', 'RetentionInDays', 'Tags'],
      workload,
    );
    const retentionInDays = properties.text('RetentionInDays');
    const keyId = properties.text('KmsKeyId');
    const logGroupClass = properties.text('LogGroupClass');
    workload.logGroups.push({
      id: resourceId(resource),
      origin: resource.origin,
      name: groupName(resource),
      arn: groupArn(resource),
      ...(retentionInDays === undefined ? {} : { retentionInDays }),
      ...(keyId === undefined ? {} : { keyId }),
      ...(logGroupClass === undefined ? {} : { logGroupClass }),
      tags: properties.tags(),
    });
  },
  ref: groupName,
  attributes: { Arn: groupArn },
};

const logStream: ResourceType = {
  read(resource, workload) {
    const properties = new Properties(resource, ['LogGroupName', 'LogStreamName'], workload);
    workload.logStreams.push({
      id: resourceId(resource),
      origin: resource.origin,
      group: properties.requiredText('LogGroupName'),
      name: namedBy(resource, 'LogStreamName', madeUpName),
    });
  },
  ref: (resource) => namedBy(resource, 'LogStreamName', madeUpName),
  attributes: {},
};

export const logsTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::Logs::LogGroup': logGroup,
  'AWS::Logs::LogStream': logStream,
};
