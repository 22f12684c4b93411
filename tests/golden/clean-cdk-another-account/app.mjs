import * as cdk from 'aws-cdk-lib';
import { aws_ec2 as ec2, aws_ecr as ecr, aws_ecs as ecs, aws_iam as iam } from 'aws-cdk-lib';

const production = { account: '111122223333', region: 'eu-west-1' };
const shared = { account: '222222222222', region: 'eu-west-1' };

/** The images of all applications, in an account of their own. */
class ImagesStack extends cdk.Stack {
  constructor(scope, id, props) {
    super(scope, id, props);
    const repository = new ecr.Repository(this, 'Orders', { repositoryName: 'team/orders' });
    for (const account of [production.account, '333333333333']) repository.grantPull(new iam.AccountPrincipal(account));
  }
}

class OrdersStack extends cdk.Stack {
  constructor(scope, id, props) {
    super(scope, id, props);
    const vpc = new ec2.Vpc(this, 'Vpc', { availabilityZones: ['eu-west-1a', 'eu-west-1b'], natGateways: 1 });
    const cluster = new ecs.Cluster(this, 'Cluster', { vpc });
    // A grant to a repository by ARN reaches the role's policy, and not the repository's.
    const repository = ecr.Repository.fromRepositoryArn(this, 'Images', `arn:aws:ecr:${shared.region}:${shared.account}:repository/team/orders`);
    const task = new ecs.FargateTaskDefinition(this, 'Task', { family: 'orders' });
    task.addContainer('orders', {
      image: ecs.ContainerImage.fromEcrRepository(repository, '2026-11'),
      logging: ecs.LogDrivers.awsLogs({ streamPrefix: 'orders' }),
    });
    new ecs.FargateService(this, 'Service', { cluster, taskDefinition: task });
  }
}

const app = new cdk.App({ outdir: process.argv[2], analyticsReporting: false });
new ImagesStack(app, 'Images', { env: shared });
new OrdersStack(app, 'Orders', { env: production });
app.synth();
