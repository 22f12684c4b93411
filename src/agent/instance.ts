import { AwsError, UserError } from '../core/errors.ts';
import { DEFAULT_INSTANCE_TYPE, sizeOf } from '../core/instance-types.ts';
import { AMI_METADATA_OPTIONS, type MetadataOptions } from '../core/metadata-options.ts';
import type { Principal } from '../gateway/principals.ts';
import { instancePlan } from '../roles/instance-plan.ts';
import type { PlannedCall } from '../roles/plan-types.ts';
import { agentActionChecks } from '../services/ecs/agent-actions.ts';
import { agentCapabilities, setAgentConnected, setAgentSwitches } from '../services/ecs/agent-switches.ts';
import type { AgentSwitches } from '../services/ecs/records.ts';
import { collection } from '../store/collections.ts';
import { InstanceMetadata } from './endpoints/imds.ts';
import { checkInstanceRequest, type InstanceRequest, readMetadataOptions, readSwitches } from './instance-request.ts';
import { findInstanceRole, type InstanceRole, instanceService } from './instance-role.ts';
import { InstanceRoleSession } from './instance-session.ts';
import type { Surroundings } from './ports.ts';
import type { InstanceAccess } from './task-endpoints.ts';

/** An instance of this machine, kept so that a server started again goes on with it. */
interface InstanceRecord {
  readonly arn: string;
  readonly cluster: string;
  readonly account: string;
  readonly region: string;
  readonly launchType: 'EC2' | 'EXTERNAL';
  /** `i-…` or `mi-…`. */
  readonly instanceId: string;
  readonly role: InstanceRole;
  readonly switches: AgentSwitches;
  readonly instanceType: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly availabilityZone?: string;
  /** Those of the AMI where they are not given. */
  readonly metadataOptions?: MetadataOptions;
  /** Epoch milliseconds. */
  readonly launchedAt: number;
}
/** Partition: ''; key: container instance ARN. */
const instances = collection<InstanceRecord>('agent/instances');
/** Source: agent, DefaultReservedPorts. */
const RESERVED_PORTS = ['22', '2375', '2376', '51678', '51679'];
const AGENT_VERSION = '1.105.1';
/** Not a real image; the form is that of one. */
const IMAGE_ID = 'ami-0123456789abcdef0';

/** One container instance: its role's session, its registration and its agent's connection. */
export class ContainerInstance implements InstanceAccess {
  readonly metadata: InstanceMetadata | undefined;
  readonly #surroundings: Surroundings;
  readonly #record: InstanceRecord;
  readonly #session: InstanceRoleSession;

  private constructor(surroundings: Surroundings, record: InstanceRecord) {
    this.#surroundings = surroundings;
    this.#record = record;
    this.#session = new InstanceRoleSession(surroundings, { ...record, roleArn: record.role.roleArn });
    // External instances get their credentials from the SSM agent, not from a metadata service.
    this.metadata = record.launchType === 'EXTERNAL' ? undefined : this.#newMetadata();
  }

  get arn(): string {
    return this.#record.arn;
  }

  get instanceId(): string {
    return this.#record.instanceId;
  }

  get switches(): AgentSwitches {
    return this.#record.switches;
  }

  /**
   * Registers a new instance. Throws UserError when the role cannot be used or may not register: then there is none.
   * Without ecs:Poll there is one, but its agent is not connected.
   */
  static async create(surroundings: Surroundings, request: InstanceRequest): Promise<ContainerInstance> {
    const { ids, clock, account, region } = surroundings;
    const instanceType = request.instanceType ?? DEFAULT_INSTANCE_TYPE;
    const { availabilityZone } = request;
    checkInstanceRequest(request, region);
    const metadataOptions = readMetadataOptions(request);
    const instance = new ContainerInstance(surroundings, {
      arn: '',
      cluster: request.cluster,
      account,
      region,
      launchType: request.launchType,
      instanceId: `${request.launchType === 'EC2' ? 'i' : 'mi'}-${ids.hex(17)}`,
      role: await findInstanceRole(surroundings, request),
      switches: readSwitches(request.switches ?? {}),
      instanceType,
      ...(request.attributes === undefined ? {} : { attributes: request.attributes }),
      ...(availabilityZone === undefined ? {} : { availabilityZone }),
      metadataOptions,
      launchedAt: clock.now(),
    });
    return instance.#register();
  }

