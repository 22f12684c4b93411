import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import type { Transparent } from '../../transparent/transparent.ts';
import { type ContainerSpec, RuntimeFailure, type TaskPlace } from '../runtime.ts';
import { commandLine, type StandIn } from '../stand-ins.ts';
import type { ContainerIdentity, ContainerPlan } from './container.ts';
import { candidates, type Entry, entryProgram } from './entry-program.ts';
import { accountFiles, etcFiles } from './etc-files.ts';
import { contains, hostRoot, toolchains } from './host-root.ts';
import type { Identities } from './identities.ts';
import { imageCommandLine, stopSignalOf, type UnpackedImage } from './image.ts';
import { readInside } from './inside.ts';
import { hideInside, MountPoints, refuseNested } from './mount-points.ts';
import type { Mount } from './sandbox.ts';
import { capabilitiesOf, capabilityBits, sandboxArguments } from './sandbox.ts';
import { trustOf } from './source-trust.ts';
import { type ContainerUser, resolveUser } from './user.ts';
import { type VolumePlaces, volumeMounts } from './volumes.ts';

/** What a container's root is made of. */
export type RootSource =
  | { readonly kind: 'stand-in'; readonly standIn: StandIn }
  | { readonly kind: 'image'; readonly image: UnpackedImage };

export interface PlanParts {
  readonly place: TaskPlace;
  readonly spec: ContainerSpec;
  readonly source: RootSource;
  readonly address: string;
  /** The container takes the server for AWS; undefined: it is told of it, or has no network. */
  readonly transparent: Transparent | undefined;
  /** How many times the container was made before. */
  readonly run: number;
  readonly volumes: VolumePlaces;
  readonly identities: Identities;
  /** Bytes that a tmpfs without a size of its own may take. */
  readonly tmpfsSize: number | undefined;
  /** Copies the content of a directory, with owners and permissions, into one that is empty. */
  readonly copy: (from: string, to: string) => Promise<void>;
  /** Makes a writable view of a directory and answers where it is. */
  readonly writable: (lower: string, directory: string, prepare?: (layer: string) => void) => Promise<string>;
}

/** What the source of a root brings along. */
interface Root {
  /** The root's own, then what is mounted into it. */
  readonly mounts: readonly Mount[];
  readonly makeWorkingDirectory: boolean;
  readonly commandLine: readonly string[] | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  readonly user: ContainerUser;
}

/** Variables of the server's own environment that a stand-in needs as an image would bring them. Nothing else passes. */
const FROM_HOST = ['LANG', 'LC_ALL', 'LC_CTYPE', 'TZ'];
/** Bytes. Source: dockerd's default for /dev/shm. */
const SHARED_MEMORY = 64 * 1024 * 1024;
const MEBIBYTE = 1024 * 1024;

/** Decides all that a container is made of, and lays out its files. Throws RuntimeFailure. */
export async function planContainer(parts: PlanParts): Promise<ContainerPlan> {
  const { place, spec, source, run } = parts;
  const { definition } = spec;
  const directory = join(place.directory, 'containers', safeName(spec.name));
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const hostname = hostnameOf(parts);
  const volumes = volumeMounts(place.definition, definition, parts.volumes);
  refuseNested(volumes);
  const trust = parts.transparent?.trust(trustOf(source), definition, place.definition);
  const etc = [
    ...etcFiles({
      directory: join(directory, 'etc'),
      hostname,
      address: parts.address,
      container: definition,
      nameServer: parts.transparent?.address,
    }),
    ...(trust?.mounts ?? []).map((mount): Mount => ({ kind: 'bind', ...mount, readOnly: true })),
  ];
  const root =
    source.kind === 'stand-in'
      ? await standInRoot(parts, directory, source.standIn, [...etc, ...volumes])
      : await imageRoot(parts, directory, source.image, etc, volumes);
  // Source: dockerd, `no command specified` (observed in stopped reasons).
  if (root.commandLine === undefined) throw new RuntimeFailure('create', 'no command specified');
  // A stand-in's files are this user's, whoever the container's user is: it has one user alone.
  const severalUsers = source.kind === 'image' && parts.identities.range !== undefined;
  const capabilities = capabilitiesOf(definition.linuxParameters?.capabilities);
  const environment: Readonly<Record<string, string>> = {
    HOSTNAME: hostname,
    HOME: root.user.home,
    ...root.environment,
    ...spec.environment,
  };
  const linux = definition.linuxParameters;
  const init = linux?.initProcessEnabled === true;
  const sandbox = sandboxArguments(
    {
      mounts: [...sized(root.mounts, parts.tmpfsSize), ...hideInside(root.mounts, parts.volumes.hidden)],
      readOnlyRoot: definition.readonlyRootFilesystem === true,
      uid: root.user.uid,
      gid: root.user.gid,
      severalUsers,
      capabilities,
      hostname,
      workingDirectory: root.workingDirectory,
      makeWorkingDirectory: root.makeWorkingDirectory,
      init,
      sharedIpc: place.definition.ipcMode === 'task',
      noNetwork: definition.disableNetworking === true,
      sharedMemory: linux?.sharedMemorySize === undefined ? SHARED_MEMORY : linux.sharedMemorySize * MEBIBYTE,
    },
    kindInProc,
  );
  const status = join(directory, `${run}.status`);
  rmSync(status, { force: true });
  return {
    name: spec.name,
    runtimeId: spec.runtimeId,
    commandLine: root.commandLine,
    environment: {
      HOSTNAME: hostname,
      HOME: root.user.home,
      ...root.environment,
      ...trust?.environment,
      ...spec.environment,
    },
    sandbox,
    limits: limitsOf(definition.ulimits),
    init,
    stopSignal: stopSignal(source),
    // Rights of root alone: another user has none, as in Docker.
    capabilities: root.user.uid === 0 ? capabilities : [],
    user: severalUsers
      ? identityOf(join(directory, `${run}.entry`), parts, root.user, {
          uid: root.user.uid,
          gid: root.user.gid,
          groups: root.user.groups,
          capabilities: root.user.uid === 0 ? capabilityBits(capabilities) : 0n,
          programs: candidates(root.commandLine[0] ?? '', environment.PATH ?? ''),
        })
      : undefined,
    files: {
      stdout: join(place.directory, `${spec.name}.stdout`),
      stderr: join(place.directory, `${spec.name}.stderr`),
      status,
    },
  };
}

