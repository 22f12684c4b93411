import { arn, parseArn } from '../../core/arn.ts';
import type { CompiledPolicy } from '../../policy/compiled.ts';
import { parsePolicy } from '../../policy/parse.ts';
import type { NamedPolicy } from '../../policy/types.ts';
import { defaultKeyPolicy } from '../../services/kms/key-policy.ts';
import { managedKeyPolicy } from '../../services/kms/managed-keys.ts';
import type { PolicySource } from '../../sources/policy-source.ts';
import { type Missing, type Text, Unknown } from '../../sources/unknown.ts';
import type { SecretSource, Sourced, Tags, Workload } from '../../sources/workload.ts';
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
  /** Of the owner; a bucket's ARN does not say it. */
  readonly account: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly policy?: PolicySource;
}

const NO_TAGS = {};

/** The resources of a workload by ARN, with their policies: its own account's, and what the input says of others. */
export class ResourceBook {
  readonly #workload: Workload;
  readonly #tokens: Tokens;
  readonly #reader: PolicyReader;
  readonly #byArn = new Map<string, Entry>();
  /** Secrets by account, Region and name, since their ARNs end in characters of Secrets Manager's choice. */
  readonly #secrets = new Map<string, { readonly entry: Entry; readonly source: SecretSource }>();
  readonly #parameterKeys = new Map<string, Text | undefined>();
  readonly #defaultKeyPolicies = new Map<string, BoundedPolicy>();

  constructor(workload: Workload, tokens: Tokens, reader: PolicyReader) {
    this.#workload = workload;
    this.#tokens = tokens;
    this.#reader = reader;
    for (const part of [workload, ...workload.otherAccounts]) this.#collect(part);
  }

  #collect(workload: Workload): void {
    const { account, region } = workload;
    const tokens = this.#tokens;
    const text = (value: Text) => tokens.text(value);
    const policies = new Map<string, PolicySource>();
    for (const { kind, resource, document } of workload.resourcePolicies) {
      policies.set(`${kind} ${text(resource)}`, document);
      // Named by what exists only once it is made, as `Ref` of a queue is its URL.
      const made =
        resource instanceof Unknown && resource.parts.length === 1 ? resource.missing[0]?.deferred : undefined;
      if (made !== undefined) policies.set(`${kind} id ${made.resource}`, document);
    }
    /** The policy that stands apart from its resource, by any of its names. */
    const apart = (kind: string, { id }: Sourced, ...names: readonly string[]) =>
      [...names, ...(id === undefined ? [] : [`id ${id}`])]
        .map((name) => policies.get(`${kind} ${name}`))
        .find(Boolean);
    const add = (key: string, tags: Tags, policy: PolicySource | undefined) =>
      this.#byArn.set(key, { account, tags: this.#tags(tags), ...(policy === undefined ? {} : { policy }) });
    for (const one of workload.repositories)
      add(text(one.arn), one.tags, one.policy ?? apart('repository', one, text(one.name)));
    for (const one of workload.keys) {
      const arn = text(one.arn);
      add(arn, one.tags, one.policy ?? apart('key', one, arn, arn.slice(arn.lastIndexOf('/') + 1)));
    }
    for (const one of workload.buckets) add(text(one.arn), one.tags, apart('bucket', one, text(one.name)));
    for (const one of workload.queues) {
      const url = `https://sqs.${region}.amazonaws.com/${account}/${text(one.name)}`;
      add(text(one.arn), one.tags, apart('queue', one, url, text(one.name)));
    }
    for (const one of workload.fileSystems)
      add(text(one.arn), one.tags, one.policy ?? apart('file-system', one, text(one.fileSystemId)));
    for (const one of workload.logGroups) add(groupArn(text(one.arn)), one.tags, undefined);
    for (const one of workload.parameters) {
      add(text(one.arn), one.tags, undefined);
      this.#parameterKeys.set(text(one.arn), parameterKey(tokens.plain(one.input) as Record<string, unknown>));
    }
    for (const one of workload.secrets) {
      const policy = apart('secret', one, text(one.arn), text(one.name));
      const entry = { account, tags: this.#tags(one.tags), ...(policy === undefined ? {} : { policy }) };
      const arn = text(one.arn);
      this.#secrets.set(secretKey(arn, text(one.name)), { entry, source: one });
    }
  }

