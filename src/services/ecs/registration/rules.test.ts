import { describe, expect, it } from 'vitest';
import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import type { Registration } from './rule.ts';
import { compatibilitiesOf, registrationViolations } from './rules.ts';

type Container = Ecs.ContainerDefinition;
const ECR = '000000000000.dkr.ecr.eu-west-1.amazonaws.com/app:1';

const fargate = (more: Partial<Registration> = {}, container: Container = {}): Registration => ({
  family: 'web',
  requiresCompatibilities: ['FARGATE'],
  networkMode: 'awsvpc',
  cpu: '256',
  memory: '512',
  containerDefinitions: [{ name: 'app', image: 'app:1', ...container }],
  ...more,
});
const ec2 = (container: Container = {}, more: Partial<Registration> = {}): Registration => ({
  family: 'web',
  containerDefinitions: [{ name: 'app', image: 'app:1', memory: 128, ...container }],
  ...more,
});
const awslogs = (options: Record<string, string>): Container => ({
  logConfiguration: { logDriver: 'awslogs', options },
});
const LOGS = { 'awslogs-group': '/g', 'awslogs-region': 'eu-west-1' };
const messages = (registration: Registration) => [...registrationViolations(registration)].map((one) => one.message);
const first = (registration: Registration) => [...registrationViolations(registration)][0];

describe('what registers', () => {
  it.each<[string, Registration]>([
    ['a plain Fargate task', fargate()],
    ['a plain EC2 task', ec2()],
    ['an ECR image on EC2 without an execution role', ec2({ image: ECR })],
    ['awslogs on EC2 without an execution role', ec2(awslogs(LOGS))],
    ['an ECR image on Fargate with an execution role', fargate({ executionRoleArn: 'exec' }, { image: ECR })],
    ['a role by its short name', fargate({ taskRoleArn: 'app', executionRoleArn: 'path/exec' })],
    ['sizes in words', fargate({ cpu: '1 vCPU', memory: '2 GB' })],
    [
      'a sidecar that must be done first',
      ec2(
        { dependsOn: [{ containerName: 'init', condition: 'SUCCESS' }] },
        {
          containerDefinitions: [
            { name: 'app', image: 'i', memory: 8, dependsOn: [{ containerName: 'init', condition: 'SUCCESS' }] },
            { name: 'init', image: 'i', memory: 8, essential: false },
          ],
        },
      ),
    ],
    [
      'the same container port in two containers of a bridge task',
      ec2(
        {},
        {
          containerDefinitions: [
            { name: 'a', image: 'i', memory: 8, portMappings: [{ containerPort: 80 }] },
            { name: 'b', image: 'i', memory: 8, portMappings: [{ containerPort: 80 }] },
          ],
        },
      ),
    ],
  ])('%s', (_what, registration) => {
    expect(messages(registration)).toEqual([]);
  });
});

describe('roles', () => {
  it.each(['', 'arn:aws:iam::000000000000:user/me', 'arn:aws:iam::12:role/x', 'a role', 'arn:aws:s3:::b'])(
    '%j is no role',
    (role) => {
      expect(first(fargate({ taskRoleArn: role }))).toEqual({
        code: 'ClientException',
        message: 'Role is not valid',
        path: '/taskRoleArn',
      });
      expect(messages(fargate({ executionRoleArn: role }))).toContain('Role is not valid');
    },
  );

  it('comes before everything else', () => {
    expect(first(fargate({ taskRoleArn: '', networkMode: 'bridge', containerDefinitions: [] }))?.message).toBe(
      'Role is not valid',
    );
  });

  it.each<[string, Registration, string, string]>([
    [
      'secrets',
      ec2({ secrets: [{ name: 'A', valueFrom: 'a' }] }),
      "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
      '/containerDefinitions/0/secrets',
    ],
    [
      'repositoryCredentials',
      ec2({ repositoryCredentials: { credentialsParameter: 's' } }),
      'Private repository authentication requires that the task definition specify a value for executionRoleArn.',
      '/containerDefinitions/0/repositoryCredentials',
    ],
    [
      'an ECR image on Fargate',
      fargate({}, { image: ECR }),
      'Fargate requires task definition to have execution role ARN to support ECR images.',
      '/containerDefinitions/0/image',
    ],
    [
      'awslogs on Fargate',
      fargate({}, awslogs({ ...LOGS, 'awslogs-stream-prefix': 'p' })),
      'Fargate requires task definition to have execution role ARN to support log driver awslogs.',
      '/containerDefinitions/0/logConfiguration/logDriver',
    ],
  ])('%s without an execution role', (_what, registration, message, path) => {
    expect(first(registration)).toEqual({ code: 'ClientException', message, path });
  });
});

