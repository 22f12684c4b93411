import { type OperatorUse, readOperator } from './conditions/operators.ts';
import {
  type JsonNode,
  type JsonObject,
  JsonSyntaxError,
  lineAndColumn,
  memberPath,
  plainJson,
  readJson,
} from './json.ts';
import { MalformedPolicyDocument } from './malformed.ts';
import type { PolicyVersion } from './types.ts';

/** An element of the document with the path that leads to it. */
export interface Element<N extends JsonNode = JsonNode> {
  readonly node: N;
  readonly path: string;
}

/** A statement cut into its elements, every one of the right JSON type. */
export interface StatementElements {
  readonly path: string;
  readonly at: number;
  readonly sid: (Element & { readonly value: string }) | undefined;
  readonly effect: Element & { readonly value: string };
  readonly action: TextList | undefined;
  readonly notAction: TextList | undefined;
  readonly resource: TextList | undefined;
  readonly notResource: TextList | undefined;
  readonly principal: PrincipalElement | undefined;
  readonly notPrincipal: PrincipalElement | undefined;
  readonly conditions: readonly ConditionElement[];
}

/** A string or a list of strings, each with its place. */
export interface TextList extends Element {
  readonly values: readonly (Element & { readonly value: string })[];
}

export interface PrincipalElement extends Element {
  readonly entries: readonly (Element & { readonly type: string; readonly value: string })[];
}

export interface ConditionElement extends Element {
  readonly operator: string;
  readonly use: OperatorUse;
  readonly key: string;
  readonly values: readonly (Element & { readonly value: string })[];
}

export interface DocumentElements {
  readonly version: (Element & { readonly value: PolicyVersion }) | undefined;
  readonly id: string | undefined;
  readonly statements: readonly StatementElements[];
}

/** Source of the text: observed from CreatePolicy and PutRolePolicy on every kind of grammar mistake. */
const SYNTAX_ERRORS = 'Syntax errors in policy.';

/**
 * Trust policies are read by another parser, which says what is wrong. Sources: localstack/localstack#8453 (JSON),
 * aws/aws-cdk#5732 (a bare star).
 * unverified: the other texts, which public projects that imitate IAM agree on.
 */
const TRUST_TEXTS = {
  json: 'This policy contains invalid Json',
  version: 'The policy must contain a valid version string',
  noStatement: 'Could not parse the policy: Statement is empty!',
  noEffect: 'Missing required field Effect',
  noPrincipal: 'Missing required field Principal cannot be empty!',
  star: 'AssumeRolepolicy contained an invalid principal: "STAR":"*".',
  other: 'Syntax error in policy.',
} as const;

type Mistake = keyof typeof TRUST_TEXTS;

/** Refuses at a place of the document. */
export type Fail = (
  message: string,
  place: { path: string; at: number },
  detail?: string,
  code?: MalformedPolicyDocument['code'],
) => never;

const TOP_ELEMENTS = new Set(['Version', 'Id', 'Statement']);
const STATEMENT_ELEMENTS = new Set([
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
]);
const PRINCIPAL_TYPES = new Set(['AWS', 'Federated', 'Service', 'CanonicalUser']);

/** The grammar of the policy language: which elements there are and what JSON they hold. Source: reference_policies_grammar. */
export class DocumentReader {
  readonly #text: string;
  readonly #trust: boolean;
  readonly #lenient: boolean;

  constructor(text: string, trust: boolean, lenient: boolean) {
    this.#text = text;
    this.#trust = trust;
    this.#lenient = lenient;
  }

  readonly fail: Fail = (message, place, detail, code) => {
    const shown = detail === undefined ? {} : { detail };
    throw new MalformedPolicyDocument(
      message,
      { path: place.path, ...lineAndColumn(this.#text, place.at), ...shown },
      code,
    );
  };

  #syntax(element: Element, detail: string, mistake: Mistake = 'other'): never {
    return this.fail(this.#words(mistake), { path: element.path, at: element.node.at }, detail);
  }

  #words(mistake: Mistake): string {
    return this.#trust ? TRUST_TEXTS[mistake] : SYNTAX_ERRORS;
  }

  read(): DocumentElements {
    let root: JsonNode;
    try {
      root = readJson(this.#text);
    } catch (error) {
      if (error instanceof JsonSyntaxError) this.fail(this.#words('json'), error, error.message);
      throw error;
    }
    const document = this.#object({ node: root, path: '$' }, 'a policy');
    const members = this.#members(document, TOP_ELEMENTS, 'a policy');
    const version = members.get('Version');
    const id = members.get('Id');
    const statement = members.get('Statement');
    if (statement === undefined) this.#syntax(document, 'the policy has no Statement', 'noStatement');
    return {
      version: version === undefined ? undefined : this.#version(version),
      id: id === undefined ? undefined : this.#string(id).value,
      statements: this.#statements(statement),
    };
  }

  #object(element: Element, what: string): Element<JsonObject> {
    const { node, path } = element;
    if (node.type !== 'object') this.#syntax(element, `${what} must be an object`);
    return { node, path };
  }

  #members(element: Element<JsonObject>, known: ReadonlySet<string>, what: string): Map<string, Element> {
    const members = new Map<string, Element>();
    for (const member of element.node.members) {
      const path = memberPath(element.path, member.name);
      if (!known.has(member.name)) {
        this.fail(this.#words('other'), { path, at: member.at }, `${what} has no element "${member.name}"`);
      }
      members.set(member.name, { node: member.value, path });
    }
    return members;
  }

  #string(element: Element): Element & { value: string } {
    const { node, path } = element;
    if (node.type !== 'string') this.#syntax(element, 'a string is expected');
    return { node, path, value: node.value };
  }

  #version(element: Element): Element & { value: PolicyVersion } {
    const { value } = this.#string(element);
    if (value !== '2012-10-17' && value !== '2008-10-17') {
      this.#syntax(element, `the version is 2012-10-17 or 2008-10-17, not "${value}"`, 'version');
    }
    return { ...element, value };
  }

