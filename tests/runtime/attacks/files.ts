import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type Attack, type Attempt, holds, none, open } from './attack.ts';
import type { World } from './world.ts';

/** A task on EC2 that is given a directory of this machine; what it prints is got. */
async function withVolume(world: World, what: string, sourcePath: string, script: string): Promise<Attempt> {
  const { task, lines, errors, reason } = await world.run({
    mode: 'bridge',
    situation: 'instance',
    command: ['/bin/sh', '-c', script],
    definition: {
      volumes: [{ name: 'given', host: { sourcePath } }],
      container: { mountPoints: [{ sourceVolume: 'given', containerPath: '/given' }] },
    },
  });
  if (task.containers?.[0]?.exitCode === 0) return { what, got: lines.join('\n') };
  return {
    what,
    refused: [reason, ...errors].join('\n'),
  };
}

export const files: readonly Attack[] = [
  {
    id: 'data-directory',
    title: 'The data directory: the server’s database, the tasks’ output, the registry’s layers',
    ecs: 'The agent’s state is in a directory of the instance that containers are not given.',
    from: 'ordinary',
    outcomes: {
      process: open('the directory is closed to other users, and the process is of the same one'),
      namespace: holds('the directory is not there, not even by its name'),
      docker: holds('the directory is not there'),
    },
    program: async (box, { server }) => [
      await box.try('list', () => box.fs.readdirSync(server.data).join()),
      await box.try('database', () => box.fs.readFileSync(`${server.data}/rolecall.db`).length),
      await box.try('file', () => box.fs.readFileSync(`${server.data}/secret`, 'utf8')),
      await box.try('output', () => box.fs.readdirSync(`${server.data}/tasks`).join()),
      await box.try('registry', () => box.fs.readdirSync(`${server.data}/registry`).join()),
      await box.try('images', () => box.fs.readdirSync(`${server.data}/images`).join()),
      await box.try('write', () => box.fs.writeFileSync(`${server.data}/secret-of-the-thief`, 'x')),
    ],
    refusal: /^(ENOENT|EACCES)$/,
    check: ({ data, subject }) => {
      if (subject.name !== 'process' && existsSync(join(data, 'secret-of-the-thief')))
        throw new Error('the data directory was written to');
    },
  },
  {
    id: 'developer-files',
    title: 'The AWS credentials file of the user who started the server',
    ecs: 'There is no such user on an instance.',
    from: 'ordinary',
    outcomes: {
      process: open('the process can read what its user can; SDKs in it are pointed elsewhere'),
      namespace: holds('home directories are not shown'),
      docker: holds('the files of the machine are not there'),
    },
    program: async (box, { server }) => [
      await box.try('credentials', () => box.fs.readFileSync(`${server.home}/.aws/credentials`, 'utf8')),
      await box.try('by name', () => box.fs.readFileSync(`${box.os.homedir()}/.aws/credentials`, 'utf8')),
    ],
    refusal: /^(ENOENT|EACCES)$/,
    proof: ({ developer }) => [developer],
  },
  {
    id: 'machine-files',
    title: 'Files of this machine: temporary files, passwords, keys, settings',
    ecs: 'A container sees its image and its volumes.',
    from: 'ordinary',
    outcomes: {
      process: open('the process sees the files of the machine with the rights of its user'),
      namespace: holds(
        'programs, their libraries and public settings are shown, read-only; everything else is not there',
      ),
      docker: holds('the container has the files of its image'),
    },
    program: async (box, { machine, runtime }) => {
      const tries = [await box.try('file', () => box.fs.readFileSync(`${machine.directory}/secret`, 'utf8'))];
      if (runtime === 'process') return tries;
      for (const path of [
        '/etc/shadow',
        '/etc/ssh/ssh_host_rsa_key',
        '/etc/gshadow',
        '/etc/sudoers',
        '/etc/machine-id',
        '/var/log/syslog',
        '/var/lib/docker',
        '/run/systemd',
        '/var/run/secrets',
      ])
        tries.push(
          await box.try(path, () =>
            box.fs.statSync(path).isDirectory() ? box.fs.readdirSync(path) : box.fs.readFileSync(path, 'utf8'),
          ),
        );
      const name = machine.directory.split('/').at(-2) ?? '';
      for (const path of ['/tmp', '/var/tmp', '/root', '/home', '/mnt', '/media', '/srv', '/sys'])
        tries.push(
          await box.try(path, () => {
            if (!box.fs.readdirSync(path).includes(name)) throw new Error('not there');
          }),
        );
      return tries;
    },
    refusal: /^(ENOENT|EACCES|not there)$/,
  },
  {
    id: 'write-to-machine',
    title: 'Files of this machine written: programs, settings, other users’ directories',
    ecs: 'A container writes into its own layer and its volumes.',
    from: 'ordinary',
    outcomes: {
      process: open('the process writes wherever its user may'),
      namespace: holds('what is shown of the machine is read-only, and what can be written is the container’s own'),
      docker: holds('what can be written is the container’s own'),
    },
    program: async (box, { machine, runtime, mode }) => {
      const tries = [
        await box.try('directory', () => box.fs.writeFileSync(`${machine.directory}/planted-${runtime}-${mode}`, 'x')),
      ];
      if (runtime === 'process') return tries;
      // In Docker they are the container's own: what counts is whether they turn up on the machine.
      for (const path of [
        '/usr/bin/planted',
        '/bin/planted',
        '/usr/lib/planted',
        '/etc/ssl/certs/planted',
        '/etc/planted',
        '/tmp/planted',
        '/root/planted',
      ])
        await box.try(path, () => box.fs.writeFileSync(`${path}-by-rolecall-attacks`, 'x'));
      return tries;
    },
    refusal: /^(ENOENT|EROFS|EACCES)$/,
    check: ({ subject, directory }, mode, attempts) => {
      const file = join(directory, `planted-${subject.name}-${mode}`);
      if (subject.name === 'process') {
        // It is there indeed.
        if (attempts[0]?.got !== undefined) readFileSync(file);
        return;
      }
      const there = ['/usr/bin', '/bin', '/usr/lib', '/etc/ssl/certs', '/etc', '/tmp', '/root'].map((path) =>
        join(path, 'planted-by-rolecall-attacks'),
      );
      for (const path of [file, ...there]) {
        if (!existsSync(path)) continue;
        rmSync(path, { force: true });
        throw new Error(`${path} was written`);
      }
    },
  },
  {
    id: 'neighbour-files',
    title: 'Files that the neighbour wrote: in /tmp, and its output',
    ecs: 'Containers have file systems of their own.',
    from: 'ordinary',
    outcomes: {
      process: open('/tmp is the machine’s, and the output of all tasks belongs to the same user'),
      namespace: holds('every container has its own /tmp; output is not shown to any'),
      docker: holds('every container has its own file system; output is the Engine’s'),
    },
    program: async (box, { neighbour, server }) => [
      await box.try('file', () => box.fs.readFileSync(neighbour.file, 'utf8')),
      await box.try('output', () =>
        box.fs.readFileSync(`${server.data}/tasks/${neighbour.taskArn.split('/').at(-1)}/app.stdout`, 'utf8'),
      ),
    ],
    refusal: /^(ENOENT|EACCES)$/,
    proof: ({ neighbourFile }) => [neighbourFile],
  },
  {
    id: 'data-directory-as-volume',
    title: 'The data directory as a volume of the host: itself, one below it, one above it, by way of a symbolic link',
    ecs: 'On EC2 a task definition may name any path of the instance, the agent’s state included.',
    from: 'own',
    outcomes: {
      process: none('mount points are refused: a process sees the files of the machine anyhow'),
      namespace: holds('the directory and what is below is refused; in one above it is hidden'),
      docker: holds('the directory, what is below and what is above is refused'),
    },
    attempt: async (world) => {
      const links = join(world.directory, 'links');
      rmSync(links, { recursive: true, force: true });
      mkdirSync(links);
      symlinkSync(world.data, join(links, 'data'));
      symlinkSync(world.root, join(links, 'above'));
      const read = (path: string) => `cat ${path} 2>&1 || exit 3`;
      const name = basename(world.root);
      const tries = [
        await withVolume(world, 'itself', world.data, read('/given/secret')),
        await withVolume(world, 'below', join(world.data, 'tasks'), 'ls /given'),
        await withVolume(world, 'one that is not there yet', join(world.data, 'tasks', 'new', 'er'), 'ls /given'),
        await withVolume(world, 'above', world.root, read('/given/data/secret')),
        await withVolume(world, 'far above', tmpdir(), read(`/given/${name}/data/secret`)),
        await withVolume(world, 'the root', '/', read(`/given${world.data}/secret`)),
        await withVolume(world, 'by a link', join(links, 'data'), read('/given/secret')),
        await withVolume(world, 'below, by a link', join(links, 'data', 'tasks'), 'ls /given'),
        await withVolume(world, 'not there yet, by a link', join(links, 'data', 'made'), 'touch /given/x'),
        await withVolume(world, 'above, by a link', join(links, 'above'), read('/given/data/secret')),
        await withVolume(world, 'dots', `${world.directory}/../data`, read('/given/secret')),
      ];
      rmSync(links, { recursive: true });
      return tries;
    },
    refusal:
      /belongs to Rolecall itself|holds Rolecall's own data|No such file|Permission denied|is not an absolute path|EssentialContainerExited|Essential container in task exited/,
    check: ({ data }) => {
      for (const made of [join(data, 'made'), join(data, 'tasks', 'new')]) {
        if (existsSync(made)) throw new Error(`${made} was made`);
      }
    },
  },
  {
    id: 'engine-socket-as-volume',
    title: 'The Docker Engine’s socket as a volume of the host',
    ecs: 'On EC2 a task definition may name it, and has the instance then.',
    from: 'own',
    outcomes: {
      process: none('mount points are refused'),
      namespace: holds(
        'what is at its place is neither a directory nor a file, and is refused; a directory above shows a socket that has no listener for the task’s user namespace to trust',
      ),
      docker: open('as in ECS on EC2; the start says that the walls do not hold for such a task'),
    },
    needs: ({ subject }) =>
      subject.name === 'namespace' && !existsSync('/var/run/docker.sock') ? 'there is no Engine' : undefined,
    attempt: async (world) => {
      const { engineSocket } = (await world.leaks('bridge')).machine;
      const script = `require('node:http').get({ socketPath: '/given', path: '/containers/json' }, (answer) => { let text = ''; answer.on('data', (chunk) => (text += chunk)).on('end', () => console.log(text.includes('rolecall') ? 'the containers of the neighbours' : text.slice(0, 500))); }).on('error', (error) => { console.error(error.code); process.exit(3); });`;
      return [
        await withVolume(
          world,
          'socket',
          engineSocket,
          `exec ${world.subject.node} -e "${script.replaceAll('"', '\\"')}"`,
        ),
      ];
    },
    refusal: /is neither a directory nor a file/,
    proof: () => ['the containers of the neighbours'],
  },
  {
    id: 'links-left-behind',
    title: 'Symbolic links left in a task’s directories, for the server to follow when it cleans up',
    ecs: 'The agent removes containers and volumes by the Engine.',
    from: 'own',
    outcomes: {
      process: holds('the scratch directory is removed without following links'),
      namespace: holds('layers and volumes are removed without following links'),
      docker: holds('the Engine removes layers and volumes without following links'),
    },
    attempt: async (world) => {
      const target = join(world.directory, 'precious');
      mkdirSync(target, { recursive: true });
      writeFileSync(join(target, 'file'), 'kept');
      const plant = `ln -s ${target} $0/link; ln -s ${target}/file $0/file; mkdir -p $0/deep; ln -s ${target} $0/deep/link; ls $0 >/dev/null`;
      const process = world.subject.name === 'process';
      const { task, errors, reason } = await world.run({
        mode: 'bridge',
        situation: 'instance',
        command: [
          '/bin/sh',
          '-c',
          process
            ? plant.replaceAll('$0', '.')
            : `set -- /scratch; ${plant.replaceAll('$0', '/scratch')}; ${plant.replaceAll('$0', '/tmp')}`,
        ],
        definition: process
          ? {}
          : {
              volumes: [{ name: 'scratch' }],
              container: { mountPoints: [{ sourceVolume: 'scratch', containerPath: '/scratch' }] },
            },
      });
      if (task.containers?.[0]?.exitCode !== 0)
        return [{ what: 'plant', got: `not planted: ${errors.join()} ${reason}` }];
      return [
        existsSync(join(target, 'file'))
          ? { what: 'remove', refused: 'kept' }
          : { what: 'remove', got: 'the file is gone' },
      ];
    },
    refusal: /^kept$/,
  },
];
