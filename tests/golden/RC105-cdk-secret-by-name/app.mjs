import * as cdk from 'aws-cdk-lib';
import { aws_ec2 as ec2, aws_ecr as ecr, aws_ecs as ecs, aws_ecs_patterns as patterns, aws_kms as kms, aws_secretsmanager as secretsmanager } from 'aws-cdk-lib';

const env = { account: '111122223333', region: 'eu-west-1' };

/** Secrets are encrypted with a key of one's own. */
class DataStack extends cdk.Stack {
  constructor(scope, id, props) {
    super(scope, id, props);
    const key = new kms.Key(this, 'Key', { alias: 'shop', enableKeyRotation: true });
    new secretsmanager.Secret(this, 'Database', {
      secretName: 'shop/database',
      encryptionKey: key,
      generateSecretString: { secretStringTemplate: '{"username":"shop"}', generateStringKey: 'password' },
    });
    this.images = new ecr.Repository(this, 'Images', { repositoryName: 'shop' });
  }
}

class ShopStack extends cdk.Stack {
  constructor(scope, id, { images, ...props }) {
    super(scope, id, props);
    const vpc = new ec2.Vpc(this, 'Vpc', { availabilityZones: ['eu-west-1a', 'eu-west-1b'], natGateways: 1 });
    const cluster = new ecs.Cluster(this, 'Cluster', { vpc, clusterName: 'shop' });
    // By name, to keep the two stacks apart: what grants are made of it know nothing of the key.
    const database = secretsmanager.Secret.fromSecretNameV2(this, 'Database', 'shop/database');
    new patterns.ApplicationLoadBalancedFargateService(this, 'Service', {
      cluster,
      cpu: 512,
      memoryLimitMiB: 1024,
      desiredCount: 2,
      publicLoadBalancer: true,
      taskImageOptions: {
        image: ecs.ContainerImage.fromEcrRepository(images, 'v12'),
        containerPort: 8080,
        secrets: {
          DB_USER: ecs.Secret.fromSecretsManager(database, 'username'),
          DB_PASSWORD: ecs.Secret.fromSecretsManager(database, 'password'),
        },
        environment: { STAGE: 'production' },
      },
    });
  }
}

const app = new cdk.App({ outdir: process.argv[2], analyticsReporting: false });
const { images } = new DataStack(app, 'Data', { env });
new ShopStack(app, 'Shop', { env, images });
app.synth();
