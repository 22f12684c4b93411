import { arn, parseArn } from '../../core/arn.ts';
import type { CompiledPolicy } from '../../policy/compiled.ts';
import { parsePolicy } from '../../policy/parse.ts';
import type { NamedPolicy } from '../../policy/types.ts';
import { defaultKeyPolicy } from '../../services/kms/key-policy.ts';
import type { PolicySource } from '../../sources/policy-source.ts';
import type { Missing, Text } from '../../sources/unknown.ts';
import type { Tags, Workload } from '../../sources/workload.ts';
import { isOpenRegistry } from './open-registries.ts';
import type { BoundedPolicy, PolicyReader } from './policy-document.ts';
import { hasToken, type Tokens } from './tokens.ts';

/** What the input says of the resource of a call. */
export interface ResourceView {
  /** Account that owns it. */
  readonly account: string;
  /** The input declares it. */
  readonly declared: boolean;
  readonly tags: Readonly<Record<string, string>>;
  /** Its own policy; absent where there is none. */
  readonly policy?: { readonly name: string; readonly bounds: BoundedPolicy };
}

interface Entry {
  readonly tags: Readonly<Record<string, string>>;
  readonly policy?: PolicySource;
}

const NO_TAGS = {};

/** The resources of a workload by ARN, with their policies. */
export class ResourceBook {
  readonly #workload: Workload;
  readonly #tokens: Tokens;
  readonly #reader: PolicyReader;
  readonly #byArn = new Map<string, Entry>();
  /** Secrets by Region and name, since their ARNs end in characters of Secrets Manager's choice. */
  readonly #secrets = new Map<string, { readonly entry: Entry; readonly keyId?: Text }>();
  readonly #parameterKeys = new Map<string, Text | undefined>();
  readonly #defaultKeyPolicies = new Map<string, BoundedPolicy>();

