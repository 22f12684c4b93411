import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../core/errors.ts';
import { plain } from '../node.ts';
import { placeOf, type SourceError } from '../origin.ts';
import { parseDocument } from '../read-document.ts';
import { readWorkload, settingsOf } from '../read-workload.ts';
import type { Text, Unknown } from '../unknown.ts';
import { emptyWorkload } from '../workload.ts';
import { isTerraform, readTerraform, terraformEnvironment } from './read-terraform.ts';

// Not made by Terraform: the AWS provider was not at hand. Written to the documented JSON Output Format (1.2) and the
// provider's documented arguments and attributes; plans in public repositories look the same.
const PLAN = fileURLToPath(new URL('../testdata/plan.json', import.meta.url));

const read = (parameters: Record<string, string> = {}) =>
  readWorkload([PLAN], {
    account: '444455556666',
    region: 'eu-central-1',
    parameters: new Map(Object.entries(parameters)),
  });
/** What the tests look at. */
interface Input {
  readonly [name: string]: unknown;
  readonly executionRoleArn: Text;
  readonly Statement: readonly { readonly Resource: readonly unknown[] }[];
}

const deferred = (text: Text | undefined) => (text as Unknown | undefined)?.missing?.[0]?.deferred;
const json = (node: Parameters<typeof plain>[0]) => plain(node) as Input;

