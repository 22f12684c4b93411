import { accessSync, constants, existsSync } from 'node:fs';
import { TOOL_ENVIRONMENT } from '../tool-environment.ts';
import { Engine, type EngineVersion, isTooOld } from './engine.ts';
import type { SystemInfo } from './engine-types.ts';

export type DockerSupport =
  | {
      readonly supported: true;
      readonly socketPath: string;
      readonly version: EngineVersion;
      readonly info: SystemInfo;
    }
  | { readonly supported: false; readonly reason: string };

const DEFAULT_SOCKET = '/var/run/docker.sock';

/** Whether tasks can run as Docker containers here, and if not, what is missing. `host`: DOCKER_HOST. */
export async function dockerSupport(host = process.env.DOCKER_HOST): Promise<DockerSupport> {
  const no = (reason: string): DockerSupport => ({ supported: false, reason });
  if (process.platform !== 'linux') return no('containers are served from inside of their networks, which needs Linux');
  if (host !== undefined && host !== '' && !host.startsWith('unix://')) {
    return no(`DOCKER_HOST is ${host}: the Engine must run on this machine (unix://…)`);
  }
  const socketPath = host === undefined || host === '' ? DEFAULT_SOCKET : host.slice('unix://'.length);
  if (!existsSync(socketPath)) return no(`there is no Docker Engine: no ${socketPath}`);
  if (process.geteuid?.() !== 0) return no('entering the network of a container needs root');
  for (const tool of ['nsenter', 'unshare', 'ip', 'sh']) {
    if (!isInstalled(tool)) return no(`the program ${tool} is missing (packages util-linux and iproute2)`);
  }
  if (!['x64', 'arm64'].includes(process.arch)) return no(`${process.arch} is not supported`);
  const engine = new Engine(socketPath);
  try {
    const version = await engine.negotiate();
    if (isTooOld(version)) return no(`the Docker Engine is too old: ${version.Version}`);
    const info = await engine.get<SystemInfo>('/info');
    if (info.OSType !== 'linux') return no(`the Engine runs ${info.OSType} containers`);
    if (info.SecurityOptions?.some((option) => option.includes('rootless')) === true) {
      return no('the Engine runs without root: its networks cannot be entered');
    }
    return { supported: true, socketPath, version, info };
  } catch (error) {
    return no(`the Docker Engine at ${socketPath} does not answer: ${error instanceof Error ? error.message : error}`);
  } finally {
    engine.close();
  }
}

function isInstalled(tool: string): boolean {
  return (TOOL_ENVIRONMENT.PATH ?? '').split(':').some((directory) => {
    try {
      accessSync(`${directory}/${tool}`, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
