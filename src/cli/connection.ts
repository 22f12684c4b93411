import { AwsError, UserError } from '../core/errors.ts';
import { AwsClient } from '../wire/client.ts';
import type { Credentials } from '../wire/sigv4/sign.ts';
import { endpointUrl, regionCode } from './flags.ts';
import type { Io } from './io.ts';

export const DEFAULT_ENDPOINT = 'http://127.0.0.1:4566';
export const DEFAULT_REGION = 'eu-west-1';
export const DEFAULT_ACCOUNT = '000000000000';

/** The Region that the environment names for AWS clients, else the default. @throws UserError */
export function regionOf({ env }: Pick<Io, 'env'>): string {
  if (env.AWS_REGION) return regionCode(env.AWS_REGION, 'AWS_REGION');
  return env.AWS_DEFAULT_REGION ? regionCode(env.AWS_DEFAULT_REGION, 'AWS_DEFAULT_REGION') : DEFAULT_REGION;
}

/** The server that `--endpoint` names, else the environment, else the default. @throws UserError */
export function endpointOf(flag: string | undefined, { env }: Pick<Io, 'env'>): string {
  if (flag !== undefined) return endpointUrl(flag);
  return env.AWS_ENDPOINT_URL ? endpointUrl(env.AWS_ENDPOINT_URL, 'AWS_ENDPOINT_URL') : DEFAULT_ENDPOINT;
}

/** A client of a running server, with the key pair of the environment or the well-known one. @throws UserError */
export async function connect(endpoint: string | undefined, region: string, io: Pick<Io, 'env'>): Promise<AwsClient> {
  const url = endpointOf(endpoint, io);
  const client = new AwsClient({ endpoint: url, region, credentials: credentialsOf(io) });
  await requireRolecall(client, url);
  return client;
}

/** The key pair of the environment, else the well-known one. */
export function credentialsOf({ env }: Pick<Io, 'env'>): Credentials {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = env;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) return { accessKeyId: 'test', secretAccessKey: 'test' };
  const token = AWS_SESSION_TOKEN ? { sessionToken: AWS_SESSION_TOKEN } : {};
  return { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY, ...token };
}

async function requireRolecall(client: AwsClient, url: string): Promise<void> {
  let status: number;
  try {
    ({ status } = await client.fetchSigned('GET', '/_rolecall/health'));
  } catch (error) {
    throw unreachable(url, error);
  }
  if (status !== 200)
    throw new UserError(
      'not-rolecall',
      `${url} answers, but is no Rolecall server (HTTP ${status})`,
      'Check --endpoint.',
    );
}

/** A UserError for a server that is not there; any other error as it is. */
export function unreachable(url: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  const gone = ['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EPIPE', 'HPE_INVALID_CONSTANT'];
  if (code === undefined || !gone.includes(code)) return error;
  return new UserError(
    'server-unreachable',
    `there is no server at ${url} (${code})`,
    'Start one with `rolecall up`, or check --endpoint.',
  );
}

/** Asks one of the server's own paths. @throws UserError with the server's words when it refuses. */
export async function askServer(client: AwsClient, method: string, target: string, body?: unknown): Promise<unknown> {
  const answer = await client.fetchSigned(method, target, body === undefined ? '' : JSON.stringify(body));
  const value = JSON.parse(answer.body.toString('utf8')) as { code?: string; error?: string; help?: string };
  if (answer.status < 300) return value;
  throw new UserError(
    value.code ?? 'server-refused',
    value.error ?? `the server answered HTTP ${answer.status}`,
    value.help ?? refusalHelp(answer.status),
  );
}

function refusalHelp(status: number): string {
  return status === 401 || status === 403
    ? 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to the key pair of the account’s root user.'
    : 'The server’s own output says more.';
}

/** An error of a call of ours, for the user. */
export function refusedCall(what: string, error: unknown): unknown {
  if (!(error instanceof AwsError)) return error;
  return new UserError(
    'call-refused',
    `${what} was refused: ${error.code}: ${error.message}`,
    'Correct what the message names, and run again.',
  );
}
