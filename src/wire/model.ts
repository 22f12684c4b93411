import { existsSync, readFileSync } from 'node:fs';
import { serviceIndex } from './generated/service-index.ts';
import type { ServiceId } from './generated/types/operations.ts';
import {
  type ListShape,
  type MapShape,
  type Member,
  type RawMember,
  type RawShape,
  type Shape,
  type StructureShape,
  simpleShape,
  type Traits,
} from './shapes.ts';

export type { ServiceId, ServiceOperations } from './generated/types/operations.ts';

export type Protocol = 'json-1.0' | 'json-1.1' | 'query' | 'rest-xml';
/** Protocols that share their form of errors. */
export type Family = 'json' | 'query' | 'rest-xml';

export interface OperationModel {
  readonly name: string;
  readonly service: ServiceModel;
  /** Undefined where an operation takes or gives nothing. */
  readonly input: StructureShape | undefined;
  readonly output: StructureShape | undefined;
  /** Names of the errors its model lists. */
  readonly errors: readonly string[];
  readonly http: { readonly method: string; readonly uri: string; readonly status: number } | undefined;
}

export interface ErrorModel {
  /** The shape's name: the code in JSON. */
  readonly name: string;
  /** The code in the query protocol, where it differs. */
  readonly queryCode: string | undefined;
  readonly queryStatus: number | undefined;
  readonly status: number | undefined;
  readonly fault: 'client' | 'server';
  readonly messageMember: 'message' | 'Message';
  readonly shape: StructureShape;
}

/** What tells one S3 request from another (generated for every operation, served or not). */
export interface RestRoute {
  readonly operation: string;
  readonly method: string;
  readonly level: 'service' | 'bucket' | 'object';
  /** `policy`, `list-type=2`: must be in the query string. */
  readonly literals: readonly string[];
  readonly query: readonly string[];
  readonly headers: readonly string[];
}

interface RawTable {
  readonly routes?: readonly RestRoute[];
  readonly id: ServiceId;
  readonly namespace: string;
  readonly version: string;
  readonly protocol: Protocol;
  readonly targets?: readonly string[];
  readonly xmlNamespace?: string;
  readonly queryCompatible?: boolean;
  readonly signingName: string;
  readonly operations: Readonly<
    Record<
      string,
      {
        readonly in: string | null;
        readonly out: string | null;
        readonly http?: readonly [string, string, number];
        readonly errors?: readonly string[];
      }
    >
  >;
  readonly errors: Readonly<
    Record<
      string,
      {
        readonly shape: string;
        readonly queryCode?: string;
        readonly queryStatus?: number;
        readonly status?: number;
        readonly fault?: 'server';
        readonly messageMember?: 'Message';
      }
    >
  >;
  readonly shapes: Readonly<Record<string, RawShape>>;
}

/** A shape that may contain itself is registered before its members are set. */
type Unfinished<S> = { -readonly [K in keyof S]: S[K] };

const NO_TRAITS: Traits = {};

/** One service's table. Shapes are linked when an operation or error is first asked for. */
export class ServiceModel {
  readonly id: ServiceId;
  readonly namespace: string;
  readonly version: string;
  readonly protocol: Protocol;
  readonly targets: readonly string[];
  readonly xmlNamespace: string | undefined;
  /** The service once spoke the query protocol and still answers its clients with the old error codes (SQS). */
  readonly queryCompatible: boolean;
  /** REST services only. */
  readonly routes: readonly RestRoute[];
  readonly #table: RawTable;
  readonly #shapes = new Map<string, Shape>();
  readonly #operations = new Map<string, OperationModel>();
  readonly #errors = new Map<string, ErrorModel>();
  #errorNames: Map<string, string> | undefined;

  constructor(table: RawTable) {
    this.#table = table;
    this.id = table.id;
    this.namespace = table.namespace;
    this.version = table.version;
    this.protocol = table.protocol;
    this.targets = table.targets ?? [];
    this.xmlNamespace = table.xmlNamespace;
    this.queryCompatible = table.queryCompatible === true;
    this.routes = table.routes ?? [];
  }

