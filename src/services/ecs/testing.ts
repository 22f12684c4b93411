import type { ServicePrincipal } from '../../gateway/principals.ts';
import { createTestBench, TEST_ACCOUNT, TEST_REGION, type TestBench } from '../../gateway/testing.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import { createIdentities } from '../iam/identities.ts';
import { iamService } from '../iam/index.ts';
import { stsService } from '../sts/index.ts';
import { agentCapabilities, DEFAULT_SWITCHES, setAgentConnected } from './agent-switches.ts';
import { ecsService } from './index.ts';
import type { AgentSwitches } from './records.ts';

export const ROLE = (name: string) => `arn:aws:iam::${TEST_ACCOUNT}:role/${name}`;
export const ARN = (rest: string) => `arn:aws:ecs:${TEST_REGION}:${TEST_ACCOUNT}:${rest}`;

/** What ECS asks others on its own behalf is asked as this principal. */
export const ecsTasks: ServicePrincipal = {
  type: 'service',
  service: 'ecs-tasks.amazonaws.com',
  account: TEST_ACCOUNT,
};

export function trusting(service: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
  });
}

/** ECS with IAM and STS, for unit tests: a cluster `default`, and roles `task-role` and `execution-role` that ECS can assume. */
export async function ecsBench(): Promise<TestBench> {
  const bench = createTestBench([ecsService, iamService, stsService], { identities: createIdentities() });
  await bench.call('ecs', 'CreateCluster', {});
  for (const name of ['task-role', 'execution-role']) {
    await bench.call('iam', 'CreateRole', {
      RoleName: name,
      AssumeRolePolicyDocument: trusting('ecs-tasks.amazonaws.com'),
    });
  }
  return bench;
}

/** A task definition that both launch types take. */
export const FARGATE_DEFINITION: Ecs.RegisterTaskDefinitionRequest = {
  family: 'web',
  networkMode: 'awsvpc',
  cpu: '256',
  memory: '512',
  taskRoleArn: 'task-role',
  executionRoleArn: 'execution-role',
  containerDefinitions: [{ name: 'app', image: 'app:1' }],
};

export const BRIDGE_DEFINITION: Ecs.RegisterTaskDefinitionRequest = {
  family: 'batch',
  containerDefinitions: [{ name: 'app', image: 'app:1', cpu: 256, memory: 512 }],
};

export const NETWORK: Ecs.NetworkConfiguration = { awsvpcConfiguration: { subnets: ['subnet-0a1b2c3d'] } };

export interface InstanceOptions {
  readonly cluster?: string;
  readonly instanceId?: string;
  readonly cpu?: number;
  readonly memory?: number;
  readonly zone?: string;
  readonly instanceType?: string;
  readonly attributes?: readonly Ecs.Attribute[];
  readonly switches?: Partial<AgentSwitches>;
  readonly connected?: boolean;
}

/** Registers a container instance as its agent would, connected unless said otherwise. Returns its ARN. */
export async function registerInstance(bench: TestBench, options: InstanceOptions = {}): Promise<string> {
  const { cluster = 'default', instanceId = 'i-0123456789abcdef0', cpu = 2048, memory = 4096 } = options;
  const { containerInstance } = await bench.call('ecs', 'RegisterContainerInstance', {
    cluster,
    instanceIdentityDocument: JSON.stringify({
      instanceId,
      instanceType: options.instanceType ?? 't3.medium',
      imageId: 'ami-0a1b2c3d',
      availabilityZone: options.zone ?? `${TEST_REGION}a`,
      architecture: 'x86_64',
    }),
    totalResources: [
      { name: 'CPU', type: 'INTEGER', integerValue: cpu },
      { name: 'MEMORY', type: 'INTEGER', integerValue: memory },
      { name: 'PORTS', type: 'STRINGSET', stringSetValue: ['22', '2375', '2376', '51678', '51679'] },
      { name: 'PORTS_UDP', type: 'STRINGSET', stringSetValue: [] },
    ],
    versionInfo: { agentVersion: '1.105.1', agentHash: '8dfceca6', dockerVersion: 'DockerVersion: 25.0.8' },
    attributes: [
      ...agentCapabilities({
        switches: { ...DEFAULT_SWITCHES, ...options.switches },
        external: false,
        architecture: 'x86_64',
      }),
      ...(options.attributes ?? []),
    ],
  });
  const arn = containerInstance?.containerInstanceArn ?? '';
  if (options.connected !== false) bench.store.transact((tx) => setAgentConnected(tx, arn, true));
  return arn;
}
