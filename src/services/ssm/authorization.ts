import type { AuthorizationCheck, ReadContext } from '../../gateway/operation.ts';
import type { RequestContext } from '../../policy/types.ts';
import { type ParameterName, readName } from './names.ts';
import { type ParameterRecord, parameters, partitionOf } from './records.ts';

/** A parameter that a request names, and what is stored of it. */
export interface FoundParameter {
  /** As the request spelt it. */
  readonly asked: string;
  readonly named: ParameterName;
  readonly record: ParameterRecord | undefined;
}

type FindContext = Pick<ReadContext<unknown>, 'account' | 'region' | 'tx'>;

export function findParameter({ account, region, tx }: FindContext, asked: string): FoundParameter {
  const named = readName(asked, account, region);
  // An endpoint serves its own Region only.
  if (named.region !== region) return { asked, named, record: undefined };
  const partition = partitionOf(named.account, named.region);
  const record =
    tx.get(parameters, partition, named.name) ??
    (named.otherName === undefined ? undefined : tx.get(parameters, partition, named.otherName));
  return { asked, named, record };
}

/** The check of an action on one parameter. Condition keys: Service Authorization Reference, AWS Systems Manager. */
export function parameterCheck(
  action: string,
  { named, record }: FoundParameter,
  more: { context?: RequestContext; requestTags?: Record<string, string> } = {},
): AuthorizationCheck {
  const context: Record<string, string | readonly string[]> = { ...more.context };
  for (const [key, value] of Object.entries(record?.tags ?? {})) context[`ssm:resourceTag/${key}`] = value;
  return {
    action: `ssm:${action}`,
    resource: named.arn,
    context,
    ...(record === undefined ? {} : { resourceTags: record.tags }),
    ...(more.requestTags === undefined ? {} : { requestTags: more.requestTags }),
  };
}
