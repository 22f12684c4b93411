/**
 * A JSON reader that keeps the position of every value and refuses an object that names a member twice
 * (JSON.parse keeps the last one silently, which would let a reviewer and the engine read different policies).
 */

interface Placed {
  /** Offset of the first character in the text. */
  readonly at: number;
  /** Offset after the last character. */
  readonly end: number;
}

export interface JsonString extends Placed {
  readonly type: 'string';
  readonly value: string;
}
export interface JsonNumber extends Placed {
  readonly type: 'number';
  readonly value: number;
  /** As written. */
  readonly text: string;
}
export interface JsonBoolean extends Placed {
  readonly type: 'boolean';
  readonly value: boolean;
}
export interface JsonNull extends Placed {
  readonly type: 'null';
}
export interface JsonArray extends Placed {
  readonly type: 'array';
  readonly items: readonly JsonNode[];
}
export interface JsonMember {
  /** Offset of the name. */
  readonly at: number;
  readonly name: string;
  readonly value: JsonNode;
}
export interface JsonObject extends Placed {
  readonly type: 'object';
  readonly members: readonly JsonMember[];
}
export type JsonNode = JsonString | JsonNumber | JsonBoolean | JsonNull | JsonArray | JsonObject;

/** The text is not JSON, or names a member twice. */
export class JsonSyntaxError extends Error {
  readonly at: number;
  /** Path of the innermost value being read. */
  readonly path: string;
  constructor(message: string, at: number, path: string) {
    super(message);
    this.name = 'JsonSyntaxError';
    this.at = at;
    this.path = path;
  }
}

/** Deeper than any policy; keeps hostile input from exhausting the stack. */
const MAX_DEPTH = 64;

/** Reads one JSON value. @throws JsonSyntaxError */
export function readJson(text: string): JsonNode {
  const reader = new Reader(text);
  return reader.document();
}

/** Line and column (from 1) of an offset. */
export function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  let line = 1;
  let start = 0;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) {
    line++;
    start = at + 1;
  }
  return { line, column: offset - start + 1 };
}

/** `$.Statement[0].Condition["aws:x"]`: members that are plain words with a dot, others quoted. */
export function memberPath(path: string, name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`;
}

/** The plain value of a node. */
export function plainJson(node: JsonNode): unknown {
  switch (node.type) {
    case 'null':
      return null;
    case 'array':
      return node.items.map(plainJson);
    case 'object': {
      const members = node.members.map((member): [string, unknown] => [member.name, plainJson(member.value)]);
      return Object.fromEntries(members);
    }
    default:
      return node.value;
  }
}

class Reader {
  readonly #text: string;
  #at = 0;
  #path = '$';

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonNode {
    const node = this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) this.#fail('nothing may follow the JSON value');
    return node;
  }

  #fail(message: string, at = this.#at): never {
    throw new JsonSyntaxError(message, at, this.#path);
  }

  #space(): void {
    while (this.#at < this.#text.length) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  #value(depth: number): JsonNode {
    this.#space();
    if (depth > MAX_DEPTH) this.#fail(`values are nested deeper than ${MAX_DEPTH}`);
    const at = this.#at;
    const first = this.#text[at];
    if (first === '"') {
      const value = this.#string();
      return { type: 'string', value, at, end: this.#at };
    }
    if (first === '{') return this.#object(depth);
    if (first === '[') return this.#array(depth);
    if (this.#word('true')) return { type: 'boolean', value: true, at, end: this.#at };
    if (this.#word('false')) return { type: 'boolean', value: false, at, end: this.#at };
    if (this.#word('null')) return { type: 'null', at, end: this.#at };
    const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
    number.lastIndex = at;
    const found = number.exec(this.#text);
    if (found === null)
      this.#fail(first === undefined ? 'the text ends where a value is expected' : 'a value is expected');
    this.#at = number.lastIndex;
    return { type: 'number', value: Number(found[0]), text: found[0], at, end: this.#at };
  }

  #word(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  #object(depth: number): JsonObject {
    const at = this.#at++;
    const outer = this.#path;
    const members: JsonMember[] = [];
    const names = new Set<string>();
    this.#space();
    if (this.#text[this.#at] === '}') {
      this.#at++;
      return { type: 'object', members, at, end: this.#at };
    }
    for (;;) {
      this.#space();
      const nameAt = this.#at;
      if (this.#text[nameAt] !== '"') this.#fail('a member name in double quotes is expected');
      const name = this.#string();
      this.#path = memberPath(outer, name);
      if (names.has(name)) this.#fail(`the member "${name}" is given twice`, nameAt);
      names.add(name);
      this.#space();
      if (this.#text[this.#at] !== ':') this.#fail('a colon is expected after the member name');
      this.#at++;
      members.push({ name, value: this.#value(depth + 1), at: nameAt });
      this.#path = outer;
      this.#space();
      const next = this.#text[this.#at];
      if (next !== ',' && next !== '}') this.#fail('a comma or } is expected');
      this.#at++;
      if (next === '}') return { type: 'object', members, at, end: this.#at };
    }
  }

  #array(depth: number): JsonArray {
    const at = this.#at++;
    const outer = this.#path;
    const items: JsonNode[] = [];
    this.#space();
    if (this.#text[this.#at] === ']') {
      this.#at++;
      return { type: 'array', items, at, end: this.#at };
    }
    for (;;) {
      this.#path = `${outer}[${items.length}]`;
      items.push(this.#value(depth + 1));
      this.#path = outer;
      this.#space();
      const next = this.#text[this.#at];
      if (next !== ',' && next !== ']') this.#fail('a comma or ] is expected');
      this.#at++;
      if (next === ']') return { type: 'array', items, at, end: this.#at };
    }
  }

  #string(): string {
    const text = this.#text;
    let at = this.#at + 1;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 0x22) {
        const raw = text.slice(this.#at + 1, at);
        this.#at = at + 1;
        return raw;
      }
      if (code === 0x5c) return this.#escapedString(at);
      if (code < 0x20) this.#fail('a control character must be escaped in a string', at);
    }
    this.#fail('the string is not closed', this.#at);
  }

  #escapedString(firstEscape: number): string {
    const text = this.#text;
    let value = text.slice(this.#at + 1, firstEscape);
    for (let at = firstEscape; at < text.length; at++) {
      const character = text[at]!;
      if (character === '"') {
        this.#at = at + 1;
        return value;
      }
      if (character !== '\\') {
        if (character < ' ') this.#fail('a control character must be escaped in a string', at);
        value += character;
        continue;
      }
      const escaped = text[++at];
      if (escaped === 'u') {
        const hex = text.slice(at + 1, at + 5);
        if (!/^[0-9a-fA-F]{4}$/.test(hex)) this.#fail('four hex digits are expected after \\u', at);
        value += String.fromCharCode(Number.parseInt(hex, 16));
        at += 4;
        continue;
      }
      const meaning = escaped === undefined ? undefined : ESCAPES[escaped];
      if (meaning === undefined) this.#fail('the escape is unknown', at);
      value += meaning;
    }
    this.#fail('the string is not closed', this.#at);
  }
}

const ESCAPES: Readonly<Record<string, string>> = Object.assign(Object.create(null) as Record<string, string>, {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
});
