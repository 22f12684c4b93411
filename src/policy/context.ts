import type { RequestContext } from './types.ts';

/** The value of a condition key; undefined when the request does not carry it. */
export type ContextValue = string | readonly string[];

/** A condition key as a policy names it. Key names are case-insensitive. Source: IAM User Guide, Condition element. */
export class ContextKey {
  readonly name: string;
  readonly #lower: string;

  constructor(name: string) {
    this.name = name;
    this.#lower = name.toLowerCase();
  }

  /**
   * Looks the key up. The usual spelling is found at once; other spellings by comparing names of the same length,
   * which allocates nothing for keys that are not there.
   */
  in(context: RequestContext): ContextValue | undefined {
    const exact = context[this.name];
    // Own members only: `constructor` and its like are functions and objects, never text or a list.
    if (typeof exact === 'string' || Array.isArray(exact)) return exact;
    const lower = this.#lower;
    const length = lower.length;
    for (const name in context) {
      if (name.length === length && name.toLowerCase() === lower) {
        const value = context[name];
        if (typeof value === 'string' || Array.isArray(value)) return value;
      }
    }
    return undefined;
  }
}