/** Writes the entry program of a container. Throws RuntimeFailure for a user that its task has not. */
function identityOf(file: string, { identities }: PlanParts, { name }: ContainerUser, entry: Entry): ContainerIdentity {
  const most = identities.range?.count ?? 0;
  const missing = [entry.uid, entry.gid, ...entry.groups].find((id) => id > most);
  if (missing !== undefined) {
    throw new RuntimeFailure(
      'create',
      `user ${name}: the numbers of users and groups go to ${most} here, not to ${missing}`,
    );
  }
  rmSync(file, { force: true });
  // Executable for all: it is the container's user's when it is looked at.
  writeFileSync(file, entryProgram(process.arch, entry), { mode: 0o755 });
  chmodSync(file, 0o755);
  return { uid: entry.uid, gid: entry.gid, groups: entry.groups, entry: file };
}

function sized(mounts: readonly Mount[], bytes: number | undefined): readonly Mount[] {
  if (bytes === undefined) return mounts;
  return mounts.map((mount) => (mount.kind === 'tmpfs' && mount.bytes === undefined ? { ...mount, bytes } : mount));
}

async function standInRoot(
  parts: PlanParts,
  directory: string,
  standIn: StandIn,
  inside: readonly Mount[],
): Promise<Root> {
  const { spec, volumes } = parts;
  const line = commandLine(standIn, spec);
  const program = standIn.program === 'host' ? undefined : standIn.program;
  const home = homedir();
  const own = line?.[0] !== undefined && isAbsolute(line[0]) ? [dirname(line[0])] : [];
  const path = process.env.PATH ?? '';
  const tools = toolchains([...own, ...path.split(delimiter)].join(delimiter), home);
  const passwd = readText('/etc/passwd');
  const user = resolveUser(spec.definition.user, { passwd, group: readText('/etc/group') });
  const root = { uid: 0, gid: 0, name: 'root', home };
  const accounts = [root, { uid: 65534, gid: 65534, name: 'nobody', home: '/' }];
  if (!accounts.some(({ uid }) => uid === user.uid)) accounts.push({ ...user, home: '/' });
  const tables = {
    passwd: accounts.map(({ name, uid, gid, home: at }) => `${name}:x:${uid}:${gid}::${at}:/bin/sh\n`).join(''),
    group: accounts.map(({ name, gid }) => `${name}:x:${gid}:\n`).join(''),
  };
  const mounts: Mount[] = [
    ...hostRoot(),
    { kind: 'directory', target: home },
    ...tools.mounts,
    ...accountFiles(join(directory, 'accounts'), tables),
  ];
  const app = program?.workingDirectory;
  if (app !== undefined) {
    if (!existsSync(app) || !statSync(app).isDirectory()) {
      throw new RuntimeFailure('start', `workingDirectory: there is no directory ${app} on this machine`);
    }
    mounts.push({
      kind: 'bind',
      source: await parts.writable(app, join(directory, 'app')),
      target: app,
      readOnly: false,
    });
    if (volumes.hidden.some((hidden) => contains(hidden, app))) {
      throw new RuntimeFailure('start', `workingDirectory: ${app} belongs to Rolecall itself`);
    }
  }
  const environment: Record<string, string> = { PATH: tools.path };
  for (const name of FROM_HOST) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return {
    mounts: [...mounts, ...inside],
    makeWorkingDirectory: true,
    commandLine: line,
    environment: { ...environment, ...program?.environment },
    workingDirectory: app ?? absolute(spec.workingDirectory ?? '/'),
    // Its files are this user's, whoever the container's user is.
    user: { ...user, home },
  };
}

