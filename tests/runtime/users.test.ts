import { existsSync, mkdtempSync, readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Identities, ownIdentities } from '../../src/agent/runtimes/namespace/identities.ts';
import type { UnpackedImage } from '../../src/agent/runtimes/namespace/image.ts';
import { ImageStore } from '../../src/agent/runtimes/namespace/images/image-store.ts';
import { layer, storeImage } from '../../src/agent/runtimes/namespace/images/testing.ts';
import { NamespaceRuntime } from '../../src/agent/runtimes/namespace/namespace.ts';
import { removeAsTask } from '../../src/agent/runtimes/namespace/overlay.ts';
import { baseLayer } from './base-layer.ts';
import { ContractBench } from './contract.ts';
import { namespaceRuntime } from './subjects.ts';

const several = namespaceRuntime.unavailable === undefined ? await ownIdentities() : undefined;
const unavailable = namespaceRuntime.unavailable ?? several?.alone;
const alone = several === undefined ? undefined : { uid: several.uid, gid: several.gid, alone: 'it is tried without' };

const TOOLS = [
  'chown',
  'chmod',
  'stat',
  'setpriv',
  'grep',
  'umount',
  'mount',
  'unshare',
  'nsenter',
  'mknod',
  'hostname',
  'mkdir',
];

/** The runtime with an image whose files belong to several users. */
function subjectWith(identities: Identities) {
  const directory = mkdtempSync(join(tmpdir(), 'rolecall-users-'));
  const store = new ImageStore(directory, Promise.resolve(identities));
  let image: UnpackedImage | undefined;
  const bench = new ContractBench({
    ...namespaceRuntime,
    image: 'users',
    create: async (records, scratch) => {
      image ??= await store.unpack(
        storeImage(store.layout, { Entrypoint: ['sh', '-c'], Env: ['PATH=/nowhere:/bin'], WorkingDir: '/app' }, [
          layer([
            ...baseLayer(TOOLS),
            { path: 'app/roots-own', content: 'secret\n', mode: 0o600 },
            { path: 'app/of-app', content: 'mine\n', mode: 0o600, uid: 1234, gid: 1235 },
            { path: 'app/of-logs', content: 'logs\n', mode: 0o640, uid: 0, gid: 60 },
            { path: 'home/app/', type: '5', mode: 0o700, uid: 1234, gid: 1235 },
            { path: 'app/not-executable', content: '#!/bin/sh\n' },
          ]),
        ]),
      );
      const unpacked = image;
      return NamespaceRuntime.open({
        standIns: [],
        store: records,
        server: { endpoint: () => 'http://127.0.0.1:4566', accept: (socket) => socket.destroy() },
        keep: true,
        sharedVolumes: join(scratch, 'volumes'),
        hidden: [scratch],
        images: { fetch: async () => unpacked },
        knows: () => true,
        identities: Promise.resolve(identities),
      });
    },
  });
  const close = async () => {
    await bench.close();
    await removeAsTask(identities, [directory]);
    expect(existsSync(directory)).toBe(false);
  };
  return { bench, close };
}

function healthChecksHaveTheSameRights(bench: ContractBench): void {
  // Not the ambient set: bubblewrap leaves one, which root does not need to keep what it has.
  const status = 'grep -E "^(Uid|Gid|Groups|Cap(Inh|Prm|Eff)|NoNewPrivs):" /proc/self/status';
  it.each<[string, object]>([
    ['root', {}],
    ['root with one capability', { linuxParameters: { capabilities: { drop: ['ALL'], add: ['CHOWN'] } } }],
    ['root without any', { linuxParameters: { capabilities: { drop: ['ALL'] } } }],
    ['another user', { user: 'app' }],
  ])('health checks have the rights of the container’s program, no others: %s', async (_who, settings) => {
    const task = await bench.task();
    const container = await task.start([`${status}; echo ready; while :; do sleep 0.1; done`], settings);
    await container.says('ready');
    const { code, output } = await container.container.execute(['sh', '-c', status], 60_000);
    const own = container.lines('stdout').filter((line) => line !== 'ready');
    expect(own).toContain('NoNewPrivs:\t1');
    expect({ code, said: output.trim().split('\n') }).toEqual({ code: 0, said: own });
    await container.container.stop(0);
  });
}

