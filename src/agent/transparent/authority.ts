import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  X509Certificate,
} from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AwsHost, awsHost } from '../../wire/aws-host.ts';
import { authorityExtensions, makeCertificate, pem, serverExtensions, subjectOf } from './certificates.ts';

const DAY = 24 * 60 * 60 * 1000;
/** Milliseconds. Containers keep the certificate that they were started with: it should outlive them. */
const AUTHORITY_LIFE = 2 * 365 * DAY;
/** An authority that is found again with less than this is replaced. */
const AUTHORITY_REST = 180 * DAY;
const SERVER_LIFE = 30 * DAY;
/** The clock of a machine in a machine may be behind. */
const BACKDATED = 60 * 60 * 1000;
/** How many servers' certificates are kept: a container may ask for any number of names. */
const MOST_KEPT = 64;

/** A server's certificate and its key, as PEM. */
export interface ServerCertificate {
  /** The authority's own certificate is not part of it: whoever trusts it has it. */
  readonly certificate: string;
  readonly key: string;
}

export interface AuthorityOptions {
  /** Where it is kept, readable by the owner only; undefined: in memory, for as long as the process lives. */
  readonly directory?: string | undefined;
  /** The domains that it may vouch for. */
  readonly domains: readonly string[];
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/**
 * A certificate authority for the endpoints of AWS and nothing else: its own certificate says so (name constraints), and
 * so does what it agrees to sign. Nobody trusts it but the containers that are given its certificate.
 */
export class Authority {
  /** PEM. */
  readonly certificate: string;
  readonly #key: KeyObject;
  readonly #issuer: ArrayBuffer;
  readonly #domains: readonly string[];
  readonly #now: () => number;
  /** One pair for all servers' certificates: all of them are this process. */
  readonly #server = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly #serverKey = this.#server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  readonly #issued = new Map<string, ServerCertificate & { readonly until: number }>();

  private constructor(kept: Kept, { domains, now }: AuthorityOptions) {
    this.certificate = kept.certificate;
    this.#key = kept.key;
    this.#issuer = subjectOf(new X509Certificate(kept.certificate).raw);
    this.#domains = domains;
    this.#now = now;
  }

  /** Finds the one that is kept in the directory, or makes one. Throws what the file system says. */
  static open(options: AuthorityOptions): Authority {
    const { directory, domains, now } = options;
    const found = directory === undefined ? undefined : read(directory, domains, now());
    const kept = found ?? make(domains, now());
    if (directory !== undefined && found === undefined) write(directory, domains, kept);
    return new Authority(kept, options);
  }

  /** The certificate of the endpoint that a client names; undefined for a name that is none of AWS's, or of another Region's partition. */
  issue(host: string): ServerCertificate | undefined {
    const named = awsHost(host);
    if (named === undefined) return undefined;
    if (!this.#domains.some((domain) => named.endpoint.endsWith(`.${domain}`))) return undefined;
    const names = namesOf(named);
    const key = names.join(' ');
    const known = this.#issued.get(key);
    if (known !== undefined && this.#now() < known.until) return known;
    const made = this.#make(names);
    this.#issued.delete(key);
    this.#issued.set(key, made);
    const [oldest] = this.#issued.keys();
    if (this.#issued.size > MOST_KEPT && oldest !== undefined) this.#issued.delete(oldest);
    return made;
  }

  #make(names: readonly string[]): ServerCertificate & { readonly until: number } {
    const now = this.#now();
    const { publicKey } = this.#server;
    const certificate = makeCertificate({
      commonName: 'AWS endpoint served by Rolecall',
      issuer: this.#issuer,
      publicKey,
      signingKey: this.#key,
      notBefore: now - BACKDATED,
      notAfter: now + SERVER_LIFE,
      extensions: serverExtensions(publicKey, createPublicKey(this.#key), names),
    });
    return { certificate: pem(certificate), key: this.#serverKey, until: now + SERVER_LIFE / 2 };
  }
}

/**
 * The names in an endpoint's certificate. They are those of AWS's own: one label of a wildcard, so that a bucket with a
 * dot in its name is refused by clients here as it is there.
 */
function namesOf({ resource, endpoint }: AwsHost): readonly string[] {
  const [, ...above] = resource.split('.');
  const name = [...above, endpoint].join('.');
  return endpoint.startsWith('s3') ? [endpoint, `*.${endpoint}`] : [name, `*.${name}`];
}

interface Kept {
  readonly certificate: string;
  readonly key: KeyObject;
}

function make(domains: readonly string[], now: number): Kept {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificate = makeCertificate({
    // Two servers' authorities are not mistaken for each other where somebody looks at both.
    commonName: `Rolecall authority ${randomUUID()}`,
    publicKey,
    signingKey: privateKey,
    notBefore: now - BACKDATED,
    notAfter: now + AUTHORITY_LIFE,
    extensions: authorityExtensions(publicKey, domains),
  });
  return { certificate: pem(certificate), key: privateKey };
}

const FILE = 'authority.json';

/** Undefined when there is none, or one for other domains, or one whose life is nearly over. */
function read(directory: string, domains: readonly string[], now: number): Kept | undefined {
  const file = join(directory, FILE);
  if (!existsSync(file)) return undefined;
  chmodSync(file, 0o600);
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as Record<'certificate' | 'key', string> & {
      readonly domains: readonly string[];
    };
    const certificate = new X509Certificate(kept.certificate);
    const key = createPrivateKey(kept.key);
    const same = domains.length === kept.domains.length && domains.every((domain) => kept.domains.includes(domain));
    if (!same || !certificate.checkPrivateKey(key)) return undefined;
    return Date.parse(certificate.validTo) < now + AUTHORITY_REST ? undefined : { certificate: kept.certificate, key };
  } catch {
    // Damaged: nothing can be lost with it but the trust of containers that still run.
    return undefined;
  }
}

/** Written beside and moved into place: nobody ever finds half of it. */
function write(directory: string, domains: readonly string[], { certificate, key }: Kept): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const text = JSON.stringify({ domains, certificate, key: key.export({ type: 'pkcs8', format: 'pem' }) });
  const beside = join(directory, `${FILE}.${process.pid}`);
  rmSync(beside, { force: true });
  writeFileSync(beside, text, { mode: 0o600, flag: 'wx' });
  renameSync(beside, join(directory, FILE));
}