  /** The instances that an earlier agent had. */
  static all(surroundings: Surroundings): ContainerInstance[] {
    return surroundings.store.list(instances, '').map((record) => new ContainerInstance(surroundings, record));
  }

  session(): Promise<Principal | undefined> {
    return this.#session.principal();
  }

  /** Makes the agent's connections. Source: agent, app/agent.go: endpoint, then ACS (Poll) and TCS (StartTelemetrySession). */
  async connect(): Promise<void> {
    const { store } = this.#surroundings;
    let connected = true;
    for (const call of this.#plan()) {
      if (call.operation === 'RegisterContainerInstance' || call.occurs === 'repeated') continue;
      try {
        await this.#make(call);
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        // Telemetry is only measured; without an endpoint or Poll there is no work to be had.
        if (call.operation !== 'StartTelemetrySession') connected = false;
        this.#warn(call, error);
        if (!connected) break;
      }
    }
    store.transact((tx) => setAgentConnected(tx, this.arn, connected));
  }

  disconnect(): void {
    this.#surroundings.store.transact((tx) => setAgentConnected(tx, this.arn, false));
  }

  /** Forgets the instance; its registration is someone else's matter. */
  forget(): void {
    this.#surroundings.store.transact((tx) => tx.delete(instances, '', this.arn));
    this.#session.forget();
  }

