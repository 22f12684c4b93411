import { mapNode, type Node, scalar, textNode } from '../node.ts';
import { concatenate, sameText } from '../unknown.ts';
import type { OpenWorkload, SecretSource } from '../workload.ts';
import { apiInput } from './api-input.ts';
import { policyOf } from './documents.ts';
import type { TfResource } from './plan.ts';
import { leaveOut, optional, type Reader, tagsOf } from './reader.ts';
import { configured, ownArguments, type TfScope, unset } from './scope.ts';

function named(scope: TfScope, resource: TfResource, name = 'name') {
  return {
    id: resource.address,
    origin: resource.origin,
    name: scope.attribute(resource, name) ?? resource.address,
    arn: scope.attribute(resource, 'arn') ?? resource.address,
  };
}

/** Some arguments as an operation's input. */
function input(
  resource: TfResource,
  service: Parameters<typeof apiInput>[0],
  operation: string,
  names: readonly string[],
) {
  const members = [...ownArguments(resource).members].filter(([name]) => names.includes(name));
  return apiInput(service, operation, mapNode(members, resource.values.origin));
}

const logGroup: Reader = (scope, resource, workload) => {
  const common = named(scope, resource);
  const retention = scope.text(resource, 'retention_in_days');
  workload.logGroups.push({
    ...common,
    // As CloudFormation has it, for both.
    arn: typeof common.arn === 'string' && common.arn.endsWith(':*') ? common.arn : concatenate([common.arn, ':*']),
    ...optional('retentionInDays', retention === '0' ? undefined : retention),
    ...optional('keyId', scope.reference(resource, 'kms_key_id')),
    ...optional('logGroupClass', scope.text(resource, 'log_group_class')),
    tags: tagsOf(resource),
  });
};

const parameter: Reader = (scope, resource, workload) => {
  const members = new Map(
    input(resource, 'ssm', 'PutParameter', ['type', 'value', 'tier', 'description', 'data_type']).members,
  );
  const plain = scope.node(resource, 'insecure_value');
  if (plain !== undefined && plain.kind !== 'unknown') members.set('Value', plain);
  const key = scope.reference(resource, 'key_id');
  if (key !== undefined)
    members.set('KeyId', textNode(key, resource.values.members.get('key_id')?.origin ?? resource.origin));
  workload.parameters.push({
    ...named(scope, resource),
    input: mapNode([...members], resource.values.origin),
    tags: tagsOf(resource),
  });
};

const secret: Reader = (scope, resource, workload) => {
  const source: SecretSource = {
    ...named(scope, resource),
    ...optional('description', scope.text(resource, 'description')),
    ...optional('keyId', scope.reference(resource, 'kms_key_id')),
    tags: tagsOf(resource),
  };
  workload.secrets.push(source);
  const document = policyOf(scope, resource, 'resource', 'policy');
  // A policy of its own resource shows here, too, in a state.
  if (document !== undefined)
    workload.resourcePolicies.push({
      id: resource.address,
      origin: document.origin,
      kind: 'secret',
      resource: source.arn,
      document,
    });
};

const secretPolicy: Reader = (scope, resource, workload) => {
  const arn = scope.reference(resource, 'secret_arn');
  const document = policyOf(scope, resource, 'resource', 'policy');
  if (arn === undefined || document === undefined) leaveOut(resource, 'it names no secret or no policy', workload);
  else if (!workload.resourcePolicies.some((one) => one.kind === 'secret' && sameText(one.resource, arn)))
    workload.resourcePolicies.push({
      id: resource.address,
      origin: resource.origin,
      kind: 'secret',
      resource: arn,
      document,
    });
};

const secretVersion: Reader = (scope, resource, workload) => {
  const of = scope.reference(resource, 'secret_id');
  const value = scope.text(resource, 'secret_string');
  const at = workload.secrets.findIndex(
    ({ arn, name }) => of !== undefined && (sameText(arn, of) || sameText(name, of)),
  );
  const found = workload.secrets[at];
  if (found === undefined) leaveOut(resource, 'its secret is not in the input', workload);
  else if (value !== undefined) workload.secrets[at] = { ...found, value };
};

