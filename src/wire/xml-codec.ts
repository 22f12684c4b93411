import { setOwn } from './json-codec.ts';
import { readText, textOf } from './query-codec.ts';
import type { ListShape, MapShape, Member, Shape, StructureShape } from './shapes.ts';
import { escapeAttribute, escapeText, type XmlElement } from './xml.ts';

const wireName = (member: Member): string => member.traits.xmlName ?? member.name;
const isFlattened = (member: Member, shape: ListShape | MapShape): boolean =>
  member.traits.xmlFlattened === 1 || shape.traits.xmlFlattened === 1;

/** ` xmlns="…"` or ` xmlns:prefix="…"` where the model gives an element a namespace of its own. */
function namespaceOf(member: Member): string {
  const namespace =
    member.traits.xmlNamespace ?? (member.shape.kind === 'structure' ? member.shape.traits.xmlNamespace : undefined);
  if (namespace === undefined) return '';
  const [prefix, uri] = typeof namespace === 'string' ? ['', namespace] : namespace;
  return prefix === '' ? ` xmlns="${escapeAttribute(uri)}"` : ` xmlns:${prefix}="${escapeAttribute(uri)}"`;
}

/** The members of a structure as XML elements. `skip` leaves out what travels elsewhere (headers). */
export function writeXmlMembers(
  shape: StructureShape,
  value: Readonly<Record<string, unknown>>,
  skip?: (member: Member) => boolean,
): string {
  let out = '';
  for (const member of shape.members) {
    if (member.traits.xmlAttribute === 1 || skip?.(member) === true) continue;
    const element = value[member.name];
    if (element !== undefined && element !== null) out += writeXmlMember(member, element, wireName(member));
  }
  return out;
}

function attributesOf(shape: StructureShape, value: Readonly<Record<string, unknown>>): string {
  let out = '';
  for (const member of shape.members) {
    if (member.traits.xmlAttribute !== 1) continue;
    const text = value[member.name];
    if (text !== undefined && text !== null)
      out += ` ${wireName(member)}="${escapeAttribute(textOf(member.shape, text))}"`;
  }
  return out;
}

/** One member as an element of the given name. */
export function writeXmlMember(member: Member, value: unknown, name: string): string {
  const { shape } = member;
  switch (shape.kind) {
    case 'structure': {
      const from = value as Readonly<Record<string, unknown>>;
      return `<${name}${namespaceOf(member)}${attributesOf(shape, from)}>${writeXmlMembers(shape, from)}</${name}>`;
    }
    case 'list': {
      const elements = value as readonly unknown[];
      if (isFlattened(member, shape)) return elements.map((e) => writeXmlMember(shape.member, e, name)).join('');
      const inner = wireName(shape.member);
      return `<${name}${namespaceOf(member)}>${elements.map((e) => writeXmlMember(shape.member, e, inner)).join('')}</${name}>`;
    }
    case 'map': {
      const flattened = isFlattened(member, shape);
      const entryName = flattened ? name : 'entry';
      let out = '';
      for (const [key, element] of Object.entries(value as object)) {
        if (element === undefined || element === null) continue;
        const keyName = wireName(shape.key);
        out += `<${entryName}><${keyName}>${escapeText(key)}</${keyName}>${writeXmlMember(shape.value, element, wireName(shape.value))}</${entryName}>`;
      }
      return flattened ? out : `<${name}${namespaceOf(member)}>${out}</${name}>`;
    }
    default:
      return `<${name}${namespaceOf(member)}>${escapeText(textOf(shape, value))}</${name}>`;
  }
}

/** Reads the members of a structure from an element. Unknown elements are ignored. */
export function readXmlStructure(shape: StructureShape, element: XmlElement): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const member of shape.members) {
    const name = wireName(member);
    if (member.traits.xmlAttribute === 1) {
      const text = element.attributes.get(name);
      if (text !== undefined) out[member.name] = readText(member.shape, text);
      continue;
    }
    const found = element.children.filter((child) => child.name === name);
    const first = found[0];
    if (first === undefined) continue;
    const { shape: inner } = member;
    if (inner.kind === 'list' && isFlattened(member, inner)) {
      out[member.name] = found.map((child) => readXml(inner.member.shape, child));
    } else if (inner.kind === 'map' && isFlattened(member, inner)) {
      out[member.name] = readEntries(inner, found);
    } else out[member.name] = readXml(inner, first);
  }
  return out;
}

function readEntries(shape: MapShape, entries: readonly XmlElement[]): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const entry of entries) {
    const key = entry.children.find((child) => child.name === wireName(shape.key));
    const value = entry.children.find((child) => child.name === wireName(shape.value));
    if (key !== undefined && value !== undefined) setOwn(out, key.text, readXml(shape.value.shape, value));
  }
  return out;
}

function readXml(shape: Shape, element: XmlElement): unknown {
  switch (shape.kind) {
    case 'structure':
      return readXmlStructure(shape, element);
    case 'list': {
      const name = wireName(shape.member);
      return element.children.filter((child) => child.name === name).map((child) => readXml(shape.member.shape, child));
    }
    case 'map':
      return readEntries(
        shape,
        element.children.filter((child) => child.name === 'entry'),
      );
    default:
      return readText(shape, element.text);
  }
}
