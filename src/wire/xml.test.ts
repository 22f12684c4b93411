import { describe, expect, it } from 'vitest';
import { escapeText, parseXml, XmlError } from './xml.ts';

describe('parseXml', () => {
  it('reads elements, attributes, entities, CDATA, comments and prefixes', () => {
    const root = parseXml(
      `\ufeff<?xml version="1.0"?>\n<!-- c --><a:Root xmlns:a="u"><A x='1&amp;"'>t&lt;&#233;&#x20AC;</A><A/><B><![CDATA[<&]]> z</B></a:Root>`,
    );
    expect(root.name).toBe('Root');
    expect(root.children.map((c) => [c.name, c.text])).toEqual([
      ['A', 't<é€'],
      ['A', ''],
      ['B', '<& z'],
    ]);
    expect(root.children[0]?.attributes.get('x')).toBe('1&"');
  });
  it.each([
    ['a DOCTYPE', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'],
    ['an unknown entity', '<a>&x;</a>'],
    ['a bare ampersand', '<a>a & b</a>'],
    ['a tag left open', '<a><b></a>'],
    ['no end', '<a>'],
    ['nothing', '  '],
    ['text outside', 'x<a/>'],
    ['two roots', '<a/><b/>'],
    ['an attribute without quotes', '<a x=1/>'],
    ['too deep', `${'<a>'.repeat(70)}${'</a>'.repeat(70)}`],
  ])('refuses %s', (_, text) => {
    expect(() => parseXml(text)).toThrow(XmlError);
  });
});

it('escapes what would end or break an element', () => {
  expect(escapeText(`<a & "b" 'c'>\u0001`)).toBe('&lt;a &amp; &quot;b&quot; &apos;c&apos;&gt;&#x1;');
});
