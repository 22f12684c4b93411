#!/usr/bin/env node
// Writes src/wire/generated: one table (JSON) and one file of types per service.
//
//   node scripts/generate-models.mjs                        both inputs; the committed form
//   node scripts/generate-models.mjs --without-constraints  no botocore: no lengths, patterns, ranges, enums
//   node scripts/generate-models.mjs --check                writes nothing, exits 1 when the output would change
//
// First input: the schemas inside the installed @aws-sdk/client-* packages (shapes, traits, bindings, error codes).
// Second input: botocore's service-2.json (constraints, integer-ness, errors of each operation, further target names).
// Both are walked in step, from each operation's input and output.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const out = join(root, 'src/wire/generated');
const require = createRequire(import.meta.url);
const withoutConstraints = process.argv.includes('--without-constraints');
const checkOnly = process.argv.includes('--check');

/** Service id → client package, client class, operations (all when absent). The id is also botocore's name for it. */
const SERVICES = {
  ecs: { client: 'ecs', class: 'ECSClient' },
  iam: { client: 'iam', class: 'IAMClient' },
  sts: { client: 'sts', class: 'STSClient' },
  ecr: { client: 'ecr', class: 'ECRClient' },
  logs: { client: 'cloudwatch-logs', class: 'CloudWatchLogsClient' },
  ssm: { client: 'ssm', class: 'SSMClient' },
  secretsmanager: { client: 'secrets-manager', class: 'SecretsManagerClient' },
  kms: { client: 'kms', class: 'KMSClient' },
  sqs: { client: 'sqs', class: 'SQSClient' },
  cloudtrail: { client: 'cloudtrail', class: 'CloudTrailClient' },
  s3: {
    client: 's3',
    class: 'S3Client',
    operations: [
      'CreateBucket',
      'DeleteBucket',
      'HeadBucket',
      'ListBuckets',
      'GetBucketLocation',
      'PutBucketPolicy',
      'GetBucketPolicy',
      'DeleteBucketPolicy',
      'PutBucketTagging',
      'GetBucketTagging',
      'PutObject',
      'GetObject',
      'HeadObject',
      'DeleteObject',
      'ListObjectsV2',
    ],
  },
  dynamodb: { client: 'dynamodb', class: 'DynamoDBClient' },
};

// JS schema numbers (@smithy/core/schema): simple types, and +64 list of, +128 map of.
const SIMPLE = {
  0: '@string',
  1: '@double',
  2: '@boolean',
  4: '@timestamp',
  5: '@timestamp:date-time',
  6: '@timestamp:http-date',
  7: '@timestamp:epoch-seconds',
  15: '@document',
  21: '@blob',
  42: '@stream',
};
const TRAIT_BITS = [
  'httpLabel',
  'idempotent',
  'idempotencyToken',
  'sensitive',
  'httpPayload',
  'httpResponseCode',
  'httpQueryParams',
];
const KEPT_TRAITS = new Set([
  'httpLabel',
  'idempotencyToken',
  'sensitive',
  'httpPayload',
  'httpResponseCode',
  'httpQueryParams',
  'httpHeader',
  'httpQuery',
  'httpPrefixHeaders',
  'xmlName',
  'xmlFlattened',
  'xmlAttribute',
  'xmlNamespace',
  'jsonName',
  'hostLabel',
  'streaming',
  'eventStream',
]);

function traitsOf(indicator) {
  const all = {};
  if (typeof indicator === 'number') {
    for (const [bit, name] of TRAIT_BITS.entries()) if ((indicator >> bit) & 1) all[name] = 1;
  } else Object.assign(all, indicator);
  const kept = {};
  for (const [name, value] of Object.entries(all)) if (KEPT_TRAITS.has(name)) kept[name] = value;
  return kept;
}

function botocoreData() {
  const found = spawnSync(
    'python3',
    ['-c', 'import botocore,os;print(os.path.join(os.path.dirname(botocore.__file__),"data"))'],
    { encoding: 'utf8' },
  );
  if (found.status !== 0) {
    console.error(
      'generate-models: python3 with botocore is not here; it gives the constraints. Install it, or pass --without-constraints.',
    );
    process.exit(1);
  }
  return found.stdout.trim();
}

