import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AGENT_ADDRESS, type Beside, bindBeside, isTask } from './beside.ts';
import { TOOL_ENVIRONMENT } from './tool-environment.ts';

const USER = ['--user', '--map-root-user', '--net'];
const PROBE = ['unshare', ...USER, 'sh', '-c', 'ip link add name one type veth peer name two'] as const;
const [program, ...args] = PROBE;
const unavailable = spawnSync(program, args, { env: TOOL_ENVIRONMENT }).status !== 0;
const perl = ['/usr/bin/perl', '/bin/perl'].find((path) => spawnSync(path, ['-e', '1']).status === 0);
const AGENT = { host: AGENT_ADDRESS, port: 80 };
const SERVER = { host: '127.0.0.1', port: 4566 };

describe.skipIf(unavailable)('bindBeside', () => {
  let holder: ChildProcess;
  let enter: readonly string[];
  const open: (Server | { close(): void })[] = [];

  beforeEach(async () => {
    holder = spawn('unshare', [...USER, 'sh', '-c', 'echo; exec sleep 1000'], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(holder.stdout as NonNullable<ChildProcess['stdout']>, 'data');
    enter = ['nsenter', '--target', String(holder.pid), '--user', '--net', '--preserve-credentials', '--'];
  });
  afterEach(async () => {
    for (const each of open.splice(0)) each.close();
    holder.kill('SIGKILL');
    await once(holder, 'close');
  });

  const inside = (...command: readonly string[]) => {
    const [first = '', ...rest] = [...enter, ...command];
    return execFileSync(first, rest, { encoding: 'utf8', env: TOOL_ENVIRONMENT });
  };
  const bind = async (by: string | false, also?: Parameters<typeof bindBeside>[0]['also']): Promise<Beside> => {
    const made = await bindBeside({ enter, listeners: [AGENT], own: [SERVER], network: [], also }, by);
    open.push(...made.listeners, ...made.own, { close: made.close });
    return made;
  };
  /** Where a connection from inside of the task arrives, and from what address. */
  const arrival = async (to: { host: string; port: number }, servers: readonly Server[]) => {
    const connect = `require('node:net').connect(${to.port}, '${to.host}').on('data', () => process.exit())`;
    const [command = '', ...rest] = enter;
    const client = spawn(command, [...rest, process.execPath, '-e', connect], { stdio: 'ignore' });
    const stop = new AbortController();
    const arrived = Promise.race(
      servers.map((server, index) =>
        once(server, 'connection', { signal: stop.signal }).then(([socket]) => {
          const { remoteAddress } = socket;
          socket.end('hello');
          return [index, isTask(remoteAddress), remoteAddress];
        }),
      ),
    );
    const answer = await arrived;
    stop.abort();
    await once(client, 'close');
    return answer;
  };

  const ways = [['without Perl', false] as const, ...(perl === undefined ? [] : [['with Perl', perl] as const])];
  it.each(ways)('%s: sockets in the task and beside it, and every port beside it free in the task', async (_, by) => {
    const { own, listeners } = await bind(by);
    const all = [...own, ...listeners];
    expect(await arrival(SERVER, all)).toEqual([0, false, '127.0.0.1']);
    expect(await arrival(AGENT, all)).toEqual([1, true, '169.254.172.2']);
    const listen = `require('node:net').createServer().listen(80, '0.0.0.0', () => { console.log('free'); process.exit(); })`;
    expect(inside(process.execPath, '-e', listen)).toBe('free\n');
  });

  it.each(ways)(
    '%s: takes the place of what an agent has left, and nothing stays when all is closed',
    async (_, by) => {
      const before = await bind(by);
      for (const each of before.own) each.close();
      // Port 4566: whoever has handed it over has it a moment longer.
      await expect.poll(() => inside('cat', '/proc/net/tcp')).not.toContain(':11D6');
      const { listeners } = await bind(by);
      expect(await arrival(AGENT, listeners)).toEqual([0, true, '169.254.172.2']);
      for (const each of open.splice(0)) each.close();
      await expect.poll(() => inside('ip', '-o', 'link')).not.toContain('aws');
    },
  );

  it.each(ways)('%s: says what is in the way, and leaves nothing', async (_, by) => {
    await bind(by);
    await expect(bindBeside({ enter, listeners: [AGENT], own: [SERVER], network: [], also: undefined }, by))
      .rejects //
      .toThrow(/address already in use/i);
    for (const each of open.splice(0)) each.close();
    await expect.poll(() => inside('ip', '-o', 'link')).not.toContain('aws');
    const wrong = { enter, listeners: [AGENT], own: [], network: ['route add nowhere'], also: undefined };
    await expect(bindBeside(wrong, by)).rejects.toThrow(/nowhere/);
    await expect.poll(() => inside('ip', '-o', 'link')).not.toContain('aws');
  });

  it.each(ways)('%s: settings of the task’s network are made before anything listens', async (_, by) => {
    const file = 'ipv4/ip_local_port_range';
    const settings = new Map([[file, '20000 30000']]);
    const request = { enter, listeners: [AGENT], own: [SERVER], network: [], also: undefined };
    const { own, listeners } = await bindBeside({ ...request, settings }, by);
    open.push(...own, ...listeners);
    expect(inside('cat', `/proc/sys/net/${file}`)).toBe('20000\t30000\n');
    const wrong = new Map([['ipv4/no_such_setting', '1']]);
    await expect(bindBeside({ ...request, settings: wrong }, by)).rejects.toThrow(/no_such_setting/);
  });

  it('who else answers there has sockets of its own', async () => {
    let closed = false;
    const other = { host: '169.254.169.253', port: 80 };
    const answered: Server[] = [];
    const also = {
      listeners: [other],
      datagrams: [],
      answer: ({ servers }: { servers: Server[] }) => {
        answered.push(...servers);
        return () => {
          for (const each of servers) each.close();
          closed = true;
        };
      },
    };
    const { listeners, close } = await bind(perl ?? false, also);
    expect(listeners.length).toBe(1);
    expect(await arrival(other, [...listeners, ...answered])).toEqual([1, true, '169.254.172.2']);
    close();
    expect(closed).toBe(true);
  });

  it('from there a way leads to the task alone', async () => {
    await bind(perl ?? false);
    inside('ip', 'address', 'add', '198.51.100.7/32', 'dev', 'aws');
    const connect = `require('node:net').connect({ port: 80, host: '${AGENT_ADDRESS}', localAddress: '198.51.100.7', timeout: 500 })
      .on('connect', () => { console.log('connected'); process.exit(); })
      .on('timeout', () => { console.log('nothing'); process.exit(); }).on('error', ({ code }) => console.log(code))`;
    expect(inside(process.execPath, '-e', connect)).toMatch(/^(nothing|EHOSTUNREACH|ENETUNREACH)\n$/);
  });
});