  /** @param resource ARN, or `*`. @param caller account of who asks. */
  of(action: string, resource: string, caller = this.#workload.account): ResourceView {
    const parsed = parseArn(resource);
    const entry = parsed === undefined ? undefined : this.#entry(resource, parsed.service);
    // Without an account in its ARN (and with a placeholder there), it is taken for the caller's, unless the input has it.
    const named = parsed !== undefined && (/^\d{12}$/.test(parsed.account) || hasToken(parsed.account));
    const account = named ? parsed.account : (entry?.account ?? caller);
    const own = account === caller;
    if (parsed === undefined) return { account, declared: false, tags: NO_TAGS };
    const view = { account, declared: entry !== undefined, tags: entry?.tags ?? NO_TAGS };
    if (entry?.policy !== undefined)
      return { ...view, policy: { name: resource, bounds: this.#reader.read(entry.policy) } };
    if (this.isManagedKey(resource))
      return { ...view, policy: { name: resource, bounds: this.#managedKeyPolicy(parsed.region, account) } };
    if (parsed.service === 'kms' && parsed.resource.startsWith('key/') && (own || entry !== undefined))
      return { ...view, policy: { name: resource, bounds: this.#defaultKeyPolicy(account) } };
    // A file system without a policy of its own lets every client in. Source: EFS User Guide, iam-access-control-nfs-efs.
    if (entry !== undefined && parsed.service === 'elasticfilesystem')
      return { ...view, policy: { name: resource, bounds: this.#open('elasticfilesystem') } };
    // Parameters have no policies: other accounts get at them by AWS RAM alone.
    const shared = parsed.service === 'ssm' && !own;
    if (own || (entry !== undefined && !shared)) return view;
    const missing = shared ? sharedByRam(resource, account) : foreign(action, this.#tokens.shown(resource), account);
    const bounds =
      parsed.service === 'ecr' && isOpenRegistry(account)
        ? this.#open('ecr')
        : this.#reader.nothingKnown(parsed.service === 'kms' ? 'key' : 'resource', [missing]);
    return { ...view, policy: { name: resource, bounds } };
  }

  /**
   * The key by which a parameter or a secret is decrypted with the caller's permissions, as an ARN: a customer's, or AWS's
   * own where that is another account's; undefined where AWS's own key of this account does it, or nothing is known.
   */
  customerKey(kind: 'parameter' | 'secret', resource: string): string | undefined {
    const parsed = parseArn(resource);
    if (parsed === undefined) return undefined;
    const secret = kind === 'secret' ? this.#secretOf(resource) : undefined;
    const keyId = kind === 'secret' ? secret?.source.keyId : this.#parameterKeys.get(resource);
    const account = secret?.entry.account ?? this.#workload.account;
    const key = keyId === undefined ? undefined : this.keyArn(this.#tokens.text(keyId), parsed.region, account);
    if (key !== undefined || secret === undefined || account === this.#workload.account) return key;
    return arn('kms', parsed.region, account, `key/${this.#tokens.forMissing(MANAGED_KEY)}`);
  }

  /** Whether a key is the one that AWS manages for Secrets Manager in another account. */
  isManagedKey(resource: string): boolean {
    return this.#tokens.missingIn(resource).includes(MANAGED_KEY);
  }

  /**
   * The ARN that AWS authorizes for the one in a request: a secret may be named without the six characters at its end, and
   * policies are asked about its own ARN all the same. Source: Secrets Manager API, GetSecretValue; ministackorg/ministack#1737
   * (measured). A secret that is not there is asked about as it was named.
   */
  authorized(resource: string): string {
    const secret = parseArn(resource)?.service === 'secretsmanager' ? this.#secretOf(resource)?.source : undefined;
    if (secret === undefined) return resource;
    const name = this.#tokens.text(secret.name);
    return resource.endsWith(`:secret:${name}`) ? this.#tokens.text(secret.arn) : resource;
  }

  /** A secret of the input, by its ARN with or without the six characters at the end. */
  secret(resource: string): SecretSource | undefined {
    return this.#secretOf(resource)?.source;
  }

  /** A key named by id, ARN, alias or alias ARN, as the ARN of the key. @param account of who names it. */
  keyArn(given: string, region: string, account = this.#workload.account): string | undefined {
    const parsed = parseArn(given);
    const name = parsed?.service === 'kms' ? parsed.resource : given;
    const owner = parsed?.account || account;
    const place = (id: string) => arn('kms', parsed?.region || region, owner, id);
    if (!name.startsWith('alias/')) {
      if (parsed !== undefined) return given;
      return given.startsWith('key/') ? place(given) : place(`key/${given}`);
    }
    if (name.startsWith('alias/aws/')) return undefined;
    const alias = [this.#workload, ...this.#workload.otherAccounts]
      .filter((part) => part.account === owner)
      .flatMap(({ aliases }) => aliases)
      .find((one) => this.#tokens.text(one.name) === name);
    if (alias !== undefined) return this.keyArn(this.#tokens.text(alias.target), region, owner);
    const missing: Missing = {
      why: `the key behind ${name} is not in the input`,
      help: 'Name the key by its ARN, or give the template that declares the key and its alias.',
      origin: { file: '', path: '', line: 0 },
    };
    return place(`key/${this.#tokens.forMissing(missing)}`);
  }

  #entry(resource: string, service: string): Entry | undefined {
    if (service === 'secretsmanager') return this.#secretOf(resource)?.entry;
    if (service === 'logs') return this.#byArn.get(groupArn(resource));
    if (service === 's3') return this.#byArn.get(resource.split('/')[0]!);
    return this.#byArn.get(resource);
  }

  #secretOf(resource: string) {
    const name = parseArn(resource)?.resource.replace(/^secret:/, '');
    if (name === undefined) return undefined;
    const exact = this.#secrets.get(secretKey(resource, name));
    if (exact !== undefined || !/-.{6}$/su.test(name)) return exact;
    return this.#secrets.get(secretKey(resource, name.slice(0, -7)));
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

  #managedKeyPolicy(region: string, account: string): BoundedPolicy {
    const text = managedKeyPolicy('secretsmanager', region, account);
    return same(parsePolicy(text, 'key', { purpose: 'evaluate' }));
  }

  #open(service: 'ecr' | 'elasticfilesystem'): BoundedPolicy {
    const statement = { Effect: 'Allow', Principal: '*', Action: `${service}:*`, Resource: '*' };
    const text = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
    return same(parsePolicy(text, 'resource', { purpose: 'evaluate' }));
  }
}

/** The ARN of a log group itself, by the ones that say all or one of its streams. */
function groupArn(arn: string): string {
  return arn.replace(/:(\*|log-stream:.*)$/s, '');
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
    help: `Give the template of account ${account} that declares the resource with its policy, and say whose it is: rolecall.json, { "accounts": { "FOLDER/": "${account}" } }.`,
    origin: { file: '', path: '', line: 0 },
  };
}

/** Source: Systems Manager User Guide, parameter-store-shared-parameters. */
function sharedByRam(resource: string, account: string): Missing {
  return {
    why: `the policy of ${resource} is a share of AWS RAM, which account ${account} makes, and the input does not say whether it does`,
    help: 'Look there: a parameter of the advanced tier can be shared, and no other.',
    origin: { file: '', path: '', line: 0 },
  };
}

/** Stands for the id of `aws/secretsmanager` in another account. */
const MANAGED_KEY: Missing = {
  why: 'the id of aws/secretsmanager is chosen by AWS',
  help: 'Encrypt the secret with a customer managed key.',
  origin: { file: '', path: '', line: 0 },
  deferred: { resource: '/aws-secretsmanager', attribute: 'KeyId' },
};

function secretKey(arn: string, name: string): string {
  const parsed = parseArn(arn);
  return `${parsed?.account} ${parsed?.region} ${name}`;
}

/** A SecureString's key; plain parameters have none. */
function parameterKey(input: Record<string, unknown>): string | undefined {
  const { Type, KeyId } = input;
  return Type === 'SecureString' && typeof KeyId === 'string' ? KeyId : undefined;
}