describe('a plan', () => {
  it('says its account and Region', () => {
    expect(settingsOf([PLAN])).toEqual({ account: '444455556666', region: 'eu-central-1' });
  });

  it('gives roles with what is known of their names', () => {
    const { roles } = read();
    expect(roles.map(({ name, arn }) => [String(name), String(arn)])).toEqual([
      ['orders-task', 'arn:aws:iam::444455556666:role/team/orders-task'],
      ['{…}', 'arn:aws:iam::444455556666:role/{…}'],
      ['orders-instance', 'arn:aws:iam::444455556666:role/orders-instance'],
    ]);
    expect(deferred(roles[1]!.name)).toEqual({ resource: 'aws_iam_role.execution', attribute: 'name' });
    expect(placeOf(roles[0]!.origin)).toBe(
      `${PLAN}:${lineOf('"aws_iam_role.task"') - 1} /planned_values/root_module/resources/0`,
    );
  });

  it('follows references, through modules, to what the plan itself makes', () => {
    const { taskDefinitions, services, taskStarters } = read();
    const app = taskDefinitions.find(({ id }) => id === 'module.web.aws_ecs_task_definition.app')!;
    expect(json(app.input).taskRoleArn).toBe('arn:aws:iam::444455556666:role/team/orders-task');
    expect(deferred(json(app.input).executionRoleArn)).toEqual({
      resource: 'aws_iam_role.execution',
      attribute: 'name',
    });
    expect(deferred(services[0]!.taskDefinition)?.resource).toBe(app.id);
    expect(services[0]!.cluster).toBe('arn:aws:ecs:eu-central-1:444455556666:cluster/orders');
    expect(json(services[0]!.input)).toMatchObject({
      launchType: 'FARGATE',
      enableExecuteCommand: true,
      networkConfiguration: { awsvpcConfiguration: { assignPublicIp: 'ENABLED' } },
    });
    expect(taskStarters[0]).toMatchObject({
      name: 'nightly',
      roleArn: 'arn:aws:iam::444455556666:role/team/orders-task',
    });
  });

  it('gives task definitions as RegisterTaskDefinition takes them, each value with its place', () => {
    const { taskDefinitions, leftOut } = read();
    const app = taskDefinitions.find(({ family }) => family === 'web')!;
    const input = json(app.input);
    expect(input).toMatchObject({
      cpu: '256',
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      runtimePlatform: { cpuArchitecture: 'ARM64', operatingSystemFamily: 'LINUX' },
      volumes: [{ name: 'scratch' }],
      tags: [{ key: 'team', value: 'orders' }],
    });
    const containers = app.input.members.get('containerDefinitions');
    const image =
      containers?.kind === 'list' && containers.items[0]?.kind === 'map'
        ? containers.items[0].members.get('image')
        : undefined;
    expect(placeOf(image!.origin)).toBe(
      `${PLAN}:${lineOf('"container_definitions": "[')} /planned_values/root_module/child_modules/0/resources/0/values/container_definitions/0/image`,
    );
    expect(leftOut.map(({ what, why }) => `${what}: ${why}`)).toEqual([
      '`networkMode` of a container definition of module.web.aws_ecs_task_definition.app: ECS has no such parameter; the provider drops it',
      'aws_vpc.main: this type is not read; tasks run without it',
    ]);
  });

  it('leaves containers unknown that depend on what is known after apply, and says on what', () => {
    const late = read().taskDefinitions.find(({ family }) => family === 'late')!;
    const [missing] = (json(late.input).containerDefinitions as Unknown).missing;
    expect(missing?.why).toBe(
      '`container_definitions` of aws_ecs_task_definition.late is known after apply: it depends on aws_ecr_repository.app.repository_url',
    );
    expect(missing?.help).toContain('--parameter aws_ecs_task_definition.late.container_definitions=VALUE');
  });

  it('takes values given for what is known after apply', () => {
    const { inlinePolicies, roles, secrets, taskDefinitions } = read({
      'aws_iam_role.execution.name': 'orders-execution-1',
      'aws_secretsmanager_secret.db.ArnSuffix': 'AbCdEf',
      'data.aws_iam_policy_document.send.statement.resources': 'arn:aws:sqs:eu-central-1:444455556666:orders',
      'aws_ecs_task_definition.late.container_definitions': '[{"name":"a","image":"i","memory":64}]',
    });
    expect(roles[1]!.arn).toBe('arn:aws:iam::444455556666:role/orders-execution-1');
    expect(json(inlinePolicies[0]!.document.node).Statement[0]?.Resource).toEqual([
      'arn:aws:sqs:eu-central-1:444455556666:orders',
    ]);
    expect(secrets[0]!.arn).toBe('arn:aws:secretsmanager:eu-central-1:444455556666:secret:orders/db-AbCdEf');
    expect(json(taskDefinitions.find(({ family }) => family === 'late')!.input).containerDefinitions).toEqual([
      { name: 'a', image: 'i', memory: 64 },
    ]);
  });

  it('builds the documents of data sources that are read during apply, without guessing', () => {
    const send = read().inlinePolicies.find(({ name }) => name === 'send')!;
    expect(send.holder).toEqual({ kind: 'role', name: 'orders-task' });
    const [statement] = json(send.document.node).Statement;
    expect(statement).toMatchObject({
      Sid: 'Send',
      Effect: 'Allow',
      Action: ['sqs:SendMessage'],
      Condition: { Bool: { 'aws:SecureTransport': ['true'] } },
    });
    expect((statement!.Resource[0] as Unknown).missing[0]?.why).toContain('it depends on aws_sqs_queue.orders.arn');
  });

  it('attaches policies in every way there is', () => {
    const { attachments, inlinePolicies, managedPolicies, instanceProfiles } = read();
    const holderOf = (name: Text) => (typeof name === 'string' ? name : deferred(name)?.resource);
    expect(attachments.map(({ holder, policyArn }) => `${holderOf(holder.name)} ${policyArn}`)).toEqual([
      'aws_iam_role.execution arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy',
      'aws_iam_role.execution arn:aws:iam::444455556666:policy/orders-read',
      'orders-instance arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role',
    ]);
    expect(inlinePolicies.map(({ name }) => name)).toEqual(['send', 'metrics']);
    expect(managedPolicies.map(({ arn }) => arn)).toEqual(['arn:aws:iam::444455556666:policy/orders-read']);
    expect(instanceProfiles.map(({ name, role }) => [name, role])).toEqual([['orders-instance', 'orders-instance']]);
  });

  it('gives resources with their policies', () => {
    const { secrets, keys, aliases, repositories, queues, resourcePolicies, launches, logGroups } = read();
    expect(String(secrets[0]!.arn)).toBe('arn:aws:secretsmanager:eu-central-1:444455556666:secret:orders/db-{…}');
    expect(String(secrets[0]!.keyId)).toBe(String(keys[0]!.arn));
    expect(deferred(aliases[0]!.target)).toEqual(deferred(keys[0]!.arn));
    expect(keys[0]!.policy).toBeUndefined();
    expect(repositories[0]!.policy?.kind).toBe('resource');
    expect(queues[0]!.attributes.get('VisibilityTimeout')).toBe('30');
    expect(resourcePolicies.map(({ kind, resource }) => [kind, String(resource)])).toEqual([
      ['queue', 'https://sqs.eu-central-1.amazonaws.com/444455556666/orders'],
      ['secret', 'arn:aws:secretsmanager:eu-central-1:444455556666:secret:orders/db-{…}'],
    ]);
    expect(launches[0]).toMatchObject({
      instanceProfile: 'arn:aws:iam::444455556666:instance-profile/orders-instance',
    });
    expect(launches[0]!.userData).toContain('ECS_CLUSTER=orders');
    expect(logGroups[0]!.arn).toBe('arn:aws:logs:eu-central-1:444455556666:log-group:/orders/web:*');
  });
});

