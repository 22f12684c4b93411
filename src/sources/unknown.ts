import { type Origin, SourceError } from './origin.ts';

/** A value that only exists once a resource has been made, e.g. the id of a KMS key. `load` fills it in. */
export interface Deferred {
  /** `STACK/LOGICALID` of the resource. */
  readonly resource: string;
  readonly attribute: string;
}

/** One thing that is not in the input: why not, and where to supply it. */
export interface Missing {
  readonly why: string;
  readonly help: string;
  /** Where the input asks for it. */
  readonly origin: Origin;
  readonly deferred?: Deferred;
}

/** A value that is not known, or only in part: text of which some parts are missing. Never guessed. */
export class Unknown {
  readonly parts: readonly (string | Missing)[];

  constructor(parts: readonly (string | Missing)[]) {
    this.parts = parts;
  }

  /** What is missing, in order. */
  get missing(): readonly Missing[] {
    return this.parts.filter((part): part is Missing => typeof part !== 'string');
  }

  /** The known parts, with `{…}` where something is missing. For messages only. */
  toString(): string {
    return this.parts.map((part) => (typeof part === 'string' ? part : '{…}')).join('');
  }
}

/** Text that may be unknown. */
export type Text = string | Unknown;

export function unknown(missing: Missing): Unknown {
  return new Unknown([missing]);
}

/** Texts written one after the other. */
export function concatenate(texts: readonly Text[]): Text {
  if (texts.every((text): text is string => typeof text === 'string')) return texts.join('');
  return new Unknown(texts.flatMap((text) => (typeof text === 'string' ? [text] : text.parts)));
}

/** The text, with what `fill` knows put in. @throws SourceError naming the first thing that is still missing. */
export function fillIn(text: Text, fill: (deferred: Deferred) => string | undefined): string {
  if (typeof text === 'string') return text;
  return text.parts
    .map((part) => {
      if (typeof part === 'string') return part;
      const value = part.deferred === undefined ? undefined : fill(part.deferred);
      if (value === undefined) throw missingValue(part);
      return value;
    })
    .join('');
}

export function missingValue(missing: Missing): SourceError {
  return new SourceError('unknown-value', missing.origin, `this value cannot be known: ${missing.why}`, missing.help);
}

/** The same text, or the same value that is not known. */
export function sameText(a: Text, b: Text): boolean {
  return keyOf(a) === keyOf(b);
}

function keyOf(text: Text): string {
  if (!(text instanceof Unknown)) return text;
  return text.parts
    .map((part) =>
      typeof part === 'string'
        ? part
        : `\u0000${part.deferred === undefined ? part.why : `${part.deferred.resource} ${part.deferred.attribute}`}\u0000`,
    )
    .join('');
}
