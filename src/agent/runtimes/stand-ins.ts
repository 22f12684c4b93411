/** A local program that plays an image. */
export interface StandInProgram {
  /** Plays the image's ENTRYPOINT; absent where only a directory was named: then the container's own command runs in it. */
  readonly command?: readonly string[];
  /** Absolute. Default: the container's `workingDirectory`, else the task's scratch directory. */
  readonly workingDirectory?: string;
  /** Plays the image's ENV: below everything that the task definition sets. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** `host`: the container's own command runs on this machine. */
export interface StandIn {
  /** An image as task definitions name it; `*` stands for any characters. */
  readonly pattern: string;
  readonly program: StandInProgram | 'host';
}

export type StandIns = readonly StandIn[];

/** The stand-in of an image: an exact name before a pattern, a longer pattern before a shorter one, later entries first. */
export function findStandIn(standIns: StandIns, image: string): StandIn | undefined {
  let best: StandIn | undefined;
  for (const candidate of standIns) {
    if (!matches(candidate.pattern, image)) continue;
    if (best === undefined || rank(candidate.pattern) >= rank(best.pattern)) best = candidate;
  }
  return best;
}

function rank(pattern: string): number {
  return pattern.includes('*') ? pattern.length : Number.MAX_SAFE_INTEGER;
}

function matches(pattern: string, image: string): boolean {
  if (!pattern.includes('*')) return pattern === image;
  const expression = pattern
    .split('*')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${expression}$`, 's').test(image);
}

/**
 * The argument vector that plays the container, or undefined when nothing says what to run.
 *
 * With a command stand-in, its command is the image's ENTRYPOINT: the container's `command` follows it as CMD, and a
 * container's `entryPoint` replaces it altogether, as in ECS. With `host` (or a bare directory) there is no image to
 * bring anything along: `entryPoint` and `command` of the container are all there is.
 */
export function commandLine(
  standIn: StandIn,
  container: { readonly entryPoint?: readonly string[] | undefined; readonly command?: readonly string[] | undefined },
): readonly string[] | undefined {
  const own = container.command ?? [];
  const replaced = container.entryPoint !== undefined && container.entryPoint.length > 0;
  const program = standIn.program === 'host' ? [] : (standIn.program.command ?? []);
  const line = [...(replaced ? (container.entryPoint as readonly string[]) : program), ...own];
  return line.length === 0 ? undefined : line;
}
