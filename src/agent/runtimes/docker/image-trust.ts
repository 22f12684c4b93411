import { readTar } from '../../../core/tar.ts';
import { BUNDLE_PATHS, type ImageTrust } from '../../transparent/trust.ts';
import { type Engine, isStatus } from './engine.ts';
import type { ImageInspection } from './engine-types.ts';
import { LABEL } from './labels.ts';
import { removeContainer } from './namespaces.ts';

/** Bytes; a bundle of all the authorities there are has about 250,000. */
const LARGEST = 4 * 1024 * 1024;

/** What images trust, looked up once for each image. */
export class ImageTrusts {
  readonly #engine: Engine;
  readonly #labels: Readonly<Record<string, string>>;
  readonly #known = new Map<string, Promise<ImageTrust>>();

  constructor(engine: Engine, labels: Readonly<Record<string, string>>) {
    this.#engine = engine;
    this.#labels = labels;
  }

  /** Throws EngineError. */
  async of(image: string): Promise<ImageTrust> {
    const { Id, Config } = await this.#engine.get<ImageInspection>(`/images/${image}/json`);
    const known = this.#known.get(Id);
    if (known !== undefined) return known;
    const found = this.#look(Id, variables(Config?.Env ?? []));
    this.#known.set(Id, found);
    found.catch(() => this.#known.delete(Id));
    return found;
  }

  /** Files of an image are to be had of a container only; this one is never started. */
  async #look(image: string, environment: Readonly<Record<string, string>>): Promise<ImageTrust> {
    const { Id } = await this.#engine.post<{ Id: string }>(
      '/containers/create',
      {},
      {
        Image: image,
        Entrypoint: ['/never-started'],
        Labels: { ...this.#labels, [LABEL.role]: 'namespace' },
        HostConfig: { NetworkMode: 'none' },
      },
    );
    try {
      const read = await Promise.all(BUNDLE_PATHS.map(async (path) => [path, await this.#read(Id, path)] as const));
      const bundles = new Map(read.filter((each): each is [string, string] => each[1] !== undefined));
      return { bundles, environment };
    } finally {
      await removeContainer(this.#engine, Id);
    }
  }

  /** The text of a file; where a link leads is the Engine's to say. Undefined: there is none. */
  async #read(container: string, path: string, follow = true): Promise<string | undefined> {
    try {
      const answer = await this.#engine.stream('GET', `/containers/${container}/archive`, { path });
      const stat = String(answer.headers['x-docker-container-path-stat'] ?? '');
      const { linkTarget = '' } = JSON.parse(Buffer.from(stat, 'base64').toString('utf8')) as { linkTarget?: string };
      let text: string | undefined;
      for await (const { type, size, content } of readTar(answer as AsyncIterable<Buffer>)) {
        if (type !== 'file' || size > LARGEST) continue;
        const chunks: Buffer[] = [];
        for await (const chunk of content) chunks.push(chunk);
        text = Buffer.concat(chunks).toString('utf8');
      }
      return text === undefined && linkTarget !== '' && follow ? this.#read(container, linkTarget, false) : text;
    } catch (error) {
      if (isStatus(error, 400, 404)) return undefined;
      throw error;
    }
  }
}

/** `NAME=VALUE` of an image's configuration. */
function variables(list: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    list.map((entry) => {
      const divider = entry.indexOf('=');
      return divider < 0 ? [entry, ''] : [entry.slice(0, divider), entry.slice(divider + 1)];
    }),
  );
}
