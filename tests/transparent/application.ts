import { build } from 'esbuild';

/**
 * An application as people write them: endpoints of AWS in its code or worked out by the SDK, credentials by the SDK's
 * default chain, and nothing of Rolecall. It prints one JSON document of what it got.
 */
const APPLICATION = `
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { S3 } from '@aws-sdk/client-s3';
import { SQS } from '@aws-sdk/client-sqs';
import { STS } from '@aws-sdk/client-sts';
import { lookup, resolve4 } from 'node:dns/promises';
import { hostname } from 'node:os';
import { connect } from 'node:tls';

const region = 'eu-west-1';
const once = { region, maxAttempts: 1 };
const sqs = new SQS({ ...once, endpoint: 'https://sqs.eu-west-1.amazonaws.com' });
const s3 = new S3(once);
const said = {};
const attempt = async (name, work) => {
  try {
    said[name] = await work();
  } catch (error) {
    said[name] = error.$metadata === undefined ? 'failed: ' + (error.cause?.code ?? error.code ?? error.message) : error.name + ': ' + error.message;
  }
};
const handshake = (servername) =>
  new Promise((done, reject) => {
    const socket = connect({ host: '169.254.169.253', port: 443, servername }, () => {
      done(socket.getPeerCertificate().issuer.O);
      socket.destroy();
    });
    socket.once('error', reject);
  });

await attempt('told', async () => process.env.AWS_ENDPOINT_URL ?? 'nothing');
await attempt('who', async () => (await new STS({ ...once, endpoint: 'https://sts.eu-west-1.amazonaws.com' }).getCallerIdentity({})).Arn);
let QueueUrl;
await attempt('queue', async () => (QueueUrl = (await sqs.getQueueUrl({ QueueName: 'orders' })).QueueUrl));
await attempt('sent', async () => typeof (await sqs.sendMessage({ QueueUrl, MessageBody: 'one' })).MessageId);
await attempt('refused', async () => sqs.purgeQueue({ QueueUrl }));
await attempt('otherRegion', async () => new SQS({ ...once, region: 'us-east-1', endpoint: 'https://sqs.eu-west-1.amazonaws.com' }).listQueues({}));
await attempt('dynamodb', async () => new DynamoDB(once).listTables({}));
await attempt('object', async () => {
  await s3.putObject({ Bucket: 'orders-of-tests', Key: 'a/b', Body: 'kept' });
  return (await s3.getObject({ Bucket: 'orders-of-tests', Key: 'a/b' })).Body.transformToString();
});
await attempt('plain', async () => (await fetch('http://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15')).status);
await attempt('unserved', async () => (await fetch('https://lambda.eu-west-1.amazonaws.com/')).text());
await attempt('registry', async () => (await fetch('https://000000000000.dkr.ecr.eu-west-1.amazonaws.com/v2/')).headers.get('www-authenticate'));
await attempt('admin', async () => (await fetch('https://sqs.eu-west-1.amazonaws.com/_rolecall/trail')).status);
await attempt('outside', async () => (await fetch('https://example.com/')).status);
await attempt('outsideAddress', async () => (await fetch('http://203.0.113.1/', { signal: AbortSignal.timeout(60_000) })).status);
await attempt('database', async () => lookup('db.abcdef.eu-west-1.rds.amazonaws.com'));
await attempt('own', async () => (await lookup(hostname())).family);
await attempt('asked', async () => resolve4('anything.s3.eu-west-1.amazonaws.com'));
await attempt('foreign', () => handshake('example.com'));
await attempt('ours', () => handshake('kms.eu-west-1.amazonaws.com'));
console.log(JSON.stringify(said));
`;

/** The application in one file, with the SDK in it. */
export async function application(): Promise<Buffer> {
  const { outputFiles } = await build({
    stdin: { contents: APPLICATION, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    minify: true,
    platform: 'node',
    format: 'esm',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  return Buffer.from(outputFiles[0]?.contents ?? []);
}

/** What the application says where all is as it should be. `account`: 000000000000; `role`: the task's. */
export const EXPECTED = {
  told: 'nothing',
  queue: 'https://sqs.eu-west-1.amazonaws.com/000000000000/orders',
  sent: 'string',
  otherRegion: "SignatureDoesNotMatch: Credential should be scoped to a valid region, not 'us-east-1'. ",
  object: 'kept',
  plain: 403,
  registry: 'Basic realm="https://000000000000.dkr.ecr.eu-west-1.amazonaws.com/",service="ecr.amazonaws.com"',
  admin: 404,
  outside: 'failed: ENOTFOUND',
  database: 'failed: ENOTFOUND',
  own: 4,
  asked: ['169.254.169.253'],
  ours: 'Rolecall',
};
