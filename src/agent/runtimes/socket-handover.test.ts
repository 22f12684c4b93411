import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { listenInside } from './socket-handover.ts';

describe('listenInside', () => {
  it('gives listening sockets that another process made', async () => {
    const [server] = await listenInside({ enter: ['env'], network: [], listeners: [{ host: '127.0.0.1', port: 0 }] });
    if (server === undefined) throw new Error('no server was handed over');
    const { port } = server.address() as { port: number };
    const arrived = new Promise((resolve) => server.once('connection', resolve));
    const socket = createConnection(port, '127.0.0.1');
    await arrived;
    socket.destroy();
    server.close();
  });

  it('says what the system said', async () => {
    const listeners = [{ host: '203.0.113.1', port: 0 }];
    await expect(listenInside({ enter: ['env'], network: [], listeners })).rejects.toThrow(
      /EADDRNOTAVAIL|Cannot assign requested address$/,
    );
    await expect(listenInside({ enter: ['false'], network: [], listeners })).rejects.toThrow('false ended with 1');
  });

  it.skipIf(process.platform !== 'linux')('leaves no process when whoever asked is killed, at any moment', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'rolecall-handover-'));
    const mark = `mark-${process.pid}`;
    try {
      const program = join(directory, 'program.mjs');
      await build({
        stdin: {
          contents: `import { listenInside } from './socket-handover.ts';
            listenInside({ enter: ['env', 'MARK=${mark}'], network: [], listeners: [{ host: '127.0.0.1', port: 0 }, { host: '127.0.0.1', port: 0 }] });
            setTimeout(() => process.kill(process.pid, 'SIGKILL'), Number(process.argv[2]));`,
          resolveDir: fileURLToPath(new URL('.', import.meta.url)),
          loader: 'ts',
        },
        bundle: true,
        platform: 'node',
        format: 'esm',
        outfile: program,
      });
      await Promise.all(
        [0, 20, 40, 60, 80].map((after) => once(spawn(process.execPath, [program, String(after)]), 'close')),
      );
      while (marked(mark).length > 0) await delay(20);
      expect(marked(mark)).toEqual([]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

/** Processes that have the mark in their environment. */
function marked(mark: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`MARK=${mark}`);
    } catch {
      return false;
    }
  });
}