  #statements(element: Element): StatementElements[] {
    const { node, path } = element;
    if (node.type !== 'array') return [this.#statement(element)];
    if (node.items.length === 0 && !this.#lenient) this.#syntax(element, 'the policy has no statement', 'noStatement');
    return node.items.map((item, index) => this.#statement({ node: item, path: `${path}[${index}]` }));
  }

  #statement(element: Element): StatementElements {
    const object = this.#object(element, 'a statement');
    const members = this.#members(object, STATEMENT_ELEMENTS, 'a statement');
    for (const name of ['Action', 'Resource', 'Principal']) {
      const both = members.has(name) ? members.get(`Not${name}`) : undefined;
      if (both !== undefined) this.#syntax(both, `a statement has ${name} or Not${name}, not both`);
    }
    const effect = members.get('Effect');
    if (effect === undefined) this.#syntax(object, 'the statement has no Effect', 'noEffect');
    const sid = members.get('Sid');
    const condition = members.get('Condition');
    const texts = (name: string) => {
      const member = members.get(name);
      return member === undefined ? undefined : this.#texts(member);
    };
    const principals = (name: string) => {
      const member = members.get(name);
      return member === undefined ? undefined : this.#principals(member);
    };
    return {
      path: element.path,
      at: element.node.at,
      sid: sid === undefined ? undefined : this.#string(sid),
      effect: this.#effect(effect),
      action: texts('Action'),
      notAction: texts('NotAction'),
      resource: texts('Resource'),
      notResource: texts('NotResource'),
      principal: principals('Principal'),
      notPrincipal: principals('NotPrincipal'),
      conditions: condition === undefined ? [] : this.#conditions(condition),
    };
  }

  #effect(element: Element): Element & { value: string } {
    const { value } = this.#string(element);
    if (this.#trust && value !== 'Allow' && value !== 'Deny') {
      this.fail(`Invalid effect: ${value}`, { path: element.path, at: element.node.at });
    }
    if (!/^(?:allow|deny)$/i.test(value)) this.#syntax(element, `Effect is "Allow" or "Deny", not "${value}"`);
    return { ...element, value };
  }

  #texts(element: Element): TextList {
    const { node, path } = element;
    const items =
      node.type === 'array' ? node.items.map((item, at) => ({ node: item, path: `${path}[${at}]` })) : [element];
    return { node, path, values: items.map((item) => this.#string(item)) };
  }

  #principals(element: Element): PrincipalElement {
    const { node, path } = element;
    if (node.type === 'string') {
      if (node.value !== '*') this.#syntax(element, 'a principal is "*" or an object');
      if (this.#trust && !this.#lenient) this.#syntax(element, 'in a trust policy everyone is {"AWS": "*"}', 'star');
      return { node, path, entries: [{ node, path, type: '*', value: '*' }] };
    }
    const entries: (Element & { type: string; value: string })[] = [];
    for (const [type, member] of this.#members(this.#object(element, 'a principal'), PRINCIPAL_TYPES, 'a principal')) {
      for (const text of this.#texts(member).values) entries.push({ ...text, type });
    }
    if (entries.length === 0 && !this.#lenient) this.#syntax(element, 'nobody is named', 'noPrincipal');
    return { node, path, entries };
  }

  #conditions(element: Element): ConditionElement[] {
    const conditions: ConditionElement[] = [];
    const block = this.#object(element, 'Condition');
    for (const { name: operator, value, at } of block.node.members) {
      const path = memberPath(block.path, operator);
      const keys = this.#object({ node: value, path }, 'a condition operator');
      const use = readOperator(operator);
      if (use === undefined) {
        // Source: observed from CreatePolicy: an unknown operator without keys passes.
        if (keys.node.members.length === 0) continue;
        this.fail(this.#words('other'), { path, at }, `there is no condition operator "${operator}"`);
      }
      for (const member of keys.node.members) {
        const place = { node: member.value, path: memberPath(path, member.name) };
        conditions.push({ ...place, operator, use, key: member.name, values: this.#conditionValues(place) });
      }
    }
    return conditions;
  }

  /** Numbers and booleans may stand without quotes. */
  #conditionValues(element: Element): (Element & { value: string })[] {
    const { node, path } = element;
    const items =
      node.type === 'array' ? node.items.map((item, at) => ({ node: item, path: `${path}[${at}]` })) : [element];
    return items.map((item) => {
      const { type } = item.node;
      if (type !== 'string' && type !== 'number' && type !== 'boolean') {
        this.#syntax(item, 'a condition value is a string, a number or a boolean');
      }
      return { ...item, value: String(plainJson(item.node)) };
    });
  }
}
