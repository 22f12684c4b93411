import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { endpointDomains } from '../../wire/aws-host.ts';
import { Authority } from './authority.ts';
import { type ContainerTrust, certificatesOf, type ImageTrust, trustFor } from './trust.ts';

const directory = mkdtempSync(join(tmpdir(), 'rolecall-trust-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const make = () => Authority.open({ domains: endpointDomains('eu-west-1'), now: Date.now }).certificate;
const [authority, other] = [make(), make()];

const trust = (image: Partial<ImageTrust> = {}) =>
  trustFor({ bundles: new Map(), environment: {}, ...image }, { directory, authority, now: 0 });
const read = ({ mounts }: ContainerTrust, target: string, file = '') =>
  readFileSync(join(mounts.find((each) => each.target === target)?.source ?? '', file), 'utf8');

describe('what containers are given to trust', () => {
  it('the authority alone, where the image trusts nobody', () => {
    const given = trust();
    expect(given.mounts.map(({ target }) => target)).toEqual(['/etc/rolecall']);
    expect(read(given, '/etc/rolecall', 'ca.pem')).toBe(authority);
    expect(read(given, '/etc/rolecall', 'ca-bundle.pem')).toBe(authority);
  });

  it('the authority besides those of the image, also where the image keeps them', () => {
    const path = '/etc/ssl/certs/ca-certificates.crt';
    const given = trust({ bundles: new Map([[path, other.trimEnd()]]) });
    expect(given.mounts.map(({ target }) => target)).toEqual(['/etc/rolecall', path]);
    expect(read(given, path)).toBe(`${other}${authority}`);
    expect(read(given, '/etc/rolecall', 'ca-bundle.pem')).toBe(`${other}${authority}`);
    expect(read(given, '/etc/rolecall', 'ca.pem')).toBe(authority);
  });

  it('files that every user reads, and that never change', () => {
    const image = { bundles: new Map([['/etc/ssl/cert.pem', `${other}# another\n`]]) };
    const given = trust(image);
    const source = given.mounts[0]?.source ?? '';
    expect(statSync(source).mode & 0o777).toBe(0o755);
    for (const file of readdirSync(source)) expect(statSync(join(source, file)).mode & 0o777).toBe(0o644);
    const before = statSync(source).mtimeMs;
    expect(trust(image).mounts).toEqual(given.mounts);
    expect(statSync(source).mtimeMs).toBe(before);
  });

  it('the variables that runtimes and tools read; the image’s own Java options stay', () => {
    expect(trust().environment).toMatchObject({
      SSL_CERT_FILE: '/etc/rolecall/ca-bundle.pem',
      AWS_CA_BUNDLE: '/etc/rolecall/ca-bundle.pem',
      REQUESTS_CA_BUNDLE: '/etc/rolecall/ca-bundle.pem',
      CURL_CA_BUNDLE: '/etc/rolecall/ca-bundle.pem',
      NODE_EXTRA_CA_CERTS: '/etc/rolecall/ca.pem',
      JAVA_TOOL_OPTIONS: expect.stringMatching(/^-Djavax\.net\.ssl\.trustStore=\/etc\/rolecall\/truststore\.jks /),
    });
    const { environment } = trust({ environment: { JAVA_TOOL_OPTIONS: '-Xmx1g' } });
    expect(environment.JAVA_TOOL_OPTIONS).toMatch(/^-Xmx1g -Djavax\.net\.ssl\.trustStore=/);
  });

  it('reads certificates out of a bundle, and nothing that is none', () => {
    const noise = '# a comment\n-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n';
    expect(certificatesOf(`${other}${noise}${authority}`)).toEqual(
      [other, authority].map((each) => new X509Certificate(each).raw),
    );
  });
});
