import type { PlannedCall } from '../roles/plan-types.ts';
import { parseEcrImage, parseSecretReference } from '../roles/references.ts';
import { type Platform, thisPlatform } from '../services/ecr/registry/client/pull-image.ts';
import type { TaskRecord } from '../services/ecs/records.ts';
import type * as Ecs from '../wire/generated/types/ecs.ts';
import type { ContainerRun } from './container-run.ts';
import { containerEnvironment, type EndpointAccess } from './environment.ts';
import { CannotStart, containerReason } from './failures/reasons.ts';
import { imageOfCall } from './failures/start-failure.ts';
import { CallFailure, type PlannedCalls } from './planned-calls.ts';
import type { Surroundings } from './ports.ts';
import { Preparation } from './preparation.ts';
import type { ContainerSpec, PullCredentials, RuntimeTask } from './runtimes/runtime.ts';
import { SecretFailure, SecretValues } from './secrets.ts';
import type { TaskLogs } from './task-logs.ts';

export interface StartParts {
  readonly task: TaskRecord;
  readonly definition: Ecs.TaskDefinition;
  readonly plan: readonly PlannedCall[];
  readonly calls: PlannedCalls;
  readonly containers: ReadonlyMap<string, ContainerRun>;
  readonly runtime: RuntimeTask;
  readonly logs: TaskLogs;
  /** True when the start is not wanted any more. */
  readonly ending: () => boolean;
}

/** A task's start: its plan carried out, call by call, then each container. */
export class TaskStart {
  readonly #parts: StartParts;
  readonly #fargate: boolean;
  readonly #preparation: Preparation;
  readonly #surroundings: Surroundings;

  constructor(surroundings: Surroundings, parts: StartParts) {
    const { task, definition, calls, logs } = parts;
    this.#parts = parts;
    this.#surroundings = surroundings;
    this.#fargate = task.launchType === 'FARGATE';
    this.#preparation = new Preparation({
      calls,
      secrets: new SecretValues(task.region, task.account),
      openLog: async (container) => logs.of(container)?.open(),
      standIn: (image) => {
        const parsed = parseEcrImage(image);
        if (!surroundings.runtime.standsInFor(image)) return surroundings.runtime.aboutMissingImage?.(image);
        if (parsed !== undefined) surroundings.standInImage?.(parsed);
        return undefined;
      },
      platform: platformOf(definition),
      beginPull: surroundings.beginPull,
    });
  }

  /**
   * The calls of the plan, in its order. On Fargate any failure ends the task. On EC2 what belongs to a container (its
   * image) fails that container, and each log driver is opened when its container starts. Throws what fails the task.
   */
  async prepare(): Promise<void> {
    const { plan, containers, ending, logs } = this.#parts;
    for (const container of containers.values()) logs.add(container);
    this.#checkReferences();
    for (const call of plan) {
      if (ending()) return;
      if (!this.#fargate && call.stage === 'logs') continue;
      const concerned = call.containers.flatMap((name) => containers.get(name) ?? []);
      if (concerned.length > 0 && concerned.every((container) => container.status === 'STOPPED')) continue;
      try {
        await this.#preparation.carryOut(call);
      } catch (error) {
        this.#fail(concerned, error);
      }
    }
    await this.#pullImages();
  }

  /** Creates and starts one container. What goes wrong with it alone becomes its reason; anything else is thrown. */
  async start(container: ContainerRun, access: EndpointAccess): Promise<void> {
    const { definition, name, identity } = container;
    const { command, entryPoint, workingDirectory } = definition;
    try {
      const spec: ContainerSpec = {
        name,
        runtimeId: identity.runtimeId,
        dockerName: identity.dockerName,
        image: definition.image ?? '',
        definition,
        environment: this.#environmentOf(definition, name, access),
        ...(command === undefined ? {} : { command }),
        ...(entryPoint === undefined ? {} : { entryPoint }),
        ...(workingDirectory === undefined ? {} : { workingDirectory }),
      };
      // On Fargate the log is open already.
      await container.start(this.#parts.runtime, spec, this.#parts.logs.of(name), !this.#fargate);
    } catch (error) {
      const reason = containerReason(this.#parts.task.launchType, error);
      if (reason === undefined) throw error;
      container.fail(reason);
    }
  }

  #environmentOf(container: Ecs.ContainerDefinition, name: string, access: EndpointAccess): Record<string, string> {
    const { launchType, region } = this.#parts.task;
    return containerEnvironment({
      container,
      files: this.#preparation.filesOf(name),
      secrets: this.#preparation.secrets.resolve(container.secrets),
      launchType,
      region,
      access,
    });
  }

  /** A `valueFrom` that cannot be read fails before any call. Source: agent, asmsecret resource. */
  #checkReferences(): void {
    const { task, definition } = this.#parts;
    for (const container of definition.containerDefinitions ?? []) {
      for (const { valueFrom } of [
        ...(container.secrets ?? []),
        ...(container.logConfiguration?.secretOptions ?? []),
      ]) {
        const reference = parseSecretReference(valueFrom, task.region, task.account);
        if (reference.provider !== 'invalid') continue;
        const message = `trying to retrieve secret with value ${valueFrom} resulted in error: ${reference.reason}`;
        throw new SecretFailure('asm', task.region, message);
      }
    }
  }

  async #pullImages(): Promise<void> {
    const { containers, ending, runtime } = this.#parts;
    for (const container of containers.values()) {
      if (ending()) return;
      if (container.status === 'STOPPED') continue;
      const image = container.definition.image ?? '';
      try {
        const fetch = (credentials: PullCredentials | undefined) => runtime.pull(image, credentials);
        const pulled = await this.#preparation.pull(container.name, image, fetch);
        container.imageDigest = this.#preparation.digestOf(image) ?? pulled.digest;
      } catch (error) {
        this.#fail([container], error);
      }
    }
  }

  /** Fails the containers concerned, or throws what fails the whole task. */
  #fail(containers: readonly ContainerRun[], error: unknown): void {
    if (error instanceof CallFailure) this.#adviseOnImage(error);
    const reason = containerReason(this.#parts.task.launchType, error);
    if (reason === undefined) throw error;
    for (const container of containers) container.fail(reason);
    // On Fargate the platform gives the task up as a whole. unverified: also for a container that is not essential
    if (this.#fargate) throw new CannotStart(reason);
  }

  /** How an image gets into the registry, for runtimes that take it from there: ECS's text knows nothing of it. */
  #adviseOnImage({ call, error, hint }: CallFailure): void {
    if (call.operation !== 'BatchGetImage' || hint !== undefined || !MISSING_IMAGE.has(error.code)) return;
    this.#surroundings.note({
      level: 'warning',
      taskArn: this.#parts.task.arn,
      message: `this server's registry does not have ${imageOfCall(call)}: put it there with \`docker push\` or \`rolecall images import\` (docs/workloads.md, Images)`,
    });
  }
}

const MISSING_IMAGE = new Set(['RepositoryNotFoundException', 'ImageNotFoundException']);

/** The platform that the task definition names, else this machine's. Source: ECS API, RuntimePlatform.cpuArchitecture. */
function platformOf({ runtimePlatform }: Ecs.TaskDefinition): Platform {
  switch (runtimePlatform?.cpuArchitecture) {
    case 'ARM64':
      return { os: 'linux', architecture: 'arm64' };
    case 'X86_64':
      return { os: 'linux', architecture: 'amd64' };
    default:
      return thisPlatform;
  }
}
