import type { PolicyKind } from './types.ts';

/**
 * What AWS does not document, or documents twice. Each point is decided here, once, by name; the tests beside this file
 * show what each choice does. Where nothing speaks for either side, the choice is the one that denies.
 */

/**
 * A request value that an operator cannot read (`NumericEquals` on "abc"): the positive operator says no, and the negated
 * one is the opposite of the positive one, so a Deny with ArnNotLike applies to a principal that is no ARN.
 */
export const NEGATED_OPERATOR_ON_UNREADABLE_VALUE: boolean = true;

/** `ForAnyValue:StringLikeIfExists` on an absent key: IfExists wins over the set operator's own answer. */
export const SET_OPERATOR_IF_EXISTS_ON_ABSENT_KEY: boolean = true;

/** `Null: {key: "true"}` when the key is there with an empty list: the pages call that a null data set. */
export const EMPTY_LIST_IS_NULL: boolean = true;

/** A key with a list of values under an operator without ForAllValues or ForAnyValue: no statement matches by it. */
export const PLAIN_OPERATOR_ON_MULTIVALUED_KEY: boolean = false;

/** What an ARN with fewer than six parts in Resource means: the missing parts are `*`, or the pattern fits nothing. */
export const SHORT_ARN: Readonly<
  Record<PolicyKind, 'fill' | 'fill-with-wildcard' | 'fill-with-trailing-wildcard' | 'refuse'>
> = {
  identity: 'fill',
  boundary: 'fill',
  session: 'fill',
  scp: 'fill-with-trailing-wildcard',
  resource: 'fill-with-wildcard',
  key: 'fill-with-wildcard',
  vpce: 'fill-with-wildcard',
  trust: 'fill-with-wildcard',
  rcp: 'refuse',
};

/**
 * Deny with NotPrincipal spares a principal only when its whole chain is listed: the account, the user or role, and for
 * a role's session the session. The page warns that anything less may deny the whole account.
 */
export const NOT_PRINCIPAL_NEEDS_WHOLE_CHAIN: boolean = true;

/** Which policy kind is named when several deny: the order of the flow chart in the evaluation-logic page. */
export const DENIAL_ORDER = ['rcp', 'scp', 'resource', 'identity', 'boundary', 'session', 'vpce'] as const;

/** `2024` in a date operator is 2024 seconds after the epoch; a year alone is not told apart from seconds. */
export const BARE_NUMBER_IS_EPOCH: boolean = true;

/** `${` without its `}` is plain text. A variable whose name is no known key has no value. */
export const UNTERMINATED_VARIABLE_IS_TEXT: boolean = true;

/** Partition, service, region and account of an ARN compare case-sensitively, as the resource part does. */
export const ARN_PARTS_CASE_SENSITIVE: boolean = true;

/** A condition with an empty list of values: the positive operator fits nothing, so the negated one fits everything. */
export const EMPTY_CONDITION_LIST_FITS: boolean = false;

/**
 * Calls that no policy can take away. Sources: AWS STS API reference, GetCallerIdentity ("No permissions are required…
 * even if an explicit deny"); IAM User Guide, id_credentials_temp_control-access_getsessiontoken.
 */
export const ALWAYS_ALLOWED_ACTIONS: ReadonlySet<string> = new Set(['sts:getcalleridentity', 'sts:getsessiontoken']);
