import { isStorableDate } from './conditions/date.ts';
import type { DocumentElements, Fail, StatementElements, TextList } from './document.ts';
import { LIMITS, MANAGED_POLICY_LIMIT, policySize } from './limits.ts';
import type { PolicyKind } from './types.ts';
import { splitAtColons } from './variables.ts';

/**
 * What AWS looks at when a policy is stored, in the order in which it complains: a policy with two mistakes gets the
 * message of the earlier step. Source of order and texts unless said otherwise: observed from CreatePolicy,
 * PutRolePolicy and CreateRole, as recorded in public test suites that were run against AWS.
 */
export function checkForStorage(
  document: DocumentElements,
  kind: PolicyKind,
  managed: boolean,
  text: string,
  fail: Fail,
): void {
  checkSize(kind, managed, text, fail);
  checkVersion(document, kind, managed, fail);
  checkPrincipals(document, kind, fail);
  checkLegacy(document, fail);
  checkSids(document, kind, fail);
  checkActionsPresent(document, kind, fail);
  checkResourcesPresent(document, kind, fail);
  checkConditionValues(document, fail);
  for (const statement of document.statements) {
    for (const list of [statement.resource, statement.notResource]) checkResources(list, kind, fail);
  }
  for (const statement of document.statements) checkActions(statement, kind, fail);
  if (kind === 'rcp') checkRcp(document, fail);
}

const START = { path: '$', at: 0 };

function placeOf(element: { readonly path: string; readonly node: { readonly at: number } }) {
  return { path: element.path, at: element.node.at };
}

function checkSize(kind: PolicyKind, managed: boolean, text: string, fail: Fail): void {
  const limit = managed ? MANAGED_POLICY_LIMIT : LIMITS[kind];
  const size = policySize(text, limit.whiteSpaceCounts);
  const code = kind === 'session' ? 'PackedPolicyTooLarge' : 'LimitExceeded';
  if (size > limit.characters) fail(limit.message, START, `the document has ${size} characters`, code);
}

function checkVersion(document: DocumentElements, kind: PolicyKind, managed: boolean, fail: Fail): void {
  if (!managed && kind !== 'boundary' && kind !== 'scp' && kind !== 'rcp') return;
  if (document.version?.value === '2012-10-17') return;
  const place = document.version === undefined ? START : placeOf(document.version);
  fail('Policy document must be version 2012-10-17 or greater.', place);
}

const WITH_PRINCIPAL: ReadonlySet<PolicyKind> = new Set(['resource', 'trust', 'key', 'rcp', 'vpce']);

function checkPrincipals(document: DocumentElements, kind: PolicyKind, fail: Fail): void {
  for (const statement of document.statements) {
    const named = statement.principal ?? statement.notPrincipal;
    if (!WITH_PRINCIPAL.has(kind)) {
      if (named !== undefined) fail('Policy document should not specify a principal.', placeOf(named));
      continue;
    }
    if (named === undefined) fail('Missing required field Principal', statement);
    if (statement.notPrincipal !== undefined && (kind === 'trust' || kind === 'rcp')) {
      fail('Has prohibited field NotPrincipal', placeOf(named));
    }
    for (const entry of named.entries) {
      const problem = principalProblem(entry.type, entry.value, kind);
      if (problem !== undefined) {
        fail(`Invalid principal in policy: "${entry.type.toUpperCase()}":"${entry.value}"`, placeOf(entry), problem);
      }
    }
  }
}