describe('Fargate', () => {
  const container = (more: Container) => fargate({ executionRoleArn: 'exec' }, more);
  it.each<[string, Registration, string]>([
    ['bridge', fargate({ networkMode: 'bridge' }), 'Fargate only supports network mode ‘awsvpc’.'],
    ['no network mode', fargate({ networkMode: undefined }), 'Fargate only supports network mode ‘awsvpc’.'],
    ['no cpu', fargate({ cpu: undefined }), "Fargate requires that 'cpu' be defined at the task level."],
    [
      'no memory',
      fargate({ memory: undefined }, { memory: 128 }),
      "Fargate requires that 'memory' be defined at the task level.",
    ],
    [
      'a bad pair',
      fargate({ cpu: '512', memory: '512' }),
      'No Fargate configuration exists for given values: 512 CPU, 512 memory. See the Amazon ECS documentation for the valid values.',
    ],
    [
      'no stream prefix',
      container(awslogs(LOGS)),
      'Fargate requires log configuration options to include awslogs-stream-prefix to support log driver awslogs.',
    ],
    [
      'another log driver',
      container({ logConfiguration: { logDriver: 'syslog' } }),
      'syslog is not a valid log driver. Must be one of [awslogs, splunk, awsfirelens]',
    ],
    ['privileged', container({ privileged: true }), "Fargate requires that the 'privileged' setting be 'false'"],
    [
      'security options',
      container({ dockerSecurityOptions: ['x'] }),
      'Fargate compatible task definitions do not support dockerSecurityOptions',
    ],
    [
      'shared memory',
      container({ linuxParameters: { sharedMemorySize: 1 } }),
      'Fargate compatible task definitions do not support sharedMemorySize',
    ],
    [
      'a capability',
      container({ linuxParameters: { capabilities: { add: ['SYS_PTRACE', 'NET_ADMIN'] } } }),
      'NET_ADMIN is not allowed on Fargate.',
    ],
    [
      'a GPU',
      container({ resourceRequirements: [{ type: 'GPU', value: '1' }] }),
      'Tasks using the Fargate launch type do not support GPU resource requirements',
    ],
    [
      'the host’s processes',
      fargate({ pidMode: 'host' }),
      "Tasks using the Fargate launch type do not support pidMode 'host'. The supported value for pidMode is 'task'.",
    ],
    ['ipcMode', fargate({ ipcMode: 'task' }), 'Fargate compatible task definitions do not support ipcMode'],
    [
      'constraints',
      fargate({ placementConstraints: [{ type: 'memberOf', expression: 'x' }] }),
      'Fargate compatible task definitions do not support constraints',
    ],
    [
      'a host path',
      fargate({ volumes: [{ name: 'v', host: { sourcePath: '/x' } }] }),
      'Fargate compatible task definitions do not support sourcePath',
    ],
    [
      'a docker volume',
      fargate({ volumes: [{ name: 'v', dockerVolumeConfiguration: {} }] }),
      'Fargate compatible task definitions do not support dockerVolumeConfiguration',
    ],
    ['little storage', fargate({ ephemeralStorage: { sizeInGiB: 20 } }), 'EphemeralStorage size should be at least 21'],
    ['much storage', fargate({ ephemeralStorage: { sizeInGiB: 201 } }), 'EphemeralStorage size should be at most 200'],
  ])('refuses %s', (_what, registration, message) => {
    expect(messages(registration)).toEqual([message]);
  });

  it('offers exactly the pairs of the page', () => {
    const pairs = (cpu: string) =>
      [512, 1024, 2048, 3072, 4096, 5120, 8192, 16384, 20480, 30720, 32768, 61440, 122880].filter(
        (memory) => messages(fargate({ cpu, memory: String(memory) })).length === 0,
      );
    expect(pairs('256')).toEqual([512, 1024, 2048]);
    expect(pairs('512')).toEqual([1024, 2048, 3072, 4096]);
    expect(pairs('1024')).toEqual([2048, 3072, 4096, 5120, 8192]);
    expect(pairs('2048')).toEqual([4096, 5120, 8192, 16384]);
    expect(pairs('4096')).toEqual([8192, 16384, 20480, 30720]);
    expect(pairs('8192')).toEqual([16384, 20480, 32768, 61440]);
    expect(pairs('16384')).toEqual([32768, 122880]);
    expect(pairs('128')).toEqual([]);
  });
});

