import { ActionPattern } from './action-pattern.ts';
import { ResourcePattern, type ShortArnRule } from './arn-pattern.ts';
import { CompiledPolicy, CompiledStatement } from './compiled.ts';
import { CompiledCondition } from './conditions/condition.ts';
import { type DocumentElements, DocumentReader, type Fail, type StatementElements } from './document.ts';
import { SHORT_ARN } from './edges.ts';
import { checkEffect, checkForStorage } from './grammar.ts';
import { lineAndColumn } from './json.ts';
import { PrincipalSet } from './principal.ts';
import type { PolicyKind, PolicyVersion } from './types.ts';

export type { CompiledPolicy };

export interface ParseOptions {
  /**
   * `store` (the default) refuses everything that AWS refuses to store. `evaluate` wants only a document whose meaning is
   * clear: lengths, spelling of Sids, forms of ARNs and names of services are not looked at.
   */
  readonly purpose?: 'store' | 'evaluate';
  /** A managed policy (CreatePolicy, CreatePolicyVersion): its own size limit, and version 2012-10-17 is a must. */
  readonly managed?: boolean;
}

/**
 * Reads a policy document and makes it ready to be asked.
 * @throws MalformedPolicyDocument when AWS would refuse to store it, with AWS's message where it is known.
 */
export function parsePolicy(text: string, kind: PolicyKind, options: ParseOptions = {}): CompiledPolicy {
  const reader = new DocumentReader(text, kind === 'trust', options.purpose === 'evaluate');
  const document = reader.read();
  if (options.purpose !== 'evaluate') checkForStorage(document, kind, options.managed === true, text, reader.fail);
  else checkMeaning(document, kind, reader.fail);
  const version = document.version?.value ?? '2008-10-17';
  const statements = document.statements.map((statement, index) => compile(statement, index, kind, version, text));
  return new CompiledPolicy(kind, version, document.id, statements, text);
}

/** What the engine must know to evaluate at all. */
function checkMeaning(document: DocumentElements, kind: PolicyKind, fail: Fail): void {
  for (const statement of document.statements) {
    const { effect, action, notAction, resource, notResource, principal, notPrincipal } = statement;
    checkEffect(effect, fail);
    if (action === undefined && notAction === undefined) fail('Policy statement must contain actions.', statement);
    if (resource === undefined && notResource === undefined && kind !== 'trust' && kind !== 'resource') {
      fail('Policy statement must contain resources.', statement);
    }
    const hasPrincipal = principal !== undefined || notPrincipal !== undefined;
    if (!hasPrincipal && (kind === 'resource' || kind === 'trust' || kind === 'key')) {
      fail('Missing required field Principal', statement);
    }
    if (hasPrincipal && (kind === 'identity' || kind === 'boundary' || kind === 'session' || kind === 'scp')) {
      fail('Policy document should not specify a principal.', statement);
    }
  }
}

function compile(
  statement: StatementElements,
  index: number,
  kind: PolicyKind,
  version: PolicyVersion,
  text: string,
): CompiledStatement {
  const actions = statement.action ?? statement.notAction;
  const resources = statement.resource ?? statement.notResource;
  const principals = statement.principal ?? statement.notPrincipal;
  return new CompiledStatement({
    index,
    sid: statement.sid?.value,
    effect: statement.effect.value === 'Allow' ? 'Allow' : 'Deny',
    actions: (actions?.values ?? []).map(({ value }) => new ActionPattern(value)),
    notAction: statement.notAction !== undefined,
    resources: resources?.values.map(({ value }) => new ResourcePattern(value, version, shortArnRule(kind, value))),
    notResource: statement.notResource !== undefined,
    principals: principals === undefined ? undefined : new PrincipalSet(principals.entries),
    notPrincipal: statement.notPrincipal !== undefined,
    conditions: statement.conditions.map(
      ({ operator, use, key, values }) =>
        new CompiledCondition(
          operator,
          use,
          key,
          values.map(({ value }) => value),
          version,
        ),
    ),
    line: lineAndColumn(text, statement.at).line,
  });
}

function shortArnRule(kind: PolicyKind, pattern: string): ShortArnRule {
  switch (SHORT_ARN[kind]) {
    case 'fill':
      return 'fill';
    case 'fill-with-wildcard':
      return /[*?]/.test(pattern) ? 'fill' : 'nothing';
    case 'fill-with-trailing-wildcard':
      return pattern.endsWith('*') ? 'fill' : 'nothing';
    case 'refuse':
      return 'nothing';
  }
}
