import { parseEcrImage } from '../../../../roles/references.ts';
import { pullImage } from '../../../../services/ecr/registry/client/pull-image.ts';
import { imageParts } from '../../../failures/start-failure.ts';
import { type PullCredentials, RuntimeFailure } from '../../runtime.ts';
import type { ImageSource, UnpackedImage } from '../image.ts';
import { ImageStore } from './image-store.ts';

interface Place {
  readonly endpoint: string;
  readonly repository: string;
  readonly reference: string;
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/;

/**
 * Pulls images as a container engine does: ECR's from the server itself, others from the registry that their name
 * begins with (plain HTTP on loopback, as Docker has it).
 */
export class RegistryImages implements ImageSource {
  readonly #store: ImageStore;
  readonly #endpoint: () => string;
  /** By the image's name: its last pull, over when it is settled. */
  readonly #pulls = new Map<string, Promise<unknown>>();

  /** `endpoint`: base URL of the server, whose registry holds the images of ECR. */
  constructor(options: { readonly directory: string; readonly endpoint: () => string }) {
    this.#store = new ImageStore(options.directory);
    this.#endpoint = options.endpoint;
  }

  /** Removes all images; for a server that keeps nothing. */
  remove(): Promise<void> {
    return this.#store.remove();
  }

  /** One pull of an image after the other: the next one finds there what the first has fetched. */
  async fetch(image: string, credentials: PullCredentials | undefined): Promise<UnpackedImage> {
    const before = this.#pulls.get(image);
    const pull = (async () => {
      await before?.catch(() => {});
      return this.#fetch(image, credentials);
    })();
    this.#pulls.set(image, pull);
    try {
      return await pull;
    } finally {
      if (this.#pulls.get(image) === pull) this.#pulls.delete(image);
    }
  }

  async #fetch(image: string, credentials: PullCredentials | undefined): Promise<UnpackedImage> {
    const place = this.#placeOf(image);
    try {
      const pulled = await pullImage({
        ...place,
        into: this.#store.layout,
        ...(credentials === undefined ? {} : { authorization: basic(credentials) }),
      });
      return await this.#store.unpack(pulled);
    } catch (error) {
      // Source: dockerd's texts, which begin with the image or the registry's own words.
      throw new RuntimeFailure('pull', error instanceof Error ? error.message : String(error));
    }
  }

  #placeOf(image: string): Place {
    const ecr = parseEcrImage(image);
    if (ecr !== undefined) {
      const { registryId, region, repository, tag, digest } = ecr;
      return {
        endpoint: this.#endpoint(),
        repository: `${registryId}/${region}/${repository}`,
        reference: digest ?? tag ?? 'latest',
      };
    }
    const { host, repository, reference } = imageParts(image);
    // Source: distribution/reference: the first part is a registry when it has a dot or a colon, or is localhost.
    if (!image.includes('/') || !(/[.:]/.test(host) || host === 'localhost')) {
      throw new RuntimeFailure(
        'pull',
        `${image} would come from Docker Hub, which is not asked: push the image to ECR here (\`rolecall images import\`), or name a local program with --stand-in`,
      );
    }
    return { endpoint: `${LOOPBACK.test(host) ? 'http' : 'https'}://${host}`, repository, reference };
  }
}

function basic({ username, password }: PullCredentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
