import type { AgentNote } from '../agent/ports.ts';
import type { Isolation, RuntimeName } from '../agent/runtimes/runtime.ts';
import type { StandIn } from '../agent/runtimes/stand-ins.ts';
import type { TrailEntry } from '../gateway/trail.ts';
import type { LogEntry } from '../store/collections.ts';

/** A stream that may be a terminal. */
export type Screen = NodeJS.WritableStream & {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
};

/** How containers are run; `auto`: the strongest that this machine can do. */
export type RuntimeChoice = RuntimeName | 'auto';

/** What the commands ask of a server that they start themselves. */
export interface ServerRequest {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Data directory; without one everything is gone when the server stops. */
  readonly data?: string;
  readonly region: string;
  readonly account: string;
  readonly standIns: readonly StandIn[];
  readonly runtime: RuntimeChoice;
  /** Containers take the server for AWS. */
  readonly transparent?: boolean;
  readonly keep?: boolean;
  readonly onCall?: (entry: LogEntry<TrailEntry>) => void;
  readonly onNote?: (note: AgentNote) => void;
  readonly onBug?: (requestId: string, error: unknown) => void;
}

export interface StartedServer {
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly credentialsFile: string | undefined;
  /** A key pair of another account's root user. */
  openAccount(account: string): StartedServer['credentials'];
  readonly runtime: RuntimeName;
  readonly isolation: Isolation;
  /** Directory of the tasks' scratch directories. */
  readonly scratch: string;
  stop(): Promise<void>;
}

/** Everything a command touches of the world around it. */
export interface Io {
  readonly stdout: Screen;
  readonly stderr: Screen;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** Aborted when the user asks to stop (Ctrl-C, SIGTERM). */
  readonly interrupted: AbortSignal;
  startServer(request: ServerRequest): Promise<StartedServer>;
  /** Writes down an error that is a bug in Rolecall; gives the file. */
  logBug(error: unknown): string;
}
