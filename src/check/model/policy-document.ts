import type { CompiledPolicy } from '../../policy/compiled.ts';
import { MalformedPolicyDocument } from '../../policy/malformed.ts';
import { parsePolicy } from '../../policy/parse.ts';
import type { PolicyKind } from '../../policy/types.ts';
import { type Node, unknownsIn } from '../../sources/node.ts';
import { type Origin, placeOf, SourceError } from '../../sources/origin.ts';
import type { PolicySource } from '../../sources/policy-source.ts';
import type { Missing } from '../../sources/unknown.ts';
import { knownOnlyAtRunTime } from './runtime-keys.ts';
import { hasToken, type Tokens } from './tokens.ts';

/**
 * A policy between two bounds: whatever the unknown values are, it allows at least what `least` allows and at most what
 * `most` allows. Both are the same document where nothing is unknown.
 */
export interface BoundedPolicy {
  readonly least: CompiledPolicy;
  readonly most: CompiledPolicy;
  /** Why the two differ. */
  readonly missing: readonly Missing[];
}

type Json = Record<string, unknown>;

/** Reads documents and keeps those it has read: modules stamp the same text out often. */
export class PolicyReader {
  readonly #tokens: Tokens;
  readonly #known = new Map<string, BoundedPolicy>();

  constructor(tokens: Tokens) {
    this.#tokens = tokens;
  }

  /** @throws SourceError for a document whose meaning is not clear. */
  read(source: PolicySource): BoundedPolicy {
    const { node, kind, origin } = source;
    if (node.kind === 'unknown') return this.nothingKnown(kind, node.value.missing);
    const missing = hasUnknown(node) ? unknownsIn(node).flatMap(({ value }) => value.missing) : [];
    const text =
      missing.length === 0 && source.text !== undefined ? source.text : JSON.stringify(this.#tokens.plain(node));
    return this.#remembered(`${kind}\n${text}`, () => this.#bound(text, kind, origin, missing));
  }

  /** A policy of which nothing is in the input: it may allow all or nothing. */
  nothingKnown(kind: PolicyKind, missing: readonly Missing[]): BoundedPolicy {
    const principal = kind === 'identity' || kind === 'boundary' || kind === 'scp' ? {} : { Principal: '*' };
    const resource = kind === 'trust' ? {} : { Resource: '*' };
    const one = (effect: string) =>
      JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: effect, ...principal, Action: effect === 'Deny' ? 'none:None' : '*', ...resource }],
      });
    return {
      least: parsePolicy(one('Deny'), kind, { purpose: 'evaluate' }),
      most: parsePolicy(one('Allow'), kind, { purpose: 'evaluate' }),
      missing,
    };
  }

  #remembered(key: string, make: () => BoundedPolicy): BoundedPolicy {
    let found = this.#known.get(key);
    if (found === undefined) {
      found = make();
      this.#known.set(key, found);
    }
    return found;
  }

  #bound(text: string, kind: PolicyKind, origin: Origin, missing: readonly Missing[]): BoundedPolicy {
    const exact = compile(text, kind, origin);
    const runtime = runtimeConditions(exact, origin);
    if (missing.length === 0 && runtime.length === 0) return { least: exact, most: exact, missing: [] };
    // A policy file may be YAML: its text is then not kept, and this is JSON of our own.
    const document = JSON.parse(text) as Json;
    const statements = [document.Statement].flat() as Json[];
    const variant = (bound: 'least' | 'most') =>
      compile(JSON.stringify({ ...document, Statement: statements.map((one) => bounded(one, bound)) }), kind, origin);
    return { least: variant('least'), most: variant('most'), missing: [...missing, ...runtime] };
  }
}

/** Most documents know everything: looked at without making anything. */
function hasUnknown(node: Node): boolean {
  switch (node.kind) {
    case 'scalar':
      return false;
    case 'unknown':
      return true;
    case 'list':
      return node.items.some(hasUnknown);
    case 'map':
      for (const member of node.members.values()) if (hasUnknown(member)) return true;
      return false;
  }
}

