import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRepositoryName, isTag } from '../names.ts';
import { ArchiveError, readArchive } from './archive.ts';
import { pushImage } from './push-image.ts';

export interface ImportRequest {
  /** Base URL of the server. */
  readonly endpoint: string;
  /** The registry that gets the images. */
  readonly account: string;
  readonly region: string;
  /** Value of the Authorization header. */
  readonly authorization: string;
  /** Takes the place of the name that an image has in the archive. Needs an archive of one image. */
  readonly repository?: string;
  readonly tag?: string;
  /** Called before an image is pushed: the repository must be there afterwards. */
  readonly prepare: (repository: string) => Promise<void>;
  readonly signal?: AbortSignal;
}

export interface ImportedImage {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

/** Pushes the images of an archive to the registry. @throws ArchiveError, TarError, RegistryRefusal */
export async function importArchive(file: string, request: ImportRequest): Promise<ImportedImage[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'rolecall-import-'));
  try {
    const { images, source } = await readArchive(file, scratch);
    const { account, region, endpoint, authorization, signal } = request;
    if (images.length === 0) throw new ArchiveError('it has no image');
    if (images.length > 1 && request.repository !== undefined) {
      throw new ArchiveError(`it has ${images.length} images, which cannot all be ${request.repository}`);
    }
    const imported: ImportedImage[] = [];
    for (const { names, image } of images) {
      const targets = namesFor(names, request);
      for (const { repository, tag } of targets) {
        await request.prepare(repository);
        const { digest } = await pushImage({
          endpoint,
          authorization,
          signal,
          repository: `${account}/${region}/${repository}`,
          tag,
          image,
          source,
        });
        imported.push({ repository, tag, digest });
      }
    }
    return imported;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

interface Target {
  readonly repository: string;
  readonly tag: string;
}

function namesFor(names: readonly string[], { repository, tag }: ImportRequest): Target[] {
  if (repository !== undefined) {
    const first = names.map(targetOf).find((one) => one !== undefined);
    return [{ repository, tag: tag ?? first?.tag ?? 'latest' }];
  }
  const found = names.map((name) => {
    const target = targetOf(name);
    if (target === undefined) throw new ArchiveError(`an image has the name \`${name}\`, which ECR cannot have`);
    return tag === undefined ? target : { ...target, tag };
  });
  if (found.length === 0) throw new ArchiveError('it has an image without a name');
  return found;
}

/** The repository and tag that an image's name stands for here, without the registry that it came from. */
export function targetOf(name: string): Target | undefined {
  const colon = name.lastIndexOf(':');
  const tagged = colon > name.lastIndexOf('/');
  const tag = tagged ? name.slice(colon + 1) : 'latest';
  let path = tagged ? name.slice(0, colon) : name;
  const [host = '', ...rest] = path.split('/');
  // Source: docker's reference grammar: the first part is a host when it has a dot or a colon or is localhost.
  const isHost = /^[a-z0-9-]+(\.[a-z0-9-]+)*(:\d+)?$/i.test(host) && (/[.:]/.test(host) || host === 'localhost');
  if (rest.length > 0 && isHost) path = rest.join('/');
  // As Docker Hub and this registry spell them.
  path = path.replace(/^library\//, '').replace(/^\d{12}\/[a-z]{2}(-[a-z]+)+-\d\//, '');
  return isRepositoryName(path) && isTag(tag) ? { repository: path, tag } : undefined;
}
