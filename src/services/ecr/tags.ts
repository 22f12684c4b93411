import { AwsError } from '../../core/errors.ts';
import { operation } from '../../gateway/operation.ts';
import { existing, onRepository, putRepository, repositoryCheck, targetByArn } from './target.ts';

const MOST_TAGS = 50;

/** Reads tags of a request. Texts unverified; the rules are ECR's User Guide, tagging. */
export function tagsOf(tags: readonly { readonly Key: string; readonly Value: string }[]): Record<string, string> {
  const out: Record<string, string> = {};
  for (const { Key, Value } of tags) {
    if (/^aws:/i.test(Key)) {
      throw new AwsError('InvalidTagParameterException', 'Tag keys that begin with aws: are reserved for AWS.');
    }
    if (Object.hasOwn(out, Key)) throw new AwsError('InvalidTagParameterException', `Duplicate tag key ${Key}.`);
    out[Key] = Value;
  }
  if (Object.keys(out).length > MOST_TAGS) throw tooManyTags();
  return out;
}

function tooManyTags(): AwsError {
  return new AwsError('TooManyTagsException', `The number of tags exceeds the limit of ${MOST_TAGS}.`);
}

export const TagResource = operation('ecr', 'TagResource', {
  resolve: targetByArn,
  authorize: (context) => [
    {
      ...repositoryCheck('TagResource', context),
      requestTags: Object.fromEntries(context.input.tags.map(({ Key, Value }) => [Key, Value])),
    },
  ],
  handle: (context) => {
    const repository = existing(context);
    const tags = { ...repository.tags, ...tagsOf(context.input.tags) };
    if (Object.keys(tags).length > MOST_TAGS) throw tooManyTags();
    putRepository(context.tx, { ...repository, tags });
    return {};
  },
});

export const UntagResource = operation('ecr', 'UntagResource', {
  resolve: targetByArn,
  authorize: (context) => {
    const check = repositoryCheck('UntagResource', context);
    return [{ ...check, context: { ...check.context, 'aws:TagKeys': context.input.tagKeys } }];
  },
  handle: (context) => {
    const repository = existing(context);
    const gone = new Set(context.input.tagKeys);
    const tags = Object.fromEntries(Object.entries(repository.tags).filter(([key]) => !gone.has(key)));
    putRepository(context.tx, { ...repository, tags });
    return {};
  },
});

export const ListTagsForResource = operation('ecr', 'ListTagsForResource', {
  resolve: targetByArn,
  authorize: onRepository('ListTagsForResource'),
  handle: (context) => ({
    tags: Object.entries(existing(context).tags).map(([Key, Value]) => ({ Key, Value })),
  }),
});