function compile(text: string, kind: PolicyKind, origin: Origin): CompiledPolicy {
  try {
    return parsePolicy(text, kind, { purpose: 'evaluate' });
  } catch (error) {
    if (!(error instanceof MalformedPolicyDocument)) throw error;
    throw new SourceError(
      'malformed-policy',
      origin,
      `AWS refuses the policy at ${placeOf(origin)}: ${error.detail}`,
      'Correct the policy at this place.',
    );
  }
}

function runtimeConditions(policy: CompiledPolicy, origin: Origin): Missing[] {
  const keys = new Set(
    policy.statements.flatMap(({ conditions }) =>
      conditions.map(({ key }) => key.name).filter((name) => knownOnlyAtRunTime(name)),
    ),
  );
  return [...keys].map((key) => ({
    why: `the policy asks for ${key}, whose value is known only when the call is made`,
    help: 'Nothing to supply: check by hand that the condition will hold.',
    origin,
  }));
}

/** `none:None` stands for a statement that speaks about nothing: indexes of statements stay as they are. */
const SILENT = { Effect: 'Deny', Action: 'none:None' };

/**
 * A statement at one of its bounds. At the least, an Allow covers only what it covers for certain (unknown texts fit
 * nothing but themselves) and a Deny all that it may cover; at the most, the other way round.
 */
function bounded(statement: Json, bound: 'least' | 'most'): Json {
  // Known only in part: one value of a list of statements.
  if (typeof statement !== 'object' || statement === null) {
    return bound === 'most' ? { Effect: 'Allow', Action: '*', Resource: '*' } : { ...SILENT, Resource: '*' };
  }
  const wide = (statement.Effect === 'Allow') === (bound === 'most');
  const uncertain = Object.entries((statement.Condition ?? {}) as Json).flatMap(([operator, keys]) =>
    Object.entries((keys ?? {}) as Json)
      .filter(([key, values]) => knownOnlyAtRunTime(key) || hasToken(JSON.stringify(values)))
      .map(([key]) => [operator, key] as const),
  );
  if (uncertain.length > 0 && !wide) {
    const { Principal, NotPrincipal, Resource, NotResource } = statement;
    const rest = { Principal, NotPrincipal, Resource, NotResource };
    return { ...SILENT, ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)) };
  }
  if (!wide) return statement;
  const result: Json = { ...statement };
  for (const name of ['Action', 'Resource', 'Principal'] as const)
    if (result[name] !== undefined) result[name] = widened(result[name]);
  for (const name of ['NotAction', 'NotResource'] as const) {
    const value = result[name];
    // What is left out is unknown: at its widest nothing is.
    if (value !== undefined && hasToken(JSON.stringify(value))) {
      const known = [value].flat().filter((one) => !hasToken(String(one)));
      result[name] = known.length > 0 ? known : 'none:None';
    }
  }
  if (uncertain.length > 0) {
    const condition = structuredClone(statement.Condition) as Record<string, Json>;
    for (const [operator, key] of uncertain) delete condition[operator]![key];
    const left = Object.entries(condition).filter(([, keys]) => Object.keys(keys).length > 0);
    delete result.Condition;
    if (left.length > 0) result.Condition = Object.fromEntries(left);
  }
  return result;
}

/** Unknown parts as `*`. */
function widened(value: unknown): unknown {
  // An ARN whose beginning is not known may be any.
  if (typeof value === 'string') return value.replaceAll(/\u{e000}[0-9a-z]+\u{e001}/gu, '*').replace(/^\*.*$/s, '*');
  if (Array.isArray(value)) return value.map(widened);
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    // Parts of a principal have no wildcards: an unknown one may be anybody.
    if (entries.some(([, entry]) => hasToken(JSON.stringify(entry)))) return '*';
  }
  return value;
}
