import type { ResourceType } from './properties.ts';
import { dynamodbTypes } from './types/dynamodb.ts';
import { ecrTypes } from './types/ecr.ts';
import { ecsTypes } from './types/ecs.ts';
import { iamTypes } from './types/iam.ts';
import { iamPolicyTypes } from './types/iam-policies.ts';
import { kmsTypes } from './types/kms.ts';
import { logsTypes } from './types/logs.ts';
import { s3Types } from './types/s3.ts';
import { secretsManagerTypes } from './types/secrets-manager.ts';
import { sqsTypes } from './types/sqs.ts';
import { ssmTypes } from './types/ssm.ts';

/** The resource types that are read. */
export const resourceTypes: Readonly<Record<string, ResourceType>> = {
  ...dynamodbTypes,
  ...ecrTypes,
  ...ecsTypes,
  ...iamTypes,
  ...iamPolicyTypes,
  ...kmsTypes,
  ...logsTypes,
  ...s3Types,
  ...secretsManagerTypes,
  ...sqsTypes,
  ...ssmTypes,
};

/** Why a resource of another type is not read. */
export function whyLeftOut(type: string): string {
  if (type.startsWith('AWS::Serverless::')) return 'SAM is not supported';
  if (type === 'AWS::ECS::Service') return 'its task definition is run as a task; services are not started';
  if (type === 'AWS::CloudFormation::Stack') return 'give the nested stack’s template as a further path';
  if (type.startsWith('Custom::') || type === 'AWS::CloudFormation::CustomResource')
    return 'custom resources run in the account only';
  return 'this type is not served; tasks run without it';
}
