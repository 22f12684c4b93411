import { ARN_PARTS_CASE_SENSITIVE } from './edges.ts';
import { type Glob, globOf } from './glob.ts';
import type { PolicyVersion, RequestContext } from './types.ts';
import { splitAtColons, Template } from './variables.ts';

/** What to do with fewer than six parts. */
export type ShortArnRule = 'fill' | 'nothing';

/** Where the six parts of the ARN that was last looked at begin; consecutive matches ask about the same resource. */
let splitText = '';
const splitStarts: number[] = [];
let splitValid = false;

/** Offsets of the six parts; undefined when the text is no ARN. The list is reused by the next call. */
function partStarts(text: string): readonly number[] | undefined {
  if (text === splitText) return splitValid ? splitStarts : undefined;
  splitText = text;
  splitValid = false;
  if (!text.startsWith('arn:')) return undefined;
  let at = 0;
  splitStarts[0] = 0;
  for (let part = 1; part < 6; part++) {
    at = text.indexOf(':', at) + 1;
    if (at === 0) return undefined;
    splitStarts[part] = at;
  }
  splitValid = true;
  return splitStarts;
}

/** The ARN as it is compared: as written, unless the parts before the resource are to be compared without case. */
export function comparableArn(arn: string): string {
  if (ARN_PARTS_CASE_SENSITIVE) return arn;
  return arn.replace(/^(?:[^:]*:){1,5}/, (head) => head.toLowerCase());
}

/**
 * A Resource or NotResource entry. The ARN is compared part by part, so a `*` in the region never swallows the account;
 * the sixth part keeps its colons. Variables count in the sixth part only.
 * Source: IAM User Guide, reference_policies_elements_resource and reference_policies_variables.
 */
export class ResourcePattern {
  /** As written. */
  readonly text: string;
  readonly #everything: boolean;
  /** Wildcards stand only after the fifth colon: the whole text can be matched in one go. */
  readonly #whole: Glob | undefined;
  /** The first five parts, when one of them has a wildcard or the sixth a variable. */
  readonly #head: readonly Glob[];
  readonly #tail: Template | undefined;

  constructor(text: string, version: PolicyVersion, shortArn: ShortArnRule) {
    this.text = text;
    this.#everything = /^\*+$/.test(text);
    const parts = splitAtColons(comparableArn(text), version);
    if (this.#everything) {
      this.#head = [];
    } else if (parts.length === 1) {
      // No ARN at all: fits only the one-character resource of actions without resource-level permissions.
      this.#whole = globOf(text);
      this.#head = [];
    } else if (parts.length < 6 && shortArn === 'nothing') {
      this.#head = [];
    } else {
      while (parts.length < 6) parts.push('*');
      const head = parts.slice(0, 5);
      this.#tail = new Template(parts.slice(5).join(':'), version, true);
      this.#head = head.map(globOf);
      const plainHead = this.#head.every((glob) => glob.literal !== undefined);
      if (plainHead && !this.#tail.hasVariables) {
        const template = new Template(parts.join(':'), version, true);
        this.#whole = template.fixed;
      }
    }
  }

  matches(asked: string, context: RequestContext): boolean {
    if (this.#everything) return true;
    const resource = comparableArn(asked);
    if (this.#whole !== undefined) return this.#whole.matches(resource);
    const tail = this.#tail;
    if (tail === undefined) return false;
    const starts = partStarts(resource);
    if (starts === undefined) return false;
    for (let part = 0; part < 5; part++) {
      if (!this.#head[part]!.matches(resource, starts[part]!, starts[part + 1]! - 1)) return false;
    }
    const glob = tail.glob(context);
    return glob?.matches(resource, starts[5]!) ?? false;
  }

  /** A character that every matching resource has at a place. */
  probe(): { readonly at: number; readonly code: number } | undefined {
    const prefix = ARN_PARTS_CASE_SENSITIVE ? (this.#whole?.prefix ?? '') : '';
    return prefix === '' ? undefined : { at: prefix.length - 1, code: prefix.charCodeAt(prefix.length - 1) };
  }

  keys(): string[] {
    return this.#tail?.keys() ?? [];
  }
}

/** Whether an ARN pattern without variables fits an ARN: six parts, each with its own wildcards. */
export function matchArn(pattern: string, arn: string): boolean {
  return new ResourcePattern(pattern, '2008-10-17', 'fill').matches(arn, {});
}
