import { join } from 'node:path';
import { NamespaceRuntime } from '../../src/agent/runtimes/namespace/namespace.ts';
import { namespaceSupport } from '../../src/agent/runtimes/namespace/support.ts';
import { ProcessRuntime } from '../../src/agent/runtimes/process.ts';
import type { ContractRuntime } from './contract.ts';

const standIns = [{ pattern: '*', program: 'host' as const }];

export const processRuntime: ContractRuntime = {
  name: 'process',
  unavailable: undefined,
  image: 'program',
  node: process.execPath,
  create: async (store) => new ProcessRuntime({ standIns, store }),
};

export const namespaceRuntime: ContractRuntime = {
  name: 'namespace',
  unavailable: namespaceSupport().reason,
  image: 'program',
  node: process.execPath,
  create: async (store, directory) =>
    NamespaceRuntime.open({
      standIns,
      store,
      server: { endpoint: () => 'http://127.0.0.1:4566', accept: (socket) => socket.destroy() },
      keep: true,
      sharedVolumes: join(directory, 'volumes'),
      hidden: [directory],
      knows: () => true,
    }),
};
