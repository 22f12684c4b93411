import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { close, listen } from '../../src/core/listening.ts';
import { ASK, ContractBench, type ContractContainer, type ContractTask } from './contract.ts';
import { namespaceRuntime } from './subjects.ts';

const { unavailable } = namespaceRuntime;
const SECRET = 'the-secret-of-the-victim';

/** What a program inside of a task can try; each prints what it got. */
const TRY = `
import { connect } from 'node:net';
import * as fs from 'node:fs';
import { spawnSync } from 'node:child_process';
const reach = (options) => new Promise((resolve) => {
  // Linux connects a socket with itself when both ports happen to be the same.
  const socket = connect(options, () => { resolve(socket.localPort === options.port ? 'itself' : 'connected'); socket.destroy(); });
  socket.setTimeout(3000, () => { socket.destroy(); resolve('timeout'); });
  socket.on('error', (error) => resolve(error.code));
});
const attempt = (what) => { try { return what() ?? 'done'; } catch (error) { return error.code ?? error.message; } };
const sh = (script) => { const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', script], { encoding: 'utf8' }); return { status, stdout, stderr }; };
const tell = (value) => console.log(JSON.stringify(value));
`;

describe.skipIf(unavailable !== undefined)(
  `attacks from inside of a task, namespace runtime${unavailable === undefined ? '' : ` (skipped: ${unavailable})`}`,
  () => {
    const bench = new ContractBench(namespaceRuntime);
    let host: Server;
    let hostPort: number;
    let victim: ContractTask;
    let running: ContractContainer;

    beforeAll(async () => {
      host = createServer((_request, response) => response.end(SECRET));
      hostPort = await listen(host, 0, '0.0.0.0');
      writeFileSync(join(bench.directory, 'credentials.json'), SECRET);
      victim = await bench.task({ containerDefinitions: [{ name: 'app' }] });
      await victim.endpoint();
      running = await victim.start(['/bin/sh', '-c', 'echo ready; while :; do sleep 1; done'], { env: { SECRET } });
      await running.says('ready');
    });
    afterAll(async () => {
      await victim?.closeEndpoint();
      await bench.close();
      await close(host);
    });

    async function attack<T>(script: string, env: Record<string, string> = {}, definition: object = {}): Promise<T> {
      const task = await bench.task();
      await task.endpoint();
      try {
        const { out, err, code } = await task.script(`${ASK}${TRY}${script}`, { env, ...definition });
        expect({ code, err: err.join('\n') }).toEqual({ code: 0, err: '' });
        return JSON.parse(out[0] ?? 'null') as T;
      } finally {
        await task.closeEndpoint();
        await task.runtime.remove();
      }
    }

    it('a leaked credential id of a neighbour is worth nothing, and the attempt is told', async () => {
      const task = await bench.task();
      await task.endpoint();
      const { out } = await task.script(
        `${ASK}${TRY} tell([await ask('http://169.254.170.2/v2/credentials/' + process.env.ID), await ask('http://169.254.170.2/v1/credentials?id=' + process.env.ID)]);`,
        { env: { ID: victim.credentialsId } },
      );
      for (const answer of JSON.parse(out[0] ?? '[]')) {
        expect(answer).toMatchObject({ status: 400, body: { code: 'InvalidIdInRequest' } });
      }
      expect(task.refused).toHaveLength(2);
      expect(out.join()).not.toContain('SecretAccessKey');
      await task.closeEndpoint();
    });

    it('a neighbour’s endpoint is not to be reached, whatever source address is taken', async () => {
      const seen = await attack<{ neighbour: string; spoofed: { status: number }; ask: { status: number } }>(
        `const spoofed = sh('ip address add ' + process.env.NEIGHBOUR + '/32 dev lo');
         tell({
           neighbour: await reach({ host: process.env.NEIGHBOUR, port: 80 }),
           spoofed,
           ask: await ask('http://169.254.170.2/v2/credentials/' + process.env.ID),
         });`,
        { NEIGHBOUR: victim.runtime.address, ID: victim.credentialsId },
        { linuxParameters: { capabilities: { add: ['ALL'] } } },
      );
      expect(['ENETUNREACH', 'ECONNREFUSED', 'EHOSTUNREACH']).toContain(seen.neighbour);
      expect(seen.spoofed.status).not.toBe(0);
      expect(seen.ask.status).toBe(400);
    });

    it('NET_ADMIN and its like are refused before a task starts', async () => {
      const runtime = await bench.runtime;
      for (const name of ['NET_ADMIN', 'SYS_ADMIN', 'SYS_MODULE', 'BPF']) {
        const linuxParameters = { capabilities: { add: [name] } };
        const found = runtime.unsupported({
          networkMode: 'awsvpc',
          containerDefinitions: [{ name: 'app', linuxParameters }],
        });
        expect(found).toEqual([
          expect.objectContaining({
            field: '/containerDefinitions/0/linuxParameters/capabilities/add/0',
            effect: 'refused',
          }),
        ]);
      }
      expect(runtime.unsupported({ containerDefinitions: [{ name: 'app', privileged: true }] })).toMatchObject([
        { effect: 'refused' },
      ]);
      expect(runtime.unsupported({ networkMode: 'host' })).toMatchObject([{ effect: 'refused' }]);
      expect(runtime.unsupported({ pidMode: 'host' })).toMatchObject([{ effect: 'refused' }]);
    });

    it('nothing that listens on this machine is to be reached: loopback, its addresses, its sockets', async () => {
      const directory = mkdtempSync(join(tmpdir(), 'rolecall-sockets-'));
      const abstract = `\0rolecall-${hostPort}`;
      const files = [join(directory, 'engine.sock'), abstract];
      const sockets = files.map((path) => createSocketServer((socket) => socket.end(SECRET)).listen(path));
      const addresses = Object.values(networkInterfaces())
        .flatMap((each) => each ?? [])
        .map(({ address }) => address);
      const seen = await attack<string[]>(
        `const results = [];
         for (const host of JSON.parse(process.env.HOSTS)) results.push(await reach({ host, port: Number(process.env.PORT) }));
         for (const path of JSON.parse(process.env.PATHS)) results.push(await reach({ path }));
         tell(results);`,
        {
          HOSTS: JSON.stringify(['127.0.0.1', '::1', ...addresses]),
          PORT: String(hostPort),
          PATHS: JSON.stringify([...files, '/var/run/docker.sock', '/run/docker.sock']),
        },
      ).finally(() => {
        for (const socket of sockets) socket.close();
        rmSync(directory, { recursive: true });
      });
      expect(seen.length).toBe(2 + addresses.length + 4);
      expect(seen).not.toContain('connected');
      expect(seen).not.toContain('timeout');
    });

    it('the server itself is reached only over the connections that it takes for tasks', async () => {
      const seen = await attack<string[]>(
        `const open = [];
         for (let port = 1; port < 65536; port += 1) if (await reach({ host: '127.0.0.1', port }) === 'connected') open.push(port);
         tell(open);`,
      );
      expect(seen).toEqual([4566]);
    });

    it('instance metadata is not there for a Fargate task, nor a way out', async () => {
      const seen = await attack<unknown[]>(
        `tell([await reach({ host: '169.254.169.254', port: 80 }), await reach({ host: '192.0.2.1', port: 443 }), await reach({ host: '10.0.0.1', port: 80 })]);`,
      );
      for (const result of seen) expect(result).toBe('ENETUNREACH');
    });

    it('an EC2 task whose way to the metadata is blocked finds nobody listening', async () => {
      const task = await bench.task({}, 'EC2');
      const { out } = await task.script(`${TRY} tell(await reach({ host: '169.254.169.254', port: 80 }));`);
      expect(out).toEqual(['"ECONNREFUSED"']);
    });

    it('processes of others are invisible, their environment unreadable, their numbers worthless', async () => {
      const seen = await attack<{ pids: string[]; environments: string; killed: unknown; ps: string }>(
        `const pids = fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name));
         const environments = pids.map((pid) => attempt(() => fs.readFileSync('/proc/' + pid + '/environ', 'utf8'))).join();
         const killed = JSON.parse(process.env.PIDS).map((pid) => attempt(() => process.kill(pid, 'SIGKILL')));
         tell({ pids, environments, killed, ps: fs.readFileSync('/proc/1/cmdline', 'utf8') });`,
        { PIDS: JSON.stringify([process.pid, 999_999]) },
      );
      expect(seen.pids).toEqual(['1']);
      expect(seen.environments).not.toContain(SECRET);
      expect(seen.killed).toEqual(['ESRCH', 'ESRCH']);
      expect((await running.container.usage())?.processes).toBeGreaterThan(0);
    });

    it('the environment of a container is in no argument list on this machine', async () => {
      const lines = readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map((pid) => {
          try {
            return spawnedWith(pid);
          } catch {
            return '';
          }
        });
      expect(lines.join('\n')).toContain('--json-status-fd');
      expect(lines.join('\n')).not.toContain(SECRET);
    });

    it('the files of this machine are hidden or read-only: data directory, scratch, home, programs', async () => {
      const seen = await attack<Record<string, unknown>>(
        `const list = (path) => attempt(() => fs.readdirSync(path));
         tell({
           data: list(process.env.DATA), file: attempt(() => fs.readFileSync(process.env.DATA + '/credentials.json', 'utf8')),
           tasks: list(process.env.DATA + '/tasks'), victim: list(process.env.VICTIM), tmp: list('/tmp'), mnt: list('/mnt'), sys: list('/sys'),
           shadow: attempt(() => fs.readFileSync('/etc/shadow', 'utf8')), ssh: list('/etc/ssh'),
           usr: attempt(() => fs.writeFileSync('/usr/bin/sh', 'x')), etc: attempt(() => fs.writeFileSync('/etc/ssl/openssl.cnf', 'x')),
           root: fs.readdirSync('/').sort(), dev: fs.readdirSync('/dev').sort(),
         });`,
        { DATA: bench.directory, VICTIM: victim.place.directory },
      );
      expect(seen).toMatchObject({
        data: 'ENOENT',
        file: 'ENOENT',
        tasks: 'ENOENT',
        victim: 'ENOENT',
        tmp: expect.not.arrayContaining([basename(bench.directory)]),
        mnt: 'ENOENT',
        sys: 'ENOENT',
        shadow: 'ENOENT',
        ssh: 'ENOENT',
        usr: 'EROFS',
        etc: expect.stringMatching(/EROFS|ENOENT/),
      });
      for (const name of ['sda', 'vda', 'nvme0n1', 'mem', 'kmsg', 'fuse', 'kvm', 'loop0'])
        expect(seen.dev).not.toContain(name);
    });

    it('a host volume cannot show the data directory, not even through a directory above it', async () => {
      const volume = (sourcePath: string) => ({
        volumes: [{ name: 'host', host: { sourcePath } }],
        containerDefinitions: [{ name: 'app' }],
      });
      const mountPoints = [{ sourceVolume: 'host', containerPath: '/host' }];
      const direct = await bench.task(volume(bench.directory), 'EC2');
      await expect(direct.start(['true'], { mountPoints })).rejects.toThrow('belongs to Rolecall itself');
      const below = await bench.task(volume(join(bench.directory, 'tasks')), 'EC2');
      await expect(below.start(['true'], { mountPoints })).rejects.toThrow('belongs to Rolecall itself');
      const above = await bench.task(volume(tmpdir()), 'EC2');
      const { out } = await above.script(
        `${TRY} tell([attempt(() => fs.readFileSync('/host/' + process.env.NAME + '/credentials.json', 'utf8')), attempt(() => fs.readdirSync('/host').length > 0)]);`,
        { mountPoints, env: { NAME: bench.directory.slice(tmpdir().length + 1) } },
      );
      expect(JSON.parse(out[0] ?? '')).toEqual([expect.stringMatching(/ENOENT|EACCES/), true]);
    });

    it('the walls cannot be taken down from inside: mounts, namespaces, kernel settings', async () => {
      const script = `
        tell({
          umount: sh('umount /usr || umount -l /proc || umount /etc/hosts').status,
          remount: sh('mount -o remount,rw /usr').status, proc: sh('mount -t proc proc /mnt || mkdir -p /tmp/p && mount -t proc proc /tmp/p').status,
          unshare: sh('unshare --user --map-root-user --mount true').status, enter: sh('nsenter --target 1 --net --mount true; nsenter --user=/proc/1/ns/user true').status,
          core: attempt(() => fs.writeFileSync('/proc/sys/kernel/core_pattern', '|/tmp/x')), sysrq: attempt(() => fs.writeFileSync('/proc/sysrq-trigger', 'h')),
          host: sh('hostname other').status, node: sh('mknod /tmp/disk b 254 0').status, chroot: fs.readdirSync('/proc/1/root/').includes('mnt'),
        });`;
      for (const definition of [{}, { linuxParameters: { capabilities: { add: ['ALL'] } } }, { user: '1000:1000' }]) {
        const seen = await attack<Record<string, unknown>>(script, {}, definition);
        for (const name of ['umount', 'remount', 'proc', 'unshare', 'enter', 'host', 'node'])
          expect({ [name]: seen[name] }).not.toEqual({ [name]: 0 });
        for (const name of ['core', 'sysrq']) expect(seen[name]).toMatch(/EROFS|EACCES|EPERM|ENOENT/);
        expect(seen.chroot).toBe(false);
      }
    });

    it('a health check has no more power over the walls than the program', async () => {
      const check = (script: string) => running.container.execute(['/bin/sh', '-c', script], 20_000);
      for (const script of [
        'umount /proc/sys',
        'umount -l /proc',
        'mount -o remount,rw /usr',
        'echo x > /proc/sys/kernel/core_pattern',
        'touch /usr/x',
        'ip link set lo down',
      ]) {
        expect({ script, code: (await check(script)).code }).not.toEqual({ script, code: 0 });
      }
      expect((await check(`ls ${bench.directory}`)).code).not.toBe(0);
    });

    it('a loader variable of the task acts inside only', async () => {
      const marker = join(bench.directory, 'loaded');
      mkdirSync(marker);
      const task = await bench.task();
      const { code, err } = await task.run(['/bin/sh', '-c', 'exit 0'], {
        env: { LD_PRELOAD: `${marker}/hook.so`, LD_AUDIT: `${marker}/hook.so` },
      });
      // The loader inside says that it is not there; outside nobody has looked for it.
      expect(code).toBe(0);
      expect(err.join('\n')).toContain('hook.so');
    });
  },
);

function spawnedWith(pid: string): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
}
