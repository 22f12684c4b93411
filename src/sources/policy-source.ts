import { MalformedPolicyDocument } from '../policy/malformed.ts';
import { parsePolicy } from '../policy/parse.ts';
import type { PolicyKind } from '../policy/types.ts';
import { pointerOf } from './json-document.ts';
import { type Node, nearest, plain } from './node.ts';
import { type Origin, SourceError } from './origin.ts';
import { embeddedDocument, parseDocument, readText } from './read-document.ts';
import { type Deferred, fillIn, Unknown } from './unknown.ts';

/** A policy document of the input. */
export interface PolicySource {
  readonly kind: PolicyKind;
  readonly origin: Origin;
  readonly node: Node;
  /** The text of its file, when it has one of its own; stored as it is. */
  readonly text?: string;
}

/** A policy in a JSON (or YAML) file of its own, checked as AWS checks it when it is stored. @throws SourceError */
export function policyFile(file: string, kind: PolicyKind): PolicySource {
  const text = readText(file);
  const node = parseDocument(file, text);
  const json = /^\s*\{/.test(text);
  return checked({ kind, origin: { ...node.origin, line: 1 }, node, ...(json ? { text } : {}) });
}

/** A policy inside a template: an object, or its JSON text. Checked as AWS checks it when it is stored. @throws SourceError */
export function policyNode(node: Node, kind: PolicyKind): PolicySource {
  if (node.kind === 'scalar' && typeof node.value === 'string') {
    return checked({ kind, origin: node.origin, node: embeddedDocument(node), text: node.value });
  }
  return checked({ kind, origin: node.origin, node });
}

/** The document as the API takes it. @throws SourceError for what is not known. */
export function policyText(source: PolicySource, fill: (deferred: Deferred) => string | undefined): string {
  return (
    source.text ??
    JSON.stringify(plain(source.node), (_, value) => (value instanceof Unknown ? fillIn(value, fill) : value))
  );
}

/** The document with `*` in place of what is not known: fit for the grammar, not for decisions. */
function outline(source: PolicySource): string {
  const put = (value: Unknown) =>
    typeof value.parts[0] === 'string'
      ? value.parts.map((part) => (typeof part === 'string' ? part : '*')).join('')
      : '*';
  return (
    source.text ?? JSON.stringify(plain(source.node), (_, value) => (value instanceof Unknown ? put(value) : value))
  );
}

function checked(source: PolicySource): PolicySource {
  if (source.node.kind === 'unknown') return source;
  if (source.node.kind !== 'map')
    throw new SourceError(
      'malformed-policy',
      source.origin,
      'a policy document must be an object',
      'Write { "Version": "2012-10-17", "Statement": [ … ] }.',
    );
  try {
    parsePolicy(outline(source), source.kind);
  } catch (error) {
    if (!(error instanceof MalformedPolicyDocument)) throw error;
    const place = nearest(source.node, pointerOf(error.path)).origin;
    const detail = error.detail === error.message ? '' : ` (${error.detail})`;
    throw new SourceError(
      'malformed-policy',
      place,
      `AWS refuses this ${WORDS[source.kind] ?? 'policy'}: ${error.message}${detail}`,
      'Correct the policy at this place; the grammar is in the IAM User Guide, reference_policies_grammar.',
    );
  }
  return source;
}

const WORDS: Partial<Record<PolicyKind, string>> = {
  trust: 'trust policy',
  key: 'key policy',
  resource: 'resource policy',
  boundary: 'permissions boundary',
  scp: 'service control policy',
};