  get operationNames(): readonly string[] {
    return Object.keys(this.#table.operations);
  }

  get errorNames(): readonly string[] {
    return Object.keys(this.#table.errors);
  }

  operation(name: string): OperationModel | undefined {
    const known = this.#operations.get(name);
    if (known !== undefined) return known;
    if (!Object.hasOwn(this.#table.operations, name)) return undefined;
    const raw = this.#table.operations[name]!;
    const operation: OperationModel = {
      name,
      service: this,
      input: raw.in === null ? undefined : (this.#link(raw.in) as StructureShape),
      output: raw.out === null ? undefined : (this.#link(raw.out) as StructureShape),
      errors: raw.errors ?? [],
      http: raw.http === undefined ? undefined : { method: raw.http[0], uri: raw.http[1], status: raw.http[2] },
    };
    this.#operations.set(name, operation);
    return operation;
  }

  /** A modelled error by its shape name (`QueueDoesNotExist`) or its query code (`AWS.SimpleQueueService.NonExistentQueue`). */
  error(code: string): ErrorModel | undefined {
    if (this.#errorNames === undefined) {
      this.#errorNames = new Map();
      for (const [name, raw] of Object.entries(this.#table.errors)) {
        if (raw.queryCode !== undefined && !this.#errorNames.has(raw.queryCode))
          this.#errorNames.set(raw.queryCode, name);
      }
      for (const name of Object.keys(this.#table.errors)) this.#errorNames.set(name, name);
    }
    const name = this.#errorNames.get(code);
    if (name === undefined) return undefined;
    const known = this.#errors.get(name);
    if (known !== undefined) return known;
    const raw = this.#table.errors[name]!;
    const error: ErrorModel = {
      name,
      queryCode: raw.queryCode,
      queryStatus: raw.queryStatus,
      status: raw.status,
      fault: raw.fault ?? 'client',
      messageMember: raw.messageMember ?? 'message',
      shape: this.#link(raw.shape) as StructureShape,
    };
    this.#errors.set(name, error);
    return error;
  }

  #member(name: string, raw: RawMember): Member {
    const [ref, traits] = typeof raw === 'string' ? [raw, NO_TRAITS] : raw;
    return { name, shape: this.#link(ref), traits };
  }

  #link(ref: string): Shape {
    const known = this.#shapes.get(ref);
    if (known !== undefined) return known;
    if (ref.startsWith('@')) {
      const shape = simpleShape(ref.slice(1), { type: ref.slice(1) });
      this.#shapes.set(ref, shape);
      return shape;
    }
    const raw = this.#table.shapes[ref];
    if (raw === undefined) throw new Error(`model of ${this.id}: no shape ${ref}`);
    const bounds = { min: raw.min, max: raw.max };
    switch (raw.type) {
      case 'structure':
      case 'union': {
        const members: Member[] = [];
        const byName = new Map<string, Member>();
        const shape: StructureShape = {
          kind: 'structure',
          name: ref,
          isUnion: raw.type === 'union',
          members,
          byName,
          required: raw.required ?? [],
          traits: raw,
        };
        // In the map before its members are: shapes may contain themselves.
        this.#shapes.set(ref, shape);
        for (const [name, value] of Object.entries(raw.members ?? {})) {
          const member = this.#member(name, value);
          members.push(member);
          byName.set(name, member);
        }
        return shape;
      }
      case 'list': {
        const shape = { kind: 'list', name: ref, traits: raw, ...bounds } as unknown as Unfinished<ListShape>;
        this.#shapes.set(ref, shape);
        shape.member = this.#member('member', raw.member!);
        return shape;
      }
      case 'map': {
        const shape = { kind: 'map', name: ref, traits: raw, ...bounds } as unknown as Unfinished<MapShape>;
        this.#shapes.set(ref, shape);
        shape.key = this.#member('key', raw.key!);
        shape.value = this.#member('value', raw.value!);
        return shape;
      }
      default: {
        const shape = simpleShape(raw.type, raw);
        this.#shapes.set(ref, shape);
        return shape;
      }
    }
  }
}

/** Where the tables lie: beside the sources, or in `models/` beside the bundled program. */
let folder: URL | undefined;
function modelFolder(): URL {
  folder ??= ['./generated/models/', './models/']
    .map((path) => new URL(path, import.meta.url))
    .find((url) => existsSync(new URL('sts.json', url)));
  if (folder === undefined) throw new Error(`no model tables beside ${import.meta.url}: the build is incomplete`);
  return folder;
}

const models = new Map<ServiceId, ServiceModel>();

/** The table of a service, read and parsed on first use. */
export function loadModel(service: ServiceId): ServiceModel {
  let model = models.get(service);
  if (model === undefined) {
    const text = readFileSync(new URL(`${service}.json`, modelFolder()), 'utf8');
    model = new ServiceModel(JSON.parse(text) as RawTable);
    models.set(service, model);
  }
  return model;
}

/** The services that have a table. */
export const serviceIds = Object.keys(serviceIndex) as readonly ServiceId[];

export function isServiceId(name: string): name is ServiceId {
  return Object.hasOwn(serviceIndex, name);
}
