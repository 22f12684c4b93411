import { expect } from 'vitest';
import { type Attack, holds, none, open } from './attack.ts';

const CLOSED = /^(ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|EADDRNOTAVAIL|EINVAL|ENOENT|itself)$/;

export const network: readonly Attack[] = [
  {
    id: 'machine-loopback',
    title: 'Services that listen on this machine’s loopback addresses alone',
    ecs: 'The same: a task in awsvpc or bridge mode has a loopback interface of its own, one in host mode has the instance’s.',
    from: 'ordinary',
    outcomes: {
      process: open('the process has the network of the machine'),
      namespace: holds('the task’s network is its own, and no way leads out'),
      docker: {
        awsvpc: holds('the task’s loopback interface is its own'),
        bridge: holds('the container’s loopback interface is its own'),
        host: open('a task in host mode has the network of the machine'),
      },
    },
    program: async (box, { machine, server, neighbour }) => {
      const gateway = neighbour.address.replace(/\.\d+$/, '.1');
      const tries = [];
      for (const host of ['127.0.0.1', '127.0.0.2', '::1', gateway, ...machine.addresses]) {
        tries.push(await box.reach(`service at ${host}`, { host, port: machine.loopbackPort }));
      }
      for (const host of [gateway, ...machine.addresses])
        tries.push(await box.reach(`server at ${host}`, { host, port: server.port }));
      return tries;
    },
    refusal: CLOSED,
    proof: ({ service }) => [service],
  },
  {
    id: 'every-loopback-port',
    title: 'Whatever listens on any port of the loopback interface that the task has',
    ecs: 'A task finds the agent’s endpoint alone. Here it finds the server as well, at the address of AWS_ENDPOINT_URL.',
    from: 'ordinary',
    outcomes: {
      process: open('the process has the network of the machine: whatever listens there is found'),
      namespace: holds('the server alone is found, and it answers AWS requests alone'),
      docker: {
        awsvpc: holds('the server alone is found, and it answers AWS requests alone'),
        bridge: holds('the server alone is found, and it answers AWS requests alone'),
        host: open('a task in host mode has the network of the machine'),
      },
    },
    program: async (box, { machine, scan }) => {
      const own = Number(new URL(box.env.AWS_ENDPOINT_URL ?? '').port);
      // The kernel tells what listens in this network, whatever the address; the first thousand are tried all the same.
      const listening = ['tcp', 'tcp6']
        .flatMap((table) => box.fs.readFileSync(`/proc/net/${table}`, 'utf8').split('\n'))
        .map((line) => line.trim().split(/\s+/))
        .filter((fields) => fields[3] === '0A')
        .map((fields) => Number.parseInt(fields[1]?.split(':').at(-1) ?? '', 16));
      const first = Array.from({ length: 1024 }, (_, index) => index + 1);
      // Where the network is the machine's, its other services are left alone.
      const ports = [...new Set(scan ? [...listening, ...first] : [machine.loopbackPort, own])];
      const net = process.getBuiltinModule('node:net') as typeof import('node:net');
      const open: number[] = [];
      let found = false;
      let last = 'ECONNREFUSED';
      const probe = (port: number) =>
        new Promise<void>((resolve) => {
          const socket = net.connect({ host: '127.0.0.1', port }, () => {
            if (port === own) found = true;
            else if (socket.localPort !== port) open.push(port);
            socket.destroy();
            resolve();
          });
          socket.on('error', (error: NodeJS.ErrnoException) => {
            last = error.code ?? error.message;
            resolve();
          });
        });
      let next = 0;
      const worker = async () => {
        while (next < ports.length) await probe(ports[next++] as number);
      };
      await Promise.all(Array.from({ length: 100 }, worker));
      if (!found) throw new Error('the server was not found either');
      return open.length === 0
        ? [{ what: `${ports.length} ports`, refused: last }]
        : [{ what: 'ports', got: open.join() }];
    },
    refusal: /^ECONNREFUSED$/,
  },
  {
    id: 'machine-addresses',
    title: 'Services of this machine that listen on all of its addresses',
    ecs: 'On EC2 containers in bridge mode reach them; in awsvpc mode the instance’s security group decides; on Fargate there is no such machine.',
    from: 'ordinary',
    outcomes: {
      process: open('the process has the network of the machine'),
      namespace: holds('no way leads out of the task’s network'),
      docker: open(
        'the tasks’ network has a way out, and the machine is at its other end, as in ECS on EC2: let services listen on loopback',
      ),
    },
    program: async (box, { machine, neighbour }) => {
      const tries = [];
      const gateway = neighbour.address.replace(/\.\d+$/, '.1');
      for (const host of new Set([gateway, ...machine.addresses.filter((address) => !address.includes(':'))])) {
        tries.push(await box.reach(host, { host, port: machine.anyPort }));
      }
      return tries;
    },
    refusal: CLOSED,
    proof: ({ service }) => [service],
  },
  {
    id: 'neighbour-application',
    title: 'The port on which the neighbour’s application serves',
    ecs: 'In bridge mode containers of an instance reach each other; in awsvpc mode, and on Fargate, security groups decide, and are not there by default for others.',
    from: 'ordinary',
    outcomes: {
      process: open('the network is the machine’s: every process reaches it'),
      namespace: holds(
        'the neighbour’s network is its own; ports that a task publishes are on this machine’s loopback interface',
      ),
      docker: open('all tasks are on one bridge, as in bridge mode of ECS; there are no security groups'),
    },
    program: async (box, { neighbour }) => [
      await box.reach('application', { host: neighbour.address, port: neighbour.port }),
    ],
    refusal: CLOSED,
    proof: () => ['the application of the neighbour'],
  },
  {
    id: 'outside',
    title: 'A host beyond this machine',
    ecs: 'Tasks have the network of their subnet or instance.',
    from: 'ordinary',
    outcomes: {
      process: open('the process has the network of the machine'),
      namespace: holds('a task has no way out: its endpoints and Rolecall alone answer'),
      docker: open('the tasks’ network has a way out, as in ECS'),
    },
    needs: ({ outside, subject }) =>
      outside === undefined && subject.name !== 'namespace'
        ? 'a network beyond this machine can be made by root alone'
        : undefined,
    program: async (box, { machine, runtime }) => {
      const hosts = machine.outside === '' ? [] : [machine.outside];
      // Where there is no way at all, nobody need be there: TEST-NET-1, and a private network.
      if (runtime === 'namespace') hosts.push('192.0.2.1', '10.0.0.1');
      const tries = [];
      for (const host of hosts) tries.push(await box.reach(host, { host, port: 80 }));
      return tries;
    },
    refusal: CLOSED,
    proof: ({ service }) => [service],
  },
  {
    id: 'through-the-endpoint',
    title: 'What else is where the task’s endpoint is, and whatever could be reached from there, with NET_ADMIN',
    ecs: 'On EC2 the address leads to the instance itself, whose other addresses and services a container with NET_ADMIN reaches that way.',
    from: 'strong',
    modes: ['awsvpc', 'bridge'],
    outcomes: {
      process: none('capabilities are refused before the task starts'),
      namespace: holds('the endpoint is in a network where nothing else is, and no route can be set'),
      docker: holds('the endpoint is in a network where nothing else is, and whose only way leads back to the task'),
    },
    program: async (box, { machine, neighbour }) => {
      const endpoint = '169.254.170.2';
      const ports = Array.from({ length: 1024 }, (_, index) => index + 1).filter((port) => port !== 80);
      const tries = await Promise.all(ports.map((port) => box.reach(`port ${port}`, { host: endpoint, port }, 1500)));
      const gateway = neighbour.address.replace(/\.\d+$/, '.1');
      const hosts = [gateway, neighbour.address, ...machine.addresses.filter((address) => !address.includes(':'))];
      if (machine.outside !== '') hosts.push(machine.outside);
      for (const host of new Set(hosts.filter((each) => !each.startsWith('127.')))) {
        const turned = box.sh(`route ${host}`, `ip route add ${host}/32 via ${endpoint} dev aws onlink`);
        if (turned.refused !== undefined) {
          tries.push(turned);
          continue;
        }
        for (const port of [machine.anyPort, neighbour.port]) tries.push(await box.reach(host, { host, port }, 1500));
        box.sh('back', `ip route del ${host}/32 via ${endpoint} dev aws`);
      }
      return tries;
    },
    refusal: /^(exit \d+: |timeout|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH)/,
    check: (world, _mode, attempts) => {
      if (world.subject.name !== 'docker') return;
      // The routes were set.
      expect(attempts.filter(({ refused }) => refused?.startsWith('exit'))).toEqual([]);
      expect(attempts.filter(({ what }) => !what.startsWith('port')).length).toBeGreaterThan(0);
    },
  },
  {
    id: 'socket-files',
    title: 'Unix sockets of this machine: a service’s, and the Docker Engine’s',
    ecs: 'A container sees no socket file that it is not given.',
    from: 'ordinary',
    outcomes: {
      process: open(
        'the process sees the files of the machine; the Engine’s socket is open to whom your user’s groups allow',
      ),
      namespace: holds('the files of the machine are not there'),
      docker: holds('the files of the machine are not there'),
    },
    program: async (box, { machine, runtime }) => {
      const tries = [await box.reach('service', { path: machine.socketFile })];
      // What the Engine of a developer's machine answers a process of the developer's is no news.
      if (runtime !== 'process')
        for (const path of [machine.engineSocket, '/var/run/docker.sock', '/run/docker.sock'])
          tries.push(await box.reach(path, { path }));
      return tries;
    },
    refusal: /^(ENOENT|EACCES)$/,
    proof: ({ service }) => [service],
  },
  {
    id: 'abstract-sockets',
    title: 'Abstract Unix sockets of this machine',
    ecs: 'They belong to the network namespace: out of reach but in host mode.',
    from: 'ordinary',
    outcomes: {
      process: open('the process has the network namespace of the machine'),
      namespace: holds('the task’s network namespace is its own'),
      docker: {
        awsvpc: holds('the task’s network namespace is its own'),
        bridge: holds('the container’s network namespace is its own'),
        host: open('a task in host mode has the network namespace of the machine'),
      },
    },
    program: async (box, { machine }) => [await box.reach('service', { path: `\0${machine.abstractSocket}` })],
    refusal: /^ECONNREFUSED$/,
    proof: ({ service }) => [service],
  },
  {
    id: 'network-settings',
    title: 'The task’s own addresses, interfaces and routes changed without NET_ADMIN',
    ecs: 'The same.',
    from: 'ordinary',
    outcomes: {
      process: none('the network is the machine’s, and what your user may change there the process may'),
      namespace: holds('the network belongs to an outer user namespace'),
      docker: holds('a container has no NET_ADMIN unless its definition asks for it'),
    },
    program: async (box) => [
      box.sh('address', 'ip address add 198.51.100.77/32 dev lo'),
      box.sh('link', 'ip link set lo down'),
      box.sh('route', 'ip route add 198.51.100.0/24 dev lo'),
      box.sh('interface', 'ip link add dummy0 type dummy'),
      await box.try('forwarding', () => box.fs.writeFileSync('/proc/sys/net/ipv4/ip_forward', '1')),
    ],
    refusal: /^(exit \d+: |EROFS|EACCES|EPERM|ENOENT)/,
  },
  {
    id: 'host-mode-net-admin',
    title: 'This machine’s network changed, by a task in host mode with NET_ADMIN',
    ecs: 'The same: host mode with NET_ADMIN is the instance’s network.',
    from: 'strong',
    modes: ['host'],
    outcomes: {
      process: none('capabilities are refused before the task starts'),
      namespace: none('a task in host mode is refused at its start'),
      docker: open('it is what the definition asks for; the start says that the network is shared'),
    },
    program: async (box) => {
      const added = box.sh('address', 'ip address add 198.51.100.254/32 dev lo');
      box.sh('back', 'ip address del 198.51.100.254/32 dev lo');
      return [added];
    },
    refusal: /^exit /,
  },
];
