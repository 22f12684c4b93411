import { hopsTo } from '../core/metadata-options.ts';
import type { Principal } from '../gateway/principals.ts';
import { type AgentSwitches, regional, resourceTags, type TaskRecord } from '../services/ecs/records.ts';
import { findTask } from '../services/ecs/task-lookup.ts';
import type * as Ecs from '../wire/generated/types/ecs.ts';
import type { ContainerRun } from './container-run.ts';
import type { InstanceMetadata } from './endpoints/imds.ts';
import { TaskListener } from './endpoints/task-listener.ts';
import type { EndpointAccess } from './environment.ts';
import type { Surroundings } from './ports.ts';
import type { RuntimeTask } from './runtimes/runtime.ts';
import type { SavedTask } from './saved-task.ts';

/** The container instance that a task runs on. */
export interface InstanceAccess {
  session(): Promise<Principal | undefined>;
  readonly switches: AgentSwitches;
  /** Undefined on external instances. */
  readonly metadata: InstanceMetadata | undefined;
}

export interface EndpointParts {
  readonly task: TaskRecord;
  readonly definition: Ecs.TaskDefinition;
  readonly runtime: RuntimeTask;
  readonly instance: InstanceAccess | undefined;
  readonly containers: ReadonlyMap<string, ContainerRun>;
  /** What the containers of an earlier agent know. */
  readonly saved: SavedTask | undefined;
}

interface OpenMetadata {
  readonly url: string;
  readonly port: number;
  readonly close: () => Promise<void>;
}

/** What the containers of a task can reach: its own endpoint, and on EC2 the metadata of the instance. */
export class TaskEndpoints {
  readonly #surroundings: Surroundings;
  readonly #parts: EndpointParts;
  readonly #token: string | undefined;
  readonly #listener: TaskListener;
  #metadata: OpenMetadata | undefined;

  private constructor(surroundings: Surroundings, parts: EndpointParts) {
    const { runtime, saved } = parts;
    this.#surroundings = surroundings;
    this.#parts = parts;
    this.#token =
      runtime.credentialsDelivery === 'full-uri'
        ? (saved?.token ?? surroundings.ids.bytes(32).toString('base64url'))
        : undefined;
    this.#listener = this.#newListener();
  }

  static async open(surroundings: Surroundings, parts: EndpointParts): Promise<TaskEndpoints> {
    const endpoints = new TaskEndpoints(surroundings, parts);
    const { saved, instance, definition, runtime } = parts;
    await endpoints.#open(saved?.port);
    // awsvpc tasks reach the metadata unless ECS_AWSVPC_BLOCK_IMDS keeps them off. Source: agent README.
    const blocked = definition.networkMode === 'awsvpc' && instance?.switches.awsvpcBlockImds === true;
    if (instance?.metadata !== undefined && !blocked && definition.networkMode !== 'none') {
      const hops = hopsTo(definition.networkMode);
      endpoints.#metadata = await instance.metadata.listenFor(runtime, hops, saved?.instanceMetadataPort);
    }
    return endpoints;
  }

  /** How one container finds the endpoints. */
  access(endpointId: string): EndpointAccess {
    const id = this.#parts.task.taskCredentialsId;
    return {
      baseUrl: this.#listener.url,
      endpointId,
      instanceMetadata: this.#metadata?.url,
      server: this.#surroundings.endpoint(),
      ...(id === undefined ? {} : { credentials: { id, token: this.#token } }),
    };
  }

  /** What must stay the same for the containers when another agent goes on. */
  get saved(): Pick<SavedTask, 'port' | 'instanceMetadataPort' | 'token'> {
    return {
      port: this.#listener.port,
      ...(this.#metadata === undefined ? {} : { instanceMetadataPort: this.#metadata.port }),
      ...(this.#token === undefined ? {} : { token: this.#token }),
    };
  }

  async close(): Promise<void> {
    await this.#listener.close();
    await this.#metadata?.close();
  }

  #newListener(): TaskListener {
    const { gateway, attempt, refreshCredentials, store } = this.#surroundings;
    const { task, definition, runtime, containers } = this.#parts;
    const { taskCredentialsId: id } = task;
    const read = (credentialsId: string) => refreshCredentials(task, credentialsId);
    return new TaskListener({
      gateway,
      runtime,
      facts: () => ({
        task: findTask(store, task.arn) ?? task,
        definition,
        containers: [...containers.values()].map((container) => container.facts),
        address: runtime.address,
      }),
      tags: () => this.#tags(),
      credentials: { id, token: this.#token, read, refused: (why) => attempt({ taskArn: task.arn, why }) },
      session: async () => {
        const credentials = id === undefined ? undefined : await read(id);
        return credentials === undefined ? undefined : gateway.principalOf(credentials.accessKeyId);
      },
      usage: async ({ definition: { name = '' } }) => containers.get(name)?.usage(),
      now: () => Date.now(),
    });
  }

  /** Containers of an earlier agent know one port only. */
  async #open(port: number | undefined): Promise<void> {
    try {
      await this.#listener.open(port);
    } catch (error) {
      if (port === undefined) throw error;
      const { arn: taskArn, id } = this.#parts.task;
      const message = `port ${port} is taken: containers of task ${id} cannot reach their credentials any more`;
      this.#surroundings.note({ level: 'warning', taskArn, message });
      await this.#listener.open();
    }
  }

  #tags() {
    const { account, region, arn, containerInstanceArn } = this.#parts.task;
    const read = (resource: string) =>
      this.#surroundings.store.get(resourceTags, regional(account, region), resource) ?? {};
    return {
      task: read(arn),
      containerInstance: containerInstanceArn === undefined ? undefined : read(containerInstanceArn),
    };
  }
}
