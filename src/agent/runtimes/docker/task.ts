import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { listen } from '../../../core/listening.ts';
import type * as Ecs from '../../../wire/generated/types/ecs.ts';
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
import { containerConfig } from './container-config.ts';
import type { ContainerInspection } from './engine-types.ts';
import { containerAtOtherEnd } from './host-callers.ts';
import type { HostEndpoint } from './host-endpoint.ts';
import type { Images } from './images.ts';
import { LABEL } from './labels.ts';
import { listContainers } from './leftovers.ts';
import {
  AGENT_ADDRESS,
  isFromOutside,
  type ListeningPurpose,
  METADATA_ADDRESS,
  type Namespace,
  type NamespaceParts,
  removeContainer,
} from './namespaces.ts';
import { linkVariables, parseLink } from './network-settings.ts';
import type { ReadyNamespaces } from './ready-namespaces.ts';
import { TaskNetworks } from './task-networks.ts';
import { makeVolumes, removeVolumes } from './volumes.ts';

/** What all tasks of a server share. */
export interface TaskParts extends NamespaceParts {
  readonly images: Images;
  readonly ready: ReadyNamespaces;
  readonly hostEndpoint: HostEndpoint;
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
    if (!this.#recovered) await this.#networks.prepare();
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
    if (!this.#onHost) {
      if (!isFromOutside(socket, this.#networks.addresses)) return { belongs: true };
      return { belongs: false, who: `${socket.remoteAddress ?? 'somebody'} on the tasks' network` };
    }
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
    const made = await listContainers(engine, [`${LABEL.task}=${taskId}`, `${LABEL.role}=container`]);
    await Promise.all(made.map(({ Id }) => removeContainer(engine, Id)));
    await this.#networks.remove();
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
    }
    return this.#volumes;
  }

  async #create(spec: ContainerSpec, volumes: ReadonlyMap<string, string>): Promise<DockerContainer> {
    const { engine, labels, cpus } = this.#parts;
    const { definition, taskId } = this.#place;
    const links = await this.#links(spec.definition);
    const hosts = links.map(({ alias, address }) => ({ hostname: alias, ipAddress: address }));
    const network = await this.#networks.obtain(spec.definition, hosts);
    const processes = await this.#networks.processes();
    const shared = processes === undefined ? undefined : `container:${processes.id}`;
    const config = containerConfig(spec, this.#place, {
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
      environment: linkVariables(spec.name, links),
      cpus,
    });
    const { Id } = await engine.post<{ Id: string }>('/containers/create', { name: this.#nameOf(spec) }, config);
    const container = this.#container(Id, spec.name, spec.runtimeId, config.Tty === true, network);
    this.#containers.set(spec.name, container);
    return container;
  }

  #container(
    id: string,
    name: string,
    runtimeId: string,
    tty: boolean,
    network: Namespace | undefined,
  ): DockerContainer {
    const { engine, ready } = this.#parts;
    const own = this.#place.definition.networkMode === 'awsvpc' ? undefined : network;
    return new DockerContainer({
      engine,
      id,
      name,
      runtimeId,
      tty,
      fargate: this.#place.launchType === 'FARGATE',
      address: own?.address,
      networkBindings: own?.bindings,
      ready: network === undefined ? Promise.resolve() : this.#networks.open(network),
      // What the next task will want is made when this one has got going.
      started: () => ready.fill(),
    });
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

  /** Source: agent: `ecs-FAMILY-REVISION-CONTAINER-HEX`. */
  #nameOf(spec: ContainerSpec): string {
    const { family = 'task', revision = 0 } = this.#place.definition;
    const name = spec.name.replaceAll(/[^A-Za-z0-9_.-]/g, '-');
    return `ecs-${family}-${revision}-${name}-${randomBytes(10).toString('hex')}`;
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
      const container = this.#container(Id, name, Labels[LABEL.runtimeId] ?? Id, inspection.Config.Tty, network);
      container.adopt(inspection);
      this.#containers.set(name, container);
    }
  }
}
