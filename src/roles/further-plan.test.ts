import { describe, expect, it } from 'vitest';
import { furtherInstancePlan, furtherPlan } from './further-plan.ts';
import { dutiesOf, taskPlan } from './plan.ts';
import type { PlanTaskDefinition } from './plan-types.ts';

const options = {
  launchType: 'EC2',
  region: 'eu-west-1',
  account: '111122223333',
  cluster: 'prod',
} as const;

const duties = (definition: PlanTaskDefinition, more = {}) =>
  dutiesOf(furtherPlan(definition, { ...options, ...more })).map(
    ({ stage, role, action, resource }) => `${stage} ${role} ${action} ${resource}`,
  );

describe('furtherPlan', () => {
  it('is empty for a task that has nothing of it', () => {
    expect(duties({ containerDefinitions: [{ name: 'app', image: 'nginx' }] })).toEqual([]);
  });

  it('has the channels of ECS Exec for the task role, and for the instance role without one', () => {
    expect(duties({ taskRoleArn: 'arn:aws:iam::1:role/task' }, { exec: {} })).toEqual(
      ['CreateControlChannel', 'CreateDataChannel', 'OpenControlChannel', 'OpenDataChannel'].map(
        (name) => `exec task ssmmessages:${name} *`,
      ),
    );
    expect(duties({}, { exec: {} })[0]).toBe('exec container-instance ssmmessages:CreateControlChannel *');
    expect(duties({}, { exec: {}, launchType: 'FARGATE' })[0]).toBe('exec task ssmmessages:CreateControlChannel *');
  });

  it('has the logging of ECS Exec where the cluster says so', () => {
    const all = duties({ taskRoleArn: 'r' }, { exec: { logGroup: '/exec', bucket: 'sessions', key: 'arn:aws:kms:k' } });
    expect(all).toContain(
      'exec task logs:DescribeLogStreams arn:aws:logs:eu-west-1:111122223333:log-group:/exec:log-stream:',
    );
    expect(all).toContain('exec task s3:GetEncryptionConfiguration arn:aws:s3:::sessions');
    expect(all).toContain('exec task kms:Decrypt arn:aws:kms:k');
  });

  it.each<[string, Record<string, string>, string[]]>([
    [
      'firehose',
      { delivery_stream: 's' },
      ['firehose:PutRecordBatch arn:aws:firehose:eu-west-1:111122223333:deliverystream/s'],
    ],
    ['kinesis_streams', { stream: 's' }, ['kinesis:PutRecords arn:aws:kinesis:eu-west-1:111122223333:stream/s']],
    ['s3', { bucket: 'b' }, ['s3:PutObject arn:aws:s3:::b/*']],
    [
      'cloudwatch_logs',
      { log_group_name: '/app', log_stream_prefix: 'a-', auto_create_group: 'On', region: 'us-east-1' },
      [
        'logs:CreateLogStream arn:aws:logs:us-east-1:111122223333:log-group:/app:log-stream:a-*',
        'logs:PutLogEvents arn:aws:logs:us-east-1:111122223333:log-group:/app:log-stream:a-*',
        'logs:CreateLogGroup arn:aws:logs:us-east-1:111122223333:log-group:/app:log-stream:',
      ],
    ],
    ['http', { host: 'logs.example.com' }, []],
  ])('has what a log router sends to %s, with the task role', (Name, more, expected) => {
    const logConfiguration = { logDriver: 'awsfirelens', options: { Name, ...more } };
    expect(duties({ containerDefinitions: [{ name: 'app', logConfiguration }] })).toEqual(
      expected.map((line) => `running task ${line}`),
    );
  });

  it('has the router’s configuration in S3 for the execution role', () => {
    const firelensConfiguration = {
      options: { 'config-file-type': 's3', 'config-file-value': 'arn:aws:s3:::config/fluent.conf' },
    };
    expect(duties({ containerDefinitions: [{ name: 'router', firelensConfiguration }] })).toEqual([
      'logs task-execution s3:GetBucketLocation arn:aws:s3:::config',
      'logs task-execution s3:GetObject arn:aws:s3:::config/fluent.conf',
    ]);
  });

  it('has the import of a pull through a cache, once for each repository, by who pulls', () => {
    const image = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/library/nginx:1';
    const definition = {
      containerDefinitions: [
        { name: 'a', image },
        { name: 'b', image },
      ],
    };
    const resource = 'arn:aws:ecr:eu-west-1:111122223333:repository/docker-hub/library/nginx';
    expect(duties(definition, { pullThroughPrefixes: ['docker-hub'] })).toEqual([
      `pull container-instance ecr:BatchImportUpstreamImage ${resource}`,
      `pull container-instance ecr:CreateRepository ${resource}`,
    ]);
    expect(duties(definition, { pullThroughPrefixes: ['docker'] })).toEqual([]);
  });

  it('has writes to a file system only where a container may write', () => {
    const volumes = [
      { name: 'data', efsVolumeConfiguration: { fileSystemId: 'fs-1', authorizationConfig: { iam: 'ENABLED' } } },
    ];
    const mounted = (readOnly: boolean) => ({
      volumes,
      containerDefinitions: [{ name: 'app', mountPoints: [{ sourceVolume: 'data', readOnly }] }],
    });
    expect(duties(mounted(false))).toEqual([
      'volumes task elasticfilesystem:ClientWrite arn:aws:elasticfilesystem:eu-west-1:111122223333:file-system/fs-1',
    ]);
    expect(duties(mounted(true))).toEqual([]);
  });

  it('makes nothing that the agent carries out, and all of it only if needed', () => {
    const definition: PlanTaskDefinition = {
      taskRoleArn: 'r',
      executionRoleArn: 'e',
      containerDefinitions: [
        {
          name: 'app',
          image: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/quay/x:1',
          logConfiguration: { logDriver: 'awsfirelens', options: { Name: 's3', bucket: 'b' } },
        },
      ],
    };
    const further = [
      ...furtherPlan(definition, { ...options, exec: {}, pullThroughPrefixes: ['quay'] }),
      ...furtherInstancePlan(options),
    ];
    const carriedOut = new Set(taskPlan(definition, options).map(({ id }) => id));
    expect(further.length).toBeGreaterThan(10);
    for (const { id, occurs } of further) {
      expect(occurs).toBe('if-needed');
      expect(carriedOut.has(id)).toBe(false);
    }
  });
});
