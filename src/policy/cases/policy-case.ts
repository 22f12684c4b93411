import { parseArn } from '../../core/arn.ts';
import type { CompiledPolicy } from '../compiled.ts';
import { type JsonNode, lineAndColumn, memberPath } from '../json.ts';
import { MalformedPolicyDocument } from '../malformed.ts';
import { parsePolicy } from '../parse.ts';
import { accountOf } from '../settle.ts';
import type { AccessRequest, Effect, NamedPolicy, PolicyKind, PolicySet, RequestContext } from '../types.ts';
import { principalOf } from './principal-of.ts';

/** What a case expects; `Denied` is either kind of denial. */
export type ExpectedResponse = Effect | 'Denied';

/** One policy test: a request, the policies it meets and the answer it must get. */
export interface PolicyCase {
  readonly id?: string;
  readonly name: string;
  readonly request: AccessRequest;
  readonly policies: PolicySet<CompiledPolicy>;
  readonly expected: ExpectedResponse;
}

/** A case that cannot be run: what is wrong and where. */
export class UnusableCase extends Error {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  constructor(message: string, place: { path: string; line: number; column: number }) {
    super(message);
    this.name = 'UnusableCase';
    this.path = place.path;
    this.line = place.line;
    this.column = place.column;
  }
}

/**
 * Fetches a document that is named instead of written out: a path, or the ARN of an AWS managed policy. Throws an Error
 * whose message says why it cannot.
 */
export type FetchDocument = (name: string) => string;

/**
 * Reads the cases of a file that is already read as JSON: one case or a list.
 * @throws UnusableCase at the first thing that is not understood.
 */
export function readCases(text: string, root: JsonNode, fetch: FetchDocument): PolicyCase[] {
  const reader = new CaseReader(text, fetch);
  if (root.type !== 'array') return [reader.case({ node: root, path: '$' }, 0)];
  return root.items.map((node, index) => reader.case({ node, path: `$[${index}]` }, index));
}

interface Place {
  readonly node: JsonNode;
  readonly path: string;
}

const RESPONSES: readonly string[] = ['Allowed', 'ImplicitlyDenied', 'ExplicitlyDenied', 'Denied'];
const POLICY_MEMBERS = new Set(['identity', 'resource', 'boundary', 'session', 'scp', 'rcp', 'vpce']);

class CaseReader {
  readonly #text: string;
  readonly #fetch: FetchDocument;
  /** Documents compiled before, by kind and text: teams test one policy with many requests. */
  readonly #compiled = new Map<string, CompiledPolicy>();

  constructor(text: string, fetch: FetchDocument) {
    this.#text = text;
    this.#fetch = fetch;
  }

  case(place: Place, index: number): PolicyCase {
    const members = this.#members(place, 'a case');
    const id = this.#optional(members, 'id');
    const name = this.#optional(members, 'name') ?? id ?? `case ${index + 1}`;
    const request = this.#request(this.#required(members, 'request', place));
    const policies = this.#policies(this.#required(members, 'policies', place), request.action);
    const expectedPlace = this.#required(members, 'expected', place);
    const response = this.#required(this.#members(expectedPlace, '`expected`'), 'response', expectedPlace);
    const expected = this.#string(response);
    if (!RESPONSES.includes(expected))
      this.#fail(response, `the response is one of ${RESPONSES.join(', ')}, not "${expected}"`);
    const rest = { name, request, policies, expected: expected as ExpectedResponse };
    return id === undefined ? rest : { id, ...rest };
  }

  #fail({ node, path }: Place, message: string): never {
    throw new UnusableCase(message, { path, ...lineAndColumn(this.#text, node.at) });
  }

  #members(place: Place, what: string): Map<string, Place> {
    const { node, path } = place;
    if (node.type !== 'object') this.#fail(place, `${what} must be an object`);
    return new Map(node.members.map(({ name, value }) => [name, { node: value, path: memberPath(path, name) }]));
  }

  #required(members: Map<string, Place>, name: string, parent: Place): Place {
    const member = members.get(name);
    if (member === undefined) this.#fail(parent, `\`${name}\` is missing`);
    return member;
  }

