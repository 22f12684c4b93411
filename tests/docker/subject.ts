import { DockerRuntime } from '../../src/agent/runtimes/docker/docker.ts';
import { Engine } from '../../src/agent/runtimes/docker/engine.ts';
import { dockerSupport } from '../../src/agent/runtimes/docker/support.ts';
import type { ContractRuntime } from '../runtime/contract.ts';
import { IMAGE_NODE, noImages, testImage } from './images.ts';

const support = await dockerSupport();

/** Why containers cannot be tried on this machine; undefined when they can. */
export const noDocker: string | undefined = support.supported ? noImages : support.reason;

/** The Engine, where there is one. */
export const engine: Engine = new Engine(support.supported ? support.socketPath : '/nowhere');
if (support.supported) await engine.negotiate();

/** An image with a shell, the usual small programs and Node; '' where there is no Docker. */
export const image: string = noDocker === undefined ? await testImage(engine) : '';

type Options = Partial<Parameters<typeof DockerRuntime.open>[0]>;

/** A runtime on a directory. Throws where there is no Docker. */
export function openRuntime(home: string, options: Options = {}): Promise<DockerRuntime> {
  if (!support.supported) throw new Error(support.reason);
  return DockerRuntime.open({
    support,
    home,
    durable: true,
    knows: () => true,
    server: { endpoint: () => 'http://127.0.0.1:4566', accept: (socket) => socket.destroy() },
    registry: () => undefined,
    ready: 0,
    ...options,
  });
}

export const dockerRuntime: ContractRuntime = {
  name: 'docker',
  unavailable: noDocker,
  image,
  node: IMAGE_NODE,
  create: (_store, directory) => openRuntime(directory),
};
