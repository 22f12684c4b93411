import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ContainerInstance, ECS, type RunTaskCommandInput } from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rolecall, type Served, up } from './program.ts';

let server: Served;
let ecs: ECS;
beforeAll(async () => {
  server = await up(['--ephemeral', '--stand-in', 'program=host']);
  ecs = client(server);
});
afterAll(async () => {
  ecs.destroy();
  await server.end('SIGTERM');
});

function client({ endpoint }: Served): ECS {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  return new ECS({ endpoint, region: 'eu-west-1', credentials, maxAttempts: 1 });
}

const add = (cluster: string, ...args: string[]) =>
  rolecall(['instance', 'add', '--endpoint', server.endpoint, '--cluster', cluster, ...args]);

async function instancesOf(cluster: string, of = ecs): Promise<ContainerInstance[]> {
  const { containerInstanceArns = [] } = await of.listContainerInstances({ cluster });
  if (containerInstanceArns.length === 0) return [];
  return (await of.describeContainerInstances({ cluster, containerInstances: containerInstanceArns }))
    .containerInstances!;
}

const attribute = (instance: ContainerInstance | undefined, name: string) =>
  instance?.attributes?.find((each) => each.name === name)?.value;

const remaining = (instance: ContainerInstance | undefined, name: string) =>
  instance?.remainingResources?.find((each) => each.name === name)?.integerValue;

/** A task definition whose containers stay. */
async function define(family: string, cpu: number, memory: number, hostPort?: number): Promise<void> {
  await ecs.registerTaskDefinition({
    family,
    requiresCompatibilities: ['EC2'],
    networkMode: 'bridge',
    containerDefinitions: [
      {
        name: 'app',
        image: 'program',
        command: ['sleep', '1000'],
        cpu,
        memory,
        ...(hostPort === undefined ? {} : { portMappings: [{ containerPort: hostPort, hostPort }] }),
      },
    ],
  });
}

/** Zones or reasons: what became of each task. */
async function run(
  cluster: string,
  taskDefinition: string,
  more: Partial<RunTaskCommandInput> = {},
): Promise<string[]> {
  const { tasks = [], failures = [] } = await ecs.runTask({ cluster, taskDefinition, launchType: 'EC2', ...more });
  const instances = await instancesOf(cluster);
  const zoneOf = (arn = '') =>
    attribute(
      instances.find(({ containerInstanceArn }) => containerInstanceArn === arn),
      'ecs.availability-zone',
    ) ?? '';
  return [
    ...tasks.map(({ containerInstanceArn }) => zoneOf(containerInstanceArn)),
    ...failures.map(({ reason = '' }) => reason),
  ];
}

