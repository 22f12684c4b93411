import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import { RuntimeFailure, type TaskPlace } from '../runtime.ts';
import { type Engine, EngineError, isStatus } from './engine.ts';
import { LABEL } from './labels.ts';

/**
 * Makes the volumes of a task; answers what each name of the task definition is to be mounted from. Volumes without a
 * path of the host, and Docker volumes of scope `task`, belong to the task and end with it. Throws RuntimeFailure.
 */
export async function makeVolumes(
  engine: Engine,
  { definition, taskId }: TaskPlace,
  labels: Readonly<Record<string, string>>,
): Promise<ReadonlyMap<string, string>> {
  const sources = new Map<string, string>();
  for (const volume of definition.volumes ?? []) {
    const { name = '', host, dockerVolumeConfiguration: configuration } = volume;
    if (host?.sourcePath !== undefined && host.sourcePath !== '') {
      sources.set(name, host.sourcePath);
      continue;
    }
    const shared = configuration?.scope === 'shared';
    const volumeName = shared ? name : `rolecall-${taskId}-${name}`;
    try {
      if (shared) await makeShared(engine, volumeName, configuration);
      else await make(engine, volumeName, configuration, { ...labels, [LABEL.task]: taskId });
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      throw new RuntimeFailure('create', error.message);
    }
    sources.set(name, volumeName);
  }
  return sources;
}

/** Removes the volumes that belong to a task; those still in use by a container stay. */
export async function removeVolumes(engine: Engine, filters: readonly string[]): Promise<void> {
  const { Volumes } = await engine.get<{ Volumes: readonly { readonly Name: string }[] | null }>('/volumes', {
    filters: JSON.stringify({ label: filters }),
  });
  for (const { Name } of Volumes ?? []) {
    await engine.delete(`/volumes/${Name}`, { force: true }).catch((error: unknown) => {
      if (!isStatus(error, 404, 409)) throw error;
    });
  }
}

/** Source: ECS API, DockerVolumeConfiguration: a shared volume outlives the task; without autoprovision it must be there. */
async function makeShared(engine: Engine, name: string, configuration: Ecs.DockerVolumeConfiguration): Promise<void> {
  try {
    await engine.get(`/volumes/${name}`);
    return;
  } catch (error) {
    if (!isStatus(error, 404) || configuration.autoprovision !== true) throw error;
  }
  await make(engine, name, configuration, {});
}

async function make(
  engine: Engine,
  name: string,
  configuration: Ecs.DockerVolumeConfiguration | undefined,
  labels: Readonly<Record<string, string>>,
): Promise<void> {
  await engine.post(
    '/volumes/create',
    {},
    {
      Name: name,
      Driver: configuration?.driver ?? 'local',
      DriverOpts: configuration?.driverOpts ?? {},
      Labels: { ...configuration?.labels, ...labels },
    },
  );
}
