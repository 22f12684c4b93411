import { mistyped } from './other-types.ts';
import type { ResourceType } from './properties.ts';
import { dynamodbTypes } from './types/dynamodb.ts';
import { ec2Types } from './types/ec2.ts';
import { ecrTypes } from './types/ecr.ts';
import { ecsTypes } from './types/ecs.ts';
import { ecsServiceTypes } from './types/ecs-services.ts';
import { efsTypes } from './types/efs.ts';
import { eventsTypes } from './types/events.ts';
import { iamTypes } from './types/iam.ts';
import { iamGroupTypes } from './types/iam-groups.ts';
import { iamPolicyTypes } from './types/iam-policies.ts';
import { kmsTypes } from './types/kms.ts';
import { loadBalancingTypes } from './types/load-balancing.ts';
import { logsTypes } from './types/logs.ts';
import { NOT_SERVED, namedOnlyTypes } from './types/named-only.ts';
import { nestedStackTypes } from './types/nested-stack.ts';
import { s3Types } from './types/s3.ts';
import { secretsManagerTypes } from './types/secrets-manager.ts';
import { sqsTypes } from './types/sqs.ts';
import { ssmTypes } from './types/ssm.ts';

/** The resource types that are read. */
export const resourceTypes: Readonly<Record<string, ResourceType>> = {
  ...dynamodbTypes,
  ...ec2Types,
  ...ecrTypes,
  ...ecsTypes,
  ...ecsServiceTypes,
  ...efsTypes,
  ...eventsTypes,
  ...iamTypes,
  ...iamGroupTypes,
  ...iamPolicyTypes,
  ...kmsTypes,
  ...loadBalancingTypes,
  ...logsTypes,
  ...namedOnlyTypes,
  ...nestedStackTypes,
  ...s3Types,
  ...secretsManagerTypes,
  ...sqsTypes,
  ...ssmTypes,
};

/** Why a resource of another type is not read. */
export function whyLeftOut(type: string): string {
  if (type.startsWith('AWS::Serverless::')) return 'SAM is not supported';
  if (type.startsWith('Custom::') || type === 'AWS::CloudFormation::CustomResource')
    return 'custom resources run in the account only';
  return mistyped(type, Object.keys(resourceTypes)) ?? NOT_SERVED;
}
