import { arn } from '../core/arn.ts';
import type { FurtherOptions } from './further-plan.ts';
import type { PlannedCall, PlanTaskDefinition } from './plan-types.ts';
import { parseS3ObjectArn } from './references.ts';

type Options = Readonly<Record<string, string>>;
type Check = { readonly action: string; readonly resource: string };

/** Where a router's output plugin sends to: what it must be allowed there. */
type Destination = (options: Options, region: string, account: string) => readonly Check[];

const logStreams: Destination = (options, region, account) => {
  const group = options.log_group_name;
  if (group === undefined) return [];
  const name = /[$(]/.test(group) ? '*' : group; // a name from the record's own fields
  const resource = arn('logs', region, account, `log-group:${name}`);
  const stream = `${resource}:log-stream:${options.log_stream_prefix ?? ''}*`;
  const checks = [
    { action: 'logs:CreateLogStream', resource: stream },
    { action: 'logs:PutLogEvents', resource: stream },
  ];
  const creates = /^(true|on)$/i.test(options.auto_create_group ?? '');
  return creates ? [...checks, { action: 'logs:CreateLogGroup', resource: `${resource}:log-stream:` }] : checks;
};

const firehose: Destination = ({ delivery_stream: stream }, region, account) =>
  stream === undefined
    ? []
    : [{ action: 'firehose:PutRecordBatch', resource: arn('firehose', region, account, `deliverystream/${stream}`) }];

const kinesis: Destination = ({ stream }, region, account) =>
  stream === undefined
    ? []
    : [{ action: 'kinesis:PutRecords', resource: arn('kinesis', region, account, `stream/${stream}`) }];

const s3: Destination = ({ bucket }) =>
  bucket === undefined ? [] : [{ action: 's3:PutObject', resource: `arn:aws:s3:::${bucket}/*` }];

/** By the plugin's name, both the C and the Go plugins. Source: Fluent Bit manual, outputs; aws/aws-for-fluent-bit. */
const DESTINATIONS: Readonly<Record<string, Destination>> = {
  cloudwatch: logStreams,
  cloudwatch_logs: logStreams,
  firehose,
  kinesis_firehose: firehose,
  kinesis,
  kinesis_streams: kinesis,
  s3,
};

/**
 * FireLens: the router sends with the task role; its configuration file comes from S3 with the execution role.
 * Source: ECS Developer Guide, using_firelens and firelens-taskdef.
 */
export function firelensCalls(definition: PlanTaskDefinition, options: FurtherOptions): readonly PlannedCall[] {
  return (definition.containerDefinitions ?? []).flatMap((container, index) => {
    const name = container.name ?? String(index);
    const calls: PlannedCall[] = [];
    const log = container.logConfiguration;
    if (log?.logDriver === 'awsfirelens') {
      const plugin = (log.options?.Name ?? log.options?.name ?? '').toLowerCase();
      const region = log.options?.region ?? options.region;
      for (const check of DESTINATIONS[plugin]?.(log.options ?? {}, region, options.account) ?? []) {
        const [service, operation] = check.action.split(':') as [PlannedCall['service'], string];
        calls.push({
          id: `firelens/output/${name}/${check.action}`,
          stage: 'running',
          role: 'task',
          service,
          operation,
          region,
          input: {},
          containers: [name],
          because: [`/containerDefinitions/${index}/logConfiguration`],
          occurs: 'if-needed',
          checks: [check],
        });
      }
    }
    const configuration = container.firelensConfiguration?.options;
    const file = configuration?.['config-file-type'] === 's3' ? configuration['config-file-value'] : undefined;
    const object = file === undefined ? undefined : parseS3ObjectArn(file);
    if (object !== undefined) {
      const bucket = `arn:aws:s3:::${object.bucket}`;
      const common = {
        stage: 'logs',
        role: 'task-execution',
        service: 's3',
        region: options.region,
        input: {},
        containers: [name],
        because: [`/containerDefinitions/${index}/firelensConfiguration/options/config-file-value`],
        occurs: 'if-needed',
      } as const;
      calls.push(
        {
          ...common,
          id: `firelens/config/${name}/location`,
          operation: 'GetBucketLocation',
          checks: [{ action: 's3:GetBucketLocation', resource: bucket }],
        },
        {
          ...common,
          id: `firelens/config/${name}/object`,
          operation: 'GetObject',
          checks: [{ action: 's3:GetObject', resource: `${bucket}/${object.key}` }],
        },
      );
    }
    return calls;
  });
}
