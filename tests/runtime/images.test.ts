import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ownIdentities } from '../../src/agent/runtimes/namespace/identities.ts';
import type { UnpackedImage } from '../../src/agent/runtimes/namespace/image.ts';
import { ImageStore } from '../../src/agent/runtimes/namespace/images/image-store.ts';
import { type LayerEntry, layer, storeImage } from '../../src/agent/runtimes/namespace/images/testing.ts';
import { NamespaceRuntime } from '../../src/agent/runtimes/namespace/namespace.ts';
import { removeAsTask } from '../../src/agent/runtimes/namespace/overlay.ts';
import { baseLayer } from './base-layer.ts';
import { ContractBench } from './contract.ts';
import { namespaceRuntime } from './subjects.ts';

const { unavailable } = namespaceRuntime;

describe.skipIf(unavailable !== undefined)(
  `images in the namespace runtime${unavailable === undefined ? '' : ` (skipped: ${unavailable})`}`,
  () => {
    const directory = mkdtempSync(join(tmpdir(), 'rolecall-images-'));
    let image: UnpackedImage;
    let bench: ContractBench;

    beforeAll(async () => {
      const store = new ImageStore(directory);
      const config = {
        Entrypoint: ['/bin/sh', '-c'],
        Cmd: ['echo from the image'],
        Env: ['PATH=/bin', 'COLOUR=blue'],
        WorkingDir: '/app',
        User: 'app:staff',
        Volumes: { '/data': {} },
        StopSignal: 'SIGUSR1',
      };
      const upper: LayerEntry[] = [{ path: 'app/.wh.gone' }, { path: 'app/file', content: 'from the image' }];
      image = await store.unpack(storeImage(store.layout, config, [layer(baseLayer()), layer(upper)]));
      bench = new ContractBench({
        ...namespaceRuntime,
        image: 'image',
        create: async (records, place) =>
          NamespaceRuntime.open({
            standIns: [],
            store: records,
            server: { endpoint: () => 'http://127.0.0.1:4566', accept: (socket) => socket.destroy() },
            keep: true,
            sharedVolumes: join(place, 'volumes'),
            hidden: [place],
            knows: () => true,
            images: { fetch: async () => image },
          }),
      });
    });
    afterAll(async () => {
      await bench.close();
      rmSync(directory, { recursive: true, force: true });
    });

    const script = (text: string) => [text];

    it('runs with the image’s entry point, command, environment, user and folder', async () => {
      const task = await bench.task();
      expect((await task.run([])).out).toEqual(['from the image'].map((text) => `${text}`));
      const { out, err } = await task.run(
        script('id -u; id -g; echo $COLOUR $HOME; readlink /proc/self/cwd; ls /app; cat /etc/link; echo; ls /'),
        { name: 'second' },
      );
      expect(err).toEqual([]);
      const [uid, gid, environment, folder, files, link, ...root] = out;
      expect([uid, gid, environment, folder, files, link?.slice(0, 5)]).toEqual([
        '1234',
        '50',
        'blue /home/app',
        '/app',
        'file',
        'image',
      ]);
      expect(root.join(' ')).not.toMatch(/work|root|srv|media/);
    });

    it('a container writes into its own layer: the image and the next container do not see it', async () => {
      const task = await bench.task();
      const first = await task.run(
        script('touch /app/mine /bin/mine && echo x > /app/file && cat /app/file && ls /data'),
        { user: '0' },
      );
      expect(first).toMatchObject({ code: 0, out: ['x'], err: [] });
      const next = await bench.task();
      expect((await next.run(script('ls /app; cat /app/file'))).out).toEqual(['file', 'from the image']);
      expect(readFileSync(join(image.root, 'app/file'), 'utf8')).toBe('from the image');
    });

    it('keeps a read-only root as it is, but for volumes', async () => {
      const task = await bench.task();
      const { out, err } = await task.run(script('touch /app/x || echo refused; touch /data/x && echo written'), {
        readonlyRootFilesystem: true,
      });
      expect(out).toEqual(['refused', 'written']);
      expect(err.join()).toContain('Read-only file system');
    });

    it('mounts volumes of the task into several containers, tmpfs, and volumesFrom read-only', async () => {
      const mountPoints = [{ sourceVolume: 'shared', containerPath: '/shared' }];
      const task = await bench.task({
        volumes: [{ name: 'shared', host: {} }],
        containerDefinitions: [
          { name: 'writer', mountPoints },
          { name: 'reader', volumesFrom: [{ sourceContainer: 'writer', readOnly: true }] },
        ],
      });
      const tmpfs = [{ containerPath: '/scratch', size: 1 }];
      const writer = await task.run(script('echo hello > /shared/file; touch /scratch/x && echo ok'), {
        name: 'writer',
        mountPoints,
        linuxParameters: { tmpfs },
      });
      expect(writer).toMatchObject({ code: 0, out: ['ok'] });
      const reader = await task.run(script('cat /shared/file; touch /shared/x || echo refused'), {
        name: 'reader',
        volumesFrom: [{ sourceContainer: 'writer', readOnly: true }],
      });
      expect(reader.out).toEqual(['hello', 'refused']);
    });

    it('shares volumes of scope shared among tasks; one that is missing is made where that is asked for', async () => {
      const mountPoints = [{ sourceVolume: 'common', containerPath: '/shared' }];
      const volume = (autoprovision: boolean) => ({
        volumes: [{ name: 'common', dockerVolumeConfiguration: { scope: 'shared' as const, autoprovision } }],
      });
      const missing = await bench.task(volume(false));
      await expect(missing.start(script('true'), { mountPoints })).rejects.toThrow('get common: no such volume');
      const first = await bench.task(volume(true));
      expect((await first.run(script('echo hello > /shared/file'), { mountPoints })).code).toBe(0);
      const later = await bench.task(volume(false));
      expect((await later.run(script('cat /shared/file'), { mountPoints })).out).toEqual(['hello']);
      // What users of a task have made is not everybody's to remove.
      await removeAsTask(await ownIdentities(), [join(bench.directory, 'volumes')]);
    });

    it('a path of the host at which nothing can be made is said', async () => {
      const task = await bench.task({ volumes: [{ name: 'kernel', host: { sourcePath: '/proc/rolecall/x' } }] });
      const mountPoints = [{ sourceVolume: 'kernel', containerPath: '/kernel' }];
      await expect(task.start(script('true'), { mountPoints })).rejects.toThrow(
        'volume kernel: /proc/rolecall/x cannot',
      );
    });

    it('gives the stop signal of the image, and the names and numbers of users as Docker reads them', async () => {
      const task = await bench.task();
      const container = await task.start(
        script('trap "echo stopping; exit 0" USR1; echo ready; while :; do sleep 0.05; done'),
      );
      await container.says('ready');
      await container.container.stop(60_000);
      await container.drained;
      expect(container.lines('stdout')).toEqual(['ready', 'stopping']);
      expect((await task.run(script('id -u; id -g'), { user: '77:88', name: 'numbers' })).out).toEqual(['77', '88']);
      await expect(task.start([], { user: 'nobody-there', name: 'unknown' })).rejects.toThrow(
        'unable to find user nobody-there: no matching entries in passwd file',
      );
    });

    it('sets limits, host names and an init process', async () => {
      const task = await bench.task({ networkMode: 'bridge' });
      const { out } = await task.run(script('ulimit -n; cat /etc/hostname; cat /proc/1/comm; cat /etc/hosts'), {
        ulimits: [{ name: 'nofile', softLimit: 100, hardLimit: 200 }],
        hostname: 'web',
        extraHosts: [{ hostname: 'db', ipAddress: '10.1.2.3' }],
        linuxParameters: { initProcessEnabled: true },
      });
      expect(out.slice(0, 3)).toEqual(['100', 'web', 'bwrap']);
      expect(out).toContain('10.1.2.3\tdb');
    });

    it('links of an image lead nowhere outside while things are mounted into it', async () => {
      const outside = mkdtempSync(join(tmpdir(), 'rolecall-outside-'));
      const store = new ImageStore(directory);
      // bubblewrap keeps the machine's root at /oldroot while it builds a sandbox.
      const evil: LayerEntry[] = [
        { path: 'etc/hosts', type: '2', link: `/oldroot${outside}/hosts` },
        { path: 'etc/hostname', type: '2', link: `../../../../oldroot${outside}/hostname` },
        { path: 'app', type: '2', link: `/oldroot${outside}` },
        { path: 'data', type: '2', link: `/oldroot${outside}/data` },
        { path: 'proc', type: '2', link: `/oldroot${outside}` },
        { path: 'dev', type: '2', link: `/oldroot${outside}` },
      ];
      const config = {
        Cmd: [
          '/bin/sh',
          '-c',
          'cat /etc/hostname; ls /proc/1/status; readlink /proc/self/cwd; touch /data/x /dev/shm/x && echo fine',
        ],
        Env: ['PATH=/bin'],
        WorkingDir: '/app/deep',
        Volumes: { '/data': {} },
      };
      const own = image;
      try {
        image = await store.unpack(
          storeImage(store.layout, config, [
            layer(baseLayer().filter(({ path }) => !path.startsWith('app'))),
            layer(evil),
          ]),
        );
        const task = await bench.task({ networkMode: 'bridge' });
        const mountPoints = [{ sourceVolume: 'shared', containerPath: '/app/volume' }];
        const withVolume = await bench.task({ networkMode: 'bridge', volumes: [{ name: 'shared', host: {} }] });
        const { out, err } = await task.run([], { hostname: 'inside' });
        expect({ out, err }).toEqual({ out: ['inside', '/proc/1/status', `/oldroot${outside}/deep`, 'fine'], err: [] });
        expect((await withVolume.run([], { mountPoints, hostname: 'inside' })).out.at(-1)).toBe('fine');
        expect(readdirSync(outside)).toEqual([]);
      } finally {
        image = own;
        rmSync(outside, { recursive: true });
      }
    });

    it('refuses mounts into volumes, and paths that are none', async () => {
      const volumes = [{ name: 'shared', host: {} }];
      const task = await bench.task({ volumes });
      const mountPoints = ['/shared', '/shared/deeper'].map((containerPath) => ({
        sourceVolume: 'shared',
        containerPath,
      }));
      await expect(task.start([], { mountPoints })).rejects.toThrow(
        '/shared/deeper cannot be mounted into the volume at /shared',
      );
      for (const containerPath of ['relative', '/a/../../b']) {
        await expect(task.start([], { mountPoints: [{ sourceVolume: 'shared', containerPath }] })).rejects.toThrow(
          'is not an absolute path',
        );
      }
    });
  },
);