describe('rolecall instance add', () => {
  it('adds instances of a type, with attributes, in a zone', async () => {
    await ecs.createCluster({ clusterName: 'typed' });
    const added = await add(
      'typed',
      '--type',
      't3.micro',
      '--attribute',
      'stack=blue',
      '--availability-zone',
      'eu-west-1b',
      '--count',
      '2',
    );
    expect(added.stderr).toBe('');
    expect(added.stdout.trim().split('\n')).toHaveLength(2);
    const [one, two] = await instancesOf('typed');
    for (const instance of [one, two]) {
      expect(attribute(instance, 'ecs.instance-type')).toBe('t3.micro');
      expect(attribute(instance, 'ecs.availability-zone')).toBe('eu-west-1b');
      expect(attribute(instance, 'stack')).toBe('blue');
      expect([remaining(instance, 'CPU'), remaining(instance, 'MEMORY')]).toEqual([2048, 944]);
    }
    expect(one?.ec2InstanceId).not.toBe(two?.ec2InstanceId);
  });

  it.each([
    [
      ['--type', 'm5.lagre'],
      'error[instance-type-unknown]: there is no instance type m5.lagre here\n  help: Did you mean m5.large? There are m5.large, m5.xlarge,',
    ],
    [
      ['--type', 'p9.huge'],
      'error[instance-type-unknown]: there is no instance type p9.huge here\n  help: There are types of the families t2, t3,',
    ],
    [
      ['--availability-zone', 'us-east-1a'],
      'error[availability-zone-unknown]: us-east-1a is no Availability Zone of eu-west-1',
    ],
    [['--attribute', 'ecs.ami-id=ami-1'], 'error[attribute-invalid]: the attribute ecs.ami-id is one of ECS itself'],
    [['--attribute', 'stack'], 'error[flag-value]: --attribute stack is not of the form NAME=VALUE'],
    [['--count', 'many'], 'error[flag-value]: --count does not take `many`'],
  ])('%j is refused', async (args, expected) => {
    const { code, stderr } = await add('typed', ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(expected);
  });
});

describe('placement', () => {
  it('is bounded by CPU, memory and ports, which ECS names', async () => {
    await ecs.createCluster({ clusterName: 'small' });
    await expect(run('small', 'nothing')).rejects.toThrow('TaskDefinition not found.');
    await define('cpu', 1024, 100);
    await expect(run('small', 'cpu')).rejects.toThrow('No Container Instances were found in your cluster.');
    await add('small', '--type', 't3.micro');
    await define('memory', 10, 800);
    await define('port', 10, 16, 31_999);
    expect(await run('small', 'cpu', { count: 2 })).toEqual(['eu-west-1a', 'eu-west-1a']);
    expect(await run('small', 'cpu')).toEqual(['RESOURCE:CPU']);
    expect(await run('small', 'memory')).toEqual(['RESOURCE:CPU']);
    const { taskArns = [] } = await ecs.listTasks({ cluster: 'small' });
    for (const task of taskArns) await ecs.stopTask({ cluster: 'small', task });
    while (((await ecs.listTasks({ cluster: 'small' })).taskArns ?? []).length > 0);
    while (remaining((await instancesOf('small'))[0], 'CPU') !== 2048);
    expect(await run('small', 'memory', { count: 2 })).toEqual(['eu-west-1a', 'RESOURCE:MEMORY']);
    expect(await run('small', 'port', { count: 2 })).toEqual(['eu-west-1a', 'RESOURCE:PORTS']);
  });

  it('follows constraints and strategies over zones and attributes', async () => {
    await ecs.createCluster({ clusterName: 'wide' });
    await add('wide', '--type', 'm5.large', '--attribute', 'stack=blue');
    await add('wide', '--type', 'm5.2xlarge', '--attribute', 'stack=green', '--availability-zone', 'eu-west-1b');
    await add('wide', '--type', 't3.small', '--attribute', 'stack=green', '--availability-zone', 'eu-west-1c');
    await define('tiny', 16, 16);
    const memberOf = (expression: string) => ({ placementConstraints: [{ type: 'memberOf' as const, expression }] });
    const spread = { placementStrategy: [{ type: 'spread' as const, field: 'attribute:ecs.availability-zone' }] };
    expect((await run('wide', 'tiny', { count: 3, ...spread, group: 'a' })).sort()).toEqual([
      'eu-west-1a',
      'eu-west-1b',
      'eu-west-1c',
    ]);
    const packed = { placementStrategy: [{ type: 'binpack' as const, field: 'memory' }] };
    expect(new Set(await run('wide', 'tiny', { count: 4, ...packed, group: 'b' }))).toEqual(new Set(['eu-west-1c']));
    expect(await run('wide', 'tiny', memberOf('attribute:stack == blue'))).toEqual(['eu-west-1a']);
    expect(
      await run('wide', 'tiny', memberOf('attribute:ecs.instance-type =~ m5.* and not(attribute:stack == blue)')),
    ).toEqual(['eu-west-1b']);
    expect(await run('wide', 'tiny', memberOf('attribute:stack == red'))).toEqual([
      'MemberOf placement constraint unsatisfied.',
      'MemberOf placement constraint unsatisfied.',
      'MemberOf placement constraint unsatisfied.',
    ]);
    const distinct = { placementConstraints: [{ type: 'distinctInstance' as const }], group: 'c' };
    const four = await run('wide', 'tiny', { count: 4, ...distinct });
    expect(four.slice(0, 3).sort()).toEqual(['eu-west-1a', 'eu-west-1b', 'eu-west-1c']);
    expect(four).toHaveLength(6);
    await expect(run('wide', 'tiny', memberOf('stack is blue'))).rejects.toThrow(/Invalid expression/);
    const random = await run('wide', 'tiny', { count: 10, placementStrategy: [{ type: 'random' }] });
    expect(random.every((zone) => /^eu-west-1[abc]$/.test(zone))).toBe(true);
  });

  it('leaves out instances that are being drained', async () => {
    const instances = await instancesOf('wide');
    const zones = (status: 'ACTIVE' | 'DRAINING', which: ContainerInstance[]) =>
      ecs.updateContainerInstancesState({
        cluster: 'wide',
        status,
        containerInstances: which.map(({ containerInstanceArn = '' }) => containerInstanceArn),
      });
    const blue = instances.filter((each) => attribute(each, 'stack') === 'blue');
    await zones(
      'DRAINING',
      instances.filter((each) => !blue.includes(each)),
    );
    expect(new Set(await run('wide', 'tiny', { count: 5 }))).toEqual(new Set(['eu-west-1a']));
    await zones('DRAINING', blue);
    await expect(run('wide', 'tiny')).rejects.toThrow('No Container Instances were found in your cluster.');
    // What runs there runs on.
    expect(
      (await instancesOf('wide')).every(
        ({ status, runningTasksCount, pendingTasksCount }) =>
          status === 'DRAINING' && (runningTasksCount ?? 0) + (pendingTasksCount ?? 0) > 0,
      ),
    ).toBe(true);
    await zones('ACTIVE', blue);
    expect(await run('wide', 'tiny')).toEqual(['eu-west-1a']);
  });
});

describe('instances of a workload', () => {
  const directory = mkdtempSync(join(tmpdir(), 'rolecall-instances-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  function workload(name: string, settings: object): string {
    const path = join(directory, name);
    mkdirSync(path);
    writeFileSync(join(path, 'rolecall.json'), JSON.stringify(settings));
    writeFileSync(join(path, 'images.json'), JSON.stringify({ program: 'host' }));
    writeFileSync(
      join(path, 'task-definition.json'),
      JSON.stringify({
        family: 'workload',
        requiresCompatibilities: ['EC2'],
        placementConstraints: [{ type: 'memberOf', expression: 'attribute:stack == blue' }],
        containerDefinitions: [{ name: 'app', image: 'program', command: ['true'], memory: 64 }],
      }),
    );
    return path;
  }

  it('are what `run` places its tasks on', async () => {
    const instances = [{ type: 't3.micro' }, { type: 't3.small', attributes: { stack: 'blue' } }];
    const ran = await rolecall(['run', workload('placed', { instances })]);
    expect(ran.code, ran.stdout + ran.stderr).toBe(0);
    const alone = await rolecall(['run', workload('misplaced', { instances: instances.slice(0, 1) })]);
    expect(alone.code).toBe(3);
    expect(alone.stdout).toContain('MemberOf placement constraint unsatisfied.');
  });

  it('give `check` the role of the instances, where several could be it', async () => {
    const path = workload('roles', { instances: [{ role: 'second' }], launchTypes: ['EC2'] });
    const trust = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
    };
    for (const role of ['first', 'second']) {
      mkdirSync(join(path, 'roles', role), { recursive: true });
      writeFileSync(join(path, 'roles', role, 'trust.json'), JSON.stringify(trust));
    }
    const check = async () => (await rolecall(['check', path])).stdout.replace(/\s+/g, ' ');
    const named = await check();
    expect(named).not.toContain('several roles could be');
    expect(named).toContain('instance second');
    writeFileSync(join(path, 'rolecall.json'), JSON.stringify({ launchTypes: ['EC2'] }));
    expect(await check()).toContain('several roles could be');
  });

  it('are there once after `up --load`, however often', async () => {
    const path = workload('loaded', { instances: [{ type: 'm5.large', count: 2 }] });
    const data = join(directory, 'data');
    for (const said of [true, false]) {
      const served = await up(['--data', data, '--load', path]);
      while (!served.said().includes('ready;')) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(served.said().includes('2 container instances')).toBe(said);
      const own = client(served);
      expect((await instancesOf('default', own)).map((each) => attribute(each, 'ecs.instance-type'))).toEqual([
        'm5.large',
        'm5.large',
      ]);
      own.destroy();
      await served.end('SIGTERM');
    }
  });

  it.each([
    [{ instances: [{ tpye: 'm5.large' }] }, 'Did you mean `type`?'],
    [{ instances: [{ type: 'm5.lagre' }] }, 'Did you mean m5.large?'],
    [{ instances: [{ count: 0 }] }, '`count` must be a number from 1 to 100'],
    [{ instances: [{ launchType: 'FARGATE' }] }, 'no container instance is of the launch type'],
  ])('%j is refused with its place', async (settings, expected) => {
    const { code, stdout, stderr } = await rolecall(['run', workload(`wrong-${Math.random()}`, settings)]);
    expect(code).not.toBe(0);
    expect(stdout + stderr).toContain(expected);
  });
});