const AWS_PRINCIPAL =
  /^(?:\d{12}|arn:[^:*?]+:iam::\d{12}:(?:root|(?:user|role)\/[^*?]+)|arn:[^:*?]+:sts::\d{12}:(?:assumed-role\/[^/*?]+\/[^/*?]+|federated-user\/[^*?]+)|arn:[^:*?]+:iam::cloudfront:user\/[^*?]+|A[A-Z0-9]{15,})$/;

/** What is wrong with a principal; whether it exists only the service that stores the policy knows. */
function principalProblem(type: string, value: string, kind: PolicyKind): string | undefined {
  if (type === 'AWS') {
    if (value === '*' || AWS_PRINCIPAL.test(value)) return undefined;
    return /[*?]/.test(value)
      ? 'a wildcard cannot stand in a part of a principal'
      : 'not an account, a user, a role or a session';
  }
  if (type === 'Service' && value !== '*' && !/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/.test(value))
    return 'not the name of a service principal';
  if (type === 'CanonicalUser' && kind === 'trust') return 'canonical users stand in S3 policies only';
  return undefined;
}

/** Effect is case-sensitive, but a known word in another case passes the grammar and fails here. */
export function checkEffect(effect: StatementElements['effect'], fail: Fail): void {
  if (effect.value !== 'Allow' && effect.value !== 'Deny') {
    fail(LEGACY, placeOf(effect), `Effect is case-sensitive: "Allow" or "Deny", not "${effect.value}"`);
  }
}

/** "The policy failed legacy parsing": the case of Effect, dates, and ARNs with too few parts. */
function checkLegacy(document: DocumentElements, fail: Fail): void {
  for (const statement of document.statements) {
    checkEffect(statement.effect, fail);
    for (const condition of statement.conditions) {
      if (!condition.use.operator.name.startsWith('Date')) continue;
      for (const value of condition.values) {
        if (!isStorableDate(value.value)) {
          fail(LEGACY, placeOf(value), `"${value.value}" is neither a date nor epoch seconds`);
        }
      }
    }
  }
  for (const statement of document.statements) {
    for (const { values } of [statement.resource, statement.notResource].filter((list) => list !== undefined)) {
      // A resource that is no ARN at all has its own message, in a later step.
      if (values.some(({ value }) => resourceProblem(value) !== undefined)) return;
      for (const value of values) {
        const parts = value.value.split(':');
        const tooFew = parts.length < 6 && value.value.includes('::');
        if (tooFew || parts[2] === '') fail(LEGACY, placeOf(value), 'the ARN has fewer than six parts, or no service');
      }
    }
  }
}

const LEGACY = 'The policy failed legacy parsing';

const IAM_SID_KINDS: ReadonlySet<PolicyKind> = new Set(['identity', 'boundary', 'session', 'trust', 'scp', 'rcp']);

function checkSids(document: DocumentElements, kind: PolicyKind, fail: Fail): void {
  const seen = new Set<string>();
  for (const { sid } of document.statements) {
    if (sid === undefined || sid.value === '') continue;
    if (IAM_SID_KINDS.has(kind) && !/^[0-9A-Za-z]*$/.test(sid.value)) {
      fail(
        'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*',
        placeOf(sid),
      );
    }
    if (seen.has(sid.value)) fail('Statement IDs (SID) in a single policy must be unique.', placeOf(sid));
    seen.add(sid.value);
  }
}

function checkActionsPresent(document: DocumentElements, kind: PolicyKind, fail: Fail): void {
  for (const statement of document.statements) {
    const actions = statement.action ?? statement.notAction;
    if (actions === undefined || actions.values.length === 0) {
      // unverified: the text for trust policies.
      const message = kind === 'trust' ? 'Missing required field Action' : 'Policy statement must contain actions.';
      fail(message, actions === undefined ? statement : placeOf(actions));
    }
  }
}

function checkResourcesPresent(document: DocumentElements, kind: PolicyKind, fail: Fail): void {
  for (const statement of document.statements) {
    const resources = statement.resource ?? statement.notResource;
    if (kind === 'trust') {
      const name = statement.resource === undefined ? 'NotResource' : 'Resource';
      if (resources !== undefined) fail(`Has prohibited field ${name}`, placeOf(resources));
      continue;
    }
    // ECR repository policies have no Resource: the repository is meant. Source: Amazon ECR User Guide, repository-policies.
    if (resources === undefined && kind === 'resource') continue;
    if (resources === undefined || resources.values.length === 0) {
      fail('Policy statement must contain resources.', resources === undefined ? statement : placeOf(resources));
    }
  }
}

/** Numbers, networks and the like that no request could ever meet. */
function checkConditionValues(document: DocumentElements, fail: Fail): void {
  for (const statement of document.statements) {
    for (const condition of statement.conditions) {
      for (const value of condition.values) {
        const problem = condition.use.operator.problem?.(value.value);
        // unverified: AWS refuses these values; the text it uses is not recorded in public.
        if (problem !== undefined) fail('Syntax errors in policy.', placeOf(value), problem);
      }
    }
  }
}

const PARTITIONS = /^(?:aws|aws-cn|aws-us-gov|aws-iso|aws-iso-[a-z]|aws-eusc)$/;
const IAM_PATHS = [
  'user/',
  'federated-user/',
  'role/',
  'group/',
  'instance-profile/',
  'mfa/',
  'server-certificate/',
  'policy/',
  'sms-mfa/',
  'saml-provider/',
  'oidc-provider/',
  'report/',
  'access-report/',
];

function checkResources(list: TextList | undefined, kind: PolicyKind, fail: Fail): void {
  // Of several mistakes the alphabetically first is named.
  const inOrder = [...(list?.values ?? [])].sort((a, b) => (a.value < b.value ? -1 : 1));
  for (const element of inOrder) {
    const problem = resourceProblem(element.value);
    // A Resource of an endpoint or resource policy may be any pattern its service knows; the ARN form is IAM's own rule.
    if (problem !== undefined && kind !== 'vpce') fail(problem, placeOf(element));
    if (kind === 'rcp' && element.value !== '*' && splitAtColons(element.value, '2012-10-17').length < 6) {
      fail(LEGACY, placeOf(element), 'a resource control policy wants whole ARNs');
    }
  }
}

function resourceProblem(text: string): string | undefined {
  if (text === '*') return undefined;
  const parts = splitAtColons(text, '2012-10-17');
  if (parts.length === 1) return `Resource ${text} must be in ARN format or "*".`;
  const [first, partition = '', service, region = '*', account = '*', ...rest] = parts;
  if (!PARTITIONS.test(partition) && !/[*?$]/.test(partition)) {
    const resource = rest.length === 0 ? '*' : rest.join(':');
    const shown = service === undefined || (service === '' && parts.length === 3) ? '*' : service;
    return `Partition "${partition}" is not valid for resource "arn:${partition}:${shown}:${region}:${account}:${resource}".`;
  }
  if (first !== 'arn') return `Resource ${text} must be in ARN format or "*".`;
  if (service === undefined && !partition.endsWith('*')) {
    return 'Resource vendor must be fully qualified and cannot contain regexes.';
  }
  if (parts.length < 6) return undefined;
  const resource = rest.join(':');
  if (service === 'iam') {
    if (region !== '' && region !== '*') return `IAM resource ${text} cannot contain region information.`;
    if (!/^[*?]/.test(resource) && resource !== 'root' && !IAM_PATHS.some((path) => mayStartWith(resource, path))) {
      return `IAM resource path must either be "*" or start with ${IAM_PATHS.join(', ')}.`;
    }
  }
  if (service === 's3' && region !== '' && region !== '*' && !/^(?:accesspoint|job|storage-lens|[*?])/.test(resource)) {
    return `Resource ${text} can not contain region information.`;
  }
  return undefined;
}

/** Whether a resource starts with a path, or a wildcard stands before the path ends. */
function mayStartWith(resource: string, path: string): boolean {
  const wildcard = resource.search(/[*?$]/);
  return (
    resource.startsWith(path) ||
    (wildcard !== -1 && wildcard < path.length && path.startsWith(resource.slice(0, wildcard)))
  );
}

function checkActions(statement: StatementElements, kind: PolicyKind, fail: Fail): void {
  for (const element of (statement.action ?? statement.notAction)?.values ?? []) {
    const problem = actionProblem(element.value, kind);
    if (problem !== undefined) fail(problem, placeOf(element));
  }
}

function actionProblem(text: string, kind: PolicyKind): string | undefined {
  if (kind === 'trust' && !/^sts:[a-z*?]+$/i.test(text))
    return 'AssumeRole policy may only specify STS AssumeRole actions.';
  if (text === '*') return undefined;
  const parts = text.split(':');
  if (parts.length === 1) return 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.';
  if (parts.length > 2) return 'Actions/Condition can contain only one colon.';
  const vendor = parts[0]!;
  if (vendor !== '*' && /[^a-zA-Z0-9\-.]/.test(vendor)) return `Vendor ${vendor} is not valid`;
  return undefined;
}

/** Source: AWS Organizations User Guide, orgs_manage_policies_rcps_syntax. The one Allow is RCPFullAWSAccess, AWS's own. */
function checkRcp(document: DocumentElements, fail: Fail): void {
  for (const statement of document.statements) {
    const everyone = statement.principal?.entries.every((entry) => entry.value === '*' && entry.type === '*');
    if (everyone !== true)
      fail('Syntax errors in policy.', statement, 'the Principal of a resource control policy is "*"');
    if (statement.notAction !== undefined)
      fail('Syntax errors in policy.', placeOf(statement.notAction), 'NotAction is not supported');
    if (statement.effect.value === 'Allow')
      fail('Syntax errors in policy.', placeOf(statement.effect), 'the Effect is "Deny"');
    const all = statement.action?.values.find(({ value }) => value === '*');
    if (all !== undefined) fail('Syntax errors in policy.', placeOf(all), 'an action names its service');
  }
}
