import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { listen } from '../../../core/listening.ts';
import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import type { ContainerTrust } from '../../transparent/trust.ts';
import { AGENT_ADDRESS, callerBeside, METADATA_ADDRESS } from '../beside.ts';
import {
  type Caller,
  type ContainerSpec,
  type PullCredentials,
  type PulledImage,
  type RuntimeContainer,
  RuntimeFailure,
  type RuntimeTask,
  type TaskPlace,
} from '../runtime.ts';
import { DockerContainer } from './container.ts';
import { containerConfig, taskCpu, taskMemory } from './container-config.ts';
import type { ContainerInspection } from './engine-types.ts';
import { containerAtOtherEnd } from './host-callers.ts';
import type { HostEndpoint } from './host-endpoint.ts';
import type { ImageTrusts } from './image-trust.ts';
import type { Images } from './images.ts';
import { LABEL, type ObjectRole } from './labels.ts';
import { listContainers } from './leftovers.ts';
import { type ListeningPurpose, type Namespace, type NamespaceParts, removeContainer } from './namespaces.ts';
import { linkVariables, parseLink } from './network-settings.ts';
import { joinRanges } from './port-ranges.ts';
import type { ReadyNamespaces } from './ready-namespaces.ts';
import type { TaskGroups, TaskLimits } from './task-limits.ts';
import { TaskNetworks } from './task-networks.ts';
import { makeVolumes, removeVolumes } from './volumes.ts';

/** What all tasks of a server share. */
export interface TaskParts extends NamespaceParts {
  readonly images: Images;
  readonly ready: ReadyNamespaces;
  readonly hostEndpoint: HostEndpoint;
  readonly imageTrusts: ImageTrusts;
  /** Undefined where the containers of a task cannot be limited together. */
  readonly groups: TaskGroups | undefined;
  /** Processors of the machine. */
  readonly cpus: number;
}

/** A container that another one links to. */
interface Linked {
  readonly alias: string;
  readonly address: string;
  readonly ports: readonly string[];
}

/** The containers of one task in the Docker Engine. */
export class DockerTask implements RuntimeTask {
  readonly credentialsDelivery = 'relative-uri';
  readonly environment: Readonly<Record<string, string>> = {};
  readonly #parts: TaskParts;
  readonly #place: TaskPlace;
  readonly #networks: TaskNetworks;
  readonly #containers = new Map<string, DockerContainer>();
  readonly #images = new Map<string, string>();
  #volumes: Promise<ReadonlyMap<string, string>> | undefined;
  #group: Promise<string | undefined> | undefined;
  #recovered = false;

  constructor(parts: TaskParts, place: TaskPlace) {
    this.#parts = parts;
    this.#place = place;
    this.#networks = new TaskNetworks(parts, place);
  }

  get address(): string {
    return this.#networks.get('')?.address ?? '127.0.0.1';
  }

