import { operation } from '../../gateway/operation.ts';
import { resourceNotFound, validation } from './errors.ts';
import { regional, type TableRecord, tables } from './records.ts';
import { onTable, type TableTarget, tableCheck, targetByArn } from './target.ts';

const MOST_TAGS = 50;

export function tagsOf(tags: readonly { readonly Key: string; readonly Value: string }[]): Record<string, string> {
  const out: Record<string, string> = {};
  for (const { Key, Value } of tags) {
    // unverified: the texts.
    if (/^aws:/i.test(Key))
      throw validation('One or more parameter values are not valid. Tag keys with prefix aws: are reserved');
    if (Object.hasOwn(out, Key))
      throw validation(`One or more parameter values are not valid. Duplicate tag key: ${Key}`);
    out[Key] = Value;
  }
  if (Object.keys(out).length > MOST_TAGS) throw validation('Subscriber limit exceeded: the number of tags exceeds 50');
  return out;
}

function existing({ table }: TableTarget): TableRecord {
  if (table === undefined) throw resourceNotFound();
  return table;
}

export const TagResource = operation('dynamodb', 'TagResource', {
  resolve: targetByArn,
  authorize: (context) => [{ ...tableCheck('TagResource', context), requestTags: tagsOf(context.input.Tags) }],
  handle: (context) => {
    const table = existing(context);
    const tags = tagsOf(
      Object.entries({ ...table.tags, ...tagsOf(context.input.Tags) }).map(([Key, Value]) => ({ Key, Value })),
    );
    context.tx.put(tables, regional(table.account, table.region), table.name, { ...table, tags });
    return {};
  },
});

export const UntagResource = operation('dynamodb', 'UntagResource', {
  resolve: targetByArn,
  authorize: (context) => [tableCheck('UntagResource', context, { 'aws:TagKeys': context.input.TagKeys })],
  handle: (context) => {
    const table = existing(context);
    const gone = new Set(context.input.TagKeys);
    const tags = Object.fromEntries(Object.entries(table.tags).filter(([key]) => !gone.has(key)));
    context.tx.put(tables, regional(table.account, table.region), table.name, { ...table, tags });
    return {};
  },
});

export const ListTagsOfResource = operation('dynamodb', 'ListTagsOfResource', {
  resolve: targetByArn,
  authorize: onTable('ListTagsOfResource'),
  handle: (context) => {
    // At most 50 tags: they fit into one page, so no token is ever given.
    if (context.input.NextToken !== undefined) throw validation('Invalid NextToken');
    return { Tags: Object.entries(existing(context).tags).map(([Key, Value]) => ({ Key, Value })) };
  },
});