const key: Reader = (scope, resource, workload) => {
  const document = policyOf(scope, resource, 'key', 'policy');
  const flag = (name: string, otherwise: boolean) => {
    const node = resource.values.members.get(name);
    return node?.kind === 'scalar' && typeof node.value === 'boolean' ? node.value : otherwise;
  };
  workload.keys.push({
    id: resource.address,
    origin: resource.origin,
    arn: scope.attribute(resource, 'arn') ?? resource.address,
    input: input(resource, 'kms', 'CreateKey', ['description', 'key_usage', 'multi_region']),
    ...(document === undefined ? {} : { policy: document }),
    enabled: flag('is_enabled', true),
    rotation: flag('enable_key_rotation', false),
    tags: tagsOf(resource),
  });
};

const keyPolicy: Reader = (scope, resource, workload) => {
  const of = scope.reference(resource, 'key_id');
  const policy = policyOf(scope, resource, 'key', 'policy');
  const at = workload.keys.findIndex(
    ({ arn }) => of !== undefined && (sameText(arn, of) || sameText(arn, concatenate([arnHead(workload), of]))),
  );
  const found = workload.keys[at];
  if (found === undefined || policy === undefined) leaveOut(resource, 'its key is not in the input', workload);
  else workload.keys[at] = { ...found, policy };
};

function arnHead({ region, account }: OpenWorkload): string {
  return `arn:aws:kms:${region}:${account}:key/`;
}

const alias: Reader = (scope, resource, workload) => {
  const target = scope.reference(resource, 'target_key_id') ?? scope.reference(resource, 'target_key_arn');
  const { id, origin, name } = named(scope, resource);
  if (target === undefined) leaveOut(resource, 'it names no key', workload);
  else workload.aliases.push({ id, origin, name, target });
};

const repository: Reader = (scope, resource, workload) => {
  workload.repositories.push({
    ...named(scope, resource),
    input: input(resource, 'ecr', 'CreateRepository', [
      'encryption_configuration',
      'image_scanning_configuration',
      'image_tag_mutability',
    ]),
    tags: tagsOf(resource),
  });
};

const repositoryPolicy: Reader = (scope, resource, workload) => {
  const of = scope.reference(resource, 'repository');
  const policy = policyOf(scope, resource, 'resource', 'policy');
  const at = workload.repositories.findIndex(({ name }) => of !== undefined && sameText(name, of));
  const found = workload.repositories[at];
  if (found === undefined || policy === undefined) leaveOut(resource, 'its repository is not in the input', workload);
  else workload.repositories[at] = { ...found, policy };
};

/** Argument → queue attribute. Source: Terraform Registry, aws_sqs_queue; SQS API, SetQueueAttributes. */
const QUEUE_ATTRIBUTES: Readonly<Record<string, string>> = {
  content_based_deduplication: 'ContentBasedDeduplication',
  deduplication_scope: 'DeduplicationScope',
  delay_seconds: 'DelaySeconds',
  fifo_queue: 'FifoQueue',
  fifo_throughput_limit: 'FifoThroughputLimit',
  kms_data_key_reuse_period_seconds: 'KmsDataKeyReusePeriodSeconds',
  max_message_size: 'MaximumMessageSize',
  message_retention_seconds: 'MessageRetentionPeriod',
  receive_wait_time_seconds: 'ReceiveMessageWaitTimeSeconds',
  redrive_allow_policy: 'RedriveAllowPolicy',
  redrive_policy: 'RedrivePolicy',
  visibility_timeout_seconds: 'VisibilityTimeout',
};

const queue: Reader = (scope, resource, workload) => {
  const common = named(scope, resource);
  const attributes = new Map(
    Object.entries(QUEUE_ATTRIBUTES).flatMap(([argument, attribute]) => {
      const text = scope.text(resource, argument);
      // FIFO's flags are refused by SQS where they are false.
      return text === undefined || text === 'false' ? [] : [[attribute, text] as const];
    }),
  );
  const keyId = scope.reference(resource, 'kms_master_key_id');
  if (keyId !== undefined) attributes.set('KmsMasterKeyId', keyId);
  workload.queues.push({ ...common, attributes, tags: tagsOf(resource) });
  const document = configured(resource, 'policy') ? policyOf(scope, resource, 'resource', 'policy') : undefined;
  if (document !== undefined)
    workload.resourcePolicies.push({
      id: resource.address,
      origin: document.origin,
      kind: 'queue',
      resource: scope.attribute(resource, 'url') ?? common.name,
      document,
    });
};

