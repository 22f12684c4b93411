import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AwsError, UserError } from '../core/errors.ts';
import { TarError } from '../core/tar.ts';
import { ArchiveError } from '../services/ecr/registry/client/archive.ts';
import { importArchive } from '../services/ecr/registry/client/import-archive.ts';
import { RegistryRefusal } from '../services/ecr/registry/client/registry-client.ts';
import { isRepositoryName, isTag } from '../services/ecr/registry/names.ts';
import type { AwsClient } from '../wire/client.ts';
import type { Command } from './command.ts';
import { connect, endpointOf, refusedCall, regionOf, unreachable } from './connection.ts';
import { readArguments, regionCode } from './flags.ts';
import type { Io } from './io.ts';

const FLAGS = {
  docker: { summary: 'IMAGE is an image of the local Docker Engine, not a file' },
  repository: { value: 'NAME', summary: 'repository that gets the image (default: the name it has)' },
  tag: { value: 'TAG', summary: 'tag that it gets (default: the one it has, else latest)' },
  endpoint: { value: 'URL', summary: 'the server (default: AWS_ENDPOINT_URL, else http://127.0.0.1:4566)' },
  region: { value: 'REGION', summary: 'Region of the registry (default: AWS_REGION, else eu-west-1)' },
} as const;

export const imagesCommand: Command = {
  usage: 'import FILE|IMAGE [options]',
  flags: FLAGS,
  notes: [
    'FILE is an archive of `docker save` or of skopeo (docker-archive, oci-archive), gzipped or not. Repositories that are missing are made.',
    'Docker is asked at its socket: DOCKER_HOST, else /var/run/docker.sock.',
  ],
  async run(args, io) {
    const { flags, positionals } = readArguments('images', FLAGS, args);
    const [what, from, ...more] = positionals;
    if (what !== 'import' || from === undefined || more.length > 0)
      throw new UserError(
        'argument-unexpected',
        what === 'import' ? '`rolecall images import` needs one file or image' : '`rolecall images` can only `import`',
        'Write `rolecall images import FILE`, or `rolecall images import --docker IMAGE`.',
      );
    if (flags.repository !== undefined && !isRepositoryName(flags.repository))
      throw new UserError(
        'flag-value',
        `--repository ${flags.repository} is no name that ECR allows`,
        'Names are 2 to 256 lower-case letters and digits, with `.`, `_`, `-` and `/` between them.',
      );
    if (flags.tag !== undefined && !isTag(flags.tag))
      throw new UserError(
        'flag-value',
        `--tag ${flags.tag} is not a tag`,
        'Tags are letters, digits, `.`, `_` and `-`.',
      );
    const region = flags.region === undefined ? regionOf(io) : regionCode(flags.region);
    const endpoint = endpointOf(flags.endpoint, io);
    const client = await connect(endpoint, region, io);
    const scratch = mkdtempSync(join(tmpdir(), 'rolecall-images-'));
    try {
      const account = await accountOf(client);
      const file = flags.docker ? await saved(from, join(scratch, 'image.tar'), io) : existing(from);
      const imported = await importArchive(file, {
        endpoint,
        region,
        account,
        authorization: await authorizationFor(client),
        ...(flags.repository === undefined ? {} : { repository: flags.repository }),
        ...(flags.tag === undefined ? {} : { tag: flags.tag }),
        prepare: (repository) => makeRepository(client, repository),
        signal: io.interrupted,
      });
      for (const { repository, tag, digest } of imported)
        io.stdout.write(`${account}.dkr.ecr.${region}.amazonaws.com/${repository}:${tag}  ${digest}\n`);
      return 0;
    } catch (error) {
      throw explained(from, endpoint, error);
    } finally {
      client.close();
      rmSync(scratch, { recursive: true, force: true });
    }
  },
};

function existing(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isFile() === true) return file;
  throw new UserError(
    'file-not-found',
    found === undefined ? `there is no file ${file}` : `${file} is no file`,
    'Name an archive of `docker save`; for an image of Docker add --docker.',
  );
}

async function accountOf(client: AwsClient): Promise<string> {
  const { Account } = await client.call('sts', 'GetCallerIdentity', {});
  return Account ?? '';
}

async function authorizationFor(client: AwsClient): Promise<string> {
  const { authorizationData } = await client.call('ecr', 'GetAuthorizationToken', {});
  return `Basic ${authorizationData?.[0]?.authorizationToken ?? ''}`;
}

async function makeRepository(client: AwsClient, repositoryName: string): Promise<void> {
  try {
    await client.call('ecr', 'CreateRepository', { repositoryName });
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== 'RepositoryAlreadyExistsException') throw error;
  }
}

/** Lets Docker write the image into a file. */
async function saved(image: string, file: string, io: Pick<Io, 'env'>): Promise<string> {
  const host = io.env.DOCKER_HOST || 'unix:///var/run/docker.sock';
  const socketPath = /^unix:\/\/(\/.+)$/.exec(host)?.[1];
  if (socketPath === undefined)
    throw new UserError(
      'docker-host',
      `DOCKER_HOST is ${host}, and only unix:// sockets are served`,
      `Write the image to a file with \`docker save ${image} -o FILE\`, and import that.`,
    );
  await new Promise<void>((resolve, reject) => {
    const path = `/images/${encodeURIComponent(image)}/get`;
    const asked = request({ socketPath, path, headers: { host: 'docker' } }, (answer) => {
      if (answer.statusCode === 200) {
        pipeline(answer, createWriteStream(file, { mode: 0o600 })).then(resolve, reject);
        return;
      }
      answer.resume();
      reject(
        new UserError(
          'docker-image-missing',
          `Docker has no image ${image} (HTTP ${answer.statusCode ?? 0})`,
          '`docker images` lists those it has.',
        ),
      );
    });
    asked.once('error', (error) =>
      reject(
        new UserError(
          'docker-unreachable',
          `Docker does not answer at ${socketPath} (${(error as NodeJS.ErrnoException).code ?? error.message})`,
          'Start it, or import an archive.',
        ),
      ),
    );
    asked.end();
  });
  return file;
}

function explained(from: string, endpoint: string, error: unknown): unknown {
  if (error instanceof ArchiveError)
    return new UserError('archive-invalid', `${from}: ${error.message}`, 'Write it anew with `docker save`.');
  if (error instanceof TarError)
    return new UserError('archive-invalid', `${from} is ${error.message}`, 'Write it anew with `docker save`.');
  if (error instanceof RegistryRefusal)
    return new UserError(
      'push-refused',
      `the registry refused the image: ${error.code === '' ? '' : `${error.code}: `}${error.message}`,
      'Correct what the message names, and run again.',
    );
  return refusedCall('the import', unreachable(endpoint, error));
}