  constructor(workload: Workload, tokens: Tokens, reader: PolicyReader) {
    this.#workload = workload;
    this.#tokens = tokens;
    this.#reader = reader;
    const text = (value: Text) => tokens.text(value);
    const policies = new Map(
      workload.resourcePolicies.map(({ kind, resource, document }) => [`${kind} ${text(resource)}`, document]),
    );
    const add = (key: string, tags: Tags, policy: PolicySource | undefined) =>
      this.#byArn.set(key, { tags: this.#tags(tags), ...(policy === undefined ? {} : { policy }) });
    for (const one of workload.repositories)
      add(text(one.arn), one.tags, one.policy ?? policies.get(`repository ${text(one.name)}`));
    for (const one of workload.keys) {
      const arn = text(one.arn);
      const apart = policies.get(`key ${arn}`) ?? policies.get(`key ${arn.slice(arn.lastIndexOf('/') + 1)}`);
      add(arn, one.tags, one.policy ?? apart);
    }
    for (const one of workload.buckets) add(text(one.arn), one.tags, policies.get(`bucket ${text(one.name)}`));
    for (const one of workload.queues) {
      const url = `https://sqs.${workload.region}.amazonaws.com/${workload.account}/${text(one.name)}`;
      add(text(one.arn), one.tags, policies.get(`queue ${url}`) ?? policies.get(`queue ${text(one.name)}`));
    }
    for (const one of workload.fileSystems)
      add(text(one.arn), one.tags, one.policy ?? policies.get(`file-system ${text(one.fileSystemId)}`));
    for (const one of workload.parameters) {
      add(text(one.arn), one.tags, undefined);
      this.#parameterKeys.set(text(one.arn), parameterKey(tokens.plain(one.input) as Record<string, unknown>));
    }
    for (const one of workload.secrets) {
      const policy = policies.get(`secret ${text(one.arn)}`) ?? policies.get(`secret ${text(one.name)}`);
      const entry = { tags: this.#tags(one.tags), ...(policy === undefined ? {} : { policy }) };
      this.#secrets.set(text(one.name), { entry, ...(one.keyId === undefined ? {} : { keyId: one.keyId }) });
    }
  }

  /** @param resource ARN, or `*`. @param caller account of who asks. */
  of(action: string, resource: string, caller = this.#workload.account): ResourceView {
    const parsed = parseArn(resource);
    // Without an account in its ARN (and with a placeholder there), it is taken for the caller's.
    const named = parsed !== undefined && (/^\d{12}$/.test(parsed.account) || hasToken(parsed.account));
    const account = named ? parsed.account : caller;
    const own = account === caller;
    if (parsed === undefined) return { account, declared: false, tags: NO_TAGS };
    const entry = this.#entry(resource, parsed.service, parsed.resource);
    const view = { account, declared: entry !== undefined, tags: entry?.tags ?? NO_TAGS };
    if (entry?.policy !== undefined)
      return { ...view, policy: { name: resource, bounds: this.#reader.read(entry.policy) } };
    if (parsed.service === 'kms' && parsed.resource.startsWith('key/') && own)
      return { ...view, policy: { name: resource, bounds: this.#defaultKeyPolicy(account) } };
    // A file system without a policy of its own lets every client in. Source: EFS User Guide, iam-access-control-nfs-efs.
    if (entry !== undefined && parsed.service === 'elasticfilesystem')
      return { ...view, policy: { name: resource, bounds: this.#open('elasticfilesystem') } };
    if (own || entry !== undefined) return view;
    const bounds =
      parsed.service === 'ecr' && isOpenRegistry(account)
        ? this.#open('ecr')
        : this.#reader.nothingKnown(parsed.service === 'kms' ? 'key' : 'resource', [
            foreign(action, resource, account),
          ]);
    return { ...view, policy: { name: resource, bounds } };
  }

  /** The customer key that encrypts a parameter or a secret, as an ARN; undefined where AWS's own key does, or nothing is known. */
  customerKey(kind: 'parameter' | 'secret', resource: string): string | undefined {
    const parsed = parseArn(resource);
    if (parsed === undefined) return undefined;
    const keyId = kind === 'secret' ? this.#secretOf(parsed.resource)?.keyId : this.#parameterKeys.get(resource);
    return keyId === undefined ? undefined : this.keyArn(this.#tokens.text(keyId), parsed.region);
  }

  /** A secret's name, by what stands behind `secret:`; undefined when the input has no such secret. */
  secretName(resource: string): string | undefined {
    const text = resource.replace(/^secret:/, '');
    if (this.#secrets.has(text)) return text;
    const short = text.slice(0, -7);
    return /-.{6}$/su.test(text) && this.#secrets.has(short) ? short : undefined;
  }

  /** A key named by id, ARN, alias or alias ARN, as the ARN of the key. */
  keyArn(given: string, region: string): string | undefined {
    const parsed = parseArn(given);
    const name = parsed?.service === 'kms' ? parsed.resource : given;
    const place = (id: string) => arn('kms', parsed?.region || region, parsed?.account || this.#workload.account, id);
    if (!name.startsWith('alias/')) {
      if (parsed !== undefined) return given;
      return given.startsWith('key/') ? place(given) : place(`key/${given}`);
    }
    if (name.startsWith('alias/aws/')) return undefined;
    const alias = this.#workload.aliases.find((one) => this.#tokens.text(one.name) === name);
    if (alias !== undefined) return this.keyArn(this.#tokens.text(alias.target), region);
    const missing: Missing = {
      why: `the key behind ${name} is not in the input`,
      help: 'Name the key by its ARN, or give the template that declares the key and its alias.',
      origin: { file: '', path: '', line: 0 },
    };
    return place(`key/${this.#tokens.forMissing(missing)}`);
  }

  #entry(resource: string, service: string, name: string): Entry | undefined {
    if (service === 'secretsmanager') return this.#secretOf(name)?.entry;
    if (service === 's3') return this.#byArn.get(resource.split('/')[0]!);
    return this.#byArn.get(resource);
  }

  #secretOf(resource: string) {
    const name = this.secretName(resource);
    return name === undefined ? undefined : this.#secrets.get(name);
  }

  #tags(tags: Tags): Record<string, string> {
    return Object.fromEntries(tags.map(({ key, value }) => [this.#tokens.text(key), this.#tokens.text(value)]));
  }

  /** A key made without a policy, or one that is not in the input: the policy that AWS writes leaves it to identity policies. */
  #defaultKeyPolicy(account: string): BoundedPolicy {
    let bounds = this.#defaultKeyPolicies.get(account);
    if (bounds === undefined) {
      bounds = same(parsePolicy(defaultKeyPolicy(account), 'key', { purpose: 'evaluate' }));
      this.#defaultKeyPolicies.set(account, bounds);
    }
    return bounds;
  }

  #open(service: 'ecr' | 'elasticfilesystem'): BoundedPolicy {
    const statement = { Effect: 'Allow', Principal: '*', Action: `${service}:*`, Resource: '*' };
    const text = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
    return same(parsePolicy(text, 'resource', { purpose: 'evaluate' }));
  }
}

/** A resource's own policy as the engine takes it. */
export function namedPolicy(
  policy: ResourceView['policy'],
  bound: 'least' | 'most',
): NamedPolicy<CompiledPolicy> | undefined {
  return policy === undefined ? undefined : { name: policy.name, source: 'resource', policy: policy.bounds[bound] };
}

function same(policy: CompiledPolicy): BoundedPolicy {
  return { least: policy, most: policy, missing: [] };
}

function foreign(action: string, resource: string, account: string): Missing {
  return {
    why: `the policy of ${resource}, which belongs to account ${account}, is not in the input, and ${action} needs it across accounts`,
    help: 'Give the template of that account which declares the resource with its policy.',
    origin: { file: '', path: '', line: 0 },
  };
}

/** A SecureString's key; plain parameters have none. */
function parameterKey(input: Record<string, unknown>): string | undefined {
  const { Type, KeyId } = input;
  return Type === 'SecureString' && typeof KeyId === 'string' ? KeyId : undefined;
}