/** A policy in a resource of its own; a state shows it in the other one, too. */
function policyFor(kind: 'queue' | 'bucket', argument: string): Reader {
  return (scope, resource, workload) => {
    const of = scope.reference(resource, argument);
    const document = policyOf(scope, resource, 'resource', 'policy');
    if (of === undefined || document === undefined) leaveOut(resource, `it names no ${kind} or no policy`, workload);
    else if (!workload.resourcePolicies.some((one) => one.kind === kind && sameText(one.resource, of)))
      workload.resourcePolicies.push({ id: resource.address, origin: resource.origin, kind, resource: of, document });
  };
}

const bucket: Reader = (scope, resource, workload) => {
  const common = named(scope, resource, 'bucket');
  workload.buckets.push({ ...common, tags: tagsOf(resource) });
  const document = configured(resource, 'policy') ? policyOf(scope, resource, 'resource', 'policy') : undefined;
  if (document !== undefined)
    workload.resourcePolicies.push({
      id: resource.address,
      origin: document.origin,
      kind: 'bucket',
      resource: common.name,
      document,
    });
};

const table: Reader = (scope, resource, workload) => {
  const common = named(scope, resource);
  const { values } = resource;
  const attributes = scope.node(resource, 'attribute');
  const key = (argument: string, type: string): Node[] => {
    const node = scope.node(resource, argument);
    if (node === undefined) return [];
    return [
      mapNode(
        [
          ['AttributeName', node],
          ['KeyType', scalar(type, node.origin)],
        ],
        node.origin,
      ),
    ];
  };
  const billing = scope.text(resource, 'billing_mode') ?? 'PROVISIONED';
  const definitions: Node = {
    kind: 'list',
    items: (attributes?.kind === 'list' ? attributes.items : []).map((item) =>
      item.kind === 'map'
        ? mapNode(
            [...item.members].map(([name, node]) => [name === 'name' ? 'AttributeName' : 'AttributeType', node]),
            item.origin,
          )
        : item,
    ),
    origin: attributes?.origin ?? values.origin,
  };
  const capacity = (name: string) => scope.node(resource, name) ?? scalar(1, values.origin);
  workload.tables.push({
    ...common,
    input: mapNode(
      [
        ['AttributeDefinitions', definitions],
        [
          'KeySchema',
          { kind: 'list', items: [...key('hash_key', 'HASH'), ...key('range_key', 'RANGE')], origin: values.origin },
        ],
        ['BillingMode', textNode(billing, values.origin)],
        ...(billing === 'PROVISIONED'
          ? [
              [
                'ProvisionedThroughput',
                mapNode(
                  [
                    ['ReadCapacityUnits', capacity('read_capacity')],
                    ['WriteCapacityUnits', capacity('write_capacity')],
                  ],
                  values.origin,
                ),
              ] as const,
            ]
          : []),
      ],
      values.origin,
    ),
  });
  leaveOutIndexes(resource, workload);
};

function leaveOutIndexes(resource: TfResource, workload: OpenWorkload): void {
  for (const name of ['global_secondary_index', 'local_secondary_index']) {
    const node = resource.values.members.get(name);
    if (!unset(node))
      workload.leftOut.push({
        what: `\`${name}\` of ${resource.address}`,
        why: 'indexes are not read from Terraform',
        origin: node!.origin,
      });
  }
}

export const storeReaders: Readonly<Record<string, Reader>> = {
  aws_cloudwatch_log_group: logGroup,
  aws_dynamodb_table: table,
  aws_ecr_repository: repository,
  aws_kms_alias: alias,
  aws_kms_key: key,
  aws_s3_bucket: bucket,
  aws_secretsmanager_secret: secret,
  aws_sqs_queue: queue,
  aws_ssm_parameter: parameter,
};

/** Of things that must have been read before. */
export const storePolicyReaders: Readonly<Record<string, Reader>> = {
  aws_ecr_repository_policy: repositoryPolicy,
  aws_kms_key_policy: keyPolicy,
  aws_s3_bucket_policy: policyFor('bucket', 'bucket'),
  aws_secretsmanager_secret_policy: secretPolicy,
  aws_secretsmanager_secret_version: secretVersion,
  aws_sqs_queue_policy: policyFor('queue', 'queue_url'),
};
