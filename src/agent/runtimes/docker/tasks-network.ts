import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { TOOL_ENVIRONMENT } from '../tool-environment.ts';
import { type Engine, isStatus } from './engine.ts';

const run = promisify(execFile);

/** One network for the tasks of all servers on this machine: the Engine has addresses for about thirty networks only. */
export const TASKS_NETWORK = 'rolecall';
const BRIDGE = 'rolecall0';
/** Makes the rule recognizable, and lets it come before those of the machine. */
const PREFERENCE = '4566';
/**
 * Link-local addresses of the machine's own surroundings, first of all the metadata of a virtual machine that this runs
 * on: containers must never reach them, whatever they do to their own routes.
 */
const RULE = ['pref', PREFERENCE, 'iif', BRIDGE, 'to', '169.254.0.0/16', 'blackhole'];

/** Makes the network where it is missing. Throws EngineError, or what `ip` said. */
export async function ensureNetwork(engine: Engine): Promise<void> {
  try {
    await engine.get(`/networks/${TASKS_NETWORK}`);
  } catch (error) {
    if (!isStatus(error, 404)) throw error;
    await create(engine);
  }
  await run('ip', ['rule', 'add', ...RULE], { env: TOOL_ENVIRONMENT }).catch((error: { stderr?: string }) => {
    if (error.stderr?.includes('File exists') !== true) throw error;
  });
}

/** Removes the network unless somebody uses it. */
export async function removeNetwork(engine: Engine): Promise<void> {
  try {
    await engine.delete(`/networks/${TASKS_NETWORK}`);
  } catch (error) {
    if (isStatus(error, 403, 404, 409)) return;
    throw error;
  }
  await run('ip', ['rule', 'delete', ...RULE], { env: TOOL_ENVIRONMENT }).catch(() => {});
}

async function create(engine: Engine): Promise<void> {
  try {
    await engine.post(
      '/networks/create',
      {},
      {
        Name: TASKS_NETWORK,
        Driver: 'bridge',
        CheckDuplicate: true,
        Labels: { 'dev.rolecall.role': 'network' },
        Options: {
          'com.docker.network.bridge.name': BRIDGE,
          'com.docker.network.bridge.host_binding_ipv4': '127.0.0.1',
        },
      },
    );
  } catch (error) {
    // Another server made it a moment ago.
    await engine.get(`/networks/${TASKS_NETWORK}`).catch(() => {
      throw error;
    });
  }
}
