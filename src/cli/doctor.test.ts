import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { whyRefused } from '../agent/runtimes/namespace/support.ts';
import { doctorCommand } from './doctor.ts';
import type { Io } from './io.ts';

const doctor = (...args: string[]) => doctorIn({}, ...args);

async function doctorIn(env: Record<string, string>, ...args: string[]): Promise<string> {
  const stdout = new PassThrough();
  const io = { stdout, stderr: new PassThrough(), env, version: '1.2.3' } as unknown as Io;
  expect(await doctorCommand.run(args, io)).toBe(0);
  return String(stdout.read());
}

test('says of each runtime whether it works here, why not, and what it isolates', async () => {
  const said = await doctor();
  expect(said).toContain('Rolecall 1.2.3');
  expect(said).toMatch(/^process {2}works here$/m);
  for (const name of ['namespace', 'docker']) {
    expect(said).toMatch(new RegExp(`^${name} {2}(works here|does not work here: .{10,})$`, 'm'));
  }
  expect(said).toMatch(/`--runtime auto` is (namespace|docker|process) here/);
  expect(said).toMatch(/`--transparent` (works here with (namespace|docker)|does not work here: .{10,})/);
});

test('says the same as JSON', async () => {
  const found = JSON.parse(await doctor('--json'));
  expect(found.runtimes.map(({ name }: { name: string }) => name)).toEqual(['namespace', 'docker', 'process']);
  for (const { available, reason } of found.runtimes) expect(reason === undefined).toBe(available);
  const able = found.runtimes.filter(
    (each: { available: boolean; name: string }) => each.available && each.name !== 'process',
  );
  expect(found.transparent).toEqual(able.map(({ name }: { name: string }) => name));
});

test('says that ROLECALL_RUNTIME names no runtime', async () => {
  const environment = { ROLECALL_RUNTIME: 'dokcer' };
  const problem = /ROLECALL_RUNTIME is `dokcer`, which is no runtime: `run` and `up` refuse it\. Values: process, /;
  expect(await doctorIn(environment)).toMatch(problem);
  expect(JSON.parse(await doctorIn(environment, '--json')).problems).toEqual([expect.stringMatching(problem)]);
  expect(JSON.parse(await doctorIn({ ROLECALL_RUNTIME: 'docker' }, '--json')).problems).toEqual([]);
});

test('takes no argument', async () => {
  await expect(doctor('here')).rejects.toMatchObject({ code: 'argument-unexpected' });
});

test('names what refuses namespaces', () => {
  const told = (settings: Record<string, string>) => whyRefused('unshare failed', (file) => settings[file]);
  expect(told({ '/proc/sys/user/max_user_namespaces': '0' })).toContain('user.max_user_namespaces is 0');
  expect(told({ '/proc/self/status': 'Name:\tnode\nSeccomp:\t2\n' })).toContain('seccomp');
  expect(told({})).toBe('the system refuses namespaces: unshare failed');
});
