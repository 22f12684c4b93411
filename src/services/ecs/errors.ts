import { AwsError } from '../../core/errors.ts';

/** ECS's general refusals: the request is wrong in itself, or does not fit what there is. */
export const invalidParameter = (message: string): AwsError => new AwsError('InvalidParameterException', message);
export const clientError = (message: string): AwsError => new AwsError('ClientException', message);

/** Source: observed; the agent relies on this text (agent, ecs-agent/api/ecs/client). */
export const clusterNotFound = (): AwsError => new AwsError('ClusterNotFoundException', 'Cluster not found.');

/** The cluster was deleted. Source: AWS CLI and CDK reports of operations on INACTIVE clusters, observed. */
export const clusterNotActive = (): AwsError =>
  new AwsError('ClusterNotFoundException', 'The referenced cluster was inactive.');

/** Source: observed (griptape-ai/griptape-nodes-engine#1454). */
export const taskNotFound = (): AwsError => invalidParameter('The referenced task was not found.');

/** Source: observed, same family as the task's text. */
export const containerInstanceNotFound = (): AwsError =>
  invalidParameter('The referenced container instance was not found.');

/** Source: observed (aws/aws-cli#3175, aws/amazon-ecs-cli#821). */
export const wrongRegion = (): AwsError => invalidParameter('Invalid Region in ARN');

/** Source: observed (docker/compose-cli#2086): the ARN names another cluster than the request. */
export const wrongCluster = (named: string, asked: string): AwsError =>
  invalidParameter(`Invalid identifier: Identifier is for cluster ${named}. Your cluster is ${asked}`);

export const wrongAccount = (named: string, asked: string): AwsError =>
  invalidParameter(`Invalid identifier: Identifier is for account ${named}. Your account is ${asked}`);

/** The same text for both roles, for a missing role and for a wrong trust policy. Source: observed (RunTask, StartTask). */
export const cannotAssumeRole = (roleArn: string): AwsError =>
  clientError(
    `ECS was unable to assume the role '${roleArn}' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.`,
  );

/** Something of the API that is real in AWS and not carried out here. */
export const notSupported = (what: string): AwsError => invalidParameter(`Rolecall does not support ${what}.`);
