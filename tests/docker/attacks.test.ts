import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { close, listen } from '../../src/core/listening.ts';
import { createListener } from '../../src/gateway/listener.ts';
import { ASK, ContractBench, type ContractTask } from '../runtime/contract.ts';
import { dockerRuntime, noDocker, openRuntime } from './subject.ts';

const NET_ADMIN = { linuxParameters: { capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } } };
const sh = (script: string) => ['/bin/sh', '-c', script];

/** Prints the status of a GET, or the error's code. */
const GET = (url: string) => `fetch(${JSON.stringify(url)}, { signal: AbortSignal.timeout(2000) })
  .then((answer) => answer.status, (error) => error.cause?.code ?? error.name).then((result) => console.log(result));`;

describe.skipIf(noDocker !== undefined)(
  `attacks from inside of a task${noDocker === undefined ? '' : ` (skipped: ${noDocker})`}`,
  () => {
    // What a container reaches as AWS_ENDPOINT_URL: AWS requests, and no admin endpoints.
    const server = createListener({
      aws: async () => ({ status: 200, headers: {}, body: 'aws' }),
      admin: async (_request, response) => {
        response.writeHead(404).end();
      },
    });
    const bench = new ContractBench({
      ...dockerRuntime,
      create: (_store, directory) =>
        openRuntime(directory, {
          server: { endpoint: () => 'http://127.0.0.1:4566', accept: (socket) => server.emit('connection', socket) },
        }),
    });
    afterAll(() => bench.close());

    async function victim(definition = {}): Promise<ContractTask> {
      const task = await bench.task(definition);
      await task.endpoint();
      await task.start(sh('echo secret > /tmp/secret; while :; do sleep 1; done'), {
        env: { SECRET: 'of-the-neighbour' },
      });
      return task;
    }

    it('a neighbour that sends packets for the endpoint through the victim gets nothing, and is noted', async () => {
      const neighbour = await victim();
      const thief = await bench.task({}, 'EC2');
      await thief.endpoint();
      const script = `${ASK} console.log(JSON.stringify(await ask("http://169.254.170.2/v2/credentials/" + process.env.ID)))`;
      const { out, err } = await thief.run(
        sh(`ip addr del 169.254.170.2/32 dev lo && ip route add 169.254.170.2 via $VICTIM && \\
        exec /usr/bin/node --input-type=module -e "$SCRIPT"`),
        {
          ...NET_ADMIN,
          env: { VICTIM: neighbour.runtime.address, ID: neighbour.credentialsId, SCRIPT: script },
        },
      );
      expect(err).toEqual([]);
      expect(JSON.parse(out[0] ?? 'null')).toMatchObject({ status: 400, body: { code: 'InvalidIdInRequest' } });
      expect(neighbour.refused).toEqual([
        expect.stringMatching(/^a caller that is not of the task \(172\..* on the tasks' network\)$/),
      ]);
    });

    it('a neighbour that pretends to be the victim is not answered at all', async () => {
      const neighbour = await victim();
      const thief = await bench.task({}, 'EC2');
      const { out } = await thief.run(
        sh(`ip addr add $VICTIM/32 dev eth0; ip addr del 169.254.170.2/32 dev lo 2>/dev/null
        ip route add 169.254.170.2 dev eth0 src $VICTIM
        MAC=$(ip neigh | sed -n 's/.*lladdr \\([^ ]*\\).*/\\1/p' | head -1)
        ping -c 1 -W 1 -I $OWN $VICTIM >/dev/null 2>&1
        timeout 2 wget -q -O - http://169.254.170.2/v2/credentials/$ID || echo nothing`),
        {
          ...NET_ADMIN,
          env: { VICTIM: neighbour.runtime.address, OWN: thief.runtime.address, ID: neighbour.credentialsId },
        },
      );
      expect(out).toEqual(['nothing']);
      expect(neighbour.refused).toEqual([]);
    });

    it('ids of the execution role or of anybody else are unknown at every endpoint', async () => {
      const tasks = await Promise.all([bench.task(), bench.task(), bench.task()]);
      for (const task of tasks) await task.endpoint();
      const ids = tasks.map((task) => task.credentialsId).join(' ');
      const [thief] = tasks as [ContractTask, ContractTask, ContractTask];
      const { out } = await thief.script(
        `${ASK} const base = own.slice(0, own.lastIndexOf('/') + 1);
      for (const id of process.env.IDS.split(' ')) console.log((await ask(base + id)).status);`,
        { env: { IDS: ids } },
      );
      expect(out).toEqual(['200', '400', '400']);
    });

    it('the loopback of this machine is out of reach, but for the AWS requests of the task itself', async () => {
      const secret = createServer((_request, response) => response.end('host'));
      const port = await listen(secret, 0, '127.0.0.1');
      try {
        const task = await bench.task();
        await task.endpoint();
        const gateway = `${task.runtime.address.split('.').slice(0, 2).join('.')}.0.1`;
        const { out } = await task.script(
          [
            `http://127.0.0.1:${port}/`,
            `http://${gateway}:${port}/`,
            'http://127.0.0.1:4566/',
            'http://127.0.0.1:4566/_rolecall/reset',
            `http://${gateway}:4566/`,
          ]
            .map((url) => `await ${GET(url)}`)
            .join('\n'),
        );
        expect(out).toEqual(['ECONNREFUSED', 'ECONNREFUSED', '200', '404', 'ECONNREFUSED']);
      } finally {
        await close(secret);
      }
    });

    it('instance metadata fails at once on Fargate and where it is blocked, whatever a container does to its routes', async () => {
      for (const launchType of ['FARGATE', 'EC2'] as const) {
        const task = await bench.task({}, launchType);
        await task.endpoint();
        const { out } = await task.script(`await ${GET('http://169.254.169.254/latest/api/token')}`);
        expect(out).toEqual(['EINVAL']);
      }
      const routes = (address: string) =>
        execFileSync('ip', ['route', 'get', address, 'from', '172.18.0.77', 'iif', 'rolecall0'], { stdio: 'pipe' });
      expect(() => routes('169.254.169.254')).toThrow(/Invalid argument/);
    });

    it('processes, environment and files of other tasks and of the server are not there', async () => {
      await victim();
      mkdirSync(join(bench.directory, 'tasks'), { recursive: true });
      writeFileSync(join(bench.directory, 'tasks', 'state'), 'state');
      const task = await bench.task();
      const { out } = await task.run(
        sh(
          `ps -o pid= | wc -l; cat /proc/[0-9]*/environ | grep -c of-the-neighbour; ls ${bench.directory} /var/run/docker.sock 2>&1 | grep -c 'No such file'; ls /tmp`,
        ),
      );
      const [processes = '', ...rest] = out;
      expect(Number(processes)).toBeLessThan(6);
      expect(rest).toEqual(['0', '2']);
    });

    it('a path of this machine that holds the data directory is refused', async () => {
      const runtime = await bench.runtime;
      for (const sourcePath of ['/', bench.directory, join(bench.directory, 'tasks')]) {
        expect(runtime.unsupported({ volumes: [{ name: 'data', host: { sourcePath } }] })).toEqual([
          {
            field: '/volumes/0/host/sourcePath',
            effect: 'refused',
            reason: "it holds Rolecall's own data, or lies in it",
          },
        ]);
      }
    });
  },
);
