import { type Glob, globOf } from './glob.ts';

/** An Action or NotAction entry: `service:Name`, case-insensitive, wildcards anywhere. Source: reference_policies_elements_action. */
export class ActionPattern {
  /** As written. */
  readonly text: string;
  readonly #glob: Glob;
  /** The service in lower case when it is spelled out, for the index. */
  readonly service: string | undefined;

  constructor(text: string) {
    this.text = text;
    const lower = text.toLowerCase();
    this.#glob = globOf(lower);
    const colon = lower.indexOf(':');
    const service = colon === -1 ? undefined : lower.slice(0, colon);
    this.service = service === undefined || /[*?]/.test(service) ? undefined : service;
  }

  /** @param action in lower case. */
  matches(action: string): boolean {
    return this.#glob.matches(action);
  }
}

/** Whether an action pattern fits an action; case does not matter. */
export function matchAction(pattern: string, action: string): boolean {
  return new ActionPattern(pattern).matches(action.toLowerCase());
}
