import { ECR } from '@aws-sdk/client-ecr';
import { ECS, type RegisterTaskDefinitionRequest } from '@aws-sdk/client-ecs';
import { IAM } from '@aws-sdk/client-iam';
import { S3 } from '@aws-sdk/client-s3';
import { SQS } from '@aws-sdk/client-sqs';
import { runTask } from '../../src/cli/run-task.ts';
import type { TaskResult } from '../../src/cli/task-result.ts';
import type { RunningServer, ServerOptions } from '../../src/server.ts';
import { AwsClient } from '../../src/wire/client.ts';
import { startTestServer } from '../wire/server.ts';

/** A server in transparent mode with a queue, a bucket, and a task role that may use them but for one thing. */
export class TransparentBench {
  readonly server: RunningServer;
  readonly #client: AwsClient;
  readonly #ecs: ECS;
  #instance = false;
  #families = 0;

  private constructor(server: RunningServer, client: AwsClient, ecs: ECS) {
    this.server = server;
    this.#client = client;
    this.#ecs = ecs;
  }

  static async open(options: Partial<ServerOptions>): Promise<TransparentBench> {
    const server = await startTestServer({ transparent: true, ...options });
    const { endpoint, credentials } = server;
    const config = { endpoint, credentials, region: 'eu-west-1', maxAttempts: 1, forcePathStyle: true };
    const iam = new IAM(config);
    const trust = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' }],
    };
    for (const RoleName of ['task', 'execution']) {
      await iam.createRole({ RoleName, AssumeRolePolicyDocument: JSON.stringify(trust) });
    }
    const allow = (Action: string[], Resource: string) => ({ Effect: 'Allow', Action, Resource });
    await iam.putRolePolicy({
      RoleName: 'task',
      PolicyName: 'orders',
      PolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          allow(['sqs:GetQueueUrl', 'sqs:SendMessage'], 'arn:aws:sqs:eu-west-1:000000000000:orders'),
          allow(['s3:PutObject', 's3:GetObject'], 'arn:aws:s3:::orders-of-tests/*'),
        ],
      }),
    });
    await new SQS(config).createQueue({ QueueName: 'orders' });
    await new S3(config).createBucket({
      Bucket: 'orders-of-tests',
      CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' },
    });
    await new ECR(config).createRepository({ repositoryName: 'app' });
    const ecs = new ECS(config);
    await ecs.createCluster({ clusterName: 'default' });
    return new TransparentBench(server, new AwsClient({ endpoint, region: 'eu-west-1', credentials }), ecs);
  }

  /** Runs a task of one container to its end. */
  async run(
    container: NonNullable<RegisterTaskDefinitionRequest['containerDefinitions']>[number],
    definition: Partial<RegisterTaskDefinitionRequest> = {},
  ): Promise<TaskResult> {
    const launchType = (definition.networkMode ?? 'awsvpc') === 'awsvpc' ? 'FARGATE' : 'EC2';
    const { taskDefinition } = await this.#ecs.registerTaskDefinition({
      family: `family-${++this.#families}`,
      requiresCompatibilities: [launchType],
      networkMode: 'awsvpc',
      cpu: '256',
      memory: '512',
      taskRoleArn: 'task',
      executionRoleArn: 'execution',
      containerDefinitions: [{ name: 'app', ...container }],
      ...definition,
    });
    const addInstance = launchType === 'EC2' && !this.#instance;
    this.#instance ||= addInstance;
    return runTask(
      this.#client,
      {
        taskDefinition: taskDefinition?.taskDefinitionArn ?? '',
        launchType,
        cluster: 'default',
        addInstance,
        interrupted: new AbortController().signal,
      },
      { onCall: () => {}, onOutput: () => {} },
    );
  }

  async close(): Promise<void> {
    this.#client.close();
    this.#ecs.destroy();
    await this.server.stop();
  }
}

/** What a task wrote to its standard output. */
export function lines({ output }: TaskResult): readonly string[] {
  return output.filter(({ stream }) => stream === 'stdout').map(({ line }) => line);
}
