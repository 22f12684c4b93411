import { spawnSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { endpointDomains } from '../../wire/aws-host.ts';
import { Authority } from './authority.ts';
import { makeCertificate, pem, serverExtensions, subjectOf } from './certificates.ts';

const DAY = 24 * 60 * 60 * 1000;
const domains = endpointDomains('eu-west-1');
const openssl = spawnSync('openssl', ['version']).status === 0;
const scratch = mkdtempSync(join(tmpdir(), 'rolecall-authority-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Names of an endpoint's certificate, or undefined where there is none. */
function names(authority: Authority, host: string): string | undefined {
  const issued = authority.issue(host);
  return issued === undefined ? undefined : new X509Certificate(issued.certificate).subjectAltName;
}

/** What OpenSSL says of a server's certificate under an authority's. */
function verify(authority: string, certificate: string, host: string): string {
  const [ca, leaf] = [join(scratch, 'ca.pem'), join(scratch, 'leaf.pem')];
  writeFileSync(ca, authority);
  writeFileSync(leaf, certificate);
  const args = ['verify', '-x509_strict', '-purpose', 'sslserver', '-verify_hostname', host, '-CAfile', ca, leaf];
  const { stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  return `${stdout}${stderr}`.trim();
}

describe('the authority', () => {
  const authority = Authority.open({ domains, now: Date.now });

  it('vouches for endpoints of AWS alone', () => {
    expect(names(authority, 'sqs.eu-west-1.amazonaws.com')).toBe(
      'DNS:sqs.eu-west-1.amazonaws.com, DNS:*.sqs.eu-west-1.amazonaws.com',
    );
    expect(names(authority, '111122223333.dkr.ecr.eu-west-1.amazonaws.com')).toBe(
      'DNS:dkr.ecr.eu-west-1.amazonaws.com, DNS:*.dkr.ecr.eu-west-1.amazonaws.com',
    );
    for (const host of ['example.com', 'localhost', '127.0.0.1', '', 'amazonaws.com', 'amazonaws.com.example.com']) {
      expect(authority.issue(host), host).toBeUndefined();
    }
  });

  it('of the partition of its Region', () => {
    expect(authority.issue('sqs.cn-north-1.amazonaws.com.cn')).toBeUndefined();
    const china = Authority.open({ domains: endpointDomains('cn-north-1'), now: Date.now });
    expect(names(china, 'sqs.cn-north-1.amazonaws.com.cn')).toContain('DNS:sqs.cn-north-1.amazonaws.com.cn');
    expect(china.issue('sqs.eu-west-1.amazonaws.com')).toBeUndefined();
  });

  it('as AWS has it, one certificate for all buckets whose names have no dot, and none for the others', () => {
    const issued = authority.issue('one.s3.eu-west-1.amazonaws.com');
    expect(authority.issue('two.s3.eu-west-1.amazonaws.com')).toBe(issued);
    const certificate = new X509Certificate(issued?.certificate ?? '');
    expect(certificate.checkHost('one.s3.eu-west-1.amazonaws.com')).toBeDefined();
    expect(certificate.checkHost('s3.eu-west-1.amazonaws.com')).toBeDefined();
    expect(authority.issue('a.b.s3.eu-west-1.amazonaws.com')).toBe(issued);
    expect(certificate.checkHost('a.b.s3.eu-west-1.amazonaws.com')).toBeUndefined();
  });

  it('lives long, its certificates shortly, and they are renewed before they end', () => {
    let now = Date.now();
    const timed = Authority.open({ domains, now: () => now });
    const life = ({ validFrom, validTo }: X509Certificate) => Date.parse(validTo) - Date.parse(validFrom);
    expect(Math.round(life(new X509Certificate(timed.certificate)) / DAY)).toBe(730);
    const first = timed.issue('sqs.eu-west-1.amazonaws.com');
    expect(Math.round(life(new X509Certificate(first?.certificate ?? '')) / DAY)).toBe(30);
    expect(Date.parse(new X509Certificate(first?.certificate ?? '').validFrom)).toBeLessThan(now);
    now += 14 * DAY;
    expect(timed.issue('sqs.eu-west-1.amazonaws.com')).toBe(first);
    now += 2 * DAY;
    const second = timed.issue('sqs.eu-west-1.amazonaws.com');
    expect(Date.parse(new X509Certificate(second?.certificate ?? '').validTo)).toBeGreaterThan(now + 29 * DAY);
  });

  it('keeps a bounded number of certificates', () => {
    const first = authority.issue('a.sns.eu-west-1.amazonaws.com');
    for (let each = 0; each < 64; each++) authority.issue(`a.x${each}.sns.eu-west-1.amazonaws.com`);
    expect(authority.issue('a.sns.eu-west-1.amazonaws.com')).not.toBe(first);
  });
});

describe('an authority that is kept', () => {
  const options = (directory: string) => ({ directory, domains, now: Date.now });

  it('is found again, and its key is the owner’s alone', () => {
    const directory = join(scratch, 'kept');
    const first = Authority.open(options(directory));
    const file = join(directory, 'authority.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(Authority.open(options(directory)).certificate).toBe(first.certificate);
    const issued = Authority.open(options(directory)).issue('sqs.eu-west-1.amazonaws.com');
    const leaf = new X509Certificate(issued?.certificate ?? '');
    expect(leaf.checkIssued(new X509Certificate(first.certificate))).toBe(true);
    expect(leaf.verify(new X509Certificate(first.certificate).publicKey)).toBe(true);
  });

  it('is made anew for other domains, near its end, and where it is damaged', () => {
    const directory = join(scratch, 'renewed');
    const made = [Authority.open(options(directory)).certificate];
    const next = (change: Partial<Parameters<typeof Authority.open>[0]>) => {
      made.push(Authority.open({ ...options(directory), ...change }).certificate);
      expect(new Set(made).size).toBe(made.length);
    };
    next({ domains: endpointDomains('cn-north-1') });
    next({});
    next({ now: () => Date.now() + 600 * DAY });
    writeFileSync(join(directory, 'authority.json'), '{"certificate":');
    next({});
  });

  it.skipIf(!openssl)('binds whoever has its key to the endpoints of AWS', () => {
    const directory = join(scratch, 'leaked');
    const authority = Authority.open(options(directory));
    const good = authority.issue('bucket.s3.eu-west-1.amazonaws.com')?.certificate ?? '';
    expect(verify(authority.certificate, good, 'bucket.s3.eu-west-1.amazonaws.com')).toMatch(/: OK$/);
    expect(verify(authority.certificate, good, 'sqs.eu-west-1.amazonaws.com')).toContain('hostname mismatch');

    const { stdout } = spawnSync('openssl', ['x509', '-noout', '-ext', 'nameConstraints'], {
      input: authority.certificate,
      encoding: 'utf8',
    });
    // OpenSSL writes a subtree of all addresses so.
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      'critical Permitted: DNS:amazonaws.com DNS:api.aws Excluded: IP:0.0.0.0/0.0.0.0 IP:0:0:0:0:0:0:0:0/0:0:0:0:0:0:0:0',
    );

    const key = createPrivateKey(JSON.parse(readFileSync(join(directory, 'authority.json'), 'utf8')).key);
    const forged = (extensions: Parameters<typeof makeCertificate>[0]['extensions']) =>
      pem(
        makeCertificate({
          commonName: 'forged',
          issuer: subjectOf(new X509Certificate(authority.certificate).raw),
          publicKey: createPublicKey(key),
          signingKey: key,
          notBefore: Date.now() - DAY,
          notAfter: Date.now() + DAY,
          extensions,
        }),
      );
    const own = createPublicKey(key);
    const bank = forged(serverExtensions(own, own, ['bank.example.com']));
    expect(verify(authority.certificate, bank, 'bank.example.com')).toContain('permitted subtree violation');
    const both = forged(serverExtensions(own, own, ['sqs.eu-west-1.amazonaws.com', 'bank.example.com']));
    expect(verify(authority.certificate, both, 'bank.example.com')).toContain('permitted subtree violation');
  });
});
