import { describe, expect, it } from 'vitest';
import { plain } from '../node.ts';
import { placeOf } from '../origin.ts';
import { parseDocument } from '../read-document.ts';
import type { Unknown } from '../unknown.ts';
import { emptyWorkload } from '../workload.ts';
import { readTemplate } from './template.ts';

function read(resources: string) {
  const workload = emptyWorkload('123456789012', 'eu-west-1');
  readTemplate(parseDocument('t.yaml', `Resources:\n${resources}`), { stackName: 'shop', given: new Map() }, workload);
  return workload;
}

const deferred = (text: unknown) => (text as Unknown).missing[0]?.deferred;

describe('what deploys and starts tasks', () => {
  it('a service with all that CreateService takes', () => {
    const { services } = read(`
  T: {Type: AWS::ECS::TaskDefinition, Properties: {Family: web, ContainerDefinitions: [{Name: a, Image: i, Memory: 64}]}}
  C: {Type: AWS::ECS::Cluster, Properties: {ClusterName: main}}
  S:
    Type: AWS::ECS::Service
    Properties:
      ServiceName: web
      Cluster: !GetAtt C.Arn
      TaskDefinition: !Ref T
      DesiredCount: "2"
      PlacementStrategies: [{Type: spread, Field: host}]
      LoadBalancers: [{TargetGroupArn: !Ref G, ContainerName: a, ContainerPort: 80}]
      VolumeConfigurations: [{Name: data, ManagedEBSVolume: {RoleArn: "arn:aws:iam::123456789012:role/ebs", SizeInGiB: 10}}]
  G: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Name: web, TargetType: ip, HealthCheckPath: /}}
`);
    expect(services).toHaveLength(1);
    const [service] = services;
    expect(service).toMatchObject({
      id: 'shop/S',
      name: 'web',
      arn: 'arn:aws:ecs:eu-west-1:123456789012:service/main/web',
      cluster: 'arn:aws:ecs:eu-west-1:123456789012:cluster/main',
    });
    expect(deferred(service!.taskDefinition)).toEqual({ resource: 'shop/T', attribute: 'Ref' });
    expect(plain(service!.input)).toMatchObject({
      serviceName: 'web',
      desiredCount: 2,
      placementStrategy: [{ type: 'spread', field: 'host' }],
      volumeConfigurations: [{ managedEBSVolume: { roleArn: 'arn:aws:iam::123456789012:role/ebs', sizeInGiB: 10 } }],
    });
  });

  it('the strategy that a cluster is given', () => {
    const { clusters, leftOut } = read(`
  C: {Type: AWS::ECS::Cluster, Properties: {ClusterName: main}}
  A: {Type: AWS::ECS::ClusterCapacityProviderAssociations, Properties: {Cluster: !Ref C, CapacityProviders: [FARGATE], DefaultCapacityProviderStrategy: [{CapacityProvider: FARGATE, Weight: "1"}]}}
  B: {Type: AWS::ECS::ClusterCapacityProviderAssociations, Properties: {Cluster: other, CapacityProviders: [], DefaultCapacityProviderStrategy: []}}
`);
    expect(plain(clusters[0]!.defaultCapacityProviderStrategy!)).toEqual([{ capacityProvider: 'FARGATE', weight: 1 }]);
    expect(clusters[0]!.input.members.size).toBe(0);
    expect(leftOut.map(({ what }) => what)).toEqual(['AWS::ECS::ClusterCapacityProviderAssociations `B`']);
  });

  it('the ways in which instances get their role', () => {
    const { launches, capacityProviders } = read(`
  I: {Type: AWS::IAM::InstanceProfile, Properties: {InstanceProfileName: nodes, Roles: [nodes]}}
  L:
    Type: AWS::EC2::LaunchTemplate
    Properties:
      LaunchTemplateData:
        ImageId: !FindInMap [Images, !Ref AWS::Region, id]
        IamInstanceProfile: {Arn: !GetAtt I.Arn}
        UserData: !Base64 "echo ECS_CLUSTER=main"
        MetadataOptions: {HttpTokens: required, HttpPutResponseHopLimit: 1}
  A: {Type: AWS::AutoScaling::AutoScalingGroup, Properties: {LaunchTemplate: {LaunchTemplateId: !Ref L, Version: !GetAtt L.LatestVersionNumber}}}
  O: {Type: AWS::AutoScaling::LaunchConfiguration, Properties: {LaunchConfigurationName: old, IamInstanceProfile: !Ref I}}
  B: {Type: AWS::AutoScaling::AutoScalingGroup, Properties: {AutoScalingGroupName: b, LaunchConfigurationName: !Ref O}}
  E: {Type: AWS::EC2::Instance, Properties: {IamInstanceProfile: !Ref I}}
  P: {Type: AWS::ECS::CapacityProvider, Properties: {Name: ec2, AutoScalingGroupProvider: {AutoScalingGroupArn: !Ref B}}}
`);
    expect(launches.map(({ kind, instanceProfile }) => [kind, instanceProfile])).toEqual([
      ['launch-template', 'arn:aws:iam::123456789012:instance-profile/nodes'],
      ['auto-scaling-group', undefined],
      ['launch-configuration', 'nodes'],
      ['auto-scaling-group', undefined],
      ['instance', 'nodes'],
    ]);
    expect(launches[0]!.userData).toBe('echo ECS_CLUSTER=main');
    expect(plain(launches[0]!.metadataOptions!)).toEqual({ HttpTokens: 'required', HttpPutResponseHopLimit: 1 });
    expect(deferred(launches[1]!.launchTemplate)).toEqual({ resource: 'shop/L', attribute: 'Ref' });
    expect(launches[3]!.launchTemplate).toBe('old');
    expect(capacityProviders.map(({ name, autoScalingGroup }) => [name, autoScalingGroup])).toEqual([['ec2', 'b']]);
  });

  it('rules and schedules that start tasks', () => {
    const { taskStarters, leftOut } = read(`
  T: {Type: AWS::ECS::TaskDefinition, Properties: {Family: job, ContainerDefinitions: [{Name: a, Image: i, Memory: 64}]}}
  C: {Type: AWS::ECS::Cluster, Properties: {ClusterName: main}}
  R:
    Type: AWS::Events::Rule
    Properties:
      Name: nightly
      Targets:
        - {Id: q, Arn: "arn:aws:sqs:eu-west-1:123456789012:q"}
        - {Id: t, Arn: !GetAtt C.Arn, RoleArn: "arn:aws:iam::123456789012:role/events", Input: "{}", EcsParameters: {TaskDefinitionArn: !Ref T, LaunchType: FARGATE}}
  S:
    Type: AWS::Scheduler::Schedule
    Properties: {Name: hourly, Target: {Arn: !GetAtt C.Arn, RoleArn: "arn:aws:iam::123456789012:role/scheduler", EcsParameters: {TaskDefinitionArn: !Ref T}}}
`);
    expect(
      taskStarters.map(({ kind, name, arn, clusterArn, roleArn }) => [kind, name, arn, clusterArn, roleArn]),
    ).toEqual([
      [
        'rule',
        'nightly',
        'arn:aws:events:eu-west-1:123456789012:rule/nightly',
        'arn:aws:ecs:eu-west-1:123456789012:cluster/main',
        'arn:aws:iam::123456789012:role/events',
      ],
      [
        'schedule',
        'hourly',
        'arn:aws:scheduler:eu-west-1:123456789012:schedule/default/hourly',
        'arn:aws:ecs:eu-west-1:123456789012:cluster/main',
        'arn:aws:iam::123456789012:role/scheduler',
      ],
    ]);
    expect(deferred(taskStarters[0]!.taskDefinition)?.resource).toBe('shop/T');
    expect(taskStarters[0]!.input).toBe('{}');
    expect(placeOf(taskStarters[0]!.origin)).toBe('t.yaml:11 /Resources/R/Properties/Targets/1');
    expect(leftOut).toEqual([]);
  });

  it('file systems with their policies and access points', () => {
    const { fileSystems, accessPoints, taskDefinitions } = read(`
  F: {Type: AWS::EFS::FileSystem, Properties: {Encrypted: true, FileSystemPolicy: {Version: 2012-10-17, Statement: [{Effect: Allow, Principal: "*", Action: elasticfilesystem:ClientMount, Resource: "*"}]}}}
  A: {Type: AWS::EFS::AccessPoint, Properties: {FileSystemId: !Ref F}}
  T: {Type: AWS::ECS::TaskDefinition, Properties: {ContainerDefinitions: [{Name: a, Image: i, Memory: 64}], Volumes: [{Name: d, EFSVolumeConfiguration: {FilesystemId: !Ref F, AuthorizationConfig: {IAM: ENABLED, AccessPointId: !GetAtt A.AccessPointId}}}]}}
`);
    expect(String(fileSystems[0]!.arn)).toBe('arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/{…}');
    expect(fileSystems[0]!.policy?.kind).toBe('resource');
    expect(deferred(accessPoints[0]!.fileSystemId)).toEqual({ resource: 'shop/F', attribute: 'Ref' });
    expect(JSON.stringify(plain(taskDefinitions[0]!.input))).toContain('efsVolumeConfiguration');
  });

  it('groups and service-linked roles', () => {
    const { groups, serviceLinkedRoles } = read(`
  G: {Type: AWS::IAM::Group, Properties: {GroupName: deployers, ManagedPolicyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"], Policies: [{PolicyName: p, PolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Action: iam:PassRole, Resource: "*"}}}]}}
  L: {Type: AWS::IAM::ServiceLinkedRole, Properties: {AWSServiceName: ecs.amazonaws.com}}
`);
    expect(
      groups.map(({ arn, inlinePolicies, attachments }) => [
        arn,
        inlinePolicies.map(({ name }) => name),
        attachments.map(({ policyArn }) => policyArn),
      ]),
    ).toEqual([['arn:aws:iam::123456789012:group/deployers', ['p'], ['arn:aws:iam::aws:policy/ReadOnlyAccess']]]);
    expect(serviceLinkedRoles.map(({ service }) => service)).toEqual(['ecs.amazonaws.com']);
  });
});
