import { parseArn } from '../../core/arn.ts';
import { operation, type ReadContext } from '../../gateway/operation.ts';
import type { Read } from '../../store/collections.ts';
import { findCluster } from './clusters.ts';
import { clusterNotFound, invalidParameter, notSupported, wrongRegion } from './errors.ts';
import { clusterName, definitionName, type Scope } from './identifiers.ts';
import { readTags, requestedTags, setTags, tagged, tagList, tagsOf, tooManyTags } from './tags.ts';
import { findContainerInstance, findDefinition, findTask } from './task-lookup.ts';

interface Tagged {
  readonly owner: Scope;
  readonly kind: string;
}

const KINDS: ReadonlySet<string> = new Set(['cluster', 'task', 'container-instance', 'task-definition']);
const UNSERVED: ReadonlySet<string> = new Set(['service', 'task-set', 'capacity-provider', 'daemon']);

function resolveTagged({ input, region }: ReadContext<{ readonly resourceArn: string }>): Tagged {
  const parsed = parseArn(input.resourceArn);
  const [kind, ...rest] = parsed?.resource.split('/') ?? [];
  if (
    parsed === undefined ||
    parsed.service !== 'ecs' ||
    kind === undefined ||
    !(KINDS.has(kind) || UNSERVED.has(kind))
  ) {
    throw invalidParameter(`Invalid resource ARN: ${input.resourceArn}`); // unverified: text
  }
  if (parsed.region !== region) throw wrongRegion();
  // Source: observed.
  if ((kind === 'task' || kind === 'container-instance') && rest.length < 2) {
    throw invalidParameter('Long arn format must be used for tagging operations');
  }
  return { owner: { account: parsed.account, region: parsed.region }, kind };
}

/** Errors: what ECS answers for a resource that is not there. Source of the inactive cluster's text: observed. */
function checkExists(read: Read, resourceArn: string, { owner, kind }: Tagged): void {
  if (UNSERVED.has(kind)) throw notSupported(`tags of a ${kind}`);
  if (kind === 'cluster') {
    const cluster = findCluster(read, clusterName(resourceArn, owner));
    if (cluster === undefined) throw clusterNotFound();
    if (cluster.status !== 'ACTIVE') {
      throw invalidParameter('The specified cluster is inactive. Specify an active cluster and try again.');
    }
    return;
  }
  const found =
    kind === 'task'
      ? findTask(read, resourceArn)
      : kind === 'container-instance'
        ? findContainerInstance(read, resourceArn)
        : findDefinition(read, definitionName(resourceArn, owner));
  // unverified: text
  if (found === undefined) {
    throw invalidParameter(`The specified ${kind} was not found. Specify a valid ${kind} and try again.`);
  }
}

export const TagResource = operation<'ecs', 'TagResource', Tagged>('ecs', 'TagResource', {
  resolve: resolveTagged,
  authorize: ({ input, tx, owner }) => [
    {
      action: 'ecs:TagResource',
      resource: input.resourceArn,
      requestTags: requestedTags(input.tags),
      ...tagged(tagsOf(tx, owner, input.resourceArn)),
    },
  ],
  handle: ({ input, tx, owner, kind }) => {
    const added = readTags(input.tags);
    checkExists(tx, input.resourceArn, { owner, kind });
    const tags = { ...tagsOf(tx, owner, input.resourceArn), ...added };
    if (Object.keys(tags).length > 50) throw tooManyTags();
    setTags(tx, owner, input.resourceArn, tags);
    return {};
  },
});

export const UntagResource = operation<'ecs', 'UntagResource', Tagged>('ecs', 'UntagResource', {
  resolve: resolveTagged,
  authorize: ({ input, tx, owner }) => [
    {
      action: 'ecs:UntagResource',
      resource: input.resourceArn,
      ...tagged(
        tagsOf(tx, owner, input.resourceArn),
        input.tagKeys.length === 0 ? {} : { 'aws:TagKeys': input.tagKeys },
      ),
    },
  ],
  handle: ({ input, tx, owner, kind }) => {
    checkExists(tx, input.resourceArn, { owner, kind });
    const gone = new Set(input.tagKeys);
    if ([...gone].some((key) => /^aws:/i.test(key))) {
      throw invalidParameter('Tag keys cannot start with the reserved prefix aws:.'); // unverified: text
    }
    const kept = Object.entries(tagsOf(tx, owner, input.resourceArn)).filter(([key]) => !gone.has(key));
    setTags(tx, owner, input.resourceArn, Object.fromEntries(kept));
    return {};
  },
});

export const ListTagsForResource = operation<'ecs', 'ListTagsForResource', Tagged>('ecs', 'ListTagsForResource', {
  resolve: resolveTagged,
  authorize: ({ input, tx, owner }) => [
    {
      action: 'ecs:ListTagsForResource',
      resource: input.resourceArn,
      ...tagged(tagsOf(tx, owner, input.resourceArn)),
    },
  ],
  handle: ({ input, tx, owner, kind }) => {
    checkExists(tx, input.resourceArn, { owner, kind });
    return { tags: tagList(tagsOf(tx, owner, input.resourceArn)) };
  },
});
