import type { CompiledPolicy, CompiledStatement } from './compiled.ts';
import { ContextKey } from './context.ts';
import type { Missing, PolicyStatement, PolicyVerdict, Reason } from './explanation.ts';
import { type Facts, settle } from './settle.ts';
import type { AccessRequest, Decision, NamedPolicy, PolicyKind, RequestPrincipal, StatementRef } from './types.ts';

type Named = NamedPolicy<CompiledPolicy>;

/** The smallest change that would turn a refusal into an allow, or the reason why no identity policy can. */
export function whatIsMissing(
  request: AccessRequest,
  facts: Facts,
  decision: Decision,
  verdicts: readonly PolicyVerdict[],
  identity: readonly Named[],
): Missing {
  const by = decision.deniedBy ?? 'identity';
  if (decision.effect === 'ExplicitlyDenied') {
    const ref = decision.decidedBy;
    return {
      kind: 'not-by-identity',
      because: 'explicit-deny',
      policyKind: by,
      ...(ref === undefined ? {} : { statementRef: ref }),
    };
  }
  if (by !== 'identity')
    return { kind: 'not-by-identity', because: by, policyKind: by, statement: statementFor(request, by) };

  const own = verdicts.filter((verdict) => verdict.kind === 'identity');
  const near = nearMiss(request, identity, own) ?? {
    kind: 'add-statement',
    policyKind: 'identity',
    statement: statementFor(request, 'identity'),
  };
  const then = afterwards(request, facts, verdicts, identity);
  return then === undefined ? near : { ...near, then };
}

/** What would still refuse the request if an identity policy allowed it. */
function afterwards(
  request: AccessRequest,
  facts: Facts,
  verdicts: readonly PolicyVerdict[],
  identity: readonly Named[],
): Missing | undefined {
  const next = settle(request, facts, true);
  return next.effect === 'Allowed' ? undefined : whatIsMissing(request, facts, next, verdicts, identity);
}

/** Keys that narrow a statement to what is asked, where leaving them out would give away much more. */
const NARROWING: readonly { readonly action: RegExp; readonly key: ContextKey }[] = [
  { action: /^iam:passrole$/i, key: new ContextKey('iam:PassedToService') },
  { action: /^kms:/i, key: new ContextKey('kms:ViaService') },
];

function statementFor(request: AccessRequest, kind: PolicyKind): PolicyStatement {
  const { action, resource, context } = request;
  const statement: PolicyStatement = {
    Effect: 'Allow',
    ...(kind === 'resource' || kind === 'key' || kind === 'trust' || kind === 'vpce'
      ? { Principal: principalElement(request.principal) }
      : {}),
    Action: action,
    // A key policy speaks of its own key, a trust policy of its own role.
    ...(kind === 'trust' ? {} : { Resource: kind === 'key' ? '*' : resource }),
  };
  const narrowing: Record<string, string> = {};
  for (const { action: pattern, key } of NARROWING) {
    const value = pattern.test(action) ? key.in(context) : undefined;
    if (typeof value === 'string') narrowing[key.name] = value;
  }
  return Object.keys(narrowing).length === 0 ? statement : { ...statement, Condition: { StringEquals: narrowing } };
}

function principalElement(principal: RequestPrincipal): '*' | Record<string, string> {
  switch (principal.type) {
    case 'root':
      return { AWS: `arn:aws:iam::${principal.account}:root` };
    case 'role-session':
      return { AWS: principal.roleArn };
    case 'user':
    case 'federated-user':
      return { AWS: principal.arn };
    case 'service':
      return { Service: principal.service };
    case 'federated':
      return { Federated: principal.provider };
    case 'anonymous':
      return '*';
  }
}

