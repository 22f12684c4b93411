import { describe, expect, it } from 'vitest';
import { readTemplate } from '../sources/cloudformation/template.ts';
import { SourceError } from '../sources/origin.ts';
import { parseDocument } from '../sources/read-document.ts';
import { readTaskDefinition } from '../sources/task-definition.ts';
import { emptyWorkload, type OpenWorkload } from '../sources/workload.ts';
import { instanceRoleOf, launchTypesFor } from './launch-types.ts';
import { missingRoles, readAsWritten, requireAccount, writtenFor } from './workload-account.ts';

function workload(definition: object, template = 'Resources: {}'): OpenWorkload {
  const open = emptyWorkload('000000000000', 'eu-west-1');
  readTemplate(parseDocument('t.yaml', template), { stackName: 's', given: new Map() }, open);
  const text = JSON.stringify({ family: 'web', containerDefinitions: [{ name: 'a', image: 'i' }], ...definition });
  open.taskDefinitions.push(readTaskDefinition(parseDocument('td.json', text)));
  return open;
}

describe('launch types', () => {
  const types = (definition: object, asked?: string, settings = {}) => {
    const open = workload(definition);
    open.settings = settings;
    return launchTypesFor(open.taskDefinitions[0]!, ['EXTERNAL', 'EC2', 'FARGATE'], open, asked);
  };
  it('are the one asked for, else those of rolecall.json, else the required ones, else the compatible ones', () => {
    expect(types({ requiresCompatibilities: ['EC2'] }, 'external')).toEqual(['EXTERNAL']);
    expect(types({ requiresCompatibilities: ['EC2'] }, undefined, { launchTypes: ['FARGATE'] })).toEqual(['FARGATE']);
    expect(types({ requiresCompatibilities: ['EC2', 'FARGATE'] })).toEqual(['FARGATE', 'EC2']);
    expect(types({})).toEqual(['FARGATE', 'EC2']);
  });
  it('that are not served are refused', () => {
    expect(() => types({ requiresCompatibilities: ['MANAGED_INSTANCES'] })).toThrow(
      'requires MANAGED_INSTANCES, which is not served',
    );
  });
});

describe('instance role', () => {
  const role = (name: string, service: string) =>
    `${name}: {Type: AWS::IAM::Role, Properties: {RoleName: ${name}, AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Principal: {Service: ${service}}, Action: sts:AssumeRole}}}}`;
  it('is that of the instance profile, else the only role for the service', () => {
    const two = `Resources:\n  ${role('a', 'ec2.amazonaws.com')}\n  ${role('b', 'ec2.amazonaws.com')}\n`;
    expect(instanceRoleOf(workload({}, two), 'EC2')).toBeUndefined();
    expect(
      instanceRoleOf(
        workload({}, `${two}  P: {Type: AWS::IAM::InstanceProfile, Properties: {Roles: [!Ref b]}}`),
        'EC2',
      ),
    ).toBe('b');
    const one = workload(
      {},
      `Resources:\n  ${role('a', 'ec2.amazonaws.com')}\n  ${role('t', 'ecs-tasks.amazonaws.com')}\n  ${role('s', 'ssm.amazonaws.com')}\n`,
    );
    expect(instanceRoleOf(one, 'EC2')).toBe('a');
    expect(instanceRoleOf(one, 'EXTERNAL')).toBe('s');
    expect(instanceRoleOf(one, 'FARGATE')).toBeUndefined();
  });
});

describe('account and Region', () => {
  const role = (account: string) => `arn:aws:iam::${account}:role/r`;
  it('are those that the task definition is written for, where it is written for one', () => {
    const secrets = [
      { name: 'a', image: 'i', secrets: [{ name: 'S', valueFrom: 'arn:aws:ssm:us-east-2:111111111111:parameter/p' }] },
    ];
    expect(writtenFor(workload({ taskRoleArn: role('111111111111'), containerDefinitions: secrets }))).toEqual({
      account: '111111111111',
      region: 'us-east-2',
    });
    expect(writtenFor(workload({ taskRoleArn: role('111111111111'), executionRoleArn: role('222222222222') }))).toEqual(
      {},
    );
    expect(writtenFor(workload({ taskRoleArn: 'by-name' }))).toEqual({});
  });
  it('are those given, else those that the task definition is written for, else the defaults', () => {
    const definition = { taskRoleArn: role('111111111111') };
    const read = ({ account, region }: { account: string; region: string }) => ({
      ...workload(definition),
      account,
      region,
    });
    const of = (account?: string, region?: string) => {
      const found = readAsWritten(read, { account, region }, { account: '000000000000', region: 'eu-west-1' });
      return [found.account, found.region];
    };
    expect(of()).toEqual(['111111111111', 'eu-west-1']);
    expect(of('222222222222')).toEqual(['222222222222', 'eu-west-1']);
    expect(of(undefined, 'us-east-2')).toEqual(['111111111111', 'us-east-2']);
  });
  it('names the roles that are not declared', () => {
    const open = workload({ executionRoleArn: role('000000000000'), taskRoleArn: 'other' });
    expect(missingRoles(open).map(({ role: name, origin }) => `${name} ${origin.path}`)).toEqual([
      'r /executionRoleArn',
      'other /taskRoleArn',
    ]);
    expect(missingRoles(workload({}))).toEqual([]);
  });
  it('that do not fit are refused at their place', () => {
    const open = workload({ executionRoleArn: role('111111111111') });
    try {
      requireAccount(open, 'flag');
    } catch (error) {
      expect(error).toBeInstanceOf(SourceError);
      expect((error as SourceError).origin.path).toBe('/executionRoleArn');
      expect((error as SourceError).help).toBe('Run with --account 111111111111.');
      return;
    }
    throw new Error('nothing was refused');
  });
});
