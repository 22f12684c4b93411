import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dockerRuntime, engine, image, noDocker } from '../docker/subject.ts';
import { application, EXPECTED } from './application.ts';
import { lines, TransparentBench } from './bench.ts';
import { imageWith } from './docker-image.ts';

const node = (script: string) => [dockerRuntime.node, '--input-type=module', '-e', script];
const sh = (script: string) => ['/bin/sh', '-c', script];
/** A bundle as a distribution has it; what is in it does not matter here. */
const BUNDLE = Buffer.from('# trusted by this image\n');

describe.skipIf(noDocker !== undefined)(
  `transparent mode in Docker${noDocker === undefined ? '' : ` (skipped: ${noDocker})`}`,
  () => {
    let bench: TransparentBench;
    const images: string[] = [];
    let app: string;
    let bundled: string;
    beforeAll(async () => {
      app = await imageWith(engine, image, 'transparent', [
        { name: 'app/', mode: 0o755 },
        { name: 'app/app.mjs', content: await application(), mode: 0o644 },
      ]);
      bundled = await imageWith(
        engine,
        image,
        'transparent-bundle',
        [
          { name: 'etc/ssl/', mode: 0o755 },
          { name: 'etc/ssl/certs/', mode: 0o755 },
          { name: 'etc/ssl/certs/ca-certificates.crt', content: BUNDLE, mode: 0o644 },
          { name: 'etc/ssl/cert.pem', mode: 0o777, link: 'certs/ca-certificates.crt' },
        ],
        ['ENV JAVA_TOOL_OPTIONS=-Xmx1g', 'ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt'],
      );
      images.push(app, bundled);
      bench = await TransparentBench.open({ runtime: 'docker' });
    });
    afterAll(async () => {
      await bench?.close();
      for (const each of images) await engine.delete(`/images/${each}`, { force: true });
    });

    it.each(['awsvpc', 'bridge'] as const)(
      '%s: an application with endpoints of AWS in its code reaches Rolecall, as its task role, and nothing else',
      async (networkMode) => {
        const result = await bench.run({ image: app, command: [dockerRuntime.node, '/app/app.mjs'] }, { networkMode });
        const said = JSON.parse(lines(result)[0] ?? JSON.stringify(result));
        expect(said).toMatchObject({ ...EXPECTED, outsideAddress: 'failed: EHOSTUNREACH' });
        const arn = /^arn:aws:sts::000000000000:assumed-role\/task\/[0-9a-f]{32}$/;
        expect(said.who).toMatch(arn);
        expect(said.refused).toMatch(
          /^AccessDenied.*: .*assumed-role\/task\/.* is not authorized to perform: sqs:purgequeue/i,
        );
        expect(said.dynamodb).toMatch(/^AccessDeniedException: .* is not authorized to perform: dynamodb:ListTables/);
        expect(said.unserved).toContain('Rolecall does not serve lambda');
        expect(said.foreign).toMatch(/HANDSHAKE_FAILURE/);
        const calls = result.calls.filter(({ value }) => value.stage === 'running').map(({ value }) => value);
        expect(calls.map(({ service, operation, outcome }) => `${service}:${operation} ${outcome}`)).toEqual(
          expect.arrayContaining([
            'sts:GetCallerIdentity allowed',
            'sqs:SendMessage allowed',
            'sqs:PurgeQueue denied',
            's3:PutObject allowed',
            'dynamodb:ListTables denied',
          ]),
        );
        for (const { principalArn } of calls) expect(principalArn).toMatch(arn);
      },
    );

    it('the image’s own authorities stay trusted, wherever it keeps them, and its settings stay', async () => {
      const show =
        'for file in /etc/ssl/certs/ca-certificates.crt /etc/ssl/cert.pem $SSL_CERT_FILE; do head -n 1 $file; grep -c BEGIN $file; done; ' +
        'echo $SSL_CERT_FILE; echo $JAVA_TOOL_OPTIONS; touch /etc/rolecall/x 2>&1; ls /etc/rolecall; id -u; head -c 27 $NODE_EXTRA_CA_CERTS';
      const result = await bench.run({ image: bundled, command: sh(show), user: '1000', readonlyRootFilesystem: true });
      expect(lines(result)).toEqual([
        ...Array.from({ length: 3 }, () => ['# trusted by this image', '1']).flat(),
        '/etc/rolecall/ca-bundle.pem',
        expect.stringMatching(/^-Xmx1g -Djavax\.net\.ssl\.trustStore=\/etc\/rolecall\/truststore\.jks /),
        expect.stringContaining('Read-only file system'),
        'ca-bundle.pem',
        'ca.pem',
        'truststore.jks',
        '1000',
        '-----BEGIN CERTIFICATE-----',
      ]);
    });

    it('what the task definition sets itself is left as it is', async () => {
      const environment = [
        { name: 'SSL_CERT_FILE', value: '/mine.pem' },
        { name: 'AWS_ENDPOINT_URL', value: 'https://elsewhere.example' },
      ];
      const result = await bench.run({ image, command: sh('echo $SSL_CERT_FILE $AWS_ENDPOINT_URL'), environment });
      expect(lines(result)).toEqual(['/mine.pem https://elsewhere.example']);
    });

    it('bridge: links and names of hosts are known besides', async () => {
      const lookup = `import { lookup } from 'node:dns/promises';
        for (const name of ['store', 'other', 'sqs.eu-west-1.amazonaws.com']) console.log(name, (await lookup(name)).address);`;
      const result = await bench.run(
        { image },
        {
          networkMode: 'bridge',
          containerDefinitions: [
            { name: 'db', image, essential: false, command: sh('sleep 100'), memory: 64, stopTimeout: 2 },
            {
              name: 'app',
              image,
              memory: 512,
              command: node(lookup),
              links: ['db:store'],
              extraHosts: [{ hostname: 'other', ipAddress: '10.1.2.3' }],
              dependsOn: [{ containerName: 'db', condition: 'START' }],
            },
          ],
        },
      );
      expect(lines(result)).toEqual([
        expect.stringMatching(/^store 172\.|^store 10\.|^store 192\./),
        'other 10.1.2.3',
        'sqs.eu-west-1.amazonaws.com 169.254.169.253',
      ]);
    });

    it('none: there is nothing to reach, and nothing is put in', async () => {
      const result = await bench.run(
        { image, memory: 64, command: sh('ls -d /etc/rolecall; echo "${SSL_CERT_FILE:-unset}"') },
        { networkMode: 'none' },
      );
      expect(lines(result)).toEqual(['unset']);
    });

    it('a task on the network of this machine, or with name servers of its own, is refused by name', async () => {
      const host = await bench.run({ image, memory: 64, command: sh('true') }, { networkMode: 'host' });
      expect(host.started).toBe(false);
      expect(JSON.stringify(host)).toContain('/networkMode');
      expect(JSON.stringify(host)).toContain('with --transparent a task needs a network of its own');
      const asked = await bench.run(
        { image, memory: 64, command: sh('true'), dnsServers: ['192.0.2.53'] },
        { networkMode: 'bridge' },
      );
      expect(asked.started).toBe(false);
      expect(JSON.stringify(asked)).toContain('/containerDefinitions/0/dnsServers');
    });

    it('this machine’s own names and trusted authorities are as they were', () => {
      expect(readFileSync('/etc/resolv.conf', 'utf8')).not.toContain('169.254.169.253');
      expect(readFileSync('/proc/net/fib_trie', 'utf8')).not.toContain('169.254.169.253');
    });
  },
);
