import { arn, parseArn } from '../../core/arn.ts';
import type { ObservedCall } from '../model/world.ts';

type Json = Readonly<Record<string, unknown>>;

/** IAM prefixes that are not the first part of the event source. Source: Service Authorization Reference. */
const PREFIXES: Readonly<Record<string, string>> = {
  'monitoring.amazonaws.com': 'cloudwatch',
  'email.amazonaws.com': 'ses',
  'application-autoscaling.amazonaws.com': 'application-autoscaling',
};

/** Events whose action is called otherwise. Source: S3 User Guide, using-with-s3-policy-actions; Lambda, permissions. */
const ACTIONS: Readonly<Record<string, string>> = {
  's3:HeadObject': 's3:GetObject',
  's3:CopyObject': 's3:PutObject',
  's3:CreateMultipartUpload': 's3:PutObject',
  's3:UploadPart': 's3:PutObject',
  's3:CompleteMultipartUpload': 's3:PutObject',
  's3:ListObjects': 's3:ListBucket',
  's3:ListObjectsV2': 's3:ListBucket',
  's3:HeadBucket': 's3:ListBucket',
  's3:ListParts': 's3:ListMultipartUploadParts',
  's3:DeleteObjects': 's3:DeleteObject',
  's3:ListBuckets': 's3:ListAllMyBuckets',
  'lambda:Invoke': 'lambda:InvokeFunction',
  'sqs:SendMessageBatch': 'sqs:SendMessage',
  'sqs:DeleteMessageBatch': 'sqs:DeleteMessage',
  'sqs:ChangeMessageVisibilityBatch': 'sqs:ChangeMessageVisibility',
  'sns:PublishBatch': 'sns:Publish',
};

/** Calls that need no permission. */
const FREE = new Set(['sts:GetCallerIdentity', 'sts:GetSessionToken']);

/**
 * The calls of roles in CloudTrail's records: action, resource, and the role. Source: CloudTrail User Guide,
 * cloudtrail-event-reference-record-contents.
 */
export function callsOfRecords(records: readonly unknown[]): ObservedCall[] {
  return records.flatMap((record) => callsOf(record as Json));
}

function callsOf(record: Json): ObservedCall[] {
  const identity = (record.userIdentity ?? {}) as Json;
  const issuer = ((identity.sessionContext as Json | undefined)?.sessionIssuer ?? {}) as Json;
  if (identity.type !== 'AssumedRole' || typeof issuer.arn !== 'string') return [];
  // What a service does for the role needs the permission too, and is asked of the role.
  const source = String(record.eventSource ?? '');
  const prefix = PREFIXES[source] ?? source.replace(/\.amazonaws\.com$/, '');
  const event = `${prefix}:${String(record.eventName ?? '').replace(/20\d{6}(v\d+)?$/, '')}`;
  const action = ACTIONS[event] ?? event;
  if (FREE.has(action)) return [];
  const account = String(record.recipientAccountId ?? identity.accountId ?? '');
  const resources = resourcesOf(prefix, record, String(record.awsRegion ?? ''), account);
  const denied = /AccessDenied|UnauthorizedOperation|NotAuthorized|Client\.UnauthorizedOperation/.test(
    String(record.errorCode ?? ''),
  );
  const roleArn = issuer.arn;
  return resources.map((resource) => ({ roleArn, action, resource, denied }));
}

/** What the record says it was about: its own list of ARNs, else its parameters; `*` where neither says. */
function resourcesOf(prefix: string, record: Json, region: string, account: string): string[] {
  const parameters = (record.requestParameters ?? {}) as Json;
  const derived = DERIVED[prefix]?.(parameters, (type) => arn(prefix, region, account, type)) ?? [];
  if (derived.length > 0) return derived;
  const listed = ((record.resources ?? []) as readonly Json[]).flatMap(({ ARN, arn: lower }) => {
    const text = ARN ?? lower;
    return typeof text === 'string' && parseArn(text) !== undefined ? [text] : [];
  });
  return listed.length > 0 ? [...new Set(listed)] : ['*'];
}

type Derive = (parameters: Json, own: (resource: string) => string) => string[];
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const named = (value: unknown, make: (name: string) => string): string[] => {
  const name = text(value);
  if (name === undefined) return [];
  return [name.startsWith('arn:') ? name : make(name)];
};

/** By IAM prefix. Source: Service Authorization Reference, resource types. */
const DERIVED: Readonly<Record<string, Derive>> = {
  s3: ({ bucketName, key }) =>
    text(bucketName) === undefined ? [] : [`arn:aws:s3:::${bucketName}${text(key) === undefined ? '' : `/${key}`}`],
  sqs: ({ queueUrl }, own) => named(queueUrl, (url) => own(url.slice(url.lastIndexOf('/') + 1))),
  dynamodb: ({ tableName }, own) => named(tableName, (name) => own(`table/${name}`)),
  sns: ({ topicArn, targetArn }) => named(topicArn ?? targetArn, (name) => name),
  kms: ({ keyId }, own) => named(keyId, (id) => own(id.startsWith('alias/') ? id : `key/${id}`)),
  secretsmanager: ({ secretId }, own) => named(secretId, (id) => own(`secret:${id}-??????`)),
  ssm: ({ name, names, path }, own) =>
    [name, ...(Array.isArray(names) ? names : []), path].flatMap((one) =>
      named(one, (id) => own(id.startsWith('/') ? `parameter${id}` : `parameter/${id}`)),
    ),
  firehose: ({ deliveryStreamName }, own) => named(deliveryStreamName, (name) => own(`deliverystream/${name}`)),
  kinesis: ({ streamName, streamARN }, own) => named(streamARN ?? streamName, (name) => own(`stream/${name}`)),
  lambda: ({ functionName }, own) => named(functionName, (name) => own(`function:${name}`)),
  states: ({ stateMachineArn }) => named(stateMachineArn, (name) => name),
};
