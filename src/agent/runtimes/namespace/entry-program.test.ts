import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ENTRY_FAILED, type Entry, entryError, entryProgram } from './entry-program.ts';

const entry: Entry = { uid: 1234, gid: 50, groups: [60, 70], capabilities: 0n, programs: ['/nowhere/sh', '/bin/sh'] };

test('is an executable of its architecture', () => {
  for (const [architecture, machine] of [
    ['x64', 62],
    ['arm64', 183],
  ] as const) {
    const program = entryProgram(architecture, entry);
    expect(program.subarray(0, 4).toString('latin1')).toBe('\x7fELF');
    expect(program.readUInt16LE(18)).toBe(machine);
    // All of it is loaded, and it begins behind its headers.
    expect(program.readBigUInt64LE(96)).toBe(BigInt(program.length));
    expect(program.readBigUInt64LE(24)).toBe(0x400078n);
    expect(program.includes('/nowhere/sh\0')).toBe(true);
  }
  expect(entryProgram('arm64', entry).length % 4).toBe(0);
  expect(() => entryProgram('mips', entry)).toThrow('there is no entry program for mips');
});

test('what it has written is told from what a program says', () => {
  const number = Buffer.alloc(4);
  number.writeInt32LE(13);
  expect(entryError(Buffer.concat([Buffer.from(`said\n${ENTRY_FAILED}`), number]))).toBe(13);
  expect(entryError(Buffer.from(ENTRY_FAILED))).toBeUndefined();
  expect(entryError(Buffer.from('said'))).toBeUndefined();
});

// Only root may become somebody else; as another user it is tried in containers.
const runs = process.platform === 'linux' && process.getuid?.() === 0 && ['x64', 'arm64'].includes(process.arch);

describe.skipIf(!runs)('the entry program, as root', () => {
  const directory = mkdtempSync(join(tmpdir(), 'rolecall-entry-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  function run(parts: Partial<Entry>, ...args: string[]) {
    const file = join(directory, `entry-${Math.random()}`);
    writeFileSync(file, entryProgram(process.arch, { ...entry, ...parts }), { mode: 0o755 });
    const { status, stdout, stderr } = spawnSync(file, args, {
      env: { NAME: 'of the environment', PATH: '/usr/bin:/bin' },
    });
    return { status, out: String(stdout).trim().split('\n'), error: entryError(stderr) };
  }

  test('becomes the user, puts down every right, and runs the program with its arguments and environment', () => {
    const script = 'id -u; id -g; id -G; grep CapEff /proc/self/status; echo "$0|$1|$NAME"; ls /proc/self/fd';
    const { status, out } = run({}, 'sh', '-c', script, 'zero', 'a b');
    expect({ status, out }).toEqual({
      status: 0,
      out: ['1234', '50', '50 60 70', 'CapEff:\t0000000000000000', 'zero|a b|of the environment', '0', '1', '2', '3'],
    });
  });

  test('keeps the user where there is no other, and gives no new rights', () => {
    const capabilities = 1n; // CAP_CHOWN
    const script = 'id -u; grep -E "^(CapEff|NoNewPrivs)" /proc/self/status';
    expect(run({ keepsUser: true, capabilities }, 'sh', '-c', script)).toMatchObject({
      status: 0,
      out: ['0', 'CapEff:\t0000000000000001', 'NoNewPrivs:\t1'],
    });
  });

  test('tells why there is no program', () => {
    expect(run({ programs: ['/no/such'] })).toMatchObject({ status: 127, error: 2 });
    expect(run({ programs: ['/no/such', '/etc/passwd', '/none'] })).toMatchObject({ status: 127, error: 13 });
    expect(run({ programs: [] })).toMatchObject({ status: 127, error: 2 });
  });
});
