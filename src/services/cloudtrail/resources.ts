import { parseArn } from '../../core/arn.ts';
import type { Resource } from '../../wire/generated/types/cloudtrail.ts';

/** CloudFormation types of resources, by service and first word of the ARN's resource part. */
const TYPES: Readonly<Record<string, string>> = {
  'dynamodb table': 'AWS::DynamoDB::Table',
  'ecr repository': 'AWS::ECR::Repository',
  'ecs cluster': 'AWS::ECS::Cluster',
  'ecs container-instance': 'AWS::ECS::ContainerInstance',
  'ecs service': 'AWS::ECS::Service',
  'ecs task': 'AWS::ECS::Task',
  'ecs task-definition': 'AWS::ECS::TaskDefinition',
  'iam instance-profile': 'AWS::IAM::InstanceProfile',
  'iam policy': 'AWS::IAM::Policy',
  'iam role': 'AWS::IAM::Role',
  'iam user': 'AWS::IAM::User',
  'kms alias': 'AWS::KMS::Alias',
  'kms key': 'AWS::KMS::Key',
  'logs log-group': 'AWS::Logs::LogGroup',
  'secretsmanager secret': 'AWS::SecretsManager::Secret',
  'ssm parameter': 'AWS::SSM::Parameter',
};

/** A resource as LookupEvents shows it: its ARN, and its type where it is known. */
export function shownResource(arnText: string): Resource {
  const type = typeOf(arnText);
  return { ResourceName: arnText, ...(type === undefined ? {} : { ResourceType: type }) };
}

function typeOf(arnText: string): string | undefined {
  const arn = parseArn(arnText);
  if (arn === undefined) return undefined;
  if (arn.service === 'sqs') return 'AWS::SQS::Queue';
  if (arn.service === 's3') return arn.resource.includes('/') ? 'AWS::S3::Object' : 'AWS::S3::Bucket';
  return TYPES[`${arn.service} ${arn.resource.split(/[/:]/, 1)[0]}`];
}

/** Whether a name that someone looks for is the resource: its ARN, or the name at the ARN's end. */
export function isNamed(arnText: string, name: string): boolean {
  if (arnText === name) return true;
  const resource = parseArn(arnText)?.resource ?? '';
  return resource === name || resource.endsWith(`/${name}`) || resource.endsWith(`:${name}`);
}