describe('every launch type', () => {
  const two = (a: Container, b: Container, more: Partial<Registration> = {}) =>
    ec2(
      {},
      {
        containerDefinitions: [
          { name: 'a', image: 'i', memory: 8, ...a },
          { name: 'b', image: 'i', memory: 8, ...b },
        ],
        ...more,
      },
    );
  const port = (mapping: Ecs.PortMapping, mode: Ecs.NetworkMode = 'bridge') =>
    ec2({ portMappings: [mapping] }, { networkMode: mode });
  it.each<[string, Registration, string]>([
    ['no containers', ec2({}, { containerDefinitions: [] }), 'Container list cannot be empty.'],
    ['no name', ec2({ name: undefined }), 'Container.name should not be null or empty.'],
    ['no image', ec2({ image: '' }), 'Container.image should not be null or empty.'],
    ['a name twice', two({}, { name: 'a' }), 'Container names must be unique within a task definition'],
    ['nothing essential', ec2({ essential: false }), "Task definition doesn't have any essential container"],
    [
      'no memory',
      ec2({ memory: undefined }),
      "Invalid setting for container 'app'. At least one of 'memory' or 'memoryReservation' must be specified.",
    ],
    [
      'more memory than the task',
      ec2({ memory: 600 }, { memory: '512' }),
      "The 'memory' setting for container 'app' is greater than for the task.",
    ],
    [
      'more reserved than allowed',
      ec2({ memory: 8, memoryReservation: 9 }),
      "Invalid setting for container 'app'. 'memory' must be greater than or equal to 'memoryReservation'.",
    ],
    [
      'more cpu than the task',
      ec2({ cpu: 300 }, { cpu: '256' }),
      "The sum of all container 'cpu' values cannot be greater than the task-level 'cpu' value",
    ],
    [
      'links in awsvpc',
      ec2({ links: ['x'] }, { networkMode: 'awsvpc' }),
      'Links are not supported when networkMode=awsvpc',
    ],
    [
      'no network in awsvpc',
      ec2({ disableNetworking: true }, { networkMode: 'awsvpc' }),
      'Disable Networking is not supported on container when networkMode=awsvpc',
    ],
    [
      'another host port in awsvpc',
      port({ containerPort: 80, hostPort: 8080 }, 'awsvpc'),
      'When networkMode=awsvpc, the host ports and container ports in port mappings must match.',
    ],
    [
      'another host port in host mode',
      port({ containerPort: 80, hostPort: 8080 }, 'host'),
      'When networkMode=host, the host ports and container ports in port mappings must match.',
    ],
    [
      'port and range',
      port({ containerPort: 80, containerPortRange: '80-90' }),
      'cannot specify both single port and port range',
    ],
    ['a range backwards', port({ containerPortRange: '90-80' }), "Invalid 'containerPortRange' setting"],
    [
      'a port in a range',
      ec2({ portMappings: [{ containerPort: 85 }, { containerPortRange: '80-90' }] }, { networkMode: 'awsvpc' }),
      'container port is used multiple times in task',
    ],
    [
      'a port name twice',
      ec2({
        portMappings: [
          { containerPort: 80, name: 'x' },
          { containerPort: 81, name: 'x' },
        ],
      }),
      'port mapping name is already used',
    ],
    [
      'a proxy that is not there',
      ec2({}, { networkMode: 'awsvpc', proxyConfiguration: { containerName: 'envoy' } }),
      'Proxy container [envoy] does not exist',
    ],
    ['an unknown volume', ec2({ mountPoints: [{ sourceVolume: 'v' }] }), "Unknown volume 'v'."],
    [
      'EFS with IAM in the clear',
      ec2(
        {},
        {
          volumes: [
            { name: 'v', efsVolumeConfiguration: { fileSystemId: 'fs-1', authorizationConfig: { iam: 'ENABLED' } } },
          ],
        },
      ),
      'EFS IAM authorization requires TransitEncryption to be enabled.',
    ],
    [
      'eleven environment files',
      ec2({
        environmentFiles: Array.from({ length: 11 }, (_, i) => ({
          type: 's3' as const,
          value: `arn:aws:s3:::b/${i}.env`,
        })),
      }),
      'The maximum number of environment files was exceeded. Specify ten or less and try again',
    ],
    [
      'an environment file by URL',
      ec2({ environmentFiles: [{ type: 's3', value: 's3://b/k.env' }] }),
      'Invalid arn syntax',
    ],
    [
      'awslogs without a group',
      ec2(awslogs({ 'awslogs-region': 'eu-west-1' })),
      'Log driver awslogs requires options: awslogs-group',
    ],
    [
      'awslogs without anything',
      ec2(awslogs({})),
      'Log driver awslogs requires options: awslogs-region, awslogs-group',
    ],
    [
      'firelens without a router',
      ec2({ logConfiguration: { logDriver: 'awsfirelens' } }),
      'When awsfirelens log driver is specified in log configuration, a firelens configuration object must be specified',
    ],
    [
      'a dependency that is not there',
      ec2({ dependsOn: [{ containerName: 'db', condition: 'START' }] }),
      'Cannot depend on container db because it does not exist',
    ],
    [
      'waiting for the end of an essential container',
      two({ dependsOn: [{ containerName: 'b', condition: 'COMPLETE' }] }, {}),
      'A dependency container with SUCCESS or COMPLETE condition cannot be an essential container',
    ],
    [
      'waiting for a health that nobody checks',
      two({ dependsOn: [{ containerName: 'b', condition: 'HEALTHY' }] }, {}),
      'A dependency container with HEALTHY condition must have health check configured',
    ],
    [
      'a circle',
      two(
        { dependsOn: [{ containerName: 'b', condition: 'START' }] },
        { dependsOn: [{ containerName: 'a', condition: 'START' }] },
      ),
      'Circular dependency between containers found',
    ],
    [
      'a restart period',
      ec2({ restartPolicy: { enabled: true, restartAttemptPeriod: 59 } }),
      "the 'restartAttemptPeriod' setting for container 'app' must be between 60 and 1800",
    ],
    [
      'a secret of the name of a variable',
      ec2(
        { environment: [{ name: 'A', value: '1' }], secrets: [{ name: 'A', valueFrom: 'a' }] },
        { executionRoleArn: 'x' },
      ),
      "The secret name must be unique and not shared with any new or existing environment variables set on the container, such as 'A'.",
    ],
    [
      'a bare secret name with a JSON key',
      ec2({ secrets: [{ name: 'A', valueFrom: 'db:password::' }] }, { executionRoleArn: 'x' }),
      'The Systems Manager parameter name specified for secret A is invalid.',
    ],
  ])('refuses %s', (_what, registration, message) => {
    expect(messages(registration)).toEqual([message]);
  });

  it('says InvalidParameterException of sizes that are none', () => {
    expect(first(ec2({}, { cpu: 'much' }))).toEqual({
      code: 'InvalidParameterException',
      message: "Invalid 'cpu' setting for task.",
      path: '/cpu',
    });
  });

  it.each(['', 'a b', 'ä', 'x'.repeat(256)])('refuses the family %j', (family) => {
    expect(first(ec2({}, { family }))?.path).toBe('/family');
  });
});

