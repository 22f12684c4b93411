import { type EcrImage, parseEcrImage } from '../../../roles/references.ts';
import { type PullCredentials, type PulledImage, RuntimeFailure } from '../runtime.ts';
import { type Engine, isStatus } from './engine.ts';
import type { ImageInspection, ProgressLine } from './engine-types.ts';

/** An image that is there, under the name by which the Engine knows it. */
export interface LocalImage extends PulledImage {
  readonly reference: string;
}

/** Where an image is fetched from, and what it is called afterwards. */
interface Source {
  /** Without tag and digest. */
  readonly repository: string;
  /** Tag, or `sha256:…`. */
  readonly reference: string;
}

/**
 * Images for tasks. What is named after ECR comes from Rolecall's own registry and nowhere else; what is named after
 * another registry comes from there, unless the Engine has it.
 */
export class Images {
  readonly #engine: Engine;
  readonly #registry: () => string | undefined;
  /** By the name under which an image is fetched: the last pull of it, over when it is settled. */
  readonly #pulls = new Map<string, Promise<unknown>>();

  /** `registry`: `localhost:PORT` of Rolecall's registry; undefined: there is none. */
  constructor(engine: Engine, registry: () => string | undefined) {
    this.#engine = engine;
    this.#registry = registry;
  }

  /** Makes the image ready. Throws RuntimeFailure; without credentials an image that the Engine has is used as it is. */
  async pull(image: string, credentials: PullCredentials | undefined): Promise<LocalImage> {
    const ecr = parseEcrImage(image);
    const registry = this.#registry();
    if (credentials === undefined || (ecr !== undefined && registry === undefined)) {
      const present = await this.#find(image);
      if (present !== undefined) return present;
    }
    if (ecr === undefined) return this.#pullOwn(image, credentials);
    if (registry === undefined || credentials === undefined) {
      throw new RuntimeFailure(
        'pull',
        `Docker does not have the image ${image} on this machine, and it is not pulled from AWS`,
      );
    }
    return this.#pullEcr(image, ecr, registry, credentials);
  }

  async #pullOwn(image: string, credentials: PullCredentials | undefined): Promise<LocalImage> {
    await this.#fetch(image, splitName(image), credentials, (message) => message);
    const found = await this.#find(image);
    if (found === undefined) throw new RuntimeFailure('pull', `No such image: ${image}`);
    return found;
  }

  async #pullEcr(image: string, ecr: EcrImage, registry: string, credentials: PullCredentials): Promise<LocalImage> {
    const repository = `${registry}/${ecr.registryId}/${ecr.region}/${ecr.repository}`;
    const own = splitName(image).repository;
    const reference = ecr.digest ?? ecr.tag ?? 'latest';
    const fetched = `${repository}${ecr.digest === undefined ? ':' : '@'}${reference}`;
    // The name is there for the time of the pull alone: two pulls at once would take it from each other.
    const before = this.#pulls.get(fetched);
    const pull = (async () => {
      await before?.catch(() => {});
      return this.#pullOnce(image, ecr, { repository, reference, own, fetched }, credentials);
    })();
    this.#pulls.set(fetched, pull);
    try {
      return await pull;
    } finally {
      if (this.#pulls.get(fetched) === pull) this.#pulls.delete(fetched);
    }
  }

  async #pullOnce(
    image: string,
    ecr: EcrImage,
    { repository, reference, own, fetched }: Source & { readonly own: string; readonly fetched: string },
    credentials: PullCredentials,
  ): Promise<LocalImage> {
    try {
      // People read the name that the task definition has.
      await this.#fetch(fetched, { repository, reference }, credentials, (text) => text.replaceAll(repository, own));
    } catch (error) {
      // Source: agent, ECS_IMAGE_PULL_BEHAVIOR default: an image that the instance has does when the registry has none.
      const present = isDenied(error) ? undefined : await this.#find(image);
      if (present === undefined) throw error;
      return present;
    }
    const found = await this.#find(fetched);
    if (found === undefined) throw new RuntimeFailure('pull', `No such image: ${image}`);
    if (ecr.digest !== undefined) return { ...found, digest: ecr.digest };
    await this.#engine.post(`/images/${fetched}/tag`, { repo: own, tag: reference });
    await this.#engine.delete(`/images/${fetched}`, { noprune: true });
    return { ...found, reference: image };
  }

  /** The image by its exact name; undefined when the Engine does not have it. */
  async #find(image: string): Promise<LocalImage | undefined> {
    try {
      const { RepoDigests } = await this.#engine.get<ImageInspection>(`/images/${image}/json`);
      const { repository } = splitName(image);
      const digest = RepoDigests?.find((each) => each.startsWith(`${repository}@`) || !repository.includes('/'));
      return { reference: image, ...(digest === undefined ? {} : { digest: digest.slice(digest.indexOf('@') + 1) }) };
    } catch (error) {
      if (isStatus(error, 400, 404)) return undefined;
      throw error;
    }
  }

  async #fetch(
    image: string,
    { repository, reference }: Source,
    credentials: PullCredentials | undefined,
    readable: (message: string) => string,
  ): Promise<void> {
    try {
      const answer = await this.#engine.stream(
        'POST',
        '/images/create',
        { fromImage: repository, tag: reference },
        credentials === undefined ? {} : { headers: { 'x-registry-auth': encodeCredentials(credentials, image) } },
      );
      const failed = await failureIn(answer);
      if (failed !== undefined) throw new Error(failed);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new RuntimeFailure('pull', `Error response from daemon: ${readable(message)}`);
    }
  }
}

/** The error that the stream of a pull carries although its status was 200. */
async function failureIn(answer: AsyncIterable<unknown>): Promise<string | undefined> {
  let text = '';
  for await (const chunk of answer) text += (chunk as Buffer).toString('utf8');
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const { error } = JSON.parse(line) as ProgressLine;
    if (error !== undefined) return error;
  }
  return undefined;
}

function isDenied(error: unknown): boolean {
  return (
    error instanceof Error && /denied|unauthorized|no basic auth|authentication required|forbidden/i.test(error.message)
  );
}

/** Source: Docker Engine API, authentication: base64 for URLs, padded. */
export function encodeCredentials({ username, password }: PullCredentials, image: string): string {
  const serveraddress = image.slice(0, Math.max(0, image.indexOf('/')));
  return Buffer.from(JSON.stringify({ username, password, serveraddress }))
    .toString('base64')
    .replaceAll('+', '-')
    .replaceAll('/', '_');
}

/** Repository and tag or digest. A colon in the registry's host is not one before a tag. */
export function splitName(image: string): Source {
  const at = image.indexOf('@');
  const name = at < 0 ? image : image.slice(0, at);
  const colon = name.indexOf(':', name.lastIndexOf('/') + 1);
  const repository = colon < 0 ? name : name.slice(0, colon);
  if (at >= 0) return { repository, reference: image.slice(at + 1) };
  return { repository, reference: colon < 0 ? 'latest' : name.slice(colon + 1) };
}
