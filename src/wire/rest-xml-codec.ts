import { AwsError } from '../core/errors.ts';
import { formValue, parseForm } from './form.ts';
import type { HttpRequest } from './http.ts';
import type { OperationModel } from './model.ts';
import { readText, textOf } from './query-codec.ts';
import type { S3Address } from './s3-route.ts';
import type { ListShape, Member, StructureShape } from './shapes.ts';
import { readTimestamp, writeTimestamp } from './timestamps.ts';
import { parseXml, XmlError } from './xml.ts';
import { readXmlStructure, writeXmlMember, writeXmlMembers } from './xml-codec.ts';

const isBound = ({ traits }: Member): boolean =>
  traits.httpHeader !== undefined ||
  traits.httpQuery !== undefined ||
  traits.httpPrefixHeaders !== undefined ||
  traits.httpLabel === 1 ||
  traits.httpPayload === 1 ||
  traits.httpResponseCode === 1 ||
  traits.httpQueryParams === 1;

/** Node gives header bytes as latin1; clients mean UTF-8. */
function headerText(value: string): string {
  return /[\u0080-\u00ff]/.test(value) ? Buffer.from(value, 'latin1').toString('utf8') : value;
}

function invalid(name: string, value: string): AwsError {
  return new AwsError('InvalidArgument', `The value of ${name} is not valid.`, {
    members: { ArgumentName: name, ArgumentValue: value },
  });
}

function readHeader(member: Member, name: string, value: string): unknown {
  const { shape } = member;
  if (shape.kind === 'timestamp') {
    const read = readTimestamp(value);
    if (read === undefined) throw invalid(name, value);
    return read;
  }
  if (shape.kind === 'list')
    return value.split(',').map((part) => readText((shape as ListShape).member.shape, part.trim()));
  try {
    return readText(shape, shape.kind === 'string' ? headerText(value) : value.trim());
  } catch {
    throw invalid(name, value);
  }
}

/** Reads path, query, headers and body of a REST request. `body` is what the client meant: chunk framing already removed. */
export function readRestInput(
  operation: OperationModel,
  request: HttpRequest,
  address: S3Address,
  body: Buffer,
): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  const { input } = operation;
  if (input === undefined) return out;
  const query = parseForm(request.query);
  let hasBodyMembers = false;
  for (const member of input.members) {
    const { traits, name } = member;
    if (traits.httpLabel === 1) {
      const value = name === 'Bucket' ? address.bucket : name === 'Key' ? address.key : undefined;
      if (value !== undefined) out[name] = value;
    } else if (traits.httpQuery !== undefined) {
      const value = formValue(query, traits.httpQuery);
      if (value !== undefined) out[name] = readHeader(member, traits.httpQuery, value);
    } else if (traits.httpHeader !== undefined) {
      const value = request.headers[traits.httpHeader.toLowerCase()];
      if (value !== undefined) out[name] = readHeader(member, traits.httpHeader, value);
    } else if (traits.httpPrefixHeaders !== undefined) {
      out[name] = readPrefixHeaders(traits.httpPrefixHeaders.toLowerCase(), request);
    } else if (traits.httpPayload === 1) {
      const value = readPayload(member, body);
      if (value !== undefined) out[name] = value;
    } else hasBodyMembers = true;
  }
  if (hasBodyMembers && body.length > 0) Object.assign(out, readXmlStructure(input, parseBody(body)));
  return out;
}

function readPrefixHeaders(prefix: string, request: HttpRequest): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [header, value] of Object.entries(request.headers)) {
    if (header.startsWith(prefix)) out[header.slice(prefix.length)] = headerText(value);
  }
  return out;
}

function readPayload(member: Member, body: Buffer): unknown {
  const { shape } = member;
  if (shape.kind === 'blob') return body;
  if (body.length === 0) return undefined;
  if (shape.kind === 'string') return body.toString('utf8');
  return readXmlStructure(shape as StructureShape, parseBody(body));
}

function parseBody(body: Buffer): ReturnType<typeof parseXml> {
  try {
    return parseXml(body.toString('utf8'));
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    // Source: S3 API reference, error responses.
    throw new AwsError(
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published schema',
    );
  }
}

/** Writes status, headers and body of a REST answer. */
export function writeRestOutput(
  operation: OperationModel,
  output: Readonly<Record<string, unknown>>,
): { status: number; headers: Record<string, string>; body: Buffer | string } {
  const headers: Record<string, string> = {};
  const status = operation.http?.status ?? 200;
  const shape = operation.output;
  if (shape === undefined) return { status, headers, body: '' };
  let payload: Member | undefined;
  let hasBodyMembers = false;
  for (const member of shape.members) {
    const { traits } = member;
    const value = output[member.name];
    if (traits.httpPayload === 1) payload = member;
    if (!isBound(member)) hasBodyMembers = true;
    if (value === undefined || value === null) continue;
    if (traits.httpHeader !== undefined) headers[traits.httpHeader.toLowerCase()] = writeHeader(member, value);
    else if (traits.httpPrefixHeaders !== undefined) {
      for (const [name, text] of Object.entries(value as Record<string, string>)) {
        headers[`${traits.httpPrefixHeaders}${name}`.toLowerCase()] = headerBytes(text);
      }
    }
  }
  // A part of an object is answered as such (RFC 9110, 206), which no model says.
  const partial = headers['content-range'] === undefined ? status : 206;
  if (payload !== undefined)
    return { status: partial, headers, body: writePayload(payload, output[payload.name], headers) };
  if (!hasBodyMembers) return { status, headers, body: '' };
  headers['content-type'] ??= 'application/xml';
  return { status, headers, body: document(operation, shape, output) };
}

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

function document(operation: OperationModel, shape: StructureShape, output: Readonly<Record<string, unknown>>): string {
  const root = shape.traits.xmlName ?? shape.name;
  const namespace = ` xmlns="${operation.service.xmlNamespace ?? ''}"`;
  // The one answer of S3 whose member is its root (Smithy: s3UnwrappedXmlOutput).
  const inner =
    operation.name === 'GetBucketLocation'
      ? String(output.LocationConstraint ?? '')
      : writeXmlMembers(shape, output, isBound);
  return `${DECLARATION}<${root}${namespace}>${inner}</${root}>`;
}

function writePayload(member: Member, value: unknown, headers: Record<string, string>): Buffer | string {
  if (value === undefined || value === null) return '';
  const { shape } = member;
  if (shape.kind === 'blob') {
    const bytes = value as Uint8Array;
    headers['content-type'] ??= 'application/octet-stream';
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  if (shape.kind === 'string') return String(value);
  headers['content-type'] ??= 'application/xml';
  return DECLARATION + writeXmlMember(member, value, member.traits.xmlName ?? (shape as StructureShape).name);
}

function writeHeader(member: Member, value: unknown): string {
  const { shape } = member;
  if (shape.kind === 'timestamp') return String(writeTimestamp(value as number, shape.format ?? 'http-date'));
  if (shape.kind === 'list')
    return (value as unknown[]).map((element) => textOf(shape.member.shape, element)).join(', ');
  return headerBytes(textOf(shape, value));
}

/** UTF-8 bytes as the latin1 text that node writes. A line break would end the header: it is refused. */
function headerBytes(text: string): string {
  if (/[\r\n\0]/.test(text)) throw new Error('a header value holds a line break');
  return /[^\t\u0020-\u007e]/.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}
