import { asText } from '../node.ts';
import type { LogGroupSource, RepositorySource, ResourcePolicySource, Workload } from '../workload.ts';
import { given, type Making, type Outcome, type Step, unless } from './step.ts';

/** Log groups and streams, repositories, tables and clusters. */
export function otherResourceSteps(workload: Workload): Step[] {
  return [
    ...workload.logGroups.map(logGroupStep),
    ...workload.logStreams.map(
      (stream): Step => ({
        what: `log stream ${stream.name} in ${stream.group}`,
        origin: stream.origin,
        provides: [stream.id],
        from: stream,
        run: (making) =>
          createdUnless('ResourceAlreadyExistsException', () =>
            making.client.call('logs', 'CreateLogStream', {
              logGroupName: making.text(stream.group),
              logStreamName: making.text(stream.name),
            }),
          ),
      }),
    ),
    ...workload.repositories.map(repositoryStep),
    ...workload.tables.map(
      (table): Step => ({
        what: `table ${table.name}`,
        origin: table.origin,
        provides: [table.id, String(table.arn)],
        from: table,
        async run(making) {
          const TableName = making.text(table.name);
          const input = { BillingMode: 'PROVISIONED', ...making.input(table.input), TableName };
          return createdUnless('ResourceInUseException', async () => {
            const { TableDescription } = await making.client.call('dynamodb', 'CreateTable', input as never);
            if (TableDescription?.LatestStreamArn !== undefined)
              making.keep(table.id, 'StreamArn', TableDescription.LatestStreamArn);
          });
        },
      }),
    ),
    ...workload.clusters.map(
      (cluster): Step => ({
        what: `cluster ${cluster.name}`,
        origin: cluster.origin,
        provides: [cluster.id, String(cluster.arn)],
        from: cluster,
        async run(making) {
          await making.client.call('ecs', 'CreateCluster', {
            ...making.input(cluster.input),
            clusterName: making.text(cluster.name),
          });
          return 'created';
        },
      }),
    ),
  ];
}

function logGroupStep(group: LogGroupSource): Step {
  return {
    what: `log group ${group.name}`,
    origin: group.origin,
    provides: [group.id, String(group.name)],
    from: group,
    async run(making) {
      const logGroupName = making.text(group.name);
      const input = given({
        logGroupName,
        kmsKeyId: making.optional(group.keyId),
        logGroupClass: making.optional(group.logGroupClass) as 'STANDARD' | undefined,
        tags: group.tags.length === 0 ? undefined : making.tagMap(group.tags),
      });
      const outcome = await createdUnless('ResourceAlreadyExistsException', () =>
        making.client.call('logs', 'CreateLogGroup', input),
      );
      const days = making.optional(group.retentionInDays);
      if (days !== undefined)
        await making.client.call('logs', 'PutRetentionPolicy', { logGroupName, retentionInDays: Number(days) });
      return outcome;
    },
  };
}

function repositoryStep(repository: RepositorySource): Step {
  return {
    what: `repository ${repository.name}`,
    origin: repository.origin,
    provides: [repository.id, String(repository.arn)],
    from: repository,
    async run(making) {
      const { client } = making;
      const repositoryName = making.text(repository.name);
      const tags = making.tagList(repository.tags);
      const input = { ...making.input(repository.input), repositoryName, ...(tags.length === 0 ? {} : { tags }) };
      const outcome = await createdUnless('RepositoryAlreadyExistsException', () =>
        client.call('ecr', 'CreateRepository', input),
      );
      if (repository.policy !== undefined)
        await client.call('ecr', 'SetRepositoryPolicy', {
          repositoryName,
          policyText: making.policy(repository.policy),
        });
      const lifecyclePolicyText = making.optional(repository.lifecyclePolicy);
      if (lifecyclePolicyText !== undefined)
        await client.call('ecr', 'PutLifecyclePolicy', { repositoryName, lifecyclePolicyText });
      return outcome;
    },
  };
}

async function createdUnless(code: string, create: () => Promise<unknown>): Promise<Outcome> {
  return unless<Outcome>(
    [code],
    async () => {
      await create();
      return 'created';
    },
    async () => 'unchanged',
  );
}

/** Policies of queues and secrets, once everything they name is there. */
export function resourcePolicySteps(workload: Workload): Step[] {
  return workload.resourcePolicies
    .filter(({ kind }) => kind !== 'bucket')
    .map(
      (policy): Step => ({
        what: `policy of ${policy.kind} ${policy.resource}`,
        origin: policy.origin,
        provides: [],
        from: policy,
        async run(making) {
          await putResourcePolicy(making, policy);
          return 'updated';
        },
      }),
    );
}

async function putResourcePolicy(making: Making, policy: ResourcePolicySource): Promise<void> {
  const document = making.policy(policy.document);
  const resource = making.text(policy.resource);
  if (policy.kind === 'queue')
    await making.client.call('sqs', 'SetQueueAttributes', { QueueUrl: resource, Attributes: { Policy: document } });
  else
    await making.client.call('secretsmanager', 'PutResourcePolicy', { SecretId: resource, ResourcePolicy: document });
}

/** Registers the task definitions: a new revision of each, every time. */
export function taskDefinitionSteps(
  workload: Workload,
  registered: (source: Workload['taskDefinitions'][number], arn: string) => void,
): Step[] {
  return workload.taskDefinitions.map(
    (source): Step => ({
      what: `task definition ${asText(source.input.members.get('family')!, '`family`')}`,
      origin: source.origin,
      provides: [source.id],
      from: source.input,
      async run(making) {
        const { taskDefinition } = await making.client.call(
          'ecs',
          'RegisterTaskDefinition',
          making.input(source.input) as never,
        );
        const arn = taskDefinition?.taskDefinitionArn ?? '';
        making.keep(source.id, 'Ref', arn);
        registered(source, arn);
        return 'created';
      },
    }),
  );
}