function loadBotocore(data, service) {
  const folder = join(data, service);
  const version = readdirSync(folder).sort().at(-1);
  const plain = join(folder, version, 'service-2.json');
  return JSON.parse(
    existsSync(plain) ? readFileSync(plain, 'utf8') : gunzipSync(readFileSync(`${plain}.gz`)).toString('utf8'),
  );
}

/**
 * Patterns are Java's. `pattern` keeps the text (answers quote it); `regex` is added where JavaScript needs another
 * source or other flags than `u`. What cannot be said in JavaScript is named and left out.
 */
function usablePattern(pattern, where) {
  const flags = { i: '', s: '' };
  const source = pattern
    .replace(/^\(\?([is]+)\)/, (_, letters) => {
      for (const letter of letters) flags[letter] = letter;
      return '';
    })
    .replaceAll('\\p{Print}', '[\\x20-\\x7e]')
    .replaceAll('\\p{ASCII}', '[\\x00-\\x7f]');
  for (const u of ['u', ...(/\\[pP]\{/.test(source) ? [] : [''])]) {
    const letters = u + flags.i + flags.s;
    try {
      new RegExp(`^(?:${source})$`, letters);
      return source === pattern && letters === 'u' ? { pattern } : { pattern, regex: [source, letters] };
    } catch {}
  }
  console.error(`generate-models: ${where}: pattern left out, not a JavaScript expression: ${pattern}`);
  return {};
}

class Walk {
  constructor(service, boto) {
    this.service = service;
    this.boto = boto;
    this.shapes = new Map(); // name → table entry
    this.memo = new Map(); // JS schema → Map(boto name → ref)
    this.differences = [];
  }

  botoShape(name) {
    return name === undefined ? undefined : this.boto?.shapes[name];
  }

  /** Puts a shape under its own name, or under `name_2`… when another shape has it. */
  put(name, entry) {
    const text = JSON.stringify(entry);
    for (let n = 1; ; n++) {
      const candidate = n === 1 ? name : `${name}_${n}`;
      const there = this.shapes.get(candidate);
      if (there === undefined) {
        this.shapes.set(candidate, entry);
        return candidate;
      }
      if (JSON.stringify(there) === text) return candidate;
    }
  }

  /** A member of a structure, list or map: a reference, or `[reference, traits]`. */
  member(schema, botoName, context) {
    const traits = {};
    const stack = [];
    let inner = schema;
    for (;;) {
      if (typeof inner === 'function') inner = inner();
      else if (Array.isArray(inner) && inner.length === 2) {
        stack.push(inner[1]);
        inner = inner[0];
      } else if (Array.isArray(inner) && inner[0] === 0) {
        stack.push(inner[3]);
        inner = inner[4];
      } else break;
    }
    for (const indicator of stack.reverse()) Object.assign(traits, traitsOf(indicator));
    const ref = this.ref(inner, botoName, context);
    return Object.keys(traits).length === 0 ? ref : [ref, traits];
  }

  ref(schema, botoName, context) {
    if (schema === 'unit') return null;
    if (typeof schema === 'number') return this.simpleOrInline(schema, botoName, context);
    const byBoto = this.memo.get(schema) ?? new Map();
    this.memo.set(schema, byBoto);
    const kind = schema[0];
    const isStructure = kind === 3 || kind === -3 || kind === 4;
    const key = isStructure ? '' : (botoName ?? '');
    const known = byBoto.get(key);
    if (known !== undefined) return known;
    if (isStructure) {
      const entry = { type: kind === 4 ? 'union' : 'structure' };
      const name = this.reserve(schema[2], entry);
      byBoto.set(key, name);
      Object.assign(entry, traitsOf(schema[3]));
      this.fillStructure(entry, schema, this.botoShape(botoName), botoName);
      return name;
    }
    if (kind === 1 || kind === 2) {
      const entry = { type: kind === 1 ? 'list' : 'map' };
      const name = this.reserve(botoName ?? schema[2], entry);
      byBoto.set(key, name);
      Object.assign(entry, traitsOf(schema[3]));
      const boto = this.botoShape(botoName);
      if (kind === 1)
        entry.member = this.member(schema[4], boto?.type === 'list' ? boto.member.shape : undefined, name);
      else {
        entry.key = this.member(schema[4] ?? 0, boto?.type === 'map' ? boto.key.shape : undefined, name);
        entry.value = this.member(schema[5], boto?.type === 'map' ? boto.value.shape : undefined, name);
      }
      this.size(entry, boto);
      return name;
    }
    throw new Error(`${this.service}: unknown schema ${JSON.stringify(schema)} in ${context}`);
  }

  /** Recursive shapes need their name before their content; a taken name gets a suffix. */
  reserve(name, entry) {
    let candidate = name;
    for (let n = 2; this.shapes.has(candidate); n++) candidate = `${name}_${n}`;
    this.shapes.set(candidate, entry);
    return candidate;
  }

  size(entry, boto) {
    if (boto?.min !== undefined) entry.min = boto.min;
    if (boto?.max !== undefined) entry.max = boto.max;
  }

  fillStructure(entry, schema, boto, botoName) {
    const [, , , , names, members, requiredCount = 0] = schema;
    const lower = new Map(Object.keys(boto?.members ?? {}).map((n) => [n.toLowerCase(), n]));
    entry.members = {};
    names.forEach((name, i) => {
      const twin = boto?.members?.[name] ? name : lower.get(name.toLowerCase());
      entry.members[name] = this.member(
        members[i],
        twin === undefined ? undefined : boto.members[twin].shape,
        `${schema[2]}.${name}`,
      );
    });
    const required = names.slice(0, requiredCount);
    if (required.length > 0) entry.required = required;
    if (boto !== undefined) {
      const theirs = [...(boto.required ?? [])].sort().join();
      if (theirs !== [...required].sort().join())
        this.differences.push(`${botoName}: required ${required.join()} | botocore ${theirs}`);
    }
  }

  simpleOrInline(number, botoName, context) {
    const boto = this.botoShape(botoName);
    if (number >= 64) {
      const isList = number < 128;
      const simple = number & 63;
      const entry = { type: isList ? 'list' : 'map' };
      if (isList) entry.member = this.ref(simple, boto?.type === 'list' ? boto.member.shape : undefined, context);
      else {
        entry.key = this.ref(0, boto?.type === 'map' ? boto.key.shape : undefined, context);
        entry.value = this.ref(simple, boto?.type === 'map' ? boto.value.shape : undefined, context);
      }
      this.size(entry, boto);
      const plain = SIMPLE[simple].slice(1).replace(/^./, (c) => c.toUpperCase());
      return this.put(botoName ?? `${plain}${isList ? 'List' : 'Map'}`, entry);
    }
    let ref = SIMPLE[number];
    if (ref === undefined) throw new Error(`${this.service}: unknown simple type ${number} in ${context}`);
    if (boto === undefined) return ref;
    if (number === 1)
      ref = { integer: '@integer', long: '@long', float: '@float', double: '@double' }[boto.type] ?? ref;
    const entry = { type: ref.slice(1) };
    if (number === 0 && boto.type === 'string') {
      this.size(entry, boto);
      if (boto.pattern !== undefined) Object.assign(entry, usablePattern(boto.pattern, `${this.service} ${botoName}`));
      if (boto.enum !== undefined) entry.enum = boto.enum;
    } else if (number === 1 || number === 21) this.size(entry, boto);
    return Object.keys(entry).length === 1 ? ref : this.put(botoName, entry);
  }
}

function buildTable(service, config, data) {
  const client = require(`@aws-sdk/client-${config.client}`);
  const { config: settings } = new client[config.class]({ region: 'us-east-1' });
  const { defaultNamespace, version, xmlNamespace, serviceTarget, awsQueryCompatible } = settings.protocolSettings;
  const boto = data === undefined ? undefined : loadBotocore(data, service);
  const walk = new Walk(service, boto);
  const exported = Object.values(client).filter((v) => Array.isArray(v));
  const schemas = exported
    .filter((s) => s[0] === 9 && (config.operations?.includes(s[2]) ?? true))
    .sort((a, b) => (a[2] < b[2] ? -1 : 1));
  const entries = {};
  // Operations that botocore knows go first: a structure shared with one that it does not know keeps its constraints.
  const known = (name) => (boto?.operations[name] === undefined ? 1 : 0);
  for (const schema of [...schemas].sort((a, b) => known(a[2]) - known(b[2]))) {
    const [, , name, traits, input, output] = schema;
    const theirs = boto?.operations[name];
    const entry = {
      in: walk.member(input, theirs?.input?.shape, `${name} input`),
      out: walk.member(output, theirs?.output?.shape, `${name} output`),
    };
    if (typeof traits === 'object' && traits.http) entry.http = traits.http;
    if (typeof traits === 'object' && traits.endpoint) entry.hostPrefix = traits.endpoint[0];
    if (theirs?.errors?.length > 0) entry.errors = theirs.errors.map((e) => e.shape);
    entries[name] = entry;
  }
  const operations = Object.fromEntries(schemas.map((s) => [s[2], entries[s[2]]]));
  const routes = settings.protocol.getShapeId().endsWith('restXml')
    ? exported
        .filter((s) => s[0] === 9)
        .map(routeOf)
        .filter((r) => r !== undefined)
    : [];
  for (const name of config.operations ?? [])
    if (operations[name] === undefined) throw new Error(`${service}: no operation ${name}`);
  const errors = {};
  for (const schema of exported.filter((s) => s[0] === -3 && !s[1].startsWith('smithy.ts.sdk.synthetic'))) {
    const [, , name, traits] = schema;
    const theirs = walk.botoShape(name);
    const entry = { shape: walk.ref(schema, theirs === undefined ? undefined : name, name) };
    if (traits.awsQueryError) [entry.queryCode, entry.queryStatus] = traits.awsQueryError;
    if (traits.httpError) entry.status = traits.httpError;
    if (traits.error === 'server') entry.fault = 'server';
    // The JS schemas fold the message member's case; botocore has it as the service writes it.
    const messageMember = Object.keys(theirs?.members ?? {}).find((m) => m.toLowerCase() === 'message');
    if (messageMember === 'Message') entry.messageMember = 'Message';
    errors[name] = entry;
  }
  const protocolName = settings.protocol.getShapeId().replace('aws.protocols#', '');
  // Some clients send the target with its namespace and some without (CloudTrail).
  const targets = [
    ...new Set(
      [serviceTarget, boto?.metadata.targetPrefix]
        .filter((t) => t !== undefined)
        .flatMap((t) => [t, t.slice(t.lastIndexOf('.') + 1)]),
    ),
  ];
  const table = {
    id: service,
    namespace: defaultNamespace,
    version,
    protocol: {
      awsJson1_0: 'json-1.0',
      awsJson1_1: 'json-1.1',
      awsQuery: 'query',
      restXml: 'rest-xml',
      ec2Query: 'ec2',
    }[protocolName],
    ...(targets.length > 0 && ['awsJson1_0', 'awsJson1_1'].includes(protocolName) ? { targets } : {}),
    ...(xmlNamespace ? { xmlNamespace } : {}),
    ...(awsQueryCompatible ? { queryCompatible: true } : {}),
    signingName: settings.defaultSigningName,
    ...(routes.length > 0 ? { routes } : {}),
    operations,
    errors,
    shapes: Object.fromEntries([...walk.shapes].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
  if (table.protocol === undefined) throw new Error(`${service}: protocol ${protocolName}`);
  for (const line of walk.differences) console.error(`generate-models: ${service} ${line}`);
  const unmatched = boto === undefined ? [] : Object.keys(operations).filter((o) => boto.operations[o] === undefined);
  if (unmatched.length > 0) console.error(`generate-models: ${service}: no constraints for ${unmatched.join(', ')}`);
  return table;
}

/**
 * How an S3 request is told from the others: level (service, bucket, object), query words of the URI, and required
 * query and header members. Of all operations, served or not: what is not served must not be taken for what is.
 */
function routeOf([, , name, traits, input]) {
  // Not told apart from ListBuckets by anything in the request; sent to another host.
  if (name === 'ListDirectoryBuckets' || name === 'WriteGetObjectResponse') return undefined;
  const [method, uri] = traits.http;
  const [path, query = ''] = uri.split('?');
  const schema = typeof input === 'function' ? input() : input;
  const [names, members, requiredCount = 0] = Array.isArray(schema) ? [schema[4], schema[5], schema[6]] : [[], []];
  const required = members
    .slice(0, requiredCount)
    .map((m) => (Array.isArray(m) && m.length === 2 ? traitsOf(m[1]) : {}));
  const level = path.includes('{Key+}') ? 'object' : names.includes('Bucket') ? 'bucket' : 'service';
  return {
    operation: name,
    method,
    level,
    literals: query.split('&').filter((word) => word !== '' && !word.startsWith('x-id=')),
    query: required.filter((t) => t.httpQuery).map((t) => t.httpQuery),
    headers: required.filter((t) => t.httpHeader).map((t) => t.httpHeader.toLowerCase()),
  };
}

/** One line per operation, error and shape, so that a change of model reads well in a diff. */
function tableText(table) {
  const lines = [];
  const entries = Object.entries(table);
  entries.forEach(([key, value], i) => {
    const comma = i === entries.length - 1 ? '' : ',';
    if (value === undefined) throw new Error(`${table.id}: no ${key}`);
    if (key === 'routes') lines.push(`"${key}":[\n${value.map((v) => JSON.stringify(v)).join(',\n')}\n]${comma}`);
    else if (key === 'operations' || key === 'errors' || key === 'shapes') {
      const inner = Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`);
      lines.push(`"${key}":{\n${inner.join(',\n')}\n}${comma}`);
    } else lines.push(`${JSON.stringify(key)}:${JSON.stringify(value)}${comma}`);
  });
  return `{\n${lines.join('\n')}\n}\n`;
}

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
const property = (name) => (IDENTIFIER.test(name) ? name : JSON.stringify(name));
/** Types that a file uses itself; a shape of that name gets a trailing underscore. */
const RESERVED = new Set(['Operations', 'ErrorName', 'Unit', 'Uint8Array']);
const typeName = (shape) => {
  const name = shape.replace(/^./, (c) => c.toUpperCase());
  return RESERVED.has(name) ? `${name}_` : name;
};

function typesText(table) {
  const typeOf = (member) => {
    const ref = Array.isArray(member) ? member[0] : member;
    if (ref === null) return 'Unit';
    if (ref.startsWith('@')) return simpleType(ref.slice(1));
    const shape = table.shapes[ref];
    switch (shape.type) {
      case 'structure':
      case 'union':
        return typeName(ref);
      case 'list':
        return `readonly ${wrap(typeOf(shape.member))}[]`;
      case 'map':
        return `{ readonly [key: string]: ${typeOf(shape.value)} }`;
      case 'string':
        return shape.enum === undefined ? 'string' : typeName(ref);
      default:
        return simpleType(shape.type);
    }
  };
  const wrap = (type) => (type.startsWith('readonly ') ? `(${type})` : type);
  const simpleType = (type) =>
    type.startsWith('timestamp')
      ? 'number'
      : {
          string: 'string',
          boolean: 'boolean',
          integer: 'number',
          long: 'number',
          float: 'number',
          double: 'number',
          blob: 'Uint8Array',
          stream: 'Uint8Array',
          document: 'unknown',
        }[type];
  const lines = [
    '// Generated by scripts/generate-models.mjs from the AWS SDK for JavaScript and botocore (Apache-2.0, see NOTICE). Do not edit.',
    '// Timestamps are milliseconds since the epoch; wire/ turns them into the form of each protocol.',
    '',
    'export type Unit = { readonly [key: string]: never };',
    '',
  ];
  for (const [name, shape] of Object.entries(table.shapes)) {
    if (shape.type === 'structure' || shape.type === 'union') {
      const members = Object.entries(shape.members);
      if (members.length === 0) {
        lines.push(`export type ${typeName(name)} = Unit;`);
        continue;
      }
      lines.push(`export interface ${typeName(name)} {`);
      for (const [member, value] of members) {
        const isRequired = shape.required?.includes(member);
        const type = typeOf(value);
        lines.push(
          `  readonly ${property(member)}${isRequired ? '' : '?'}: ${type}${isRequired || type === 'unknown' ? '' : ' | undefined'};`,
        );
      }
      lines.push('}');
    } else if (shape.enum !== undefined) {
      lines.push(`export type ${typeName(name)} = ${shape.enum.map((v) => JSON.stringify(v)).join(' | ')};`);
    }
  }
  lines.push('', 'export interface Operations {');
  for (const [name, op] of Object.entries(table.operations))
    lines.push(`  ${name}: { in: ${typeOf(op.in)}; out: ${typeOf(op.out)} };`);
  lines.push('}', '');
  const codes = Object.entries(table.errors).map(([name, e]) =>
    table.protocol === 'query' ? (e.queryCode ?? name) : name,
  );
  lines.push(
    `export type ErrorName =${codes.length === 0 ? ' never' : codes.map((c) => `\n  | ${JSON.stringify(c)}`).join('')};`,
    '',
  );
  return lines.join('\n');
}

function operationsText(services) {
  const alias = (s) => s.replace(/^./, (c) => c.toUpperCase());
  return [
    '// Generated by scripts/generate-models.mjs. Do not edit.',
    ...services.map((s) => `import type * as ${alias(s)} from './${s}.ts';`),
    '',
    'export interface ServiceOperations {',
    ...services.map((s) => `  ${s}: ${alias(s)}.Operations;`),
    '}',
    '',
    'export interface ServiceErrors {',
    ...services.map((s) => `  ${s}: ${alias(s)}.ErrorName;`),
    '}',
    '',
    '/** A service that has a model table, by the name its requests are signed with. */',
    'export type ServiceId = keyof ServiceOperations;',
    '',
  ].join('\n');
}

const data = withoutConstraints ? undefined : botocoreData();
let stale = false;
function write(path, text) {
  const there = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  if (there === text) return;
  stale = true;
  if (checkOnly) console.error(`generate-models: ${path} would change`);
  else writeFileSync(path, text);
}
mkdirSync(join(out, 'models'), { recursive: true });
mkdirSync(join(out, 'types'), { recursive: true });
/** What routing needs before any table is read. */
const index = {};
for (const [service, config] of Object.entries(SERVICES)) {
  const table = buildTable(service, config, data);
  if (table.signingName !== service) throw new Error(`${service}: signing name ${table.signingName}`);
  index[service] = {
    protocol: table.protocol,
    version: table.version,
    ...(table.targets ? { targets: table.targets } : {}),
    ...(table.queryCompatible ? { queryCompatible: true } : {}),
  };
  write(join(out, 'models', `${service}.json`), tableText(table));
  write(join(out, 'types', `${service}.ts`), typesText(table));
  console.log(
    `${service}: ${Object.keys(table.operations).length} operations, ${Object.keys(table.shapes).length} shapes, ${Object.keys(table.errors).length} errors`,
  );
}
write(join(out, 'types', 'operations.ts'), operationsText(Object.keys(SERVICES)));
write(
  join(out, 'service-index.ts'),
  `// Generated by scripts/generate-models.mjs. Do not edit.\n\nexport const serviceIndex = {\n${Object.entries(index)
    .map(([k, v]) => `  ${k}: ${JSON.stringify(v)},`)
    .join('\n')}\n} as const;\n`,
);
if (checkOnly && stale) process.exit(1);
