import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type ScalarTag,
  type Node as YamlNode,
} from 'yaml';
import { lineFinder } from './json-document.ts';
import { type ListNode, mapNode, type Node, type ScalarNode } from './node.ts';
import { type Origin, pointer, SourceError } from './origin.ts';

/** Aliases may repeat a value; this many values in all is more than any template has (and stops alias bombs). */
const MAX_VALUES = 100_000;
const MAX_DEPTH = 100;

/** Short form → long form. Source: CloudFormation User Guide, intrinsic-function-reference. */
const SHORT_TAGS: Readonly<Record<string, string>> = {
  '!Ref': 'Ref',
  '!Condition': 'Condition',
  ...Object.fromEntries(
    [
      'And',
      'Base64',
      'Cidr',
      'Equals',
      'FindInMap',
      'GetAtt',
      'GetAZs',
      'If',
      'ImportValue',
      'Join',
      'Length',
      'Not',
      'Or',
      'Select',
      'Split',
      'Sub',
      'ToJsonString',
      'Transform',
    ].map((name) => [`!${name}`, `Fn::${name}`]),
  ),
};

/** Makes the parser keep the tags instead of warning about them. */
const customTags: ScalarTag[] = Object.keys(SHORT_TAGS).map((tag) => ({ tag, resolve: (text: string) => text }));

/** A YAML text as nodes; CloudFormation's short tags become their long form. @throws SourceError */
export function yamlDocument(file: string, text: string): Node {
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter, customTags, uniqueKeys: true, logLevel: 'silent' });
  const line = lineFinder(text);
  const whole: Origin = { file, path: '', line: 1 };
  if (!Array.isArray(documents) || documents[0] === undefined)
    throw new SourceError('empty-file', whole, 'this file is empty', 'Give a template or a task definition.');
  for (const document of documents) {
    const [error] = document.errors;
    if (error !== undefined)
      throw new SourceError(
        'malformed-yaml',
        { ...whole, line: line(error.pos[0]) },
        error.code === 'DUPLICATE_KEY'
          ? `the key ${JSON.stringify(keyAt(text, error.pos[0]))} is given twice`
          : `this is not YAML: ${firstLine(error.message)}`,
        error.code === 'DUPLICATE_KEY' ? 'Keep one of them.' : 'Correct the YAML at this place.',
      );
  }
  if (documents.length > 1)
    throw new SourceError(
      'several-documents',
      { ...whole, line: line(documents[1]!.range[0]) },
      'this file holds more than one YAML document',
      'Put each into a file of its own.',
    );
  return new Converter(file, documents[0], line).convert(documents[0].contents as YamlNode | null, '', 0);
}

class Converter {
  readonly #file: string;
  readonly #document: Document;
  readonly #line: (offset: number) => number;
  #values = 0;

  constructor(file: string, document: Document, line: (offset: number) => number) {
    this.#file = file;
    this.#document = document;
    this.#line = line;
  }

  convert(node: YamlNode | null, path: string, depth: number, around?: Origin, underKey = false): Node {
    const start = node?.range?.[0];
    const origin: Origin = {
      file: this.#file,
      path,
      // What stands in a block under its key is found at the key.
      line: start === undefined || (underKey && !isScalar(node)) ? (around?.line ?? 1) : this.#line(start),
    };
    if (++this.#values > MAX_VALUES || depth > MAX_DEPTH)
      throw new SourceError(
        'too-large',
        origin,
        'this file holds too many or too deeply nested values',
        'Check its anchors and aliases.',
      );
    if (node === null) return { kind: 'scalar', value: null, origin };
    if (isAlias(node)) return this.convert(this.#target(node, origin), path, depth + 1, origin);
    const plain = this.#untagged(node, path, depth, origin);
    const tag = node.tag;
    if (tag === undefined || !tag.startsWith('!')) return plain;
    const name = SHORT_TAGS[tag];
    if (name === undefined)
      throw new SourceError(
        'unknown-tag',
        origin,
        `the tag \`${tag}\` is not known`,
        `Known tags: ${Object.keys(SHORT_TAGS).join(' ')}.`,
      );
    return mapNode([[name, plain]], origin);
  }

  #untagged(node: YamlNode, path: string, depth: number, origin: Origin): Node {
    if (isSeq(node)) {
      const items = node.items.map((item, index) =>
        this.convert(item as YamlNode | null, pointer(path, index), depth + 1, origin),
      );
      return { kind: 'list', items, origin } satisfies ListNode;
    }
    if (isMap(node)) return this.#map(node.items, path, depth, origin);
    if (isScalar(node)) return this.#scalar(node.value, node.source, origin);
    throw new SourceError('malformed-yaml', origin, 'this kind of YAML value is not known', 'Write it another way.');
  }

  #map(pairs: readonly { key: unknown; value: unknown }[], path: string, depth: number, origin: Origin): Node {
    const members = new Map<string, Node>();
    const merged = new Map<string, Node>();
    for (const pair of pairs) {
      if (!isScalar(pair.key) || pair.key.value === null || typeof pair.key.value === 'object')
        throw new SourceError('malformed-yaml', origin, 'a key of this object is not text', 'Use text as key.');
      const name = typeof pair.key.value === 'string' ? pair.key.value : (pair.key.source ?? String(pair.key.value));
      const keyStart = pair.key.range?.[0];
      const keyOrigin = { ...origin, line: keyStart === undefined ? origin.line : this.#line(keyStart) };
      const value = this.convert(pair.value as YamlNode | null, pointer(path, name), depth + 1, keyOrigin, true);
      if (name !== '<<') {
        members.set(name, value);
        continue;
      }
      for (const source of value.kind === 'list' ? value.items : [value]) {
        if (source.kind !== 'map')
          throw new SourceError(
            'malformed-yaml',
            keyOrigin,
            '`<<` must name an object',
            'Name an anchor of an object.',
          );
        for (const [key, member] of source.members) if (!merged.has(key)) merged.set(key, member);
      }
    }
    for (const [key, member] of merged) if (!members.has(key)) members.set(key, member);
    return { kind: 'map', members, origin };
  }

  #scalar(value: unknown, source: string | undefined, origin: Origin): ScalarNode {
    if (value === null || typeof value === 'string' || typeof value === 'boolean')
      return { kind: 'scalar', value, origin };
    if (typeof value === 'number')
      return { kind: 'scalar', value, origin, ...(source === undefined ? {} : { text: source }) };
    throw new SourceError('malformed-yaml', origin, 'this kind of YAML value is not known', 'Put it in quotes.');
  }

  #target(alias: Alias, origin: Origin): YamlNode {
    const target = alias.resolve(this.#document);
    if (target !== undefined) return target as YamlNode;
    throw new SourceError('unknown-anchor', origin, `the anchor \`${alias.source}\` is not there`, 'Define it first.');
  }
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0]!.replace(/ at line \d+, column \d+:?$/, '');
}

function keyAt(text: string, offset: number): string {
  return /^[^:\n]*/.exec(text.slice(offset))![0].trim();
}
