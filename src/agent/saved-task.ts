import { collection } from '../store/collections.ts';
import type { ContainerIdentity } from './container-run.ts';
import type { OutputPosition } from './runtimes/runtime.ts';

/** What an agent that is started again must know of a task whose containers run on. */
export interface SavedTask {
  readonly containers: Readonly<Record<string, ContainerIdentity>>;
  /** Port of the task's endpoint: it stands in the environment of its containers. */
  readonly port: number;
  readonly instanceMetadataPort?: number;
  /** The task's authorization token, in its containers' environment too. */
  readonly token?: string;
  /** True once every container was started. */
  readonly running: boolean;
}
/** Partition: cluster ARN; key: task ARN. */
export const savedTasks = collection<SavedTask>('agent/tasks');

/** How far a container's output is in CloudWatch Logs. Partition: task ARN; key: container name. */
export const logPositions = collection<OutputPosition>('agent/log-positions');
