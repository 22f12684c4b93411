import { describe, expect, it } from 'vitest';
import { awsManagedPolicies, awsManagedPolicy, compiledAwsManagedPolicy } from './managed-policies.ts';

describe('AWS managed policies', () => {
  it('are all documents that the engine can read, each under its own ARN and id', () => {
    const all = awsManagedPolicies();
    expect(all.length).toBeGreaterThan(35);
    for (const policy of all) {
      expect(compiledAwsManagedPolicy(policy).statements.length).toBeGreaterThan(0);
      expect(awsManagedPolicy(policy.arn)).toBe(policy);
      expect(policy.version).toMatch(/^v\d+$/);
      expect(policy.updatedAt).toBeGreaterThan(Date.UTC(2015, 0));
      expect(policy.id).toMatch(/^ANPA[A-Z2-7]{17}$/);
    }
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  });

  it('hold what ECS roles need', () => {
    const names = awsManagedPolicies().map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        'AmazonECSTaskExecutionRolePolicy',
        'AmazonEC2ContainerServiceforEC2Role',
        'AmazonECSInstanceRolePolicyForManagedInstances',
        'AmazonECSServiceRolePolicy',
        'AmazonECSComputeServiceRolePolicy',
        'AmazonECS_FullAccess',
        'AmazonECSInfrastructureRolePolicyForVolumes',
        'AmazonECSInfrastructureRolePolicyForLoadBalancers',
        'AmazonECSInfrastructureRolePolicyForVpcLattice',
        'AmazonECSInfrastructureRolePolicyForServiceConnectTransportLayerSecurity',
        'AmazonEC2ContainerServiceRole',
        'AmazonEC2ContainerServiceEventsRole',
        'AWSApplicationAutoscalingECSServicePolicy',
        'AWSCodeDeployRoleForECS',
        'CloudWatchLogsFullAccess',
        'AmazonSSMReadOnlyAccess',
        'SecretsManagerReadWrite',
        'AmazonEC2ContainerRegistryReadOnly',
        'AmazonEC2ContainerRegistryPullOnly',
        'AmazonSSMManagedInstanceCore',
        'AdministratorAccess',
        'PowerUserAccess',
        'ReadOnlyAccess',
      ]),
    );
    // Source: Amazon ECS Developer Guide, security-iam-awsmanpol.
    const execution = awsManagedPolicy('arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy');
    expect(JSON.parse(execution!.document).Statement).toEqual([
      {
        Effect: 'Allow',
        Action: [
          'ecr:GetAuthorizationToken',
          'ecr:BatchCheckLayerAvailability',
          'ecr:GetDownloadUrlForLayer',
          'ecr:BatchGetImage',
          'logs:CreateLogStream',
          'logs:PutLogEvents',
        ],
        Resource: '*',
      },
    ]);
    expect(awsManagedPolicy('arn:aws:iam::aws:policy/AmazonECSTaskExecutionRolePolicy')).toBeUndefined();
  });
});
