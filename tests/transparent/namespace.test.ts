import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { namespaceSupport } from '../../src/agent/runtimes/namespace/support.ts';
import { application, EXPECTED } from './application.ts';
import { lines, TransparentBench } from './bench.ts';

const { reason } = namespaceSupport();
const boto3 = spawnSync('python3', ['-c', 'import boto3']).status === 0;
const curl = spawnSync('curl', ['--version']).status === 0;
const sh = (script: string) => ['/bin/sh', '-c', script];

describe.skipIf(reason !== undefined)(
  `transparent mode in namespaces${reason === undefined ? '' : ` (skipped: ${reason})`}`,
  () => {
    const directory = mkdtempSync(join(tmpdir(), 'rolecall-transparent-'));
    let bench: TransparentBench;
    beforeAll(async () => {
      writeFileSync(join(directory, 'app.mjs'), await application());
      bench = await TransparentBench.open({
        runtime: 'namespace',
        standIns: [
          { pattern: 'app', program: { command: [process.execPath, 'app.mjs'], workingDirectory: directory } },
          { pattern: '*', program: 'host' },
        ],
      });
    });
    afterAll(async () => {
      await bench?.close();
      rmSync(directory, { recursive: true, force: true });
    });

    it('an application with endpoints of AWS in its code reaches Rolecall, as its task role, and nothing else', async () => {
      const result = await bench.run({ image: 'app' });
      const said = JSON.parse(lines(result)[0] ?? JSON.stringify(result));
      expect(said).toMatchObject({ ...EXPECTED, outsideAddress: 'failed: ENETUNREACH' });
      const arn = /^arn:aws:sts::000000000000:assumed-role\/task\/[0-9a-f]{32}$/;
      expect(said.who).toMatch(arn);
      expect(said.refused).toMatch(
        /^AccessDenied.*assumed-role\/task\/.* is not authorized to perform: sqs:purgequeue/i,
      );
      expect(said.dynamodb).toMatch(/^AccessDeniedException: .* is not authorized to perform: dynamodb:ListTables/);
      expect(said.unserved).toContain('Rolecall does not serve lambda');
      expect(said.foreign).toMatch(/HANDSHAKE_FAILURE/);
      const calls = result.calls.filter(({ value }) => value.stage === 'running').map(({ value }) => value);
      expect(calls.length).toBeGreaterThan(5);
      for (const { principalArn } of calls) expect(principalArn).toMatch(arn);
    });

    it.skipIf(!boto3)('boto3 reaches it, with its own idea of where the authorities are', async () => {
      const script = `
import boto3, botocore.exceptions
queues = boto3.client('sqs')
url = queues.get_queue_url(QueueName='orders')['QueueUrl']
print(queues.meta.endpoint_url, url)
print(queues.send_message(QueueUrl=url, MessageBody='two')['ResponseMetadata']['HTTPStatusCode'])
boto3.client('s3').put_object(Bucket='orders-of-tests', Key='python', Body=b'kept')
print(boto3.client('s3').get_object(Bucket='orders-of-tests', Key='python')['Body'].read().decode())
try:
    boto3.client('iam').list_roles()
except botocore.exceptions.ClientError as error:
    print(error.response['Error']['Code'])
`;
      const result = await bench.run({ image: 'python', command: ['python3', '-c', script] });
      expect(result.output.filter(({ stream }) => stream === 'stderr')).toEqual([]);
      expect(lines(result)).toEqual([
        expect.stringMatching(/^https:\/\/.*amazonaws\.com https:\/\/.*amazonaws\.com\/000000000000\/orders$/),
        '200',
        'kept',
        'AccessDenied',
      ]);
    });

    it.skipIf(!curl)(
      'tools of the system trust it by the bundles of this machine, laid over in the task alone',
      async () => {
        const script =
          'curl -sS -o /dev/null -w "%{http_code}\\n" "https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"; ' +
          'env -u SSL_CERT_FILE -u CURL_CA_BUNDLE curl -sS -o /dev/null -w "%{http_code}\\n" "https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"; ' +
          'cat /etc/resolv.conf; grep -c BEGIN $SSL_CERT_FILE';
        const [first, second, resolver, trusted] = lines(await bench.run({ image: 'host', command: sh(script) }));
        expect([first, second, resolver]).toEqual(['403', '403', 'nameserver 169.254.169.253']);
        const here = spawnSync('sh', [
          '-c',
          'cat /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt 2>/dev/null | grep -c BEGIN',
        ]);
        expect(Number(trusted)).toBe(Number(here.stdout) + 1);
      },
    );

    it('what the task definition sets itself is left as it is; name servers of its own are refused', async () => {
      const environment = [{ name: 'SSL_CERT_FILE', value: '/mine.pem' }];
      const result = await bench.run({ image: 'host', command: sh('echo $SSL_CERT_FILE'), environment });
      expect(lines(result)).toEqual(['/mine.pem']);
      const asked = await bench.run(
        { image: 'host', command: sh('true'), dnsServers: ['192.0.2.53'], memory: 64 },
        { networkMode: 'bridge' },
      );
      expect(asked.started).toBe(false);
      expect(JSON.stringify(asked)).toContain('nobody else is asked');
    });

    it('none: there is nothing to reach, and nothing is put in', async () => {
      const result = await bench.run(
        {
          image: 'host',
          memory: 64,
          command: sh('test -e /etc/rolecall || echo nothing; echo "${SSL_CERT_FILE:-unset}"; cat /etc/resolv.conf'),
        },
        { networkMode: 'none' },
      );
      expect(lines(result)).toEqual(['nothing', 'unset']);
    });
  },
);
