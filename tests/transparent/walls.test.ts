import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Transparent } from '../../src/agent/transparent/transparent.ts';
import { dockerRuntime, noDocker, openRuntime } from '../docker/subject.ts';
import { ContractBench } from '../runtime/contract.ts';

const sh = (script: string) => ['/bin/sh', '-c', script];

function transparent(directory: string, region = 'eu-west-1'): Transparent {
  const home = join(directory, 'home');
  return Transparent.open({
    home,
    durable: false,
    region,
    accept: (socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nserved'),
    now: Date.now,
  });
}

describe.skipIf(noDocker !== undefined)(
  `walls of transparent mode${noDocker === undefined ? '' : ` (skipped: ${noDocker})`}`,
  () => {
    const told = new ContractBench(dockerRuntime);
    const bench: ContractBench = new ContractBench({
      ...dockerRuntime,
      create: (_store, directory) => openRuntime(directory, { transparent: transparent(directory) }),
    });
    afterAll(async () => {
      await bench.close();
      await told.close();
    });
    /** Milliseconds, where silence is what is waited for. */
    const SHORT = { PATIENCE: '3000' };
    const HANDSHAKE = `
      import { connect } from 'node:tls';
      import { lookup } from 'node:dns/promises';
      const host = process.env.ADDRESS ?? '169.254.169.253';
      const socket = connect({ host, port: 443, servername: 'sqs.eu-west-1.amazonaws.com', timeout: Number(process.env.PATIENCE ?? 30000) }, () => { console.log('trusted'); socket.destroy(); });
      socket.once('timeout', () => { console.log('no answer'); socket.destroy(); });
      socket.once('error', (error) => console.log(error.code));
    `;

    it('a task of a server that is not transparent finds nobody at the address, and trusts nobody new', async () => {
      const task = await told.task();
      await task.endpoint();
      const { out } = await task.script(HANDSHAKE, { env: SHORT });
      expect(['EHOSTUNREACH', 'ENETUNREACH', 'ECONNREFUSED', 'EINVAL', 'no answer']).toContain(out[0]);
      const { out: given } = await task.run(
        sh('ls -d /etc/rolecall; env | grep -c -e CERT -e CA_BUNDLE; cat /etc/resolv.conf'),
        {
          name: 'other',
        },
      );
      expect(given[0]).toBe('0');
      expect(given.join(' ')).not.toContain('169.254.169.253');
    });

    it('a task of another transparent server does not trust this one', async () => {
      const other = new ContractBench({
        ...dockerRuntime,
        create: (_store, directory) => openRuntime(directory, { transparent: transparent(directory) }),
      });
      try {
        const [mine, theirs] = [await bench.task(), await other.task()];
        await mine.endpoint();
        await theirs.endpoint();
        expect((await mine.script(HANDSHAKE)).out).toEqual(['trusted']);
        expect((await theirs.script(HANDSHAKE)).out).toEqual(['trusted']);
        const { out: authority } = await theirs.run(sh('cat $NODE_EXTRA_CA_CERTS'), { name: 'show' });
        const script = `import { writeFileSync } from 'node:fs';
          import { spawnSync } from 'node:child_process';
          writeFileSync('/tmp/ca.pem', process.env.AUTHORITY);
          const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', process.env.HANDSHAKE], {
            encoding: 'utf8', env: { ...process.env, NODE_EXTRA_CA_CERTS: '/tmp/ca.pem' } });
          console.log(stdout.trim());`;
        const { out } = await mine.script(script, {
          name: 'stranger',
          env: { AUTHORITY: authority.join('\n'), HANDSHAKE },
        });
        expect(out[0]).toMatch(/UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT_LOCALLY)/);
      } finally {
        await other.close();
      }
    });

    it('a neighbour reaches neither the endpoint nor the name server of a task, whatever routes it sets', async () => {
      const victim = await bench.task();
      await victim.endpoint();
      await victim.start(sh('sleep 1000'));
      const thief = await bench.task({ networkMode: 'bridge' }, 'EC2');
      await thief.endpoint();
      const NET_ADMIN = { linuxParameters: { capabilities: { add: ['NET_ADMIN'] } } };
      const query = `
        const { createSocket } = require('node:dgram');
        const socket = createSocket('udp4');
        socket.on('message', () => { console.log('answered'); process.exit(); });
        // An A question for sqs.eu-west-1.amazonaws.com.
        const name = Buffer.concat('sqs.eu-west-1.amazonaws.com'.split('.').map((label) => Buffer.from(String.fromCharCode(label.length) + label)));
        socket.send(Buffer.concat([Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), name, Buffer.from([0, 0, 1, 0, 1])]), 53, '169.254.169.253');
        setTimeout(() => { console.log('no answer'); process.exit(); }, Number(process.env.PATIENCE ?? 30000));
      `;
      const own = await thief.run([dockerRuntime.node, '-e', query], { name: 'own' });
      expect(own.out).toEqual(['answered']);
      const routed =
        'ip link delete aws && ip route add 169.254.169.253 via $VICTIM && ' +
        '"$NODE" --input-type=module -e "$HANDSHAKE"; "$NODE" -e "$QUERY"; ' +
        'ADDRESS=$VICTIM "$NODE" --input-type=module -e "$HANDSHAKE"';
      const { out, err } = await thief.run(sh(routed), {
        name: 'thief',
        env: { ...SHORT, VICTIM: victim.runtime.address, NODE: dockerRuntime.node, HANDSHAKE, QUERY: query },
        ...NET_ADMIN,
      });
      expect(err).toEqual([]);
      expect(out).toEqual([
        expect.stringMatching(/^(no answer|ECONNRESET|EHOSTUNREACH)$/),
        'no answer',
        'ECONNREFUSED',
      ]);
    });

    it('ports that AWS answers at are free to the programs of a task', async () => {
      const task = await bench.task();
      await task.endpoint();
      const { out } = await task.script(`
        import { createServer } from 'node:net';
        import { createSocket } from 'node:dgram';
        import { lookup } from 'node:dns/promises';
        const said = (error) => console.log(error.code);
        const listen = (port) => new Promise((done) => createServer().on('error', said).listen(port, '0.0.0.0', () => done(console.log(port))));
        await listen(443);
        await listen(53);
        await new Promise((done) => createSocket('udp4').on('error', said).bind(53, '0.0.0.0', () => done(console.log('udp'))));
        console.log((await lookup('sqs.eu-west-1.amazonaws.com')).address);
        console.log(await fetch('https://sqs.eu-west-1.amazonaws.com/').then((answer) => answer.text()));
        process.exit();
      `);
      expect(out).toEqual(['443', '53', 'udp', '169.254.169.253', 'served']);
    });

    it('networks made in advance are transparent, too', async () => {
      const ahead = new ContractBench({
        ...dockerRuntime,
        create: (_store, directory) => openRuntime(directory, { ready: 1, transparent: transparent(directory) }),
      });
      try {
        await ((await ahead.runtime) as unknown as { warmUp(): Promise<void> }).warmUp();
        const task = await ahead.task();
        await task.endpoint();
        const { out } = await task.run(sh('wget -q -O - http://sts.eu-west-1.amazonaws.com/'));
        expect(out).toEqual(['served']);
      } finally {
        await ahead.close();
      }
    });

    it('a Region of China has its own names', async () => {
      const china = new ContractBench({
        ...dockerRuntime,
        create: (_store, directory) => openRuntime(directory, { transparent: transparent(directory, 'cn-north-1') }),
      });
      try {
        const task = await china.task();
        await task.endpoint();
        const { out } = await task.script(`
          import { lookup } from 'node:dns/promises';
          const ask = (name) => lookup(name).then(({ address }) => address, ({ code }) => code);
          console.log(await ask('sqs.cn-north-1.amazonaws.com.cn'), await ask('sqs.eu-west-1.amazonaws.com'));
          console.log(await fetch('https://sqs.cn-north-1.amazonaws.com.cn/').then((answer) => answer.text()));
        `);
        expect(out).toEqual(['169.254.169.253 ENOTFOUND', 'served']);
      } finally {
        await china.close();
      }
    });

    it('containers that run on are answered by the server that is started after theirs', async () => {
      const task = await bench.task();
      await task.endpoint();
      const ask =
        'while :; do timeout 2 wget -q -O - http://sts.eu-west-1.amazonaws.com/ 2>/dev/null && echo || echo nobody; sleep 0.1; done';
      const container = await task.start(sh(ask));
      await container.says('served');
      await task.closeEndpoint();
      await container.says('nobody');
      const again = await (await bench.runtime).prepareTask(task.place);
      const { createServer } = await import('node:http');
      const agent = createServer();
      const before = container.lines('stdout').length;
      await again.listen(agent, 'agent');
      await expect.poll(() => container.lines('stdout').slice(before), { timeout: 60_000 }).toContain('served');
      agent.close();
      await again.remove();
    });
  },
);
