import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import type { Mount } from './sandbox.ts';

export interface EtcParts {
  /** Where the files are made, outside of the container. */
  readonly directory: string;
  readonly hostname: string;
  readonly address: string;
  readonly container: Ecs.ContainerDefinition;
  /** Who is asked for names; undefined: whom the definition names, or nobody. */
  readonly nameServer: string | undefined;
}

/** The files that Docker gives to every container: its names, and where it asks for those of others. */
export function etcFiles({ directory, hostname, address, container, nameServer }: EtcParts): Mount[] {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const hosts = [
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    `${address}\t${hostname}`,
    // Containers of a task share its loopback: that is where a linked one answers.
    ...(container.links ?? []).map((link) => `127.0.0.1\t${link.split(':').reverse().join(' ')}`),
    ...(container.extraHosts ?? []).map((host) => `${host.ipAddress}\t${host.hostname}`),
  ];
  // Without a name server the resolver asks at loopback, where nothing answers: a look-up fails at once.
  const resolver = [
    ...(container.dnsSearchDomains ?? []).map((domain) => `search ${domain}`),
    ...(nameServer === undefined ? (container.dnsServers ?? []) : [nameServer]).map((server) => `nameserver ${server}`),
  ];
  const files: Record<string, string> = {
    hosts: `${hosts.join('\n')}\n`,
    hostname: `${hostname}\n`,
    'resolv.conf': resolver.map((line) => `${line}\n`).join(''),
  };
  return Object.entries(files).map(([name, text]): Mount => {
    const source = join(directory, name);
    // Containers read them whoever their user is; the directory above keeps everyone else out.
    writeFileSync(source, text, { mode: 0o644 });
    return { kind: 'bind', source, target: `/etc/${name}`, readOnly: false };
  });
}

/** Account tables of a stand-in: root, nobody, and the accounts of this machine that have no password to hide. */
export function accountFiles(directory: string, tables: { readonly passwd: string; readonly group: string }): Mount[] {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const files = { ...tables, 'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n' };
  return Object.entries(files).map(([name, text]): Mount => {
    const source = join(directory, name);
    writeFileSync(source, text, { mode: 0o644 });
    return { kind: 'bind', source, target: `/etc/${name}`, readOnly: true };
  });
}
