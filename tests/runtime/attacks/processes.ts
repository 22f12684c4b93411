import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Attack, holds, none, open } from './attack.ts';

export const processes: readonly Attack[] = [
  {
    id: 'environments',
    title: 'The environments of all processes that can be seen: the neighbour’s secrets, the server’s keys',
    ecs: 'Containers have process namespaces of their own.',
    from: 'ordinary',
    outcomes: {
      process: open('processes of one user can read each other’s environment, and with it secrets that ECS put there'),
      namespace: holds('there are no processes but the container’s own'),
      docker: holds('there are no processes but the container’s own'),
    },
    program: async (box) => {
      const found = [];
      for (const name of box.fs.readdirSync('/proc')) {
        if (!/^\d+$/.test(name)) continue;
        try {
          found.push(
            box.fs.readFileSync(`/proc/${name}/environ`, 'utf8'),
            box.fs.readFileSync(`/proc/${name}/cmdline`, 'utf8'),
          );
        } catch {
          // Another user's.
        }
      }
      return [{ what: `${found.length / 2} processes`, seen: found.join('\n') }];
    },
    refusal: /^$/,
    proof: ({ neighbourSecret, developer }) => [neighbourSecret, developer],
    check: ({ subject }, _mode, [attempt]) => {
      const number = Number(attempt?.what.split(' ')[0]);
      expect(number).toBeGreaterThan(0);
      if (subject.name === 'namespace') expect(number).toBe(1);
      if (subject.name === 'docker') expect(number).toBeLessThan(4);
    },
  },
  {
    id: 'signals',
    title: 'Signals to the server and to the neighbour',
    ecs: 'Containers have process namespaces of their own.',
    from: 'ordinary',
    outcomes: {
      process: open('a process can end the other processes of its user'),
      namespace: holds('numbers of other processes are worth nothing'),
      docker: holds('numbers of other processes are worth nothing'),
    },
    program: async (box, { server, neighbour }) => {
      const tries = [];
      // Signal 0 asks whether one might.
      for (const [what, pid] of [
        ['server', server.pid],
        ['neighbour', neighbour.pid],
      ] as const) {
        tries.push(await box.try(what, () => process.kill(pid, 0)));
      }
      return tries;
    },
    refusal: /^(ESRCH|EPERM)$/,
  },
  {
    id: 'server-process',
    title: 'The server’s own process: its open files, its memory, its working directory',
    ecs: 'The agent runs beside the tasks on EC2, in a container of its own.',
    from: 'ordinary',
    outcomes: {
      process: open('the server runs as the same user'),
      namespace: holds('there are no processes but the container’s own'),
      docker: holds('there are no processes but the container’s own'),
    },
    needs: ({ subject }) =>
      subject.name === 'process' && process.platform !== 'linux' ? 'there is no /proc' : undefined,
    program: async (box, { server }) => {
      const at = `/proc/${server.pid}`;
      return [
        await box.try('files', () =>
          box.fs
            .readdirSync(`${at}/fd`)
            .map((fd) => {
              try {
                return box.fs.readlinkSync(`${at}/fd/${fd}`);
              } catch {
                return '';
              }
            })
            .join('\n'),
        ),
        await box.try('root', () => box.fs.readdirSync(`${at}/root/`).join()),
        await box.try('memory', () => box.fs.openSync(`${at}/mem`, 'r')),
        await box.try('directory', () => box.fs.readdirSync(`${at}/cwd/`).join()),
      ];
    },
    refusal: /^(ENOENT|EACCES|EPERM)$/,
  },
  {
    id: 'inherited-descriptors',
    title: 'Open descriptors that a container’s program inherits: listening sockets, files of the server',
    ecs: 'The runtime closes what is not the container’s.',
    from: 'ordinary',
    outcomes: {
      process: holds('the program begins with standard input, output and error alone'),
      namespace: holds('the program begins with standard input, output and error alone'),
      docker: holds('the program begins with standard input, output and error alone'),
    },
    program: async (box) => {
      const own = box.fs.readdirSync('/proc/self/fd').filter((fd) => Number(fd) > 2);
      const found = [];
      for (const fd of own) {
        let target = '';
        try {
          target = box.fs.readlinkSync(`/proc/self/fd/${fd}`);
        } catch {
          continue;
        }
        // What Node opens for itself.
        if (
          /^(anon_inode:\[(eventpoll|eventfd|io_uring|timerfd|signalfd)\]|pipe:\[\d+\]|\/dev\/(null|urandom|random))$/.test(
            target,
          )
        )
          continue;
        if (target.startsWith('/proc/')) continue;
        found.push(`${fd} ${target}`);
      }
      // The answers of the endpoint come over connections that are closed by now, or are this program's own.
      const sockets = found.filter((line) => line.includes('socket:'));
      const connections = box.fs.readFileSync('/proc/self/net/tcp', 'utf8');
      const listening = sockets.filter((line) => {
        const inode = /\d+/.exec(line.slice(line.indexOf('['))) ?? [''];
        return connections
          .split('\n')
          .some((row) => row.includes(` ${inode[0]} `) && row.trim().split(/\s+/)[3] === '0A');
      });
      const got = [...found.filter((line) => !line.includes('socket:')), ...listening];
      const standard = [0, 1, 2]
        .map((fd) => box.fs.readlinkSync(`/proc/self/fd/${fd}`))
        .filter((target) => target.startsWith('socket:'));
      return got.length + standard.length === 0
        ? [{ what: 'descriptors', refused: 'none' }]
        : [{ what: 'descriptors', got: [...got, ...standard].join() }];
    },
    refusal: /^none$/,
    needs: ({ subject }) =>
      subject.name === 'process' && process.platform !== 'linux' ? 'there is no /proc' : undefined,
  },
  {
    id: 'server-environment',
    title: 'Variables of the server’s own environment in a container’s',
    ecs: 'A container has what its image, its definition and the agent give it.',
    from: 'ordinary',
    outcomes: {
      process: holds('PATH, HOME, the language and the time zone pass, nothing else'),
      namespace: holds('the language and the time zone pass, nothing else'),
      docker: holds('nothing passes'),
    },
    program: async (box) => [{ what: 'environment', seen: JSON.stringify(box.env) }],
    refusal: /^$/,
    proof: ({ developer }) => [developer],
  },
  {
    id: 'argument-lists',
    title: 'Secrets of a task in argument lists on this machine, which every user can read',
    ecs: 'Who is on the instance sees its processes; the agent hands environments over by the Engine’s API.',
    from: 'own',
    modes: ['awsvpc', 'bridge'],
    outcomes: {
      process: holds('environments are handed over as such'),
      namespace: holds('environments are handed over as such, also to the sandbox'),
      docker: holds('environments are handed over by the Engine’s API'),
    },
    attempt: async (world, mode) => {
      const neighbour = await world.neighbour(mode);
      const lines = readdirSync('/proc').flatMap((name) => {
        try {
          return /^\d+$/.test(name) ? [readFileSync(join('/proc', name, 'cmdline'), 'utf8').replaceAll('\0', ' ')] : [];
        } catch {
          return [];
        }
      });
      const secrets = await world.secrets();
      const text = lines.join('\n');
      const told = [neighbour.token, neighbour.credentialsId].filter((each) => each !== '' && text.includes(each));
      return [
        { what: `${lines.length} argument lists`, seen: text },
        ...told.map((got) => ({ what: 'id or token', got: `${got} ${secrets.neighbourSecret}` })),
      ];
    },
    needs: () => (process.platform === 'linux' ? undefined : 'there is no /proc'),
    refusal: /^$/,
    proof: ({ neighbourSecret, neighbourCredentials }) => [neighbourSecret, ...neighbourCredentials],
    // The neighbour’s own is among them.
    check: (_world, _mode, [attempt]) => expect(attempt?.seen).toContain('globalThis.kept'),
  },
  {
    id: 'loader-variables',
    title: 'A loader variable (LD_PRELOAD) that takes effect outside of the container',
    ecs: 'The variables of a definition are the container’s program’s alone.',
    from: 'own',
    outcomes: {
      process: holds('it is the program’s alone, not the server’s'),
      namespace: holds('the programs that build the sandbox run without the container’s environment'),
      docker: holds('the Engine gives it to the container’s program alone'),
    },
    attempt: async (world, mode) => {
      const hook = join(world.directory, 'hook.so');
      const { errors, task, reason } = await world.run({
        mode,
        situation: 'instance',
        command: ['/bin/sh', '-c', 'exit 7'],
        environment: { LD_PRELOAD: hook, LD_AUDIT: hook },
      });
      // Inside the loader may say that it is not there; outside nobody has looked for it.
      const code = task.containers?.[0]?.exitCode;
      if (code !== 7) return [{ what: 'start', got: `the program did not run: ${code} ${errors.join()} ${reason}` }];
      return [
        world.said.includes('hook.so')
          ? { what: 'server', got: world.said }
          : { what: 'server', refused: 'not looked for' },
      ];
    },
    refusal: /^not looked for$/,
  },
  {
    id: 'processes-of-the-machine',
    title: 'pidMode: host',
    ecs: 'On EC2 the task sees all processes of the instance; on Fargate it is not to be had.',
    from: 'own',
    outcomes: {
      process: none('processes see each other whatever is asked'),
      namespace: holds('it is refused at the start'),
      docker: open(
        'as in ECS on EC2: it sees the processes of its neighbours and reads their environments; the start says so',
      ),
    },
    attempt: async (world, mode) => {
      await world.neighbour(mode);
      const script = `const fs = require('node:fs'); const all = fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name));
        const seen = all.map((pid) => { try { return fs.readFileSync('/proc/' + pid + '/environ', 'utf8'); } catch { return ''; } }).join();
        console.log([...seen.matchAll(/DATABASE_PASSWORD=([^\\0]*)/g)].map((found) => found[1]).join() || 'nothing of ' + all.length);`;
      const { lines, reason } = await world.run({
        mode,
        situation: 'instance',
        command: [world.subject.node, '-e', script],
        definition: { pidMode: 'host' },
      });
      return lines.length > 0 ? [{ what: 'environments', got: lines.join() }] : [{ what: 'start', refused: reason }];
    },
    refusal: /pidMode: a task never sees the processes of this machine/,
    proof: ({ neighbourSecret }) => [neighbourSecret],
  },
];