/** A statement that differs from what is needed in one thing only: first a condition, then the action, then the resource. */
function nearMiss(
  request: AccessRequest,
  identity: readonly Named[],
  verdicts: readonly PolicyVerdict[],
): Exclude<Missing, { kind: 'not-by-identity' }> | undefined {
  const statement = statementFor(request, 'identity');
  let action: { ref: StatementRef; from: string; distance: number } | undefined;
  let resource: { ref: StatementRef; from: string; common: number } | undefined;
  for (const [position, source] of identity.entries()) {
    for (const candidate of source.policy.statements) {
      if (candidate.effect !== 'Allow') continue;
      const reason = verdicts[position]?.statements[candidate.index]?.reason;
      const ref = refTo(candidate, source.name);
      if (reason?.because === 'condition') {
        return { kind: 'meet-condition', policyKind: 'identity', statementRef: ref, condition: reason, statement };
      }
      if (reason?.because === 'action' && fitsButFor(candidate, request, 'action')) {
        const near = nearAction(candidate, request.action);
        if (near !== undefined && near.distance < (action?.distance ?? Number.POSITIVE_INFINITY))
          action = { ref, ...near };
      }
      if (reason?.because === 'resource' && fitsButFor(candidate, request, 'resource')) {
        const near = nearResource(candidate, request.resource);
        if (near !== undefined && near.common > (resource?.common ?? 0)) resource = { ref, ...near };
      }
    }
  }
  if (action !== undefined) {
    const { ref, from } = action;
    return { kind: 'change-action', policyKind: 'identity', statementRef: ref, from, to: request.action, statement };
  }
  if (resource === undefined) return undefined;
  const { ref, from } = resource;
  return { kind: 'change-resource', policyKind: 'identity', statementRef: ref, from, to: request.resource, statement };
}

function refTo({ index, sid }: CompiledStatement, policy: string): StatementRef {
  return sid === undefined ? { kind: 'identity', policy, index } : { kind: 'identity', policy, sid, index };
}

function fitsButFor(statement: CompiledStatement, request: AccessRequest, thing: Reason['because']): boolean {
  const { resource, context } = request;
  return (
    (thing === 'action' ? !statement.notAction : !statement.notResource) &&
    (thing === 'resource' || statement.matchesResource(resource, context)) &&
    statement.conditionsHold(context)
  );
}

/** The entry of Action that is nearest to the one asked: the same service, and a name that begins alike or is nearly spelled so. */
function nearAction(statement: CompiledStatement, asked: string): { from: string; distance: number } | undefined {
  const [service, name = ''] = asked.toLowerCase().split(':');
  let nearest: { from: string; distance: number } | undefined;
  for (const { text, service: written } of statement.actions) {
    if (written !== service) continue;
    const other = text.slice(text.indexOf(':') + 1).toLowerCase();
    const begins = name.startsWith(other) || other.startsWith(name);
    const distance = editDistance(name, other);
    if ((begins || distance <= 3) && other.length > 2 && distance < (nearest?.distance ?? Number.POSITIVE_INFINITY)) {
      nearest = { from: text, distance };
    }
  }
  return nearest;
}

/** The entry of Resource that shares the longest beginning with the one asked: the same service and the same type. */
function nearResource(statement: CompiledStatement, asked: string): { from: string; common: number } | undefined {
  const kind = serviceAndType(asked);
  let nearest: { from: string; common: number } | undefined;
  for (const { text } of statement.resources ?? []) {
    if (kind === undefined || serviceAndType(text) !== kind) continue;
    let common = 0;
    while (common < text.length && text.charCodeAt(common) === asked.charCodeAt(common)) common++;
    if (common > (nearest?.common ?? 0)) nearest = { from: text, common };
  }
  return nearest;
}

/** `ssm parameter` of `arn:aws:ssm:eu-west-1:1:parameter/x`; of a resource without a type (a queue, a bucket) its service alone. */
function serviceAndType(arn: string): string | undefined {
  const colons: number[] = [];
  for (let at = arn.indexOf(':'); at !== -1 && colons.length < 5; at = arn.indexOf(':', at + 1)) colons.push(at);
  if (colons.length < 5) return undefined;
  const service = arn.slice(colons[1]! + 1, colons[2]);
  const resource = arn.slice(colons[4]! + 1);
  const end = resource.search(/[/:]/);
  // What comes before the slash of an S3 object is its bucket, not a type.
  return end === -1 || service === 's3' ? service : `${service} ${resource.slice(0, end)}`;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