  /** Deregisters with the instance's own role. Throws AwsError. */
  async deregister(): Promise<void> {
    const { cluster, region } = this.#record;
    const as = await this.session();
    if (as === undefined) throw new AwsError('AccessDeniedException', 'the container instance has no credentials');
    const input = { cluster, containerInstance: this.arn, force: true };
    await this.#surroundings.gateway.call('ecs', 'DeregisterContainerInstance', input, {
      as,
      stage: 'instance',
      region,
    });
    this.forget();
  }

  async #register(): Promise<ContainerInstance> {
    try {
      await this.#session.assume();
    } catch (error) {
      throw this.#unusable(
        error,
        'cannot use',
        `Let ${instanceService(this.#record.launchType)} assume it in its trust policy.`,
      );
    }
    const call = this.#plan().find((each) => each.operation === 'RegisterContainerInstance');
    if (call === undefined) throw new Error('the plan of the instance has no registration');
    let arn: string;
    try {
      arn = await this.#registered(call);
    } catch (error) {
      throw this.#unusable(error, 'cannot register with', registrationHelp(error, this.#record.cluster));
    }
    const record: InstanceRecord = { ...this.#record, arn };
    this.#surroundings.store.transact((tx) => {
      tx.put(instances, '', arn, record);
      setAgentSwitches(tx, arn, record.switches);
    });
    const instance = new ContainerInstance(this.#surroundings, record);
    instance.#warnOfMetadata();
    await instance.connect();
    return instance;
  }

  async #registered(call: PlannedCall): Promise<string> {
    const { switches, launchType, cluster, region, instanceType } = this.#record;
    const size = sizeOf(instanceType) ?? { vcpus: 0, memory: 0 };
    const external = launchType === 'EXTERNAL';
    const architecture = process.arch === 'arm64' ? 'arm64' : 'x86_64';
    const attributes = agentCapabilities({
      // An agent whose switch is off does not offer the capability, and tasks that need it are not placed. With both
      // switches off the published table holds: then tasks are placed, and the instance role writes their logs.
      switches: {
        ...switches,
        logsWithExecutionRole: switches.logsWithExecutionRole || !switches.pullsWithExecutionRole,
      },
      external,
      architecture,
    });
    const as = await this.session();
    if (as === undefined) throw new AwsError('AccessDeniedException', 'the container instance has no credentials');
    const answer = await this.#surroundings.gateway.call(
      'ecs',
      'RegisterContainerInstance',
      {
        cluster,
        attributes: [...attributes, ...this.#customAttributes],
        totalResources: [
          { name: 'CPU', type: 'INTEGER', integerValue: size.vcpus * 1024 },
          { name: 'MEMORY', type: 'INTEGER', integerValue: size.memory },
          { name: 'PORTS', type: 'STRINGSET', stringSetValue: RESERVED_PORTS },
          { name: 'PORTS_UDP', type: 'STRINGSET', stringSetValue: [] },
        ],
        versionInfo: { agentVersion: AGENT_VERSION, agentHash: 'rolecall' },
        ...(external ? {} : { instanceIdentityDocument: await this.#identityDocument() }),
      },
      { as, stage: call.stage, region },
    );
    const arn = answer.containerInstance?.containerInstanceArn;
    if (arn === undefined)
      throw new AwsError('ServerException', 'the registration was answered without a container instance');
    return arn;
  }

  async #make(call: PlannedCall): Promise<void> {
    const { cluster, region } = this.#record;
    const as = await this.session();
    if (as === undefined) throw new AwsError('AccessDeniedException', 'the container instance has no credentials');
    const options = { as, stage: call.stage, region } as const;
    const { gateway } = this.#surroundings;
    if (call.operation === 'Poll' || call.operation === 'StartTelemetrySession') {
      const checks = agentActionChecks(call.operation, this.arn);
      await gateway.authorizeAction({ service: 'ecs', operation: call.operation, checks }, options);
    } else if (call.operation === 'DiscoverPollEndpoint') {
      await gateway.call('ecs', 'DiscoverPollEndpoint', { cluster, containerInstance: this.arn }, options);
    } else {
      throw new Error(`the plan of the instance has an unknown call ${call.operation}`);
    }
  }

  /** Source: agent, ECS_INSTANCE_ATTRIBUTES; an attribute may be without a value. */
  get #customAttributes(): { name: string; value?: string }[] {
    const given = Object.entries(this.#record.attributes ?? {});
    return given.map(([name, value]) => (value === '' ? { name } : { name, value }));
  }

  get #availabilityZone(): string {
    return this.#record.availabilityZone ?? `${this.#record.region}a`;
  }

  #plan(): readonly PlannedCall[] {
    const { region, account, cluster, arn } = this.#record;
    return instancePlan({ region, account, cluster, ...(arn === '' ? {} : { containerInstanceArn: arn }) });
  }

  #newMetadata(): InstanceMetadata {
    const { instanceId, account, region, instanceType, role, launchedAt } = this.#record;
    // 02: a locally administered address, stable for the instance.
    const mac = `02:${(instanceId.slice(2, 12).match(/../g) ?? []).join(':')}`;
    return new InstanceMetadata({
      facts: () => ({
        instanceId,
        account,
        region,
        availabilityZone: this.#availabilityZone,
        instanceType,
        imageId: IMAGE_ID,
        architecture: process.arch === 'arm64' ? 'arm64' : 'x86_64',
        privateIp: '127.0.0.1',
        roleName: role.roleName,
        instanceProfileArn: role.profileArn,
        instanceProfileId: role.profileId,
        launchedAt,
        mac,
      }),
      options: this.#record.metadataOptions ?? AMI_METADATA_OPTIONS,
      credentials: (version) => this.#session.credentials(version),
      now: () => this.#surroundings.clock.now(),
    });
  }

  async #identityDocument(): Promise<string> {
    const { account, region, instanceType } = this.#record;
    return JSON.stringify({
      accountId: account,
      architecture: process.arch === 'arm64' ? 'arm64' : 'x86_64',
      availabilityZone: this.#availabilityZone,
      imageId: IMAGE_ID,
      instanceId: this.instanceId,
      instanceType,
      region,
    });
  }

  #unusable(error: unknown, what: string, help: string): unknown {
    if (!(error instanceof AwsError)) return error;
    const { role, cluster } = this.#record;
    return new UserError(
      'container-instance-refused',
      `the container instance ${what} cluster ${cluster} and role ${role.roleName}: ${error.code}: ${error.message}`,
      help,
    );
  }

  /** An agent in AWS has its own keys from the metadata service. */
  #warnOfMetadata(): void {
    if (this.#record.metadataOptions?.HttpEndpoint !== 'disabled') return;
    this.#surroundings.note({
      level: 'warning',
      containerInstanceArn: this.arn,
      message: `container instance ${this.instanceId} has its metadata service disabled: in AWS its agent, too, finds no keys there, and it can register only while the service is still enabled`,
    });
  }

  #warn(call: PlannedCall, error: AwsError): void {
    this.#surroundings.note({
      level: 'warning',
      containerInstanceArn: this.arn,
      message: `the agent of container instance ${this.instanceId} may not ${call.service}:${call.operation}: ${error.message}`,
    });
  }
}

function registrationHelp(error: unknown, cluster: string): string {
  const code = error instanceof AwsError ? error.code : undefined;
  if (code === 'ClusterNotFoundException') return `Create it: aws ecs create-cluster --cluster-name ${cluster}`;
  if (code === 'AccessDeniedException')
    return 'Attach the managed policy service-role/AmazonEC2ContainerServiceforEC2Role to the role.';
  return 'Correct what the message names.';
}