describe('compatibilities', () => {
  it.each<[string, Registration, readonly string[]]>([
    ['bridge', ec2(), ['EXTERNAL', 'EC2']],
    ['Fargate', fargate(), ['EC2', 'FARGATE', 'MANAGED_INSTANCES']],
    [
      'a Fargate task that asks for nothing',
      fargate({ requiresCompatibilities: undefined }),
      ['EC2', 'FARGATE', 'MANAGED_INSTANCES'],
    ],
    ['awsvpc without sizes', ec2({}, { networkMode: 'awsvpc' }), ['EC2', 'MANAGED_INSTANCES']],
    ['privileged', fargate({ requiresCompatibilities: ['EC2'] }, { privileged: true }), ['EC2', 'MANAGED_INSTANCES']],
  ])('%s', (_what, registration, expected) => {
    expect(compatibilitiesOf(registration)).toEqual(expected);
  });

  it.each([
    ['awsvpc', { networkMode: 'awsvpc' as const }],
    ['EFS', { volumes: [{ name: 'v', efsVolumeConfiguration: { fileSystemId: 'fs-1' } }] }],
  ])('external instances do not take %s', (_what, more) => {
    expect(messages(ec2({}, { requiresCompatibilities: ['EXTERNAL'], ...more }))).toHaveLength(1);
  });
});
