import { arn } from '../../core/arn.ts';
import type { Origin } from '../origin.ts';
import { concatenate, type Text, type Unknown, unknown } from '../unknown.ts';

/** What the computed attributes of a resource are made of. */
export interface AttributeSource {
  readonly account: string;
  readonly region: string;
  readonly address: string;
  readonly origin: Origin;
  /** An attribute that the plan knows. */
  known(attribute: string): Text | undefined;
}

type Make = (source: AttributeSource) => Text;

/** Known after apply; the same value wherever it is asked for. */
export function later(source: AttributeSource, attribute: string): Unknown {
  const { address, origin } = source;
  return unknown({
    why: `\`${attribute}\` of ${address} is known after apply`,
    help: `Supply it: --parameter ${address}.${attribute}=VALUE, or give the state: terraform show -json > state.json after apply.`,
    origin,
    deferred: { resource: address, attribute },
  });
}

const own =
  (attribute: string): Make =>
  (source) =>
    source.known(attribute) ?? later(source, attribute);

const made =
  (service: string, prefix: string, attribute: string, regional = true): Make =>
  (source) =>
    concatenate([
      arn(service, regional ? source.region : '', regional || service === 'iam' ? source.account : '', prefix),
      own(attribute)(source),
    ]);

const iam =
  (kind: string): Make =>
  (source) =>
    concatenate([arn('iam', '', source.account, kind), source.known('path') ?? '/', own('name')(source)]);

const parameterArn: Make = (source) => {
  const name = own('name')(source);
  const slash = String(name).startsWith('/') ? '' : '/';
  return concatenate([arn('ssm', source.region, source.account, `parameter${slash}`), name]);
};

const secretArn: Make = (source) =>
  concatenate([
    arn('secretsmanager', source.region, source.account, 'secret:'),
    own('name')(source),
    '-',
    // One attribute of its own: a policy that ends in `-??????` still fits it.
    own('ArnSuffix')(source),
  ]);

const queueUrl: Make = (source) =>
  concatenate([`https://sqs.${source.region}.amazonaws.com/${source.account}/`, own('name')(source)]);

const repositoryUrl: Make = (source) =>
  concatenate([`${source.account}.dkr.ecr.${source.region}.amazonaws.com/`, own('name')(source)]);

const byId =
  (service: string, prefix: string): Make =>
  (source) =>
    concatenate([arn(service, source.region, source.account, prefix), own('id')(source)]);

/**
 * Attributes that the provider computes from what the plan knows; a value of the plan itself goes before them.
 * Source: Terraform Registry, hashicorp/aws, Attribute Reference of each resource.
 */
export const ATTRIBUTES: Readonly<Record<string, Readonly<Record<string, Make>>>> = {
  aws_iam_role: { arn: iam('role'), id: own('name'), name: own('name') },
  aws_iam_user: { arn: iam('user'), id: own('name'), name: own('name') },
  aws_iam_group: { arn: iam('group'), id: own('name'), name: own('name') },
  aws_iam_policy: { arn: iam('policy'), id: iam('policy'), name: own('name') },
  aws_iam_instance_profile: { arn: iam('instance-profile'), id: own('name'), name: own('name') },
  aws_ecs_cluster: {
    arn: made('ecs', 'cluster/', 'name'),
    id: made('ecs', 'cluster/', 'name'),
    name: own('name'),
  },
  aws_ecs_task_definition: { arn: own('arn'), family: own('family'), id: own('family') },
  aws_ecs_service: { name: own('name') },
  aws_cloudwatch_log_group: {
    arn: made('logs', 'log-group:', 'name'),
    id: own('name'),
    name: own('name'),
  },
  aws_ssm_parameter: { arn: parameterArn, id: own('name'), name: own('name') },
  aws_secretsmanager_secret: { arn: secretArn, id: secretArn, name: own('name') },
  aws_secretsmanager_secret_version: {},
  aws_kms_key: { arn: byKeyId, id: own('key_id'), key_id: own('key_id') },
  aws_kms_alias: { arn: made('kms', '', 'name'), id: own('name'), name: own('name') },
  aws_ecr_repository: {
    arn: made('ecr', 'repository/', 'name'),
    id: own('name'),
    name: own('name'),
    repository_url: repositoryUrl,
  },
  aws_sqs_queue: { arn: made('sqs', '', 'name'), id: queueUrl, name: own('name'), url: queueUrl },
  aws_s3_bucket: { arn: made('s3', '', 'bucket', false), bucket: own('bucket'), id: own('bucket') },
  aws_dynamodb_table: { arn: made('dynamodb', 'table/', 'name'), id: own('name'), name: own('name') },
  aws_launch_template: { id: own('id'), name: own('name') },
  aws_launch_configuration: { id: own('name'), name: own('name') },
  aws_autoscaling_group: { id: own('name'), name: own('name') },
  aws_efs_file_system: { arn: byId('elasticfilesystem', 'file-system/'), id: own('id') },
  aws_efs_access_point: { arn: byId('elasticfilesystem', 'access-point/'), id: own('id') },
  aws_lb_target_group: { arn: own('arn'), id: own('arn'), name: own('name') },
};

function byKeyId(source: AttributeSource): Text {
  return concatenate([arn('kms', source.region, source.account, 'key/'), own('key_id')(source)]);
}
