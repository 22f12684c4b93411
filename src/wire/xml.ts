/** An element of a parsed document. Names are without their prefix; text is that of the element itself. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

/** A document that is not well-formed, or holds what is never accepted (a DOCTYPE), or is nested too deep. */
export class XmlError extends Error {}

const MAX_DEPTH = 64;

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that XML 1.0 cannot hold.
const TO_ESCAPE = /[&<>"'\r\u0000-\u0008\u000b\u000c\u000e-\u001f\u0085\u2028]/g;
const NEEDS_ESCAPE = new RegExp(TO_ESCAPE.source);

/** Escapes element text. Characters that XML 1.0 cannot hold become character references, as AWS writes them. */
export function escapeText(text: string): string {
  return NEEDS_ESCAPE.test(text) ? text.replace(TO_ESCAPE, escapeCharacter) : text;
}

export function escapeAttribute(text: string): string {
  return text.replace(/[&<>"'\r\n\t]/g, escapeCharacter);
}

function escapeCharacter(character: string): string {
  switch (character) {
    case '&':
      return '&amp;';
    case '<':
      return '&lt;';
    case '>':
      return '&gt;';
    case '"':
      return '&quot;';
    case "'":
      return '&apos;';
    default:
      return `&#x${character.charCodeAt(0).toString(16).toUpperCase()};`;
  }
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function resolveEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&([^;&\s]{1,10});|&/g, (whole, entity: string | undefined) => {
    if (entity === undefined) throw new XmlError('a bare ampersand');
    const numeric = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(entity);
    if (numeric !== null) {
      const code = numeric[1] === undefined ? Number(numeric[2]) : Number.parseInt(numeric[1], 16);
      if (code > 0x10ffff) throw new XmlError(`character reference ${whole}`);
      return String.fromCodePoint(code);
    }
    const known = Object.hasOwn(ENTITIES, entity) ? ENTITIES[entity] : undefined;
    if (known === undefined) throw new XmlError(`entity ${whole}`);
    return known;
  });
}

interface OpenElement {
  name: string;
  qualified: string;
  attributes: Map<string, string>;
  children: XmlElement[];
  text: string;
}

const local = (qualified: string): string => qualified.slice(qualified.indexOf(':') + 1);
const NAME = /[A-Za-z_:\u0080-\uffff][\w:.\-\u0080-\uffff]*/y;
const ATTRIBUTE = /\s+([A-Za-z_:][\w:.-]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;
const TAG_END = /\s*(\/?)>/y;

/** Parses a document and gives its root element. A small reader for the bodies of AWS's XML protocols. */
export function parseXml(text: string): XmlElement {
  const stack: OpenElement[] = [];
  let root: XmlElement | undefined;
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  const skipTo = (end: string): void => {
    const found = text.indexOf(end, at);
    if (found === -1) throw new XmlError(`no ${end}`);
    at = found + end.length;
  };
  const close = (element: OpenElement): void => {
    const parent = stack[stack.length - 1];
    if (parent !== undefined) parent.children.push(element);
    else if (root !== undefined) throw new XmlError('two root elements');
    else root = element;
  };
  while (at < text.length) {
    const open = text.indexOf('<', at);
    const between = text.slice(at, open === -1 ? text.length : open);
    const current = stack[stack.length - 1];
    if (current !== undefined) current.text += resolveEntities(between);
    else if (between.trim() !== '') throw new XmlError('text outside the root element');
    if (open === -1) break;
    at = open;
    if (text.startsWith('<!--', at)) skipTo('-->');
    else if (text.startsWith('<?', at)) skipTo('?>');
    else if (text.startsWith('<![CDATA[', at)) {
      const start = at + 9;
      skipTo(']]>');
      if (current === undefined) throw new XmlError('text outside the root element');
      current.text += text.slice(start, at - 3);
    } else if (text.startsWith('<!', at)) throw new XmlError('a DOCTYPE is not accepted');
    else if (text[at + 1] === '/') {
      at += 2;
      const name = match(NAME)?.[0];
      const element = stack.pop();
      if (element === undefined || element.qualified !== name || match(TAG_END) === null)
        throw new XmlError('a closing tag out of place');
      close(element);
    } else {
      at += 1;
      const qualified = match(NAME)?.[0];
      if (qualified === undefined) throw new XmlError('a tag without a name');
      const attributes = new Map<string, string>();
      for (let found = match(ATTRIBUTE); found !== null; found = match(ATTRIBUTE)) {
        attributes.set(found[1]!, resolveEntities(found[2] ?? found[3] ?? ''));
      }
      const end = match(TAG_END);
      if (end === null) throw new XmlError(`the tag ${qualified} does not end`);
      const element: OpenElement = { name: local(qualified), qualified, attributes, children: [], text: '' };
      if (end[1] === '/') close(element);
      else if (stack.push(element) > MAX_DEPTH) throw new XmlError('nested too deep');
    }
  }
  if (stack.length > 0) throw new XmlError(`the element ${stack[stack.length - 1]!.name} does not end`);
  if (root === undefined) throw new XmlError('no root element');
  return root;
}
