import { createHash, type KeyObject, randomBytes, sign } from 'node:crypto';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import * as x509 from '@peculiar/asn1-x509';

/** Source: RFC 5758: no parameters. */
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
/** Source: RFC 5280, 4.1.2.4: attributes of names. */
const COMMON_NAME = '2.5.4.3';
const ORGANIZATION = '2.5.4.10';

export interface CertificateParts {
  readonly commonName: string;
  /** DER of an issuer's name; undefined: the certificate is its own issuer. */
  readonly issuer?: ArrayBuffer;
  /** Whom it is for. */
  readonly publicKey: KeyObject;
  /** The issuer's key, of the curve P-256. */
  readonly signingKey: KeyObject;
  /** Epoch milliseconds; certificates count whole seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly extensions: readonly x509.Extension[];
}

/** Makes and signs a certificate; answers it as DER. Source: RFC 5280. */
export function makeCertificate(parts: CertificateParts): Buffer {
  const subject = name(parts.commonName);
  const spki = parts.publicKey.export({ type: 'spki', format: 'der' });
  const tbs = new x509.TBSCertificate({
    version: x509.Version.v3,
    serialNumber: serialNumber(),
    signature: new x509.AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 }),
    issuer: parts.issuer === undefined ? subject : AsnConvert.parse(parts.issuer, x509.Name),
    validity: new x509.Validity({ notBefore: wholeSeconds(parts.notBefore), notAfter: wholeSeconds(parts.notAfter) }),
    subject,
    subjectPublicKeyInfo: AsnConvert.parse(spki, x509.SubjectPublicKeyInfo),
    extensions: new x509.Extensions([...parts.extensions]),
  });
  const signed = Buffer.from(AsnConvert.serialize(tbs));
  const certificate = new x509.Certificate({
    tbsCertificate: tbs,
    signatureAlgorithm: new x509.AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 }),
    signatureValue: bytes(sign('sha256', signed, parts.signingKey)),
  });
  return Buffer.from(AsnConvert.serialize(certificate));
}

/** DER of the subject of a certificate. */
export function subjectOf(certificate: Buffer): ArrayBuffer {
  return AsnConvert.serialize(AsnConvert.parse(certificate, x509.Certificate).tbsCertificate.subject);
}

/** What makes a certificate that of an authority for some domains, whose certificates are servers' and nobody else's. */
export function authorityExtensions(publicKey: KeyObject, domains: readonly string[]): readonly x509.Extension[] {
  const permitted = domains.map(
    (domain) => new x509.GeneralSubtree({ base: new x509.GeneralName({ dNSName: domain }) }),
  );
  // Addresses are names of another kind, which a list of DNS names says nothing about: all of them are excluded.
  const excluded = ['0.0.0.0/0', '::/0'].map(
    (iPAddress) => new x509.GeneralSubtree({ base: new x509.GeneralName({ iPAddress }) }),
  );
  return [
    extension(x509.id_ce_basicConstraints, true, new x509.BasicConstraints({ cA: true, pathLenConstraint: 0 })),
    extension(
      x509.id_ce_keyUsage,
      true,
      new x509.KeyUsage(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign),
    ),
    extension(x509.id_ce_extKeyUsage, false, new x509.ExtendedKeyUsage([x509.id_kp_serverAuth])),
    extension(
      x509.id_ce_nameConstraints,
      true,
      new x509.NameConstraints({
        permittedSubtrees: new x509.GeneralSubtrees(permitted),
        excludedSubtrees: new x509.GeneralSubtrees(excluded),
      }),
    ),
    extension(x509.id_ce_subjectKeyIdentifier, false, new x509.SubjectKeyIdentifier(keyIdentifier(publicKey))),
  ];
}

/** What makes a certificate that of a server with these DNS names. */
export function serverExtensions(
  publicKey: KeyObject,
  authority: KeyObject,
  names: readonly string[],
): readonly x509.Extension[] {
  const alternatives = names.map((dNSName) => new x509.GeneralName({ dNSName }));
  const issuer = new x509.AuthorityKeyIdentifier({ keyIdentifier: new x509.KeyIdentifier(keyIdentifier(authority)) });
  return [
    extension(x509.id_ce_basicConstraints, true, new x509.BasicConstraints({ cA: false })),
    extension(x509.id_ce_keyUsage, true, new x509.KeyUsage(x509.KeyUsageFlags.digitalSignature)),
    extension(x509.id_ce_extKeyUsage, false, new x509.ExtendedKeyUsage([x509.id_kp_serverAuth])),
    extension(x509.id_ce_subjectAltName, false, new x509.SubjectAlternativeName(alternatives)),
    extension(x509.id_ce_subjectKeyIdentifier, false, new x509.SubjectKeyIdentifier(keyIdentifier(publicKey))),
    extension(x509.id_ce_authorityKeyIdentifier, false, issuer),
  ];
}

export function pem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function extension(extnID: string, critical: boolean, value: object): x509.Extension {
  return new x509.Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

function name(commonName: string): x509.Name {
  const attribute = (type: string, utf8String: string) =>
    new x509.RelativeDistinguishedName([
      new x509.AttributeTypeAndValue({ type, value: new x509.AttributeValue({ utf8String }) }),
    ]);
  return new x509.Name([attribute(ORGANIZATION, 'Rolecall'), attribute(COMMON_NAME, commonName)]);
}

/** Source: RFC 5280, 4.2.1.2, method 1: of the key's bits alone. */
function keyIdentifier(key: KeyObject): ArrayBuffer {
  const spki = key.export({ type: 'spki', format: 'der' });
  const { subjectPublicKey } = AsnConvert.parse(spki, x509.SubjectPublicKeyInfo);
  return bytes(createHash('sha1').update(Buffer.from(subjectPublicKey)).digest());
}

/** Positive, random, and never longer than 20 bytes. Source: RFC 5280, 4.1.2.2. */
function serialNumber(): ArrayBuffer {
  const number = randomBytes(16);
  number[0] = ((number[0] as number) & 0x7f) | 0x40;
  return bytes(number);
}

function wholeSeconds(milliseconds: number): Date {
  return new Date(Math.floor(milliseconds / 1000) * 1000);
}

function bytes(buffer: Buffer): ArrayBuffer {
  return Uint8Array.from(buffer).buffer;
}
