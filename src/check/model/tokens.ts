import type { Node } from '../../sources/node.ts';
import { type Missing, type Text, Unknown } from '../../sources/unknown.ts';

/** What a secret's ARN ends in, chosen by Secrets Manager: always six characters. */
const SUFFIX = 'ArnSuffix';
/** Resources of any cluster: ARNs of policies have a wildcard there. */
export const CLUSTER_NAME = 'ClusterName';
const TOKEN = /\u{e000}([0-9a-z]+)\u{e001}/gu;

/**
 * Values that are not known stand in texts as tokens of private-use characters, one for each distinct value: the same
 * value has the same token wherever the input names it, so a policy and a task definition that mean the same secret still
 * fit, and nothing else fits by accident.
 */
export class Tokens {
  readonly #byKey = new Map<string, string>();
  readonly #missing: Missing[] = [];

  /** The text, with a token for each part that is not known. */
  text(value: Text): string {
    if (typeof value === 'string') return value;
    return value.parts.map((part) => (typeof part === 'string' ? part : this.#token(part))).join('');
  }

  /** Plain JSON with tokens inside. */
  plain(node: Node): unknown {
    switch (node.kind) {
      case 'scalar':
        return node.value;
      case 'unknown':
        return this.text(node.value);
      case 'list':
        return node.items.map((item) => this.plain(item));
      case 'map': {
        const result: Record<string, unknown> = {};
        for (const [name, member] of node.members) result[name] = this.plain(member);
        return result;
      }
    }
  }

  /** A token for something that is not in the input at all. */
  forMissing(missing: Missing): string {
    return this.#token(missing);
  }

  /** What the tokens of a text stand for, each once. */
  missingIn(text: string): readonly Missing[] {
    const found = new Set<Missing>();
    for (const [, index] of text.matchAll(TOKEN)) {
      const missing = this.#missing[Number.parseInt(index!, 36)];
      if (missing !== undefined) found.add(missing);
    }
    return [...found];
  }

  /** The text as people (and policies) may see it: six `?` for the end of a secret's ARN, `{LOGICALID.Attribute}` or `{…}` else. */
  shown(text: string): string {
    if (!hasToken(text)) return text;
    return text.replaceAll(TOKEN, (_, index: string) => {
      const missing = this.#missing[Number.parseInt(index, 36)];
      if (missing?.deferred === undefined) return '{…}';
      if (missing.deferred.attribute === SUFFIX) return '??????';
      if (missing.deferred.attribute === CLUSTER_NAME) return '*';
      const { resource, attribute } = missing.deferred;
      return `{${resource.slice(resource.indexOf('/') + 1)}.${attribute}}`;
    });
  }

  /** The text as a pattern that every value it may have fits. */
  pattern(text: string): string {
    if (!hasToken(text)) return text;
    return text.replaceAll(TOKEN, (_, index: string) =>
      this.#missing[Number.parseInt(index, 36)]?.deferred?.attribute === SUFFIX ? '??????' : '*',
    );
  }

  /** The text as a policy can name it before what it names is made: `*` for what AWS will choose, `{…}` for what a person must say. */
  grantable(text: string): string {
    if (!hasToken(text)) return text;
    return text.replaceAll(TOKEN, (_, index: string) => {
      const deferred = this.#missing[Number.parseInt(index, 36)]?.deferred;
      if (deferred === undefined) return '{…}';
      return deferred.attribute === SUFFIX ? '??????' : '*';
    });
  }

  #token(missing: Missing): string {
    const { deferred, why, help } = missing;
    const key = deferred === undefined ? `${why}\n${help}` : `${deferred.resource}\n${deferred.attribute}`;
    let token = this.#byKey.get(key);
    if (token === undefined) {
      const number = this.#missing.push(missing) - 1;
      // As long as what it stands for, so that `-??????` in a policy fits it.
      token =
        deferred?.attribute === SUFFIX
          ? `\u{e000}${number.toString(36).padStart(4, '0')}\u{e001}`
          : `\u{e000}${number.toString(36)}\u{e001}`;
      this.#byKey.set(key, token);
    }
    return token;
  }
}

export function hasToken(text: string): boolean {
  return text.includes('\u{e000}');
}

/** Whether a text is nothing but one unknown value. */
export function isToken(text: string): boolean {
  return /^\u{e000}[0-9a-z]+\u{e001}$/u.test(text);
}

export function isUnknown(value: unknown): value is Unknown {
  return value instanceof Unknown;
}
