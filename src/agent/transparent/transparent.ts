import type { Socket } from 'node:net';
import { join } from 'node:path';
import { endpointDomains } from '../../wire/aws-host.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import type { Answering } from '../runtimes/beside.ts';
import type { Unsupported } from '../runtimes/runtime.ts';
import type { HandedOver } from '../runtimes/socket-handover.ts';
import { Authority } from './authority.ts';
import { answerInTask, ENDPOINTS, TRANSPARENT_ADDRESS } from './in-task.ts';
import { createTlsEndpoint } from './tls-endpoint.ts';
import { type ContainerTrust, type ImageTrust, trustFor } from './trust.ts';
import { isMountedOver, unsupportedWhenTransparent } from './unsupported.ts';

export interface TransparentOptions {
  /** Data directory, or that of a server that keeps nothing. */
  readonly home: string;
  /** Whether a server will be started again on the same data: then its containers go on trusting it. */
  readonly durable: boolean;
  /** The Region of the server: it says which domains AWS's endpoints have. */
  readonly region: string;
  /** Takes over connections that containers made to AWS's endpoints, decrypted. It must answer AWS requests alone. */
  readonly accept: (socket: Socket) => void;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/**
 * What makes tasks take this server for AWS: the names of AWS's endpoints lead to it, and its certificates are trusted,
 * inside of each task and nowhere else.
 */
export class Transparent implements Answering {
  /** The name server of every task. */
  readonly address: string = TRANSPARENT_ADDRESS;
  readonly listeners = ENDPOINTS.listeners;
  readonly datagrams = ENDPOINTS.datagrams;
  readonly #options: TransparentOptions;
  readonly #authority: Authority;
  readonly #tls: (socket: Socket) => void;

  private constructor(options: TransparentOptions, authority: Authority) {
    this.#options = options;
    this.#authority = authority;
    this.#tls = createTlsEndpoint(authority, options.accept);
  }

  /** Makes the authority, or finds the one of an earlier server. Throws what the file system says. */
  static open(options: TransparentOptions): Transparent {
    const { home, durable, region, now } = options;
    const directory = durable ? join(home, 'transparent') : undefined;
    return new Transparent(options, Authority.open({ directory, domains: endpointDomains(region), now }));
  }

  /** Answers a task. What is answered lets it go. */
  answer(sockets: HandedOver): () => void {
    const { region, accept } = this.#options;
    const names = { address: this.address, domains: endpointDomains(region) };
    return answerInTask(sockets, { names, tls: this.#tls, plain: accept });
  }

  /** What a container of an image is given. Where its definition mounts something itself, that is left as it is. */
  trust(image: ImageTrust, container: Ecs.ContainerDefinition, definition: Ecs.TaskDefinition): ContainerTrust {
    const { home, now } = this.#options;
    const directory = join(home, 'transparent', 'trust');
    const given = trustFor(image, { directory, authority: this.#authority.certificate, now: now() });
    return { ...given, mounts: given.mounts.filter(({ target }) => !isMountedOver(target, container, definition)) };
  }

  /** What of a task definition cannot be had in this mode. */
  unsupported(definition: Ecs.TaskDefinition): readonly Unsupported[] {
    return unsupportedWhenTransparent(definition);
  }
}