  #string(place: Place): string {
    if (place.node.type !== 'string') this.#fail(place, 'a string is expected');
    return place.node.value;
  }

  /** `id` and `name` may be a string or a number. */
  #optional(members: Map<string, Place>, name: string): string | undefined {
    const member = members.get(name);
    if (member === undefined || member.node.type === 'null') return undefined;
    return member.node.type === 'number' ? member.node.text : this.#string(member);
  }

  #request(place: Place): AccessRequest {
    const members = this.#members(place, '`request`');
    const contextPlace = members.get('context');
    const context = contextPlace === undefined || contextPlace.node.type === 'null' ? {} : this.#context(contextPlace);
    const principalPlace = this.#required(members, 'principal', place);
    const text = this.#string(principalPlace);
    const principal = principalOf(text, context);
    if (principal === undefined) {
      this.#fail(principalPlace, `"${text}" is not the ARN of a principal, nor the name of a service, nor *`);
    }
    const actionPlace = this.#required(members, 'action', place);
    const action = this.#string(actionPlace);
    if (!/^[^:\s]+:[^:\s]+$/.test(action)) this.#fail(actionPlace, `"${action}" is not a service:Operation`);
    const resourcePlace = members.get('resource');
    const resource = resourcePlace === undefined ? '*' : this.#string(resourcePlace);
    const owner = this.#optional(members, 'resourceAccount') ?? (parseArn(resource)?.account || accountOf(principal));
    return { principal, action, resource, resourceAccount: owner ?? '', context };
  }

  #context(place: Place): RequestContext {
    const context: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>;
    for (const [key, value] of this.#members(place, '`context`')) {
      const { node, path } = value;
      context[key] =
        node.type === 'array'
          ? node.items.map((item, index) => this.#scalar({ node: item, path: `${path}[${index}]` }))
          : this.#scalar(value);
    }
    return context;
  }

  #scalar(place: Place): string {
    const { node } = place;
    if (node.type === 'string') return node.value;
    if (node.type === 'number') return node.text;
    if (node.type === 'boolean') return String(node.value);
    this.#fail(place, 'a condition key has a string, a number, a boolean or a list of these');
  }

  #policies(place: Place, action: string): PolicySet<CompiledPolicy> {
    const members = this.#members(place, '`policies`');
    for (const [name, member] of members) {
      if (!POLICY_MEMBERS.has(name))
        this.#fail(member, `there is no policy kind \`${name}\`: ${[...POLICY_MEMBERS].join(', ')}`);
    }
    const given = (name: string) => {
      const member = members.get(name);
      return member === undefined || member.node.type === 'null' ? undefined : member;
    };
    const list = (name: string, kind: PolicyKind) => {
      const member = given(name);
      return member === undefined ? undefined : this.#list(member, kind, name);
    };
    const levels = (name: 'scp' | 'rcp') => {
      const member = given(name);
      if (member === undefined) return undefined;
      const found = this.#items(member).map((level, depth) => this.#list(level, name, `${name}[${depth}]`));
      return found.length === 0 ? undefined : found;
    };
    const resource = given('resource');
    const session = given('session');
    const boundary = list('boundary', 'boundary');
    const vpce = list('vpce', 'vpce');
    const scp = levels('scp');
    const rcp = levels('rcp');
    return {
      identity: list('identity', 'identity') ?? [],
      ...(resource === undefined ? {} : { resource: this.#document(resource, resourceKindOf(action), 'resource') }),
      ...(session === undefined ? {} : { session: this.#oneOrMore(session, 'session') }),
      ...(boundary === undefined ? {} : { boundary }),
      ...(vpce === undefined ? {} : { vpce }),
      ...(scp === undefined ? {} : { scp }),
      ...(rcp === undefined ? {} : { rcp }),
    };
  }

  #items(place: Place): Place[] {
    const { node, path } = place;
    if (node.type !== 'array') this.#fail(place, 'a list is expected');
    return node.items.map((item, index) => ({ node: item, path: `${path}[${index}]` }));
  }

  #list(place: Place, kind: PolicyKind, label: string): NamedPolicy<CompiledPolicy>[] {
    return this.#items(place).map((item, index) => this.#document(item, kind, `${label}[${index}]`));
  }

  #oneOrMore(place: Place, kind: PolicyKind): NamedPolicy<CompiledPolicy>[] {
    return place.node.type === 'array' ? this.#list(place, kind, kind) : [this.#document(place, kind, kind)];
  }

  #document(place: Place, kind: PolicyKind, label: string): NamedPolicy<CompiledPolicy> {
    const { node } = place;
    if (node.type === 'object') return { name: label, policy: this.#compile(place, kind) };
    if (node.type !== 'string') this.#fail(place, 'a document, a path or the ARN of an AWS managed policy is expected');
    let text: string;
    try {
      text = this.#fetch(node.value);
    } catch (error) {
      this.#fail(place, error instanceof Error ? error.message : String(error));
    }
    try {
      return { name: node.value, policy: this.#parse(text, kind) };
    } catch (error) {
      if (!(error instanceof MalformedPolicyDocument)) throw error;
      this.#fail(place, `${node.value}:${error.line}:${error.column}: ${error.path}: ${sentence(error)}`);
    }
  }

  /** A document written out in the file: its mistakes are shown at their place in the file. */
  #compile(place: Place, kind: PolicyKind): CompiledPolicy {
    const { node, path } = place;
    try {
      return this.#parse(this.#text.slice(node.at, node.end), kind);
    } catch (error) {
      if (!(error instanceof MalformedPolicyDocument)) throw error;
      const start = lineAndColumn(this.#text, node.at);
      const line = start.line + error.line - 1;
      const column = error.line === 1 ? start.column + error.column - 1 : error.column;
      throw new UnusableCase(sentence(error), { path: path + error.path.slice(1), line, column });
    }
  }

  #parse(text: string, kind: PolicyKind): CompiledPolicy {
    const key = `${kind} ${text}`;
    let compiled = this.#compiled.get(key);
    if (compiled === undefined) {
      compiled = parsePolicy(text, kind, { purpose: 'evaluate' });
      this.#compiled.set(key, compiled);
    }
    return compiled;
  }
}

function sentence({ message, detail }: MalformedPolicyDocument): string {
  return detail === message ? message : `${message} (${detail})`;
}

/** Which rules the document under `resource` follows: a role's trust policy, a key policy, or the policy of any other resource. */
function resourceKindOf(action: string): PolicyKind {
  const lower = action.toLowerCase();
  if (lower.startsWith('sts:assumerole')) return 'trust';
  return lower.startsWith('kms:') ? 'key' : 'resource';
}
