import type { CompiledPolicy } from '../../policy/compiled.ts';
import { parsePolicy } from '../../policy/parse.ts';
import documents from './managed/policies.json' with { type: 'json' };
import readOnlyAccess from './managed/read-only-access.json' with { type: 'json' };

/**
 * A policy that AWS itself maintains (account `aws`), in the version that AWS had as its default.
 * Source of the documents: AWS, Managed Policy Reference Guide, as collected in the public data set iann0036/iam-dataset (MIT).
 */
export interface AwsManagedPolicy {
  readonly name: string;
  readonly arn: string;
  /** `/`, `/service-role/`, `/aws-service-role/` or `/job-function/`. */
  readonly path: string;
  /** The default version, e.g. `v3`. */
  readonly version: string;
  /** Epoch milliseconds: when that version was made. */
  readonly updatedAt: number;
  /** The document as text. */
  readonly document: string;
  /** Its unique id: ours, since AWS's own is not published; stays the same from start to start. */
  readonly id: string;
}

interface Source {
  readonly name: string;
  readonly path: string;
  readonly version: string;
  readonly updated: string;
  /** The longest stands as text, which costs nothing to load until it is asked for. */
  readonly document: object | string;
}

let byArn: Map<string, AwsManagedPolicy> | undefined;

/** Made on first use: a server that attaches none of them does not pay for the texts. */
function all(): Map<string, AwsManagedPolicy> {
  if (byArn === undefined) {
    byArn = new Map();
    for (const source of [...(documents as readonly Source[]), readOnlyAccess as Source]) {
      const arn = `arn:aws:iam::aws:policy${source.path}${source.name}`;
      byArn.set(arn, {
        name: source.name,
        arn,
        path: source.path,
        version: source.version,
        updatedAt: Date.parse(source.updated),
        document: typeof source.document === 'string' ? source.document : JSON.stringify(source.document),
        id: uniqueId(source.name),
      });
    }
  }
  return byArn;
}

/** An AWS managed policy by its ARN; undefined when Rolecall does not hold it (or there is none). */
export function awsManagedPolicy(arn: string): AwsManagedPolicy | undefined {
  return arn.startsWith('arn:aws:iam::aws:policy/') ? all().get(arn) : undefined;
}

/** All that are held, by name. */
export function awsManagedPolicies(): readonly AwsManagedPolicy[] {
  return [...all().values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

const compiled = new Map<string, CompiledPolicy>();

/** The policy ready to be asked, compiled once; as an identity policy, a boundary or a session policy it reads the same. */
export function compiledAwsManagedPolicy(policy: AwsManagedPolicy): CompiledPolicy {
  let found = compiled.get(policy.arn);
  if (found === undefined) {
    // AWS stored it, so it is not measured against the limits for customers.
    found = parsePolicy(policy.document, 'identity', { purpose: 'evaluate' });
    compiled.set(policy.arn, found);
  }
  return found;
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** `ANPA` and 17 letters drawn from the name (FNV-1a, then xorshift). */
function uniqueId(name: string): string {
  let state = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) state = Math.imul(state ^ name.charCodeAt(at), 0x01000193) >>> 0;
  let id = 'ANPA';
  for (let at = 0; at < 17; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    id += BASE32[(state >>> 0) & 31];
  }
  return id;
}
