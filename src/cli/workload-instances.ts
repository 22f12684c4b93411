import { UserError } from '../core/errors.ts';
import type { MetadataOptions } from '../core/metadata-options.ts';
import { SourceError } from '../sources/origin.ts';
import type { InstanceSetting } from '../sources/setting-types.ts';
import type { AwsClient } from '../wire/client.ts';
import { askServer } from './connection.ts';

/** Codes of errors that the input is to blame for, rather than the rights of a role. */
const WRONG = new Set([
  'instance-type-unknown',
  'availability-zone-unknown',
  'attribute-invalid',
  'metadata-options-invalid',
]);

/** Whether what was asked for is no container instance at all. */
export function isWrongInstance({ code }: UserError): boolean {
  return WRONG.has(code);
}

/** What container instances have that say nothing of it themselves. */
export interface InstanceDefaults {
  readonly role?: string;
  readonly metadataOptions?: MetadataOptions;
}

type Addition = Partial<InstanceSetting> & Pick<InstanceSetting, 'launchType'>;

/**
 * Adds the container instances of a launch type that a workload names, or one that is made up. Throws UserError with the place of the entry.
 */
export async function addInstances(
  client: AwsClient,
  cluster: string,
  launchType: InstanceSetting['launchType'],
  settings: readonly InstanceSetting[],
  defaults: InstanceDefaults,
): Promise<number> {
  const named = settings.filter((setting) => setting.launchType === launchType);
  const wanted: readonly Addition[] = named.length === 0 ? [{ launchType }] : named;
  let added = 0;
  for (const { origin, count = 1, ...setting } of wanted) {
    for (let one = 0; one < count; one++) {
      const request = { cluster, ...defaults, ...setting };
      try {
        await askServer(client, 'POST', '/_rolecall/instances', request);
      } catch (error) {
        if (origin === undefined || !(error instanceof UserError)) throw error;
        throw new SourceError(error.code, origin, error.message, error.help);
      }
      added++;
    }
  }
  return added;
}

/**
 * Adds what a workload names of each launch type, unless the cluster has container instances of that launch type from an
 * earlier load. Answers how many.
 */
export async function addMissingInstances(
  client: AwsClient,
  cluster: string,
  settings: readonly InstanceSetting[],
  defaultsOf: (launchType: InstanceSetting['launchType']) => InstanceDefaults,
): Promise<number> {
  let added = 0;
  for (const launchType of ['EC2', 'EXTERNAL'] as const) {
    if (!settings.some((setting) => setting.launchType === launchType)) continue;
    await client.call('ecs', 'CreateCluster', { clusterName: cluster });
    const external = 'attribute:ecs.capability.external';
    const filter = launchType === 'EXTERNAL' ? `${external} exists` : `${external} !exists`;
    const { containerInstanceArns = [] } = await client.call('ecs', 'ListContainerInstances', { cluster, filter });
    if (containerInstanceArns.length > 0) continue;
    added += await addInstances(client, cluster, launchType, settings, defaultsOf(launchType));
  }
  return added;
}
