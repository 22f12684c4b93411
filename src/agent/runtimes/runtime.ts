import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { LaunchType } from '../../roles/duty.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';

export type RuntimeName = 'process' | 'namespace' | 'docker';

/** What keeps the tasks of a runtime apart, from each other and from the machine. Shown in the banner and the docs. */
export interface Isolation {
  readonly files: boolean;
  readonly network: boolean;
  readonly processes: boolean;
  /** Whether the credentials endpoint can tell a task's own processes from others. */
  readonly callers: boolean;
  /** One sentence for people. */
  readonly summary: string;
}

/** Something a task definition asks for and a runtime does not do, or does at the price of isolation. */
export interface Unsupported {
  /** JSON pointer into the task definition, e.g. `/containerDefinitions/0/user`. */
  readonly field: string;
  /**
   * `refused`: the task cannot start; `announced`: it starts without, and that is said; `warned`: it is done, and what it
   * opens is said.
   */
  readonly effect: 'refused' | 'announced' | 'warned';
  readonly reason: string;
}

export interface TaskPlace {
  readonly taskArn: string;
  /** 32 hex digits. */
  readonly taskId: string;
  readonly launchType: LaunchType;
  readonly definition: Ecs.TaskDefinition;
  /** The task's own scratch directory, readable by the owner only. */
  readonly directory: string;
}

/** How a container of a task is made. Everything is resolved: overrides applied, secrets read. */
export interface ContainerSpec {
  readonly name: string;
  readonly runtimeId: string;
  /** What it is called where containers have names. */
  readonly dockerName?: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly entryPoint?: readonly string[];
  readonly workingDirectory?: string;
  /** The whole environment that ECS gives; the runtime adds what an image would bring (PATH, HOME). */
  readonly environment: Readonly<Record<string, string>>;
  readonly definition: Ecs.ContainerDefinition;
}

/** What a registry is given to let the pull in: an ECR token or the secret of `repositoryCredentials`. Never logged. */
export interface PullCredentials {
  readonly username: string;
  readonly password: string;
}

export interface PulledImage {
  /** `sha256:…`, where the runtime knows it. */
  readonly digest?: string;
  /** What stands in for the image, for people. */
  readonly description?: string;
}

export interface ContainerExit {
  /** Undefined when the process ended while no agent watched it: the exit code is lost. */
  readonly code: number | undefined;
  readonly outOfMemory?: boolean;
  /** Set when the container ended without having run (the program was not found). */
  readonly reason?: string;
}

export interface OutputLine {
  readonly stream: 'stdout' | 'stderr';
  readonly line: string;
  /** Epoch milliseconds: when the line was read. */
  readonly at: number;
  /** Where reading goes on after this line. */
  readonly position: OutputPosition;
}

/** Opaque to all but the runtime; plain JSON, so that it can be stored. */
export type OutputPosition = Readonly<Record<string, number>>;

export interface ExecResult {
  readonly code: number;
  readonly output: string;
  readonly timedOut: boolean;
}

/** What a container uses at a moment. */
export interface ContainerUsage {
  /** CPU time since the start, nanoseconds. */
  readonly cpu: number;
  /** CPU time of the whole machine, nanoseconds. */
  readonly systemCpu: number;
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  readonly processes: number;
}

/** One container, from created to gone. */
export interface RuntimeContainer {
  readonly name: string;
  readonly runtimeId: string;
  /** Epoch milliseconds; undefined until started. */
  readonly startedAt: number | undefined;
  /** IPv4 address, where the container has a network of its own (bridge). */
  readonly address?: string | undefined;
  /** Ports of this machine that lead to the container, where the runtime publishes them itself. */
  readonly networkBindings?: readonly Ecs.NetworkBinding[] | undefined;
  /** Throws RuntimeFailure when it cannot be started. */
  start(): Promise<void>;
  /** SIGTERM, then SIGKILL after `graceMilliseconds`. Resolves when nothing of it runs any more. */
  stop(graceMilliseconds: number): Promise<void>;
  /** Resolves when the container has ended; also when it had ended before. */
  wait(): Promise<ContainerExit>;
  /** Runs a command beside the container's program, in its environment (health checks). */
  execute(command: readonly string[], timeoutMilliseconds: number): Promise<ExecResult>;
  /** Undefined when the system does not tell, or nothing runs. */
  usage(): Promise<ContainerUsage | undefined>;
  /** The container's output, line by line, until it has ended and everything is read, or `signal` aborts. */
  output(from: OutputPosition | undefined, signal: AbortSignal): AsyncIterable<OutputLine[]>;
}

export type Caller =
  | { readonly belongs: true }
  | { readonly belongs: false; readonly who: string }
  | { readonly belongs: 'unknown'; readonly why: string };

/** The place in which the containers of one task run. */
export interface RuntimeTask {
  /**
   * `full-uri`: containers reach the endpoint under a loopback address and an authorization token;
   * `relative-uri`: 169.254.170.2 answers inside the task, as in ECS.
   */
  readonly credentialsDelivery: 'full-uri' | 'relative-uri';
  /** IPv4 address of the task as its containers see it. */
  readonly address: string;
  /** Environment that the runtime itself gives to every container, below everything else. */
  readonly environment: Readonly<Record<string, string>>;
  /** Lets `server` listen where only this task's containers reach it; answers the base URL. `port` asks for the same as before. */
  listen(server: Server, purpose: 'agent' | 'instance-metadata', port?: number): Promise<{ url: string; port: number }>;
  /** Whether the process at the other end of the connection is one of the task's. */
  caller(socket: Socket): Promise<Caller>;
  /** Makes the image ready; `credentials` are there for ECR and private registries. Throws RuntimeFailure. */
  pull(image: string, credentials: PullCredentials | undefined): Promise<PulledImage>;
  create(spec: ContainerSpec): Promise<RuntimeContainer>;
  /** Containers that an earlier agent started and that are known: running, or ended meanwhile. */
  recover(): Promise<readonly RuntimeContainer[]>;
  /** Ends what still runs and forgets the task. The scratch directory stays. */
  remove(): Promise<void>;
}

export interface Runtime {
  readonly name: RuntimeName;
  readonly isolation: Isolation;
  /** What of the task definition this runtime does not do; empty when all is done. */
  unsupported(definition: Ecs.TaskDefinition): readonly Unsupported[];
  /** Whether something local plays this image, so that no registry need hold it. */
  standsInFor(image: string): boolean;
  /** What people can do about an image that is not to be had: a sentence behind ECS's own. */
  readonly aboutMissingImage?: (image: string) => string;
  prepareTask(place: TaskPlace): Promise<RuntimeTask>;
  /** Whether a connection within this machine's own network was made by a task that shares it. Absent: none can be told. */
  readonly isTask?: (socket: Socket) => boolean;
}

/** A step that the runtime could not do; the launch type's family of texts says it in ECS's words. */
export class RuntimeFailure extends Error {
  readonly step: 'pull' | 'create' | 'start';
  constructor(step: 'pull' | 'create' | 'start', message: string) {
    super(message);
    this.name = 'RuntimeFailure';
    this.step = step;
  }
}
