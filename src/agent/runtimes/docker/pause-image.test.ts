import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { pauseProgram } from './pause-image.ts';

const directory = mkdtempSync(join(tmpdir(), 'rolecall-pause-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function written(architecture: string): string {
  const file = join(directory, `pause-${architecture}`);
  writeFileSync(file, pauseProgram(architecture), { mode: 0o755 });
  return file;
}

const runnable = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch);
const emulator = spawnSync('qemu-aarch64-static', ['--version']).status === 0;

describe('the pause program', () => {
  test.runIf(runnable)('sleeps until it is killed', async () => {
    const child = spawn(written(process.arch), { stdio: 'ignore' });
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    const ended = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
    child.kill('SIGCHLD');
    child.kill('SIGTERM');
    expect(await ended).toBe('SIGTERM');
  });

  test.runIf(emulator)('makes the same system calls on arm64', async () => {
    const child = spawn('qemu-aarch64-static', ['-strace', written('arm64')], { stdio: ['ignore', 'ignore', 'pipe'] });
    let calls = '';
    await new Promise<void>((resolve) => {
      child.stderr.on('data', (chunk: Buffer) => {
        calls += chunk.toString('utf8');
        if (calls.includes('ppoll')) resolve();
      });
      child.once('exit', () => resolve());
    });
    const running = child.exitCode === null;
    child.kill('SIGKILL');
    expect(running).toBe(true);
    expect(calls).toMatch(/rt_sigaction\(SIGCHLD,.*\) = 0/);
    expect(calls).toMatch(/ppoll\((0|NULL),(0|NULL),(0|NULL),(0|NULL)/);
  });

  test('there is none for other architectures', () => {
    expect(() => pauseProgram('mips')).toThrow('there is no pause program for mips');
  });
});
