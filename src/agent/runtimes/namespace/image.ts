import type { PullCredentials } from '../runtime.ts';

/** What an image says of how it is run. Source: OCI image specification, config.md. */
export interface ImageConfig {
  readonly entryPoint: readonly string[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  readonly user: string;
  readonly stopSignal: string | undefined;
  /** Paths that are volumes: each container gets its own, even where its root is read-only. */
  readonly volumes: readonly string[];
}

/** An image whose layers lie unpacked in a directory. */
export interface UnpackedImage {
  /** `sha256:…` of the manifest. */
  readonly digest: string;
  /** Shared by all containers, never written to after it was made. */
  readonly root: string;
  readonly config: ImageConfig;
}

/** Where a task's images come from. */
export interface ImageSource {
  /** Makes an image ready. Throws RuntimeFailure with the text of the registry. */
  fetch(image: string, credentials: PullCredentials | undefined): Promise<UnpackedImage>;
}

/** Source: moby, `/bin` folders that containers are given when their image names no PATH. */
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Reads an image's configuration blob. Throws Error when it is none, or not for Linux. */
export function readImageConfig(text: string): ImageConfig {
  const blob = JSON.parse(text) as { os?: unknown; config?: Record<string, unknown> | null };
  if (blob.os !== undefined && blob.os !== 'linux') throw new Error(`the image is made for ${String(blob.os)}`);
  const config = blob.config ?? {};
  const environment = strings(config.Env).map((entry): [string, string] => {
    const divider = entry.indexOf('=');
    return divider < 0 ? [entry, ''] : [entry.slice(0, divider), entry.slice(divider + 1)];
  });
  return {
    entryPoint: strings(config.Entrypoint),
    command: strings(config.Cmd),
    environment: { PATH: DEFAULT_PATH, ...Object.fromEntries(environment) },
    workingDirectory: textOf(config.WorkingDir) || '/',
    user: textOf(config.User),
    stopSignal: textOf(config.StopSignal) || undefined,
    volumes: Object.keys((config.Volumes as object | null | undefined) ?? {}),
  };
}

/**
 * What runs: the container's `entryPoint` replaces the image's, and with it the image's command goes; `command` replaces
 * the image's command. Undefined when nothing is left. Source: dockerd, as ECS uses it.
 */
export function imageCommandLine(
  config: ImageConfig,
  container: { readonly entryPoint?: readonly string[] | undefined; readonly command?: readonly string[] | undefined },
): readonly string[] | undefined {
  const replaced = container.entryPoint !== undefined && container.entryPoint.length > 0;
  const own = container.command !== undefined && container.command.length > 0;
  const entry = replaced ? (container.entryPoint ?? []) : config.entryPoint;
  const command = own ? (container.command ?? []) : replaced ? [] : config.command;
  const line = [...entry, ...command];
  return line.length === 0 ? undefined : line;
}

const SIGNALS = new Set<string>([
  'SIGTERM',
  'SIGINT',
  'SIGQUIT',
  'SIGHUP',
  'SIGUSR1',
  'SIGUSR2',
  'SIGKILL',
  'SIGWINCH',
  'SIGABRT',
  'SIGCONT',
]);
const NUMBERS: Readonly<Record<string, NodeJS.Signals>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  6: 'SIGABRT',
  9: 'SIGKILL',
  10: 'SIGUSR1',
  12: 'SIGUSR2',
  15: 'SIGTERM',
  18: 'SIGCONT',
  28: 'SIGWINCH',
};

/** `SIGQUIT`, `QUIT` or `3`; SIGTERM where none is named. Throws Error for one that is not known. */
export function stopSignalOf(config: ImageConfig | undefined): NodeJS.Signals {
  const asked = config?.stopSignal?.toUpperCase();
  if (asked === undefined) return 'SIGTERM';
  const name = NUMBERS[asked] ?? (asked.startsWith('SIG') ? asked : `SIG${asked}`);
  if (!SIGNALS.has(name)) throw new Error(`the image's stop signal ${asked} is not known`);
  return name as NodeJS.Signals;
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