describe('a provider with an alias', () => {
  const queue = (provider: string, expressions: object) => {
    const address = 'aws_sqs_queue.q';
    const resource = { address, mode: 'managed', type: 'aws_sqs_queue', name: 'q', values: { name: 'q' } };
    const change = { actions: ['create'], after_unknown: { arn: true, id: true, url: true } };
    const own = { address, type: 'aws_sqs_queue', name: 'q', provider_config_key: provider, expressions: {} };
    const document = {
      format_version: '1.2',
      terraform_version: '1.9.8',
      planned_values: { root_module: { resources: [resource] } },
      resource_changes: [{ address, change }],
      configuration: {
        provider_config: { [provider]: { name: 'aws', expressions } },
        root_module: { resources: [own] },
      },
    };
    const workload = emptyWorkload('444455556666', 'eu-central-1');
    readTerraform(parseDocument('plan.json', JSON.stringify(document)), new Map(), workload);
    return workload.queues[0]!.arn;
  };

  it('makes things in its own Region', () => {
    expect(queue('aws.us', { region: { constant_value: 'us-east-1' } })).toBe('arn:aws:sqs:us-east-1:444455556666:q');
  });

  it.each<[string, object]>([
    ['no Region', {}],
    ['a Region that is a variable', { region: { references: ['var.region'] } }],
    [
      'another account',
      { region: { constant_value: 'us-east-1' }, assume_role: [{ role_arn: { constant_value: 'x' } }] },
    ],
  ])('and %s leaves ARNs unknown', (_, expressions) => {
    expect(deferred(queue('aws.us', expressions))).toEqual({ resource: 'aws_sqs_queue.q', attribute: 'arn' });
  });
});

describe('a state', () => {
  const role = {
    address: 'aws_iam_role.task',
    mode: 'managed',
    type: 'aws_iam_role',
    name: 'task',
    values: {
      arn: 'arn:aws:iam::444455556666:role/task',
      id: 'task',
      name: 'task',
      path: '/',
      assume_role_policy:
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}',
      // A state lists here also what resources of their own put in.
      inline_policy: [
        {
          name: 'send',
          policy: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"*"}]}',
        },
      ],
      managed_policy_arns: ['arn:aws:iam::aws:policy/ReadOnlyAccess'],
    },
  };
  const inline = {
    address: 'aws_iam_role_policy.send',
    mode: 'managed',
    type: 'aws_iam_role_policy',
    name: 'send',
    values: { name: 'send', role: 'task', policy: role.values.inline_policy[0]!.policy },
  };
  const attached = {
    address: 'aws_iam_role_policy_attachment.a',
    mode: 'managed',
    type: 'aws_iam_role_policy_attachment',
    name: 'a',
    values: { role: 'task', policy_arn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' },
  };
  const state = (resources: object[]) =>
    parseDocument(
      'state.json',
      JSON.stringify({ format_version: '1.0', terraform_version: '1.9.8', values: { root_module: { resources } } }),
    );

  it('says each policy once', () => {
    const workload = emptyWorkload('444455556666', 'eu-central-1');
    readTerraform(state([role, inline, attached]), new Map(), workload);
    expect(workload.inlinePolicies.map(({ id, name }) => [id, name])).toEqual([['aws_iam_role_policy.send', 'send']]);
    expect(workload.attachments).toHaveLength(1);
  });

  it('gives a file system its policy, and its access points', () => {
    const of = (type: string, name: string, values: object) => ({
      address: `${type}.${name}`,
      mode: 'managed',
      type,
      name,
      values,
    });
    const workload = emptyWorkload('444455556666', 'eu-central-1');
    const policy =
      '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"elasticfilesystem:ClientMount"}]}';
    readTerraform(
      state([
        of('aws_efs_file_system_policy', 'p', { file_system_id: 'fs-1', policy }),
        of('aws_efs_file_system_policy', 'q', { file_system_id: 'fs-2', policy }),
        of('aws_efs_access_point', 'a', { id: 'fsap-1', file_system_id: 'fs-1' }),
        of('aws_efs_file_system', 'f', { id: 'fs-1' }),
      ]),
      new Map(),
      workload,
    );
    expect(workload.fileSystems.map(({ arn, policy: held }) => [arn, held?.kind])).toEqual([
      ['arn:aws:elasticfilesystem:eu-central-1:444455556666:file-system/fs-1', 'resource'],
    ]);
    expect(workload.accessPoints.map(({ arn }) => arn)).toEqual([
      'arn:aws:elasticfilesystem:eu-central-1:444455556666:access-point/fsap-1',
    ]);
    expect(workload.leftOut.map(({ what }) => what)).toEqual(['aws_efs_file_system_policy.q']);
  });

  it('gives a cluster its strategy', () => {
    const of = (type: string, name: string, values: object) => ({
      address: `${type}.${name}`,
      mode: 'managed',
      type,
      name,
      values,
    });
    const workload = emptyWorkload('444455556666', 'eu-central-1');
    const strategy = [{ base: 0, capacity_provider: 'FARGATE_SPOT', weight: 1 }];
    const providers = { cluster_name: 'main', default_capacity_provider_strategy: strategy };
    readTerraform(
      state([of('aws_ecs_cluster_capacity_providers', 'm', providers), of('aws_ecs_cluster', 'm', { name: 'main' })]),
      new Map(),
      workload,
    );
    expect(plain(workload.clusters[0]!.defaultCapacityProviderStrategy!)).toEqual([
      { capacityProvider: 'FARGATE_SPOT', weight: 1 },
    ]);
  });

  it('says its account by what is in it', () => {
    expect(terraformEnvironment(state([role]))).toEqual({ account: '444455556666' });
  });

  it('names the place of a policy that AWS would refuse', () => {
    const bad = {
      ...inline,
      values: { ...inline.values, policy: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs"}]}' },
    };
    const fails = () => readTerraform(state([role, bad]), new Map(), emptyWorkload('444455556666', 'eu-central-1'));
    expect(fails).toThrow('AWS refuses this policy');
    try {
      fails();
    } catch (error) {
      expect((error as { origin?: { path: string } }).origin?.path).toMatch(
        /^\/values\/root_module\/resources\/1\/values\/policy\/Statement\/0/,
      );
    }
  });

  it('as Terraform keeps it is refused, with what to give', () => {
    const fails = () =>
      readTerraform(
        parseDocument('terraform.tfstate', '{"version":4,"terraform_version":"1.9.8","resources":[]}'),
        new Map(),
        emptyWorkload('1', 'r'),
      );
    expect(fails).toThrow(UserError);
    expect(fails).toThrow('as Terraform keeps it');
  });
});

