import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearest, plain } from './node.ts';
import { placeOf, SourceError } from './origin.ts';
import { parseDocument } from './read-document.ts';

function failing(file: string, text: string): SourceError {
  try {
    parseDocument(file, text);
  } catch (error) {
    if (error instanceof SourceError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('JSON', () => {
  const text = '{\n  "a": [1, {"b~c": true}],\n  "d/e": null\n}';

  it('gives every value its line and JSON pointer', () => {
    const root = parseDocument('x.json', text);
    expect(plain(root)).toEqual({ a: [1, { 'b~c': true }], 'd/e': null });
    expect(placeOf(nearest(root, '/a/1/b~0c').origin)).toBe('x.json:2 /a/1/b~0c');
    expect(placeOf(nearest(root, '/d~1e').origin)).toBe('x.json:3 /d~1e');
  });

  it('keeps numbers as they were written', () => {
    const node = nearest(parseDocument('x.json', '[1.50]'), '/0');
    expect(node).toMatchObject({ value: 1.5, text: '1.50' });
  });

  it.each([
    ['{"a": 1, "a": 2}', 'this is not JSON: the member "a" is given twice', 'x.json:1 /a'],
    ['{\n"a": [1,\n2,]}', 'this is not JSON: a value is expected', 'x.json:3 /a/2'],
    ['{\n// why\n"a": 1}', 'this is not JSON: a member name in double quotes is expected', 'x.json:2'],
    ['{"a": ', 'this is not JSON: the text ends where a value is expected', 'x.json:1 /a'],
  ])('refuses %j and says where', (broken, message, place) => {
    const error = failing('x.json', broken);
    expect(error.message).toBe(message);
    expect(placeOf(error.origin)).toBe(place);
    expect(error.help).not.toBe('');
  });
});

it('JSON is read alike as JSON and as YAML', () => {
  const value = fc.jsonValue({ maxDepth: 4 }).filter((json) => !JSON.stringify(json).includes('"<<"'));
  fc.assert(
    fc.property(value, (json) => {
      const text = JSON.stringify(json);
      expect(plain(parseDocument('x.json', text))).toEqual(plain(parseDocument('x.yaml', text)));
    }),
  );
});

describe('YAML', () => {
  it('turns the short tags into the long form', () => {
    const root = parseDocument(
      'x.yaml',
      [
        'a: !Ref B',
        'c: !GetAtt D.Arn',
        'e: !Sub',
        '  - ${X}',
        '  - X: !Join [",", [1, two]]',
        'f: !If [Prod, 1, 2]',
      ].join('\n'),
    );
    expect(plain(root)).toEqual({
      a: { Ref: 'B' },
      c: { 'Fn::GetAtt': 'D.Arn' },
      e: { 'Fn::Sub': ['${X}', { X: { 'Fn::Join': [',', [1, 'two']] } }] },
      f: { 'Fn::If': ['Prod', 1, 2] },
    });
    expect(placeOf(nearest(root, '/e/Fn::Sub').origin)).toBe('x.yaml:3 /e');
  });

  it('reads dates, ports and account ids as CloudFormation does', () => {
    const root = parseDocument('x.yaml', 'Version: 2012-10-17\nport: 3306:3306\naccount: 012345678901\nyes: on\n');
    expect(plain(root)).toMatchObject({ Version: '2012-10-17', port: '3306:3306', yes: 'on' });
    expect(nearest(root, '/account')).toMatchObject({ text: '012345678901' });
  });

  it('follows anchors, aliases and merges', () => {
    const root = parseDocument('x.yaml', 'base: &base {a: 1, b: 2}\nuse:\n  <<: *base\n  b: 3\nagain: *base\n');
    expect(plain(root)).toEqual({ base: { a: 1, b: 2 }, use: { a: 1, b: 3 }, again: { a: 1, b: 2 } });
  });

  it.each([
    ['a: 1\nb: 2\na: 3\n', 'the key "a" is given twice', 'x.yaml:3'],
    ['a: !Nope 1\n', 'the tag `!Nope` is not known', 'x.yaml:1 /a'],
    ['a: 1\n---\nb: 2\n', 'this file holds more than one YAML document', 'x.yaml:2'],
    ['', 'this file is empty', 'x.yaml:1'],
    ['a: *nobody\n', 'the anchor `nobody` is not there', 'x.yaml:1 /a'],
  ])('refuses %j and says where', (broken, message, place) => {
    const error = failing('x.yaml', broken);
    expect(error.message).toContain(message);
    expect(placeOf(error.origin)).toBe(place);
  });

  it('refuses text that is no YAML, with the line', () => {
    const error = failing('x.yaml', 'a: 1\nb: [1, 2\nc: 3\n');
    expect(error.code).toBe('malformed-yaml');
    expect(error.origin.line).toBeGreaterThan(1);
  });

  it('is not taken in by aliases that multiply', () => {
    const lines = ['a0: &a0 [1,1,1,1,1,1,1,1,1,1]'];
    for (let n = 1; n < 9; n++)
      lines.push(
        `a${n}: &a${n} [${Array(10)
          .fill(`*a${n - 1}`)
          .join(',')}]`,
      );
    expect(failing('x.yaml', lines.join('\n')).code).toBe('too-large');
  });
});
