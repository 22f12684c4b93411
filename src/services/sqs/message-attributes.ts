import { createHash } from 'node:crypto';
import type { AwsError } from '../../core/errors.ts';
import { invalidParameter } from './errors.ts';
import type { StoredAttribute } from './records.ts';

/** A message attribute (or message system attribute) as clients send it. */
export interface AttributeValue {
  readonly DataType: string;
  readonly StringValue?: string | undefined;
  readonly BinaryValue?: Uint8Array | undefined;
  readonly StringListValues?: readonly string[] | undefined;
  readonly BinaryListValues?: readonly Uint8Array[] | undefined;
}

export type Attributes = Readonly<Record<string, StoredAttribute>>;

const MOST = 10;
/** Characters that a body or a value may hold. Source: API Reference, SendMessage. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the set is AWS's.
const NOT_ALLOWED = /[^\u0009\u000A\u000D\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

/** The first character that SQS does not take, as `#x0`; undefined when all are fine. */
export function forbiddenCharacter(text: string): string | undefined {
  const found = NOT_ALLOWED.exec(text);
  return found === null ? undefined : `#x${found[0].codePointAt(0)!.toString(16).toUpperCase()}`;
}

/** Checks the attributes of a message and brings them into the form in which they are kept. Texts observed. */
export function readAttributes(values: Readonly<Record<string, AttributeValue>> = {}): Attributes {
  const names = Object.keys(values);
  if (names.length > MOST) {
    throw invalidParameter(`Number of message attributes [${names.length}] exceeds the allowed maximum [${MOST}].`);
  }
  const out: Record<string, StoredAttribute> = {};
  for (const name of names) {
    checkName(name);
    out[name] = readValue(name, values[name]!);
  }
  return out;
}

function checkName(name: string): void {
  if (name === '') throw invalidParameter('The request must contain non-empty message attribute names.');
  if (!/^[A-Za-z0-9_.-]+$/.test(name) || name.startsWith('.') || name.endsWith('.') || name.includes('..')) {
    throw invalidParameter(
      'Message attribute name is invalid. A message attribute name can contain A-Z, a-z, 0-9, underscore (_), hyphen (-), and period (.). It must not start or end with a period, and must not have periods in succession.',
    );
  }
  if (name.length > 256) {
    throw invalidParameter('Length of message attribute name must be less than 256 bytes.');
  }
  if (/^(aws|amazon)\./i.test(name)) {
    throw invalidParameter('You can not use message attribute names starting with reserved prefixes AWS. or Amazon.');
  }
}

function readValue(name: string, value: AttributeValue): StoredAttribute {
  const { DataType: dataType, StringValue: string, BinaryValue: binary } = value;
  if (dataType === '') {
    throw invalidParameter(`The message attribute '${name}' must contain non-empty message attribute type.`);
  }
  const kind = /^(String|Number|Binary)(?:\.|$)/.exec(dataType)?.[1];
  if (kind === undefined || dataType.length > 256) {
    throw invalidParameter(
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    );
  }
  if ((value.StringListValues?.length ?? 0) > 0 || (value.BinaryListValues?.length ?? 0) > 0) {
    throw invalidParameter('Message attribute list values in SendMessage operation are not supported.');
  }
  if (kind === 'Binary') {
    if (binary === undefined || binary.length === 0 || string !== undefined) throw emptyValue(name, dataType);
    return { dataType, binary: Buffer.from(binary).toString('base64') };
  }
  if (string === undefined || string === '' || binary !== undefined) throw emptyValue(name, dataType);
  const forbidden = forbiddenCharacter(string);
  if (forbidden !== undefined) {
    throw invalidParameter(
      `Invalid binary character '${forbidden}' was found in the message attribute '${name}' value, the set of allowed characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF`,
    );
  }
  if (kind === 'Number' && !isNumber(string)) {
    throw invalidParameter(`Can't cast the value of message (user) attribute '${name}' to a number.`);
  }
  return { dataType, string };
}

function emptyValue(name: string, dataType: string): AwsError {
  return invalidParameter(
    `The message attribute '${name}' with type '${dataType}' must use field '${dataType.startsWith('Binary') ? 'Binary' : 'String'}'.`,
  );
}

/** Source: SQS Developer Guide, message metadata: up to 38 digits of precision, 10^-128 to 10^126. */
function isNumber(text: string): boolean {
  const match = /^[+-]?(\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/.exec(text);
  if (match === null) return false;
  const digits = match[1]!.replace('.', '').replace(/^0+/, '');
  const size = Math.abs(Number(text));
  return digits.length <= 38 && (size === 0 || (size >= 1e-128 && size <= 1e126));
}

/** Bytes that the attributes add to the size of a message: names, types and values. */
export function sizeOf(attributes: Attributes): number {
  let size = 0;
  for (const [name, { dataType, string, binary }] of Object.entries(attributes)) {
    size += Buffer.byteLength(name) + Buffer.byteLength(dataType);
    size += binary === undefined ? Buffer.byteLength(string ?? '') : Buffer.from(binary, 'base64').length;
  }
  return size;
}

export function md5(text: string): string {
  return createHash('md5').update(text, 'utf8').digest('hex');
}

/**
 * The digest that SDKs compare with their own.
 * Source: SQS Developer Guide, "Calculating the MD5 message digest for message attributes".
 */
export function md5OfAttributes(attributes: Attributes): string | undefined {
  const names = Object.keys(attributes).sort();
  if (names.length === 0) return undefined;
  const hash = createHash('md5');
  const add = (bytes: Buffer): void => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  };
  for (const name of names) {
    const { dataType, string, binary } = attributes[name]!;
    add(Buffer.from(name, 'utf8'));
    add(Buffer.from(dataType, 'utf8'));
    hash.update(Buffer.of(binary === undefined ? 1 : 2));
    add(binary === undefined ? Buffer.from(string ?? '', 'utf8') : Buffer.from(binary, 'base64'));
  }
  return hash.digest('hex');
}

/** The attributes that a ReceiveMessage asks for: names, `prefix.*`, `All` and `.*`. */
export function chosenAttributes(attributes: Attributes, wanted: readonly string[]): Attributes {
  if (wanted.length === 0) return {};
  if (wanted.includes('All') || wanted.includes('.*')) return attributes;
  const prefixes = wanted.filter((name) => name.endsWith('.*')).map((name) => name.slice(0, -2));
  const out: Record<string, StoredAttribute> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (wanted.includes(name) || prefixes.some((prefix) => name.startsWith(prefix))) out[name] = value;
  }
  return out;
}

/** The attribute as clients receive it. */
export function shownAttribute({ dataType, string, binary }: StoredAttribute): AttributeValue {
  return binary === undefined
    ? { DataType: dataType, StringValue: string }
    : { DataType: dataType, BinaryValue: Buffer.from(binary, 'base64') };
}
