import { createHash, X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { javaTrustStore, TRUST_STORE_PASSWORD } from './java-trust-store.ts';

/** Where containers find the certificates, whatever their image is. */
export const TRUST_DIRECTORY = '/etc/rolecall';

/** Where programs of Linux distributions look for the authorities they trust. The first one found is what an image trusts. */
export const BUNDLE_PATHS: readonly string[] = [
  // Debian, Ubuntu, Alpine, distroless
  '/etc/ssl/certs/ca-certificates.crt',
  // Fedora, Amazon Linux, RHEL
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  // openSUSE
  '/etc/ssl/ca-bundle.pem',
  // Alpine, and OpenSSL's own default
  '/etc/ssl/cert.pem',
];

const FILES = { authority: 'ca.pem', bundle: 'ca-bundle.pem', java: 'truststore.jks' } as const;
const at = (file: keyof typeof FILES) => `${TRUST_DIRECTORY}/${FILES[file]}`;

/** What a container's image brings, before anything is changed. */
export interface ImageTrust {
  /** Bundle path → text of the file; only those that are there. */
  readonly bundles: ReadonlyMap<string, string>;
  /** Variables that the image itself sets. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What a container is given so that its programs trust the authority. */
export interface ContainerTrust {
  /** Files and a directory of this machine to be mounted read-only. */
  readonly mounts: readonly { readonly source: string; readonly target: string }[];
  /** Below what the task definition sets, above what the image sets. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Lays out what containers of an image are given; the same for all of them. `directory` holds it: its parts are named
 * after what they hold, and never change, since containers that run see them.
 */
export function trustFor(
  image: ImageTrust,
  { directory, authority, now }: { readonly directory: string; readonly authority: string; readonly now: number },
): ContainerTrust {
  const [own = ''] = image.bundles.values();
  const bundle = joined(own, authority);
  const mounts = [{ source: layOut(directory, { authority, bundle }, now), target: TRUST_DIRECTORY }];
  for (const [target, text] of image.bundles) {
    const whole = joined(text, authority);
    mounts.push({ source: join(layOut(directory, { authority, bundle: whole }, now), FILES.bundle), target });
  }
  return { mounts, environment: environment(image.environment) };
}

/**
 * What runtimes and tools read. Python's certifi and botocore look at no system bundle, Node adds to its own list, Java
 * takes a store of its own format.
 */
function environment(image: Readonly<Record<string, string>>): Record<string, string> {
  const java = [
    `-Djavax.net.ssl.trustStore=${at('java')}`,
    `-Djavax.net.ssl.trustStorePassword=${TRUST_STORE_PASSWORD}`,
    '-Djavax.net.ssl.trustStoreType=JKS',
  ].join(' ');
  const before = image.JAVA_TOOL_OPTIONS;
  return {
    SSL_CERT_FILE: at('bundle'),
    AWS_CA_BUNDLE: at('bundle'),
    REQUESTS_CA_BUNDLE: at('bundle'),
    CURL_CA_BUNDLE: at('bundle'),
    NODE_EXTRA_CA_CERTS: at('authority'),
    JAVA_TOOL_OPTIONS: before === undefined || before === '' ? java : `${before} ${java}`,
  };
}

/** Readable for everybody: containers read it whoever their user is; the directory above keeps this machine's others out. */
function layOut(
  directory: string,
  { authority, bundle }: { readonly authority: string; readonly bundle: string },
  now: number,
): string {
  const name = createHash('sha256').update(authority).update('\0').update(bundle).digest('hex').slice(0, 32);
  const place = join(directory, name);
  if (existsSync(place)) return place;
  const beside = join(directory, `${name}.${process.pid}`);
  rmSync(beside, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  mkdirSync(beside);
  const contents = { authority, bundle, java: javaTrustStore(certificatesOf(bundle), now) };
  for (const [file, content] of Object.entries(contents)) {
    const path = join(beside, FILES[file as keyof typeof FILES]);
    writeFileSync(path, content);
    chmodSync(path, 0o644);
  }
  // Whatever this process's umask is.
  chmodSync(beside, 0o755);
  renameSync(beside, place);
  return place;
}

function joined(bundle: string, authority: string): string {
  if (bundle === '') return authority;
  return `${bundle}${bundle.endsWith('\n') ? '' : '\n'}${authority}`;
}

/** DER of the certificates in a PEM text; what is none is passed over. */
export function certificatesOf(text: string): readonly Buffer[] {
  return (text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).flatMap((block) => {
    try {
      return [new X509Certificate(block).raw];
    } catch {
      return [];
    }
  });
}