describe('what terraform show -json writes', () => {
  const root = { root_module: {} };
  const open = (content: object) => {
    const workload = emptyWorkload('1', 'r');
    readTerraform(parseDocument('f.json', JSON.stringify(content)), new Map(), workload);
    return workload;
  };

  it.each<[string, object, string, string]>([
    ['of an unknown form', { format_version: '9.0', planned_values: root }, '"9.0"', 'f.json:1 /format_version'],
    ['without values', { format_version: '1.2' }, 'neither `planned_values` (a plan) nor `values`', 'f.json:1'],
    ['with empty values', { format_version: '1.2', values: {} }, '`values` has no `root_module`', 'f.json:1 /values'],
    [
      'with values of another form',
      { format_version: '1.2', planned_values: [] },
      'an object',
      'f.json:1 /planned_values',
    ],
  ])('%s is refused with its place', (_, content, message, place) => {
    const document = parseDocument('f.json', JSON.stringify({ terraform_version: '1.9.8', ...content }));
    for (const read of [() => open({ terraform_version: '1.9.8', ...content }), () => terraformEnvironment(document)]) {
      expect(read).toThrow(message);
    }
    let origin: string | undefined;
    try {
      terraformEnvironment(document);
    } catch (error) {
      origin = placeOf((error as SourceError).origin);
    }
    expect(origin).toBe(place);
  });

  it.each<[string, object]>([
    // As Terraform 1.11 writes it where there is no state, or one without anything in it.
    ['an empty state', { format_version: '1.0' }],
    ['a state without resources', { format_version: '1.0', terraform_version: '1.9.8', values: root }],
    ['a plan of nothing', { format_version: '1.2', terraform_version: '1.9.8', planned_values: root }],
    ['the form before Terraform 1.1', { format_version: '0.2', terraform_version: '1.0.0', planned_values: root }],
  ])('%s is read, and said to be empty', (_, content) => {
    expect(isTerraform(parseDocument('f.json', JSON.stringify(content)))).toBe(true);
    expect(open(content).leftOut.map(({ what, why }) => `${what}: ${why}`)).toEqual([
      'f.json: this plan or state of Terraform has no resources',
    ]);
  });
});

function lineOf(text: string): number {
  return (
    readFileSync(PLAN, 'utf8')
      .split('\n')
      .findIndex((line) => line.includes(text)) + 1
  );
}
