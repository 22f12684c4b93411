import { readdirSync, readFileSync } from 'node:fs';

/** One call of a scenario, the same for every client. */
export interface Step {
  readonly call: string;
  /** As the API takes it. `"$name"` stands for a saved value (also inside a longer text, as `${name}`), `{ "$bytes": base64 }` for bytes. */
  readonly input?: Readonly<Record<string, unknown>>;
  /** Values of the answer to keep: name → path (`Queue.Urls.0`). */
  readonly save?: Readonly<Record<string, string>>;
  /** What the answer must hold at least. `"$any"` matches anything that is there. */
  readonly expect?: unknown;
  /** The error code with which the call must fail. */
  readonly error?: string;
  /** Clients that cannot make this call in this form, with the reason. */
  readonly without?: Readonly<Partial<Record<Client, string>>>;
}

export type Client = 'sdk' | 'boto3' | 'cli';

/** The calls of one service, made one after the other against one server. */
export interface Scenario {
  readonly service: string;
  readonly steps: readonly Step[];
}

/** The scenarios beside this file: one for each service. */
export function scenarios(): Scenario[] {
  const folder = new URL('./scenarios/', import.meta.url);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => ({
      service: name.replace('.json', ''),
      steps: JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Step[],
    }));
}

/** Puts saved values into an input. */
export function fill(value: unknown, saved: Readonly<Record<string, unknown>>): unknown {
  if (typeof value === 'string') {
    if (/^\$\w+$/.test(value) && value.slice(1) in saved) return saved[value.slice(1)];
    return value.replace(/\$\{(\w+)\}/g, (whole, name: string) => (name in saved ? String(saved[name]) : whole));
  }
  if (Array.isArray(value)) return value.map((element) => fill(element, saved));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, fill(member, saved)]));
}

/** The value at a path; undefined where there is none. */
export function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
}

/** Where the answer lacks what is expected; undefined when it is all there. */
export function lacks(expected: unknown, found: unknown, path = ''): string | undefined {
  if (expected === '$any') return found === undefined || found === null ? `${path}: nothing there` : undefined;
  if (Array.isArray(expected)) {
    if (!Array.isArray(found)) return `${path}: no list but ${JSON.stringify(found)}`;
    if (expected.length === 0 && found.length > 0) return `${path}: not empty but ${JSON.stringify(found)}`;
    for (const [index, element] of expected.entries()) {
      const lack = lacks(element, found[index], `${path}/${index}`);
      if (lack !== undefined) return lack;
    }
    return undefined;
  }
  if (typeof expected === 'object' && expected !== null) {
    for (const [key, member] of Object.entries(expected)) {
      const lack = lacks(member, (found as Record<string, unknown> | undefined)?.[key], `${path}/${key}`);
      if (lack !== undefined) return lack;
    }
    return undefined;
  }
  return expected === found ? undefined : `${path}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`;
}
