import * as cdk from 'aws-cdk-lib';
import { aws_ec2 as ec2, aws_ecs as ecs, aws_s3 as s3, aws_secretsmanager as secretsmanager, aws_sqs as sqs } from 'aws-cdk-lib';

const env = { account: '111122223333', region: 'eu-west-1' };

class DataStack extends cdk.Stack {
  constructor(scope, id, props) {
    super(scope, id, props);
    this.token = new secretsmanager.Secret(this, 'Token');
    this.jobs = new sqs.Queue(this, 'Jobs');
    this.settings = new s3.Bucket(this, 'Settings', { bucketName: 'reports-settings-111122223333' });
  }
}

/** One task definition in a stack of its own, within the service's stack. */
class TaskStack extends cdk.NestedStack {
  constructor(scope, id, { data, ...props }) {
    super(scope, id, props);
    this.task = new ecs.FargateTaskDefinition(this, 'Task', { family: 'reports' });
    this.task.addContainer('reports', {
      image: ecs.ContainerImage.fromRegistry('public.ecr.aws/docker/library/node:22-slim'),
      logging: ecs.LogDrivers.awsLogs({ streamPrefix: 'reports' }),
      secrets: { TOKEN: ecs.Secret.fromSecretsManager(data.token) },
      // The CDK gives no permission for it.
      environmentFiles: [ecs.EnvironmentFile.fromBucket(data.settings, 'production.env')],
    });
    data.jobs.grantConsumeMessages(this.task.taskRole);
  }
}

class ReportsStack extends cdk.Stack {
  constructor(scope, id, { data, ...props }) {
    super(scope, id, props);
    const vpc = new ec2.Vpc(this, 'Vpc', { availabilityZones: ['eu-west-1a', 'eu-west-1b'], natGateways: 1 });
    const cluster = new ecs.Cluster(this, 'Cluster', { vpc });
    const { task } = new TaskStack(this, 'Task', { data });
    new ecs.FargateService(this, 'Service', { cluster, taskDefinition: task });
  }
}

const app = new cdk.App({ outdir: process.argv[2], analyticsReporting: false });
const data = new DataStack(app, 'Data', { env });
new ReportsStack(app, 'Reports', { env, data });
app.synth();
