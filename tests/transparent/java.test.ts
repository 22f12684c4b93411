import { execFile, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Authority } from '../../src/agent/transparent/authority.ts';
import { javaTrustStore } from '../../src/agent/transparent/java-trust-store.ts';
import { createTlsEndpoint } from '../../src/agent/transparent/tls-endpoint.ts';
import { certificatesOf, trustFor } from '../../src/agent/transparent/trust.ts';
import { endpointDomains } from '../../src/wire/aws-host.ts';

const noJava = spawnSync('javac', ['-version']).status === 0 ? undefined : 'there is no Java development kit';

/** Connects to a port of this machine under a name, with the trust and the checks that Java's HTTPS has. */
const CLIENT = `
import javax.net.ssl.*;
import java.net.Socket;
public class Client {
  public static void main(String[] arguments) throws Exception {
    for (String host : arguments[1].split(",")) {
      Socket plain = new Socket("127.0.0.1", Integer.parseInt(arguments[0]));
      SSLSocketFactory factory = (SSLSocketFactory) SSLSocketFactory.getDefault();
      SSLSocket socket = (SSLSocket) factory.createSocket(plain, host, 443, true);
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      socket.setSSLParameters(parameters);
      try {
        socket.startHandshake();
        System.out.println("trusted");
      } catch (SSLException error) {
        System.out.println(error.getMessage());
      }
      socket.close();
    }
  }
}
`;

describe.skipIf(noJava !== undefined)(
  `Java's trust store${noJava === undefined ? '' : ` (skipped: ${noJava})`}`,
  () => {
    const directory = mkdtempSync(join(tmpdir(), 'rolecall-java-'));
    const open = () => Authority.open({ domains: endpointDomains('eu-west-1'), now: Date.now });
    const [authority, other] = [open(), open()];
    let listener: Server;
    beforeAll(async () => {
      listener = createServer(createTlsEndpoint(authority, (socket) => socket.destroy()));
      await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
      writeFileSync(join(directory, 'Client.java'), CLIENT);
      await promisify(execFile)('javac', ['-d', directory, join(directory, 'Client.java')]);
    });
    afterAll(() => {
      listener.close();
      rmSync(directory, { recursive: true, force: true });
    });

    it('holds all certificates, and shows when it was changed', () => {
      const file = join(directory, 'read.jks');
      const list = (content: Buffer) => {
        writeFileSync(file, content);
        return spawnSync('keytool', ['-list', '-keystore', file, '-storepass', 'changeit'], { encoding: 'utf8' })
          .stdout;
      };
      const bundle = `${other.certificate}${authority.certificate}`;
      const store = javaTrustStore(certificatesOf(bundle), Date.now());
      const said = list(store);
      expect(said).toContain('2 entries');
      for (const each of [other, authority])
        expect(said).toContain(new X509Certificate(each.certificate).fingerprint256);
      store.writeUInt8((store.at(-1) ?? 0) ^ 1, store.length - 1);
      expect(list(store)).toContain('Keystore was tampered with');
    });

    it('makes a JVM trust the endpoints of AWS under their names', async () => {
      const image = { bundles: new Map<string, string>(), environment: {} };
      const given = trustFor(image, { directory, authority: authority.certificate, now: Date.now() });
      const options = given.environment.JAVA_TOOL_OPTIONS?.replaceAll('/etc/rolecall', given.mounts[0]?.source ?? '');
      const { port } = listener.address() as { port: number };
      const hosts = [
        'sqs.eu-west-1.amazonaws.com',
        'bucket.s3.eu-west-1.amazonaws.com',
        'a.b.s3.eu-west-1.amazonaws.com',
        'example.com',
      ];
      const run = (env: NodeJS.ProcessEnv) =>
        promisify(execFile)('java', ['-cp', directory, 'Client', String(port), hosts.join(',')], {
          env: { PATH: process.env.PATH, ...env },
        });
      const trusted = (await run({ JAVA_TOOL_OPTIONS: options })).stdout.trim().split('\n');
      expect(trusted).toEqual([
        'trusted',
        'trusted',
        expect.stringContaining('No subject alternative DNS name matching a.b.s3.eu-west-1.amazonaws.com found'),
        expect.stringContaining('handshake_failure'),
      ]);
      expect((await run({})).stdout).toContain('unable to find valid certification path');
    });
  },
);
