import { AwsError } from '../core/errors.ts';
import type { MapShape, Shape, StructureShape } from './shapes.ts';
import { readTimestamp, writeTimestamp } from './timestamps.ts';

/**
 * A body that is not what the model says. Texts observed on a JSON 1.1 service with raw HTTP (2026); those that were
 * not are marked at the call.
 */
function serializationError(message = ''): AwsError {
  return new AwsError('SerializationException', message);
}

const LIST = 'Start of list found where not expected';
const STRUCTURE = 'Start of structure or map found where not expected.';

/** The deepest nesting of a request body. Deeper ones are refused before anything recurses into them. */
const MAX_DEPTH = 100;

/** Reads a JSON body as the input of an operation. Unknown members are ignored and null is absence, as AWS does. */
export function readJsonBody(shape: StructureShape | undefined, body: Buffer): Record<string, unknown> {
  if (shape === undefined && body.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    throw serializationError();
  }
  if (Array.isArray(value)) throw serializationError(LIST);
  if (typeof value !== 'object' || value === null) throw serializationError();
  if (shape === undefined) return {};
  return readStructure(shape, value as Record<string, unknown>, 0);
}

function readStructure(shape: StructureShape, value: Record<string, unknown>, depth: number): Record<string, unknown> {
  if (depth > MAX_DEPTH) throw serializationError();
  const out: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    const raw = value[name];
    if (raw === null) continue;
    const member = shape.byName.get(name);
    if (member !== undefined) out[name] = readJson(member.shape, raw, depth + 1);
  }
  return out;
}

function readJson(shape: Shape, value: unknown, depth: number): unknown {
  switch (shape.kind) {
    case 'string':
      if (typeof value === 'string') return value;
      throw cannotConvert(value, 'a String');
    case 'integer':
    case 'long':
      // A fraction is cut off (observed).
      if (typeof value === 'number') return wholeNumber(Math.trunc(value), shape.kind);
      throw cannotConvert(value, shape.kind === 'integer' ? 'an Integer' : 'a Long');
    case 'float':
    case 'double':
      if (typeof value === 'number') return value;
      if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
      throw cannotConvert(value, shape.kind === 'float' ? 'a Float' : 'a Double');
    case 'boolean':
      if (typeof value === 'boolean') return value;
      throw cannotConvert(value, 'a Boolean');
    case 'timestamp': {
      if (typeof value === 'number') return Math.round(value * 1000);
      const read = typeof value === 'string' ? readTimestamp(value) : undefined;
      if (read !== undefined) return read;
      throw cannotConvert(value, 'milliseconds since epoch');
    }
    case 'blob':
      if (typeof value === 'string') return readBase64(value);
      throw cannotConvert(value, 'a Blob');
    case 'document':
      return value;
    case 'structure':
      if (Array.isArray(value)) throw serializationError(LIST);
      if (typeof value !== 'object') throw serializationError('Expected null');
      return readStructure(shape, value as Record<string, unknown>, depth);
    case 'list': {
      if (!Array.isArray(value)) {
        throw serializationError(typeof value === 'object' ? STRUCTURE : 'Expected list or null');
      }
      if (depth > MAX_DEPTH) throw serializationError();
      const inner = shape.member.shape;
      const out: unknown[] = [];
      // A null element is dropped (observed).
      for (const element of value) if (element !== null) out.push(readJson(inner, element, depth + 1));
      return out;
    }
    case 'map':
      return readMap(shape, value, depth);
  }
}

function readMap(shape: MapShape, value: unknown, depth: number): Record<string, unknown> {
  if (Array.isArray(value)) throw serializationError(LIST);
  // unverified: by analogy with lists.
  if (typeof value !== 'object' || value === null) throw serializationError('Expected map or null');
  if (depth > MAX_DEPTH) throw serializationError();
  const out: Record<string, unknown> = {};
  const inner = shape.value.shape;
  for (const [key, element] of Object.entries(value)) {
    if (element !== null) setOwn(out, key, readJson(inner, element, depth + 1));
  }
  return out;
}

/** Assigns a key that a client chose. `__proto__` becomes an ordinary member. */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else target[key] = value;
}

function wholeNumber(value: number, kind: 'integer' | 'long'): number {
  const limit = kind === 'integer' ? 2 ** 31 : 2 ** 63;
  if (value < -limit || value >= limit) throw serializationError();
  return value === 0 ? 0 : value;
}

function cannotConvert(value: unknown, target: string): AwsError {
  if (Array.isArray(value)) return serializationError(LIST);
  if (typeof value === 'object') return serializationError(STRUCTURE);
  const found =
    typeof value === 'string' ? 'STRING' : typeof value === 'number' ? 'NUMBER' : value === true ? 'TRUE' : 'FALSE';
  return serializationError(`${found}_VALUE can not be converted to ${target}`);
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function readBase64(text: string): Uint8Array {
  const compact = /\s/.test(text) ? text.replace(/\s+/g, '') : text;
  if (!BASE64.test(compact) || compact.length % 4 === 1) {
    // unverified: DynamoDB's text for the same.
    throw serializationError('Invalid Base64 data');
  }
  return Buffer.from(compact, 'base64');
}

/** Writes a value as JSON text: only members that the model has, so nothing internal slips out. */
export function writeJsonBody(
  shape: StructureShape | undefined,
  value: Readonly<Record<string, unknown>> | undefined,
): string {
  return JSON.stringify(shape === undefined ? {} : jsonOf(shape, value ?? {}));
}

/** The plain JSON value of a shape: bytes as base64, timestamps as epoch seconds unless the model says otherwise. */
export function jsonOf(shape: Shape, value: unknown): unknown {
  switch (shape.kind) {
    case 'structure': {
      const from = value as Record<string, unknown>;
      const out: Record<string, unknown> = {};
      for (const name in from) {
        const element = from[name];
        if (element === undefined || element === null) continue;
        const member = shape.byName.get(name);
        if (member !== undefined) out[name] = jsonOf(member.shape, element);
      }
      return out;
    }
    case 'list': {
      const inner = shape.member.shape;
      return (value as unknown[]).map((element) => jsonOf(inner, element));
    }
    case 'map': {
      const inner = shape.value.shape;
      const out: Record<string, unknown> = {};
      for (const [key, element] of Object.entries(value as object)) {
        if (element !== undefined && element !== null) setOwn(out, key, jsonOf(inner, element));
      }
      return out;
    }
    case 'timestamp':
      return writeTimestamp(value as number, shape.format ?? 'epoch-seconds');
    case 'blob':
      return base64(value as Uint8Array);
    case 'float':
    case 'double':
      return Number.isFinite(value) ? value : String(value);
    default:
      return value;
  }
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
