import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { connect } from 'node:net';

/** What the metadata service of the machine answers that Rolecall itself runs on. */
export const MACHINE_METADATA = 'metadata of the machine itself';

const METADATA_ADDRESS = '169.254.169.254';

/**
 * A network that this machine is the way to, as a cloud's is for its virtual machines: a host in it, and the metadata
 * service of the machine. It is a network namespace at the other end of a virtual cable, and needs root.
 */
export class Outside {
  /** IPv4 address of a host that is not this machine. */
  readonly address: string;
  readonly #holder: ChildProcess;
  readonly #server: ChildProcess;
  readonly #cable: string;

  private constructor(address: string, holder: ChildProcess, server: ChildProcess, cable: string) {
    this.address = address;
    this.#holder = holder;
    this.#server = server;
    this.#cable = cable;
  }

  /** Undefined where it cannot be made, or where the machine has a metadata service already. `said`: what the host answers. */
  static async open(said: string): Promise<Outside | undefined> {
    if (process.platform !== 'linux' || process.geteuid?.() !== 0) return undefined;
    const holder = spawn('unshare', ['--net', 'sleep', '100000'], { stdio: 'ignore' });
    const number = process.pid % 60;
    // TEST-NET-2, RFC 5737: nobody has these addresses.
    const [near, far] = [`198.51.100.${number * 4 + 1}`, `198.51.100.${number * 4 + 2}`];
    const cable = `rc-out${process.pid}`;
    const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' });
    const inside = (...args: string[]) =>
      execFileSync('nsenter', [`--net=/proc/${holder.pid}/ns/net`, '--', ...args], { stdio: 'pipe' });
    try {
      await new Promise<void>((resolve, reject) => holder.once('spawn', resolve).once('error', reject));
      await unshared(holder.pid ?? 0);
      ip('link', 'add', cable, 'type', 'veth', 'peer', 'name', 'outside', 'netns', String(holder.pid));
      ip('address', 'add', `${near}/30`, 'dev', cable);
      ip('link', 'set', cable, 'up');
      for (const line of [
        ['link', 'set', 'lo', 'up'],
        ['address', 'add', `${far}/30`, 'dev', 'outside'],
        ['address', 'add', `${METADATA_ADDRESS}/32`, 'dev', 'outside'],
        ['link', 'set', 'outside', 'up'],
        ['route', 'add', 'default', 'via', near],
      ])
        inside('ip', ...line);
      // Several worlds may be there at once: any of them will do.
      ip(
        'route',
        'add',
        `${METADATA_ADDRESS}/32`,
        'via',
        far,
        'dev',
        cable,
        'metric',
        String(100 + (process.pid % 10_000)),
      );
      const serve = `require('node:http').createServer((request, response) => response.end(request.socket.localAddress.endsWith('${METADATA_ADDRESS}') ? '${MACHINE_METADATA}' : '${said}')).listen(80, '0.0.0.0', () => console.log('listening'))`;
      const server = spawn('nsenter', [`--net=/proc/${holder.pid}/ns/net`, '--', process.execPath, '-e', serve], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      await new Promise<void>((resolve, reject) => {
        server.stdout?.once('data', () => resolve());
        server.once('exit', () => reject(new Error('the host outside has ended')));
      });
      const outside = new Outside(far, holder, server, cable);
      if ((await answers(far)) && (await answers(METADATA_ADDRESS))) return outside;
      await outside.close();
      return undefined;
    } catch {
      execQuietly('ip', ['link', 'delete', cable]);
      holder.kill('SIGKILL');
      return undefined;
    }
  }

  async close(): Promise<void> {
    this.#server.kill('SIGKILL');
    // The cable goes with its end.
    execQuietly('ip', ['link', 'delete', this.#cable]);
    this.#holder.kill('SIGKILL');
  }
}

/** Waits until the process has a network of its own. */
async function unshared(pid: number): Promise<void> {
  const own = execFileSync('readlink', ['/proc/self/ns/net'], { encoding: 'utf8' });
  for (let turn = 0; turn < 200; turn++) {
    const its = execFileSync('readlink', [`/proc/${pid}/ns/net`], { encoding: 'utf8' });
    if (its !== own) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('no network namespace');
}

function answers(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: 80, timeout: 2000 }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('timeout', () => socket.destroy(new Error('timeout')));
    socket.once('error', () => resolve(false));
  });
}

function execQuietly(program: string, args: readonly string[]): void {
  try {
    execFileSync(program, [...args], { stdio: 'ignore' });
  } catch {
    // It is gone already.
  }
}