  /** Makes what the task needs before anything else, or finds what an earlier agent made. Throws RuntimeFailure. */
  async prepare(earlier: boolean): Promise<void> {
    if (earlier) await this.#findEarlier();
    if (this.#recovered) return;
    if (earlier) await this.#removeAll('namespace');
    await this.#networks.prepare();
  }

  async listen(server: Server, purpose: ListeningPurpose, port = 0): Promise<{ url: string; port: number }> {
    if (this.#onHost) return this.#listenOnHost(server, purpose, port);
    this.#networks.serve(purpose, server);
    // Containers that run wait for it. On Fargate nothing else will listen: it can be done while images are pulled.
    if (this.#recovered) await this.#networks.openAll();
    else if (this.#place.launchType === 'FARGATE') this.#networks.openAll().catch(() => {});
    return { url: `http://${purpose === 'agent' ? AGENT_ADDRESS : METADATA_ADDRESS}`, port: 80 };
  }

  async caller(socket: Socket): Promise<Caller> {
    if (!this.#onHost) return callerBeside(socket);
    const container = containerAtOtherEnd(socket);
    if (container === undefined) return { belongs: false, who: 'a process outside of all containers' };
    return this.#has(container)
      ? { belongs: true }
      : { belongs: false, who: `container ${container.slice(0, 12)} of another task` };
  }

  async pull(image: string, credentials: PullCredentials | undefined): Promise<PulledImage> {
    this.#begin();
    const { reference, ...pulled } = await this.#parts.images.pull(image, credentials);
    this.#images.set(image, reference);
    return pulled;
  }

  async create(spec: ContainerSpec): Promise<RuntimeContainer> {
    const volumes = this.#begin();
    try {
      await this.#forget(spec.name);
      return await this.#create(spec, await volumes);
    } catch (error) {
      if (error instanceof RuntimeFailure) throw error;
      throw new RuntimeFailure('create', error instanceof Error ? error.message : String(error));
    }
  }

  async recover(): Promise<readonly RuntimeContainer[]> {
    return [...this.#containers.values()];
  }

  /** Ends what runs, lets what was written be read to its end, then removes everything that was made for the task. */
  async remove(): Promise<void> {
    const { engine } = this.#parts;
    const { taskId, definition } = this.#place;
    const containers = [...this.#containers.values()];
    await Promise.all(containers.map((container) => container.kill()));
    await Promise.all(containers.map((container) => container.drained()));
    await this.#volumes?.catch(() => {});
    await this.#removeAll('container');
    await this.#networks.remove();
    // What an earlier agent had made when it was killed, and had not come to use.
    await this.#removeAll('namespace');
    await this.#group?.catch(() => {});
    if (isLimited(taskLimits(definition))) await this.#parts.groups?.remove(taskId);
    if ((definition.volumes ?? []).length > 0) await removeVolumes(engine, [`${LABEL.task}=${taskId}`]);
    this.#containers.clear();
  }

  get #onHost(): boolean {
    return this.#place.definition.networkMode === 'host';
  }

  #has(container: string): boolean {
    return [...this.#containers.values()].some(({ id }) => id === container);
  }

  /** What can be done while images are pulled. */
  #begin(): Promise<ReadonlyMap<string, string>> {
    if (this.#volumes === undefined) {
      this.#networks.openAll().catch(() => {});
      this.#volumes = makeVolumes(this.#parts.engine, this.#place, this.#parts.labels);
      this.#volumes.catch(() => {});
      this.#group = this.#makeGroup();
      this.#group.catch(() => {});
    }
    return this.#volumes;
  }

  async #makeGroup(): Promise<string | undefined> {
    const limits = taskLimits(this.#place.definition);
    return isLimited(limits) ? this.#parts.groups?.make(this.#place.taskId, limits) : undefined;
  }

  async #create(spec: ContainerSpec, volumes: ReadonlyMap<string, string>): Promise<DockerContainer> {
    const { engine, labels, cpus } = this.#parts;
    const { definition, taskId } = this.#place;
    const links = await this.#links(spec.definition);
    const hosts = links.map(({ alias, address }) => ({ hostname: alias, ipAddress: address }));
    const network = await this.#networks.obtain(spec.definition, hosts);
    const processes = await this.#networks.processes();
    const shared = processes === undefined ? undefined : `container:${processes.id}`;
    const trust = await this.#trust(spec);
    const config = containerConfig(spec, this.#place, {
      cgroupParent: await this.#group,
      networkMode: network === undefined ? this.#plainMode(spec.definition) : `container:${network.id}`,
      sharedPid: definition.pidMode === 'task' ? shared : undefined,
      sharedIpc: definition.ipcMode === 'task' ? shared : undefined,
      volumes,
      containers: new Map([...this.#containers].map(([name, { id }]) => [name, id])),
      labels: {
        ...labels,
        [LABEL.role]: 'container',
        [LABEL.task]: taskId,
        [LABEL.container]: spec.name,
        [LABEL.runtimeId]: spec.runtimeId,
      },
      image: this.#images.get(spec.image) ?? spec.image,
      environment: { ...trust?.environment, ...linkVariables(spec.name, links) },
      mounts: trust?.mounts,
      cpus,
    });
    const { Id } = await engine.post<{ Id: string }>(
      '/containers/create',
      spec.dockerName === undefined ? {} : { name: spec.dockerName },
      config,
    );
    const tty = config.Tty === true;
    const container = this.#container(Id, spec.runtimeId, tty, network, { ...spec.definition, name: spec.name });
    this.#containers.set(spec.name, container);
    return container;
  }

  #container(
    id: string,
    runtimeId: string,
    tty: boolean,
    network: Namespace | undefined,
    definition: Ecs.ContainerDefinition,
  ): DockerContainer {
    const { engine, ready } = this.#parts;
    const { name = '' } = definition;
    const own = this.#place.definition.networkMode === 'awsvpc' ? undefined : network;
    return new DockerContainer({
      engine,
      id,
      name,
      runtimeId,
      tty,
      fargate: this.#place.launchType === 'FARGATE',
      address: own?.address,
      networkBindings: own === undefined ? undefined : joinRanges(own.bindings, definition),
      ready: network === undefined ? Promise.resolve() : this.#networks.open(network),
      // What the next task will want is made when this one has got going.
      started: () => ready.fill(),
    });
  }

  /** In transparent mode: what the container needs to take this server for AWS. */
  async #trust(spec: ContainerSpec): Promise<ContainerTrust | undefined> {
    const { transparent, imageTrusts } = this.#parts;
    if (transparent === undefined || this.#place.definition.networkMode === 'none') return undefined;
    const image = await imageTrusts.of(this.#images.get(spec.image) ?? spec.image);
    return transparent.trust(image, spec.definition, this.#place.definition);
  }

  #definitionOf(container: string): Ecs.ContainerDefinition {
    return this.#place.definition.containerDefinitions?.find(({ name }) => name === container) ?? {};
  }

  #plainMode(container: Ecs.ContainerDefinition): 'host' | 'none' {
    return this.#onHost && container.disableNetworking !== true ? 'host' : 'none';
  }

  /** Source: ECS API, ContainerDefinition.links: bridge mode only; the linked container has been started before. */
  async #links({ links }: Ecs.ContainerDefinition): Promise<readonly Linked[]> {
    const linked: Linked[] = [];
    for (const { container, alias } of (links ?? []).map(parseLink)) {
      const network = this.#networks.get(container);
      const target = this.#containers.get(container);
      if (network === undefined || target === undefined) {
        throw new Error(`Cannot link to a non running container: ${container}`);
      }
      const { Config } = await this.#parts.engine.get<ContainerInspection>(`/containers/${target.id}/json`);
      const published = network.bindings.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`);
      const ports = [...new Set([...Object.keys(Config.ExposedPorts ?? {}), ...published])];
      linked.push({ alias, address: network.address, ports });
    }
    return linked;
  }

  async #listenOnHost(server: Server, purpose: ListeningPurpose, port: number): Promise<{ url: string; port: number }> {
    if (purpose === 'agent') {
      await this.#parts.hostEndpoint.add({ server, has: (container) => this.#has(container) });
      return { url: `http://${AGENT_ADDRESS}`, port: 80 };
    }
    // The machine's own metadata address is not taken over: it may have one.
    const bound = await listen(server, port, '127.0.0.1');
    return { url: `http://127.0.0.1:${bound}`, port: bound };
  }

  /** A container that is started again takes the place of its earlier run. */
  async #forget(name: string): Promise<void> {
    const earlier = this.#containers.get(name);
    if (earlier === undefined) return;
    await earlier.kill();
    await earlier.drained();
    await removeContainer(this.#parts.engine, earlier.id);
    this.#containers.delete(name);
  }

  async #removeAll(role: ObjectRole): Promise<void> {
    const { engine } = this.#parts;
    const made = await listContainers(engine, [`${LABEL.task}=${this.#place.taskId}`, `${LABEL.role}=${role}`]);
    await Promise.all(made.map(({ Id }) => removeContainer(engine, Id)));
  }

  async #findEarlier(): Promise<void> {
    const { engine } = this.#parts;
    const found = await listContainers(engine, [`${LABEL.task}=${this.#place.taskId}`, `${LABEL.role}=container`]);
    for (const { Id, Labels, State, HostConfig } of found) {
      this.#recovered = true;
      const name = Labels[LABEL.container] ?? '';
      const network = await this.#networks.find(name, HostConfig.NetworkMode);
      // One that was made and never started is of no use; it goes with the task.
      if (State === 'created') continue;
      const inspection = await engine.get<ContainerInspection>(`/containers/${Id}/json`);
      const definition = { ...this.#definitionOf(name), name };
      const container = this.#container(Id, Labels[LABEL.runtimeId] ?? Id, inspection.Config.Tty, network, definition);
      container.adopt(inspection);
      this.#containers.set(name, container);
    }
  }
}

function taskLimits(definition: Ecs.TaskDefinition): TaskLimits {
  return { cpu: taskCpu(definition), memory: taskMemory(definition) };
}

function isLimited({ cpu, memory }: TaskLimits): boolean {
  return cpu !== undefined || memory !== undefined;
}
