import { type Attack, holds, MODES, none, open, Untried } from './attack.ts';

const NO_WALLS = 'there is no wall: the process has the rights of your user over the machine';
const REFUSED = /^(exit \d+: |exit null|EROFS|EACCES|EPERM|ENOENT|EINVAL|ENXIO|ENODEV)/;

/** Shell: the capabilities of whoever runs it. */
const RIGHTS = 'grep -E "^Cap(Prm|Eff)" /proc/self/status';

export const kernel: readonly Attack[] = [
  ...(['ordinary', 'strong', 'user'] as const).flatMap((from): Attack[] => {
    const { suffix, by, modes } = {
      ordinary: { suffix: '', by: '', modes: MODES },
      strong: {
        suffix: '-strong',
        by: ', with all capabilities that can be had short of the machine’s',
        modes: ['awsvpc', 'bridge'] as const,
      },
      user: { suffix: '-user', by: ', by another user than root', modes: ['bridge'] as const },
    }[from];
    const place = { from, modes };
    return [
      {
        id: `mounts${suffix}`,
        title: `Mounts taken away or made${by}`,
        ecs: 'The same: mounts want SYS_ADMIN, which Fargate never gives.',
        ...place,
        outcomes: {
          process: none(NO_WALLS),
          namespace: holds('mounts belong to an outer user namespace'),
          docker: holds('mounts want SYS_ADMIN'),
        },
        program: async (box) => [
          box.sh('umount', 'umount /usr || umount -l /proc || umount /etc/hosts || umount /dev/shm'),
          box.sh('umount /proc/sys', 'umount /proc/sys'),
          box.sh('remount', 'mount -o remount,rw /usr || mount -o remount,rw /proc/sys'),
          box.sh('proc', 'mkdir -p /tmp/p; mount -t proc proc /tmp/p'),
          box.sh('sysfs', 'mkdir -p /tmp/p; mount -t sysfs sysfs /tmp/p'),
          box.sh('tmpfs', 'mkdir -p /tmp/p; mount -t tmpfs tmpfs /tmp/p'),
          box.sh('bind', 'mkdir -p /tmp/p; mount -o bind / /tmp/p'),
          box.sh(
            'cgroup',
            'mkdir -p /tmp/p; mount -t cgroup -o memory cgroup /tmp/p || mount -t cgroup2 cgroup2 /tmp/p',
          ),
          box.sh(
            'overlay',
            'mkdir -p /tmp/a /tmp/b /tmp/c /tmp/p; mount -t overlay overlay -o lowerdir=/tmp/a,upperdir=/tmp/b,workdir=/tmp/c /tmp/p',
          ),
          box.sh('device', 'mkdir -p /tmp/p; mount -t devtmpfs dev /tmp/p'),
        ],
        refusal: REFUSED,
      },
      {
        id: `namespaces${suffix}`,
        title: `Namespaces entered or made${by}`,
        ecs: 'The same: Docker’s seccomp profile refuses new user namespaces.',
        ...place,
        outcomes: {
          process: none(NO_WALLS),
          namespace: holds('no further user namespace can be made, and there is none to enter'),
          docker: holds('they want SYS_ADMIN, and seccomp refuses user namespaces'),
        },
        program: async (box) => [
          box.sh('user', 'unshare --user --map-root-user true || unshare -U -r true'),
          box.sh('mount', 'unshare -m true'),
          box.sh('net', 'unshare -n true'),
          box.sh('enter', 'nsenter -t 1 -m true; nsenter -t 1 -n true'),
          box.sh('enter user', 'nsenter --user=/proc/1/ns/user true'),
          box.sh('hostname', 'hostname other'),
          await box.try('root', () => {
            const names = box.fs.readdirSync('/proc/1/root/');
            if (names.join() === box.fs.readdirSync('/').join()) throw Object.assign(new Error(), { code: 'EACCES' });
            return names.join();
          }),
        ],
        refusal: REFUSED,
      },
      {
        id: `kernel-settings${suffix}`,
        title: `Settings of the machine’s kernel written${by}`,
        ecs: 'The same: the runtime mounts them read-only.',
        ...place,
        outcomes: {
          process: none(NO_WALLS),
          namespace: holds('they are read-only, and belong to another user namespace'),
          docker: holds('they are read-only'),
        },
        program: async (box) => {
          const tries = [];
          for (const path of [
            '/proc/sys/kernel/core_pattern',
            '/proc/sys/kernel/modprobe',
            '/proc/sys/kernel/hostname',
            '/proc/sys/vm/drop_caches',
            '/proc/sys/fs/binfmt_misc/register',
            '/proc/sysrq-trigger',
            '/proc/irq/default_smp_affinity',
            '/sys/kernel/uevent_helper',
            '/sys/kernel/profiling',
            '/sys/power/state',
            '/sys/module/kernel/parameters/panic',
          ]) {
            // Opened for writing, and left as it is.
            tries.push(await box.try(path, () => box.fs.closeSync(box.fs.openSync(path, 'r+'))));
          }
          return tries;
        },
        refusal: REFUSED,
      },
      {
        id: `control-groups${suffix}`,
        title: `Control groups: a release_agent, limits and devices of one’s own${by}`,
        ecs: 'The same: the runtime mounts them read-only.',
        ...place,
        outcomes: {
          process: none(NO_WALLS),
          namespace: holds('they are not there'),
          docker: holds('they are read-only'),
        },
        program: async (box) => {
          const tries = [];
          const roots = [
            '/sys/fs/cgroup',
            '/sys/fs/cgroup/memory',
            '/sys/fs/cgroup/devices',
            '/sys/fs/cgroup/rdma',
            '/sys/fs/cgroup/unified',
          ];
          for (const root of roots) {
            for (const file of [
              'release_agent',
              'notify_on_release',
              'devices.allow',
              'memory.limit_in_bytes',
              'cgroup.procs',
              'memory.max',
            ])
              tries.push(
                await box.try(`${root}/${file}`, () => box.fs.closeSync(box.fs.openSync(`${root}/${file}`, 'r+'))),
              );
            // What is above the groups is a directory of the container's own.
            if (box.fs.existsSync(`${root}/cgroup.procs`))
              tries.push(await box.try(`${root}/own`, () => box.fs.mkdirSync(`${root}/own`)));
          }
          return tries;
        },
        refusal: REFUSED,
      },
      {
        id: `devices${suffix}`,
        title: `Devices of the machine: shown, or made with mknod${by}`,
        ecs: 'The same: the devices control group refuses them.',
        ...place,
        outcomes: {
          process:
            from !== 'ordinary'
              ? none('capabilities are refused before the task starts')
              : open('the process sees /dev of the machine'),
          namespace: holds('a small /dev of one’s own; device nodes cannot be made in a user namespace'),
          docker: holds('a small /dev of one’s own; the devices control group refuses others'),
        },
        program: async (box, { runtime }) => {
          const names = box.fs.readdirSync('/dev');
          const machine = names.filter((name) =>
            /^(sd[a-z]|vd[a-z]|xvd[a-z]|nvme\d|dm-|loop|mem$|kmem|kmsg|port$|fuse$|kvm$|loop-control|hwrng|disk|input|snd|dri|tty\d|ttyS)/.test(
              name,
            ),
          );
          const tries: { what: string; got?: string; refused?: string }[] = [
            machine.length === 0 ? { what: 'shown', refused: 'ENOENT' } : { what: 'shown', got: machine.join() },
          ];
          // Your user's rights over disks are not tried out.
          if (runtime === 'process') return tries;
          for (const [name, kind, major, minor] of [
            ['disk', 'b', 254, 0],
            ['sda', 'b', 8, 0],
            ['mem', 'c', 1, 1],
            ['kmsg', 'c', 1, 11],
            ['loop', 'b', 7, 0],
            ['tun', 'c', 10, 200],
            ['fuse', 'c', 10, 229],
          ] as const) {
            const file = `/tmp/node-${name}`;
            tries.push(
              box.sh(name, `rm -f ${file}; mknod ${file} ${kind} ${major} ${minor} && head -c 1 ${file} >/dev/null`),
            );
          }
          return tries;
        },
        refusal: REFUSED,
      },
      {
        id: `kernel-memory${suffix}`,
        title: `What the kernel tells of the whole machine: memory, keys, log, timers${by}`,
        ecs: 'The same: the runtime masks them.',
        ...place,
        outcomes: {
          process: none(NO_WALLS),
          namespace: holds('they are masked'),
          docker: holds('they are masked'),
        },
        program: async (box) => {
          const tries = [];
          for (const path of [
            '/proc/kcore',
            '/proc/keys',
            '/proc/timer_list',
            '/proc/sched_debug',
            '/proc/latency_stats',
            '/dev/mem',
            '/dev/kmsg',
            '/proc/kmsg',
            '/sys/firmware/acpi/tables/DSDT',
            '/sys/kernel/debug/sched/debug',
          ]) {
            tries.push(
              await box.try(path, () => {
                const file = box.fs.openSync(path, 'r');
                const bytes = box.fs.readSync(file, Buffer.alloc(64));
                box.fs.closeSync(file);
                if (bytes === 0) throw Object.assign(new Error('masked'), { code: 'ENOENT' });
                return `${bytes} bytes`;
              }),
            );
          }
          return tries;
        },
        refusal: REFUSED,
      },
    ];
  }),
  {
    id: 'health-check',
    title: 'The same by a container health check, which runs beside the program',
    ecs: 'A health check is an exec with the container’s rights.',
    from: 'own',
    outcomes: {
      process: none(NO_WALLS),
      namespace: holds('a health check enters the same sandbox, and has the rights of the container’s program'),
      docker: holds('a health check has the container’s rights'),
    },
    attempt: async (world, mode) => {
      const scripts = [
        'umount /proc/sys',
        'umount -l /proc',
        'mount -o remount,rw /usr',
        'mount -t tmpfs tmpfs /mnt',
        '(echo x > /proc/sys/vm/drop_caches)',
        'ip link set lo down',
        "unshare -m sh -c 'umount /proc/sys || umount -l /usr || umount /etc/hosts || mount -o remount,bind,rw /usr || mount -t proc proc /proc'",
        `ls ${world.data}`,
        `cat ${world.directory}/secret`,
        'test $(ls -d /proc/[0-9]* | wc -l) -gt 12',
        // More or other rights than the program's.
        `test "$(${RIGHTS})" != "$(cat /tmp/rights)"`,
      ];
      const check = scripts.map((script, index) => `${script} >/dev/null 2>&1 && echo ${index} >> /tmp/got`).join('; ');
      const wait = `${RIGHTS} > /tmp/rights.new; mv /tmp/rights.new /tmp/rights; while [ ! -e /tmp/checked ]; do sleep 0.1; done; echo got $(cat /tmp/got 2>/dev/null) end`;
      const { lines, errors, reason } = await world.run({
        mode,
        situation: 'instance',
        command: ['/bin/sh', '-c', wait],
        definition: {
          container: {
            healthCheck: {
              command: [
                'CMD-SHELL',
                `while [ ! -e /tmp/rights ]; do sleep 0.1; done; ${check}; touch /tmp/checked; exit 0`,
              ],
              interval: 5,
              timeout: 60,
              retries: 10,
            },
          },
        },
      });
      const told = /^got (.*)end$/.exec(lines.at(-1) ?? '')?.[1]?.trim();
      if (told === undefined) return [{ what: 'health check', got: `did not run: ${errors.join()} ${reason}` }];
      const got = told.split(' ').filter((index) => index !== '');
      return scripts.map((what, index) =>
        got.includes(String(index)) ? { what, got: 'done' } : { what, refused: 'failed' },
      );
    },
    refusal: /^failed$/,
  },
  {
    id: 'rights-asked-for',
    title: 'Capabilities that reach beyond a container, asked for in the task definition',
    ecs: 'On EC2 any capability can be asked for; Fargate gives SYS_PTRACE alone.',
    from: 'own',
    outcomes: {
      process: holds('they are refused before the task starts'),
      namespace: holds('they are refused before the task starts'),
      docker: open('as in ECS on EC2: SYS_ADMIN mounts; the start says that the walls do not hold for such a task'),
    },
    attempt: async (world, mode) => {
      const tries = [];
      const asked = world.subject.name === 'docker' ? ['SYS_ADMIN'] : ['NET_ADMIN', 'SYS_ADMIN', 'SYS_MODULE', 'BPF'];
      for (const name of asked) {
        const { lines, reason } = await world.run({
          mode,
          situation: 'instance',
          command: ['/bin/sh', '-c', 'mkdir -p /tmp/p; mount -t tmpfs tmpfs /tmp/p && echo mounted'],
          definition: { container: { linuxParameters: { capabilities: { add: [name] } } } },
        });
        tries.push(lines.includes('mounted') ? { what: name, got: 'mounted' } : { what: name, refused: reason });
      }
      return tries;
    },
    refusal: /linuxParameters\/capabilities\/add/,
  },
  {
    id: 'privileged',
    title: 'A privileged container',
    ecs: 'On EC2 it has all rights over the instance; on Fargate it is refused.',
    from: 'own',
    outcomes: {
      process: none('it has no effect: the process has the rights of your user, no more and no less'),
      namespace: holds('it is refused before the task starts'),
      docker: open('as in ECS on EC2: it has the machine’s devices and its kernel’s settings; the start says so'),
    },
    attempt: async (world, mode) => {
      // What the walls keep from everybody else, so this also shows that those attacks are real.
      const script = `p=/tmp/p; mkdir -p $p; mount -t tmpfs tmpfs $p && echo mounted; (: >> /proc/sys/kernel/core_pattern) && echo setting; mknod /tmp/n c 1 11 && head -c 1 /tmp/n >/dev/null && echo device; ls /dev | grep -q kmsg && echo shown`;
      const { lines, reason } = await world.run({
        mode,
        situation: 'instance',
        command: ['/bin/sh', '-c', script],
        definition: { container: { privileged: true } },
      });
      // An Engine that runs in a container itself may not have the rights that it is to give.
      if (reason.includes('unable to apply caps'))
        throw new Untried('the Engine of this machine cannot start privileged containers');
      return lines.length > 0
        ? lines.map((got) => ({ what: 'privileged', got }))
        : [{ what: 'start', refused: reason }];
    },
    refusal: /\/privileged: a container never gets rights over this machine/,
  },
  {
    id: 'host-mode',
    title: 'Host network mode',
    ecs: 'On EC2 the task has the instance’s network; on Fargate it is refused.',
    from: 'own',
    modes: ['host'],
    outcomes: {
      process: open('every process has the machine’s network'),
      namespace: holds('it is refused before the task starts'),
      docker: open('as in ECS on EC2; the start says so'),
    },
    attempt: async (world, mode) => {
      const { machine } = await world.leaks('bridge');
      const script = `fetch('http://127.0.0.1:${machine.loopbackPort}/').then((answer) => answer.text()).then((text) => console.log(text));`;
      const { lines, reason } = await world.run({
        mode,
        situation: 'instance',
        command: [world.subject.node, '-e', script],
      });
      return lines.length > 0 ? [{ what: 'network', got: lines.join() }] : [{ what: 'start', refused: reason }];
    },
    refusal: /networkMode: a task never gets the network of this machine/,
    proof: ({ service }) => [service],
  },
];
