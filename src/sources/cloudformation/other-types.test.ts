import { expect, it } from 'vitest';
import { resourceTypes, whyLeftOut } from './resource-types.ts';
import { NOT_SERVED } from './types/named-only.ts';

it.each([
  ['AWS::IAM::Rol', 'AWS::IAM::Role'],
  ['AWS::Iam::Role', 'AWS::IAM::Role'],
  ['AWS:IAM:Role', 'AWS::IAM::Role'],
  ['AWS::ECS::TaskDefinitions', 'AWS::ECS::TaskDefinition'],
  ['AWS::SecretsManager::RotationShedule', 'AWS::SecretsManager::RotationSchedule'],
  ['AWS::EC2::Instanc', 'AWS::EC2::Instance'],
])('%s is taken for a mistyped %s', (type, meant) => {
  expect(whyLeftOut(type)).toBe(`no such type is known, so nothing of it is checked; did you mean \`${meant}\`?`);
});

it('a type that a service which is read does not have is named, though like no other', () => {
  expect(whyLeftOut('AWS::ECS::Whatever')).toBe(
    'no such type is known, so nothing of it is checked; check its spelling',
  );
});

it.each([
  'AWS::IAM::AccessKey',
  'AWS::ECS::TaskSet',
  'AWS::ElasticLoadBalancingV2::Listener',
  'AWS::EC2::VPC',
  'AWS::EC2::InstanceConnectEndpoint',
  'AWS::EC2::NetworkInterface',
  'AWS::EKS::Cluster',
  'AWS::SNS::TopicPolicy',
  'AWS::SNS::Subscription',
  'AWS::Lambda::Permission',
  'AWS::Kinesis::StreamConsumer',
  'AWS::CloudFormation::StackSet',
  'AWS::CloudFormation::Macro',
])('%s is only counted', (type) => {
  expect(resourceTypes[type]).toBeUndefined();
  expect(whyLeftOut(type)).toBe(NOT_SERVED);
});