async function imageRoot(
  parts: PlanParts,
  directory: string,
  image: UnpackedImage,
  etc: readonly Mount[],
  volumes: readonly Mount[],
): Promise<Root> {
  const { spec } = parts;
  const { config, root } = image;
  const tables = { passwd: readInside(root, '/etc/passwd') ?? '', group: readInside(root, '/etc/group') ?? '' };
  const user = resolveUser(spec.definition.user ?? config.user, tables);
  const points = new MountPoints(root);
  for (const name of ['proc', 'dev']) points.own(name);
  const own = config.volumes
    .filter((path) => !volumes.some(({ target }) => target === path))
    .map((path, index): Mount => {
      const source = join(directory, `volume-${index}`);
      mkdirSync(source, { recursive: true, mode: 0o755 });
      return { kind: 'bind', source, target: absolute(path), readOnly: false, fresh: true };
    });
  const inside = [...etc, ...own, ...volumes].map((mount) => points.place(mount));
  for (const mount of inside) if (mount.kind === 'bind' && mount.fresh === true) await initialise(mount, root, parts);
  const asked = absolute(spec.workingDirectory ?? config.workingDirectory);
  // What lies in a volume is there or it is not: nothing is made in it.
  const inVolume = [...own, ...volumes].some(({ target }) => contains(target, asked));
  const workingDirectory = inVolume ? asked : points.directory(asked);
  const view = await parts.writable(root, join(directory, 'root'), (layer) => points.makeIn(layer));
  return {
    mounts: [{ kind: 'bind', source: view, target: '/', readOnly: false }, ...inside],
    makeWorkingDirectory: false,
    commandLine: imageCommandLine(config, spec),
    environment: config.environment,
    workingDirectory,
    user,
  };
}

/** Source: Docker, volumes: an empty one is given what the image has at its place, with owners and permissions. */
async function initialise(
  { source, target }: { source: string; target: string },
  root: string,
  parts: PlanParts,
): Promise<void> {
  const from = join(root, target);
  if (lstatSync(from, { throwIfNoEntry: false })?.isDirectory() !== true || !isEmpty(source)) return;
  await parts.copy(from, source);
}

function isEmpty(directory: string): boolean {
  try {
    return readdirSync(directory).length === 0;
  } catch {
    // Another container's user has closed it.
    return false;
  }
}

/** Source: ECS: awsvpc tasks are named after their address; observed: Docker names containers after their id. */
function hostnameOf({ place, spec, address }: PlanParts): string {
  const { hostname } = spec.definition;
  if (hostname !== undefined && hostname !== '') return hostname;
  const region = place.taskArn.split(':')[3] ?? '';
  if (place.definition.networkMode === 'awsvpc') return `ip-${address.replaceAll('.', '-')}.${region}.compute.internal`;
  return spec.runtimeId.slice(0, 12);
}

/** prlimit's arguments. An ordinary user cannot go above the limits that it has itself: then the start fails and says so. */
function limitsOf(ulimits: readonly Ecs.Ulimit[] | undefined): readonly string[] {
  return (ulimits ?? []).map(({ name, softLimit, hardLimit }) => `--${name}=${limit(softLimit)}:${limit(hardLimit)}`);
}

function limit(value: number): string {
  return value === -1 ? 'unlimited' : String(value);
}

function stopSignal(source: RootSource): NodeJS.Signals {
  try {
    return stopSignalOf(source.kind === 'image' ? source.image.config : undefined);
  } catch (error) {
    throw new RuntimeFailure('create', (error as Error).message);
  }
}

function kindInProc(name: string): 'file' | 'directory' | undefined {
  try {
    return statSync(`/proc/${name}`).isDirectory() ? 'directory' : 'file';
  } catch {
    return undefined;
  }
}

/** Source: dockerd: working directories and volumes of images are absolute paths. */
function absolute(path: string): string {
  if (path.startsWith('/') && !path.includes('\0') && !path.split('/').includes('..')) return path;
  throw new RuntimeFailure('create', `the path ${JSON.stringify(path)} is invalid, it needs to be an absolute path`);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Source: ECS API: container names hold letters, digits, `_` and `-`; anything else would be a path. */
function safeName(name: string): string {
  if (/^[A-Za-z0-9_-]{1,255}$/.test(name)) return name;
  throw new RuntimeFailure('create', `${JSON.stringify(name)} is no name of a container`);
}
