import type { Decision, PolicyKind } from './types.ts';

/** What a client of a service sees when it is refused. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  /** HTTP status. */
  readonly status: number;
}

/** What EC2 needs to hide the reasons in its message; sts:DecodeAuthorizationMessage opens them. */
export interface RefusalOptions {
  /** The encoded authorization message, for services that send one. */
  readonly encoded?: string;
  /** The action has no resource in this service's sentence. */
  readonly withoutResource?: boolean;
}

/** How a service words its refusals. */
interface Style {
  readonly code: string;
  readonly status: number;
  readonly action: (action: string) => string;
  readonly resource: (resource: string) => string;
  /** The reason clause, as in "because no identity-based policy allows the … action". */
  readonly reasons: boolean;
}

const asIs = (text: string) => text;
const JSON_STYLE: Style = { code: 'AccessDeniedException', status: 400, action: asIs, resource: asIs, reasons: true };
const QUERY_STYLE: Style = { code: 'AccessDenied', status: 403, action: asIs, resource: asIs, reasons: true };

/**
 * By IAM prefix; every other service follows JSON_STYLE. Sources: public issues that quote the messages, named beside each.
 */
const STYLES: Readonly<Record<string, Style>> = {
  iam: QUERY_STYLE,
  // STS does not say whether the trust policy or an identity policy failed: amzn/selling-partner-api-models#2523.
  sts: { ...QUERY_STYLE, reasons: false },
  // aws/serverless-application-model#3633 quotes `sqs:sendmessage`.
  // unverified: status 400 under the JSON protocol; the query protocol answers 403.
  sqs: { ...QUERY_STYLE, status: 400, action: (action) => action.toLowerCase() },
  sns: { ...QUERY_STYLE, code: 'AuthorizationError' },
  // aws-ia/terraform-aws-bedrock#41 quotes the resource in double quotes.
  s3: { ...QUERY_STYLE, resource: (resource) => `"${resource}"` },
  elasticloadbalancing: QUERY_STYLE,
  cloudformation: QUERY_STYLE,
  autoscaling: QUERY_STYLE,
  cloudwatch: QUERY_STYLE,
  ec2: { ...QUERY_STYLE, code: 'UnauthorizedOperation' },
};

/** Source of both clauses: IAM User Guide, troubleshoot_access-denied. */
const IMPLICIT: Readonly<Record<PolicyKind, string>> = {
  identity: 'identity-based policy',
  resource: 'resource-based policy',
  // 4dn-dcic/tibanna#402: a key policy that lets nobody in is called a resource-based policy.
  key: 'resource-based policy',
  trust: 'role trust policy',
  boundary: 'permissions boundary',
  session: 'session policy',
  scp: 'service control policy',
  rcp: 'resource control policy',
  vpce: 'VPC endpoint policy',
};

const EXPLICIT: Readonly<Record<PolicyKind, string>> = {
  identity: 'an identity-based policy',
  resource: 'a resource-based policy',
  // aws/aws-nitro-enclaves-sdk-c#157.
  key: 'a resource-based policy',
  trust: 'the role trust policy',
  boundary: 'a permissions boundary',
  session: 'a session policy',
  scp: 'a service control policy',
  rcp: 'a resource control policy',
  vpce: 'a VPC endpoint policy',
};

/** `because no identity-based policy allows the ssm:GetParameters action`, or `with an explicit deny in …`. */
export function reasonClause(action: string, decision: Decision): string {
  const kind = decision.deniedBy ?? 'identity';
  if (decision.effect !== 'ExplicitlyDenied') return `because no ${IMPLICIT[kind]} allows the ${action} action`;
  // Since January 2026 the ARN of a denying managed policy is appended within the account or organization.
  // Source: AWS Security Blog, enhanced-access-denied-error-messages-with-policy-arns.
  const policy = decision.decidedBy?.policy ?? '';
  const named = WITH_POLICY_ARN.has(kind) && policy.startsWith('arn:') ? `: ${policy}` : '';
  return `with an explicit deny in ${EXPLICIT[kind]}${named}`;
}

const WITH_POLICY_ARN: ReadonlySet<PolicyKind> = new Set(['identity', 'boundary', 'session', 'scp', 'rcp']);

/**
 * The refusal as a service words it.
 * @param service IAM prefix of the service that answers (`ssm`, `sqs`), which may differ from the action's.
 * @param principalArn the caller: for a role the ARN of its session.
 */
export function refusal(
  service: string,
  principalArn: string,
  request: { readonly action: string; readonly resource: string },
  decision: Decision,
  options: RefusalOptions = {},
): Refusal {
  const style = STYLES[service] ?? JSON_STYLE;
  const action = style.action(request.action);
  const resource = options.withoutResource === true ? '' : ` on resource: ${style.resource(request.resource)}`;
  const reason = style.reasons ? ` ${reasonClause(action, decision)}` : '';
  const sentence = `User: ${principalArn} is not authorized to perform: ${action}${resource}${reason}`;
  const message = service === 'ec2' ? ec2Message(sentence, options.encoded) : sentence;
  return { code: style.code, message, status: style.status };
}

/** Source: aws/karpenter-provider-aws#7370. */
function ec2Message(sentence: string, encoded: string | undefined): string {
  const tail = encoded === undefined ? '' : ` Encoded authorization failure message: ${encoded}`;
  return `You are not authorized to perform this operation. ${sentence}.${tail}`;
}
