import * as cdk from 'aws-cdk-lib';
import { aws_autoscaling as autoscaling, aws_ec2 as ec2, aws_ecs as ecs, aws_iam as iam, aws_secretsmanager as secretsmanager, aws_ssm as ssm } from 'aws-cdk-lib';

const env = { account: '111122223333', region: 'eu-west-1' };

/** Roles are made by the platform's stack; the others name them. */
class PlatformStack extends cdk.Stack {
  constructor(scope, id, props) {
    super(scope, id, props);
    new iam.Role(this, 'Execution', {
      roleName: 'platform-task-execution',
      assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
      }),
      managedPolicies: [iam.ManagedPolicy.fromAwsManagedPolicyName('service-role/AmazonECSTaskExecutionRolePolicy')],
    });
  }
}

class WorkerStack extends cdk.Stack {
  constructor(scope, id, props) {
    super(scope, id, props);
    const vpc = new ec2.Vpc(this, 'Vpc', { availabilityZones: ['eu-west-1a', 'eu-west-1b'], natGateways: 1 });
    const cluster = new ecs.Cluster(this, 'Cluster', { vpc, clusterName: 'workers' });
    const group = new autoscaling.AutoScalingGroup(this, 'Instances', {
      vpc,
      instanceType: new ec2.InstanceType('m6i.large'),
      machineImage: ecs.EcsOptimizedImage.amazonLinux2023(),
      maxCapacity: 4,
      requireImdsv2: true,
    });
    const capacity = new ecs.AsgCapacityProvider(this, 'Capacity', { autoScalingGroup: group, enableManagedTerminationProtection: false });
    cluster.addAsgCapacityProvider(capacity);
    const apiKey = new secretsmanager.Secret(this, 'ApiKey', { secretName: 'workers/api-key' });
    const level = new ssm.StringParameter(this, 'Level', { parameterName: '/workers/log-level', stringValue: 'info' });
    const task = new ecs.Ec2TaskDefinition(this, 'Task', {
      family: 'worker',
      networkMode: ecs.NetworkMode.AWS_VPC,
      // Imported so that nothing here can change it: every grant to it is dropped.
      executionRole: iam.Role.fromRoleArn(this, 'Execution', `arn:aws:iam::${this.account}:role/platform-task-execution`, { mutable: false }),
    });
    task.addContainer('worker', {
      image: ecs.ContainerImage.fromRegistry('public.ecr.aws/docker/library/python:3.13-slim'),
      memoryReservationMiB: 256,
      logging: ecs.LogDrivers.awsLogs({ streamPrefix: 'worker' }),
      secrets: { API_KEY: ecs.Secret.fromSecretsManager(apiKey), LOG_LEVEL: ecs.Secret.fromSsmParameter(level) },
    });
    new ecs.Ec2Service(this, 'Service', {
      cluster,
      taskDefinition: task,
      capacityProviderStrategies: [{ capacityProvider: capacity.capacityProviderName, weight: 1 }],
    });
  }
}

const app = new cdk.App({ outdir: process.argv[2], analyticsReporting: false });
const platform = new PlatformStack(app, 'Platform', { env });
new WorkerStack(app, 'Workers', { env }).addStackDependency(platform);
app.synth();
