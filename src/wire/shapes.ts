/** Smithy traits that the wire form, validation and redaction need. */
export interface Traits {
  readonly httpLabel?: 1;
  readonly httpPayload?: 1;
  readonly httpResponseCode?: 1;
  readonly httpQueryParams?: 1;
  readonly httpHeader?: string;
  readonly httpQuery?: string;
  readonly httpPrefixHeaders?: string;
  readonly xmlName?: string;
  readonly xmlFlattened?: 1;
  readonly xmlAttribute?: 1;
  readonly xmlNamespace?: string | readonly [string, string];
  readonly jsonName?: string;
  readonly idempotencyToken?: 1;
  /** The value is secret: never in logs, trail or errors. */
  readonly sensitive?: 1;
}

export interface Member {
  readonly name: string;
  readonly shape: Shape;
  readonly traits: Traits;
}

export interface StructureShape {
  readonly kind: 'structure';
  readonly name: string;
  readonly isUnion: boolean;
  readonly members: readonly Member[];
  readonly byName: ReadonlyMap<string, Member>;
  readonly required: readonly string[];
  readonly traits: Traits;
}
export interface ListShape {
  readonly kind: 'list';
  readonly name: string;
  readonly member: Member;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly traits: Traits;
}
export interface MapShape {
  readonly kind: 'map';
  readonly name: string;
  readonly key: Member;
  readonly value: Member;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly traits: Traits;
}
export interface StringShape {
  readonly kind: 'string';
  readonly min: number | undefined;
  readonly max: number | undefined;
  /** As the model writes it (Java's syntax); answers quote it. */
  readonly pattern: string | undefined;
  readonly regex: RegExp | undefined;
  readonly enum: readonly string[] | undefined;
}
export interface NumberShape {
  readonly kind: 'integer' | 'long' | 'float' | 'double';
  readonly min: number | undefined;
  readonly max: number | undefined;
}
export interface BlobShape {
  readonly kind: 'blob';
  readonly streaming: boolean;
  readonly min: number | undefined;
  readonly max: number | undefined;
}
export type TimestampFormat = 'date-time' | 'http-date' | 'epoch-seconds';
export interface TimestampShape {
  readonly kind: 'timestamp';
  /** Absent: the protocol's own (json: epoch-seconds, XML: date-time, header: http-date). */
  readonly format: TimestampFormat | undefined;
}
export interface PlainShape {
  readonly kind: 'boolean' | 'document';
}
export type Shape =
  | StructureShape
  | ListShape
  | MapShape
  | StringShape
  | NumberShape
  | BlobShape
  | TimestampShape
  | PlainShape;

/** A shape as the tables write it. */
export type RawMember = string | readonly [string, Traits];
export interface RawShape extends Traits {
  readonly type: string;
  readonly members?: Readonly<Record<string, RawMember>>;
  readonly required?: readonly string[];
  readonly member?: RawMember;
  readonly key?: RawMember;
  readonly value?: RawMember;
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly regex?: readonly [string, string];
  readonly enum?: readonly string[];
}
/** A simple type, or a string or number with constraints. */
export function simpleShape(type: string, raw: RawShape): Shape {
  const { min, max } = raw;
  const [kind, format] = type.split(':') as [string, TimestampFormat | undefined];
  switch (kind) {
    case 'string': {
      const [source, flags] = raw.regex ?? [raw.pattern, 'u'];
      const regex = source === undefined ? undefined : new RegExp(`^(?:${source})$`, flags);
      return { kind, min, max, pattern: raw.pattern, regex, enum: raw.enum };
    }
    case 'integer':
    case 'long':
    case 'float':
    case 'double':
      return { kind, min, max };
    case 'blob':
      return { kind, streaming: false, min, max };
    case 'stream':
      return { kind: 'blob', streaming: true, min, max };
    case 'timestamp':
      return { kind, format };
    case 'boolean':
    case 'document':
      return { kind };
    default:
      throw new Error(`model: unknown simple type ${type}`);
  }
}