describe.skipIf(unavailable !== undefined)(
  `images with several users${unavailable === undefined ? '' : ` (skipped: ${unavailable})`}`,
  () => {
    const { bench, close } = subjectWith(several as Identities);
    afterAll(close);

    it('root of a container becomes other users and gives files to them', async () => {
      const task = await bench.task();
      const { out, err } = await task.run([
        'id -u; touch /app/new; chown 1234:50 /app/new; stat -c %u:%g /app/new /app/of-app /app/roots-own;' +
          'setpriv --reuid 1234 --regid 1235 --groups 60 id; setpriv --reuid 1234 --regid 1235 --clear-groups cat /app/of-app',
      ]);
      expect(err).toEqual([]);
      expect(out).toEqual(['0', '1234:50', '1234:1235', '0:0', 'uid=1234(app) gid=1235 groups=1235,60(logs)', 'mine']);
    });

    it('a user sees whose a file is and has the rights that it gives, no others', async () => {
      const task = await bench.task();
      const script =
        'id; cat /app/of-app; cat /app/of-logs; cat /app/roots-own || echo refused; touch /app/x || echo refused; touch "$HOME/x" && stat -c %u:%g "$HOME/x"; ' +
        'grep -E "^Cap(Inh|Prm|Eff|Amb)" /proc/self/status; chown 0:0 "$HOME/x" || echo refused; setpriv --reuid 0 true || echo refused; ls /proc/self/fd';
      const { out } = await task.run([script], { user: 'app' });
      expect(out).toEqual([
        'uid=1234(app) gid=1235 groups=1235,60(logs)',
        ...['mine', 'logs', 'refused', 'refused', '1234:1235'],
        ...['Inh', 'Prm', 'Eff', 'Amb'].map((name) => `Cap${name}:\t0000000000000000`),
        ...['refused', 'refused', '0', '1', '2', '3'],
      ]);
      const numbers = await task.run(['id; cat /app/of-logs || echo refused'], { user: '77:88', name: 'numbers' });
      expect(numbers.out).toEqual(['uid=77 gid=88 groups=88', 'refused']);
    });

    it('root has the capabilities that are asked for, no others', async () => {
      const task = await bench.task();
      const of = async (name: string, capabilities: object) =>
        (await task.run(['grep -E "^Cap(Prm|Eff)" /proc/self/status'], { name, linuxParameters: { capabilities } }))
          .out;
      expect(await of('none', { drop: ['ALL'] })).toEqual(['CapPrm:\t0000000000000000', 'CapEff:\t0000000000000000']);
      expect(await of('one', { drop: ['ALL'], add: ['CHOWN'] })).toEqual([
        'CapPrm:\t0000000000000001',
        'CapEff:\t0000000000000001',
      ]);
    });

    healthChecksHaveTheSameRights(bench);

    it('a health check without its program says so', async () => {
      const task = await bench.task();
      const container = await task.start(['echo ready; while :; do sleep 0.1; done']);
      await container.says('ready');
      expect(await container.container.execute(['no-such-program'], 60_000)).toEqual({
        code: 127,
        output:
          'OCI runtime exec failed: exec failed: unable to start container process: exec: "no-such-program": executable file not found in $PATH: unknown',
        timedOut: false,
      });
      await container.container.stop(0);
    });

    it('health checks run as the container’s user', async () => {
      const task = await bench.task();
      const container = await task.start(['echo ready; while :; do sleep 0.1; done'], { user: 'app' });
      await container.says('ready');
      const said = await container.container.execute(['sh', '-c', 'id -u; id -g; cat /app/roots-own'], 60_000);
      expect(said.output.split('\n').slice(0, 2)).toEqual(['1234', '1235']);
      expect(said.code).not.toBe(0);
      await container.container.stop(0);
    });

    it('volumes begin with what the image has at their place, and are their owner’s', async () => {
      const mountPoints = [
        { sourceVolume: 'own', containerPath: '/home/app' },
        { sourceVolume: 'new', containerPath: '/new' },
        { sourceVolume: 'content', containerPath: '/app' },
      ];
      const volumes = ['own', 'new', 'content'].map((name) => ({ name, host: {} }));
      const task = await bench.task({ volumes });
      const { out } = await task.run(
        ['touch /home/app/x && stat -c %u:%a /home/app /new /app; cat /app/of-app; touch /new/x || echo refused'],
        { user: 'app', mountPoints, workingDirectory: '/' } as object,
      );
      expect(out).toEqual(['1234:700', '0:755', '0:755', 'mine', 'refused']);
      // Outside they belong to nobody of this machine.
      const volume = join(task.place.directory, 'volumes', 'own');
      expect(statSync(volume).uid).toBe((several?.range?.firstUid ?? 0) + 1233);
      await task.runtime.remove();
      expect(readdirSync(task.place.directory).filter((name) => !/\.std(out|err)$/.test(name))).toEqual([]);
    });

    it('the walls cannot be taken down by root of the container', async () => {
      const linuxParameters = { capabilities: { add: ['ALL'] } };
      for (const definition of [{}, { linuxParameters }, { user: 'app' }]) {
        const task = await bench.task();
        const tries = [
          'umount /proc',
          'umount -l /etc/hosts',
          'mount -o remount,rw /proc/sys',
          'mkdir -p /tmp/p && mount -t proc proc /tmp/p',
          'mount -t tmpfs none /tmp',
          'unshare --user true',
          'unshare --mount true',
          'nsenter --user=/proc/1/ns/user true',
          'mknod /tmp/disk b 254 0',
          'hostname other',
          'echo x > /proc/sys/kernel/core_pattern',
          'echo 9 > /proc/sys/user/max_user_namespaces',
        ];
        const { out } = await task.run(
          [tries.map((each) => `(${each}) 2>/dev/null && echo '${each}'`).join('; ')],
          definition,
        );
        expect(out).toEqual([]);
      }
    });

    it('says in the words of the OCI runtime that a program cannot be run', async () => {
      const task = await bench.task();
      await task.runtime.pull('users', undefined);
      const cases: [string, string][] = [
        ['/no/such', 'exec: "/no/such": stat /no/such: no such file or directory: unknown'],
        ['no-such', 'exec: "no-such": executable file not found in $PATH: unknown'],
        ['/app/not-executable', 'exec: "/app/not-executable": permission denied: unknown'],
      ];
      for (const [index, [program, said]] of cases.entries()) {
        const container = await task.runtime.create({
          name: `c${index}`,
          runtimeId: `c${index}`,
          image: 'users',
          entryPoint: [program],
          command: [],
          environment: {},
          definition: { name: `c${index}`, user: 'app' },
        });
        await expect(container.start()).rejects.toThrow(said);
      }
    });

    it('refuses users that the task has not, by name', async () => {
      const task = await bench.task();
      await expect(task.start(['true'], { user: '70000' })).rejects.toThrow(
        'user 70000: the numbers of users and groups go to 65535 here, not to 70000',
      );
      const directory = mkdtempSync(join(tmpdir(), 'rolecall-users-'));
      const store = new ImageStore(directory, Promise.resolve(several as Identities));
      const far = storeImage(store.layout, {}, [layer([{ path: 'far', uid: 200_000 }])]);
      await expect(store.unpack(far)).rejects.toThrow('belongs to 200000: the numbers of users and groups go to 65535');
      await store.remove();
      await removeAsTask(several as Identities, [directory]);
    });
  },
);

describe.skipIf(namespaceRuntime.unavailable !== undefined)(
  `images where a task has one user alone${namespaceRuntime.unavailable === undefined ? '' : ` (skipped: ${namespaceRuntime.unavailable})`}`,
  () => {
    const { bench, close } = subjectWith(alone as Identities);
    afterAll(close);

    healthChecksHaveTheSameRights(bench);

    it('the container’s user is that one: all files are its own', async () => {
      const task = await bench.task();
      const { out } = await task.run(
        ['id -u; id -g; stat -c %u:%g /app/of-app /app/roots-own; chown 5 /app/of-app || echo refused'],
        {
          user: 'app:staff',
        },
      );
      expect(out).toEqual(['1234', '50', '1234:50', '1234:50', 'refused']);
    });
  },
);
