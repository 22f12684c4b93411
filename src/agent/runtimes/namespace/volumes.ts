import { chmodSync, existsSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeDirectory } from '../../../core/make-directory.ts';
import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import { realPath } from '../real-path.ts';
import { RuntimeFailure } from '../runtime.ts';
import { contains } from './host-root.ts';
import type { Mount } from './sandbox.ts';

export interface VolumePlaces {
  /** For volumes that live as long as the task. */
  readonly task: string;
  /** For Docker volumes of scope `shared`. */
  readonly shared: string;
  /** Directories that no container may see whatever the task definition says. */
  readonly hidden: readonly string[];
}

const MEBIBYTE = 1024 * 1024;

/** What is mounted into a container: its mount points, those of `volumesFrom`, and its tmpfs. Throws RuntimeFailure. */
export function volumeMounts(
  definition: Ecs.TaskDefinition,
  container: Ecs.ContainerDefinition,
  places: VolumePlaces,
): Mount[] {
  const mounts: Mount[] = [];
  for (const { sourceContainer, readOnly } of container.volumesFrom ?? []) {
    const other = definition.containerDefinitions?.find((each) => each.name === sourceContainer);
    if (other === undefined)
      throw new RuntimeFailure('create', `volumesFrom: there is no container ${sourceContainer}`);
    for (const point of other.mountPoints ?? [])
      mounts.push(...mountPoint(definition, point, places, readOnly === true));
  }
  for (const point of container.mountPoints ?? []) mounts.push(...mountPoint(definition, point, places, false));
  for (const { containerPath, size, mountOptions } of container.linuxParameters?.tmpfs ?? []) {
    const target = absolute(containerPath, 'linuxParameters.tmpfs');
    const readOnly = (mountOptions ?? []).includes('ro');
    mounts.push({ kind: 'tmpfs', target, bytes: (size ?? 0) * MEBIBYTE, mode: '1777', readOnly });
  }
  return mounts;
}

function mountPoint(
  definition: Ecs.TaskDefinition,
  { sourceVolume, containerPath, readOnly }: Ecs.MountPoint,
  places: VolumePlaces,
  always: boolean,
): Mount[] {
  const volume = definition.volumes?.find((each) => each.name === sourceVolume);
  if (volume === undefined) throw new RuntimeFailure('create', `mountPoints: there is no volume ${sourceVolume}`);
  const target = absolute(containerPath, 'mountPoints');
  const source = sourceOf(volume, places);
  const fresh = volume.host?.sourcePath === undefined || volume.host.sourcePath === '';
  return [{ kind: 'bind', source, target, readOnly: always || readOnly === true, fresh }];
}

function sourceOf(volume: Ecs.Volume, places: VolumePlaces): string {
  const { name = '', host, dockerVolumeConfiguration: docker } = volume;
  if (host?.sourcePath !== undefined && host.sourcePath !== '') {
    const path = absolute(host.sourcePath, `volume ${name}`);
    const source = realPath(path);
    if (places.hidden.some((hidden) => contains(realPath(hidden), source))) {
      throw new RuntimeFailure(
        'create',
        `volume ${name}: ${path} belongs to Rolecall itself and is shown to no container`,
      );
    }
    // As dockerd does for a path that is not there.
    if (!existsSync(source)) makeHostDirectory(name, source);
    if (!statSync(source).isDirectory() && !statSync(source).isFile()) {
      throw new RuntimeFailure('create', `volume ${name}: ${path} is neither a directory nor a file`);
    }
    return source;
  }
  const shared = docker?.scope === 'shared';
  const source = join(shared ? places.shared : places.task, fileName(name));
  // Source: ECS API, DockerVolumeConfiguration: without autoprovision a shared volume must be there; dockerd's words.
  if (shared && docker?.autoprovision !== true && !existsSync(source)) {
    throw new RuntimeFailure('create', `get ${name}: no such volume (it would be the directory ${source})`);
  }
  // Source: ECS Developer Guide, bind mounts: owned by root, 0755. Nobody on this machine gets through the directory above.
  mkdirSync(dirname(source), { recursive: true, mode: 0o700 });
  if (!existsSync(source)) {
    mkdirSync(source);
    chmodSync(source, 0o755);
  }
  return realpathSync(source);
}

function makeHostDirectory(volume: string, path: string): void {
  try {
    makeDirectory(path, 0o755);
  } catch (error) {
    throw new RuntimeFailure('create', `volume ${volume}: ${path} cannot be made: ${(error as Error).message}`);
  }
}

/** Source: ECS API: volume names hold letters, digits, `_`, `-`; anything else would be a path. */
function fileName(name: string): string {
  if (/^[A-Za-z0-9_-]{1,255}$/.test(name)) return name;
  throw new RuntimeFailure('create', `${JSON.stringify(name)} is no name of a volume`);
}

function absolute(path: string | undefined, where: string): string {
  if (path?.startsWith('/') === true && !path.split('/').includes('..')) return path.replace(/\/+$/, '') || '/';
  throw new RuntimeFailure('create', `${where}: ${JSON.stringify(path ?? '')} is not an absolute path`);
}
