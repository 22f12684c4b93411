import { asText, type Node } from '../node.ts';
import type { OpenWorkload, Tags } from '../workload.ts';
import type { TfResource } from './plan.ts';
import type { TfScope } from './scope.ts';

/** Reads one resource into the workload. */
export type Reader = (scope: TfScope, resource: TfResource, workload: OpenWorkload) => void;

export function leaveOut(resource: TfResource, why: string, workload: OpenWorkload): void {
  workload.leftOut.push({ what: resource.address, why, origin: resource.origin });
}

/** A member that may not be there. */
export function optional<K extends string, V>(name: K, value: V | undefined): { [N in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [N in K]: V });
}

/** `tags_all` has the provider's own tags, too. */
export function tagsOf({ values }: TfResource): Tags {
  const all = values.members.get('tags_all');
  const tags: Node | undefined = all?.kind === 'map' ? all : values.members.get('tags');
  return tags?.kind === 'map'
    ? [...tags.members].map(([key, value]) => ({ key, value: asText(value, `the tag \`${key}\``) }))
    : [];
}
