import { createServer, get } from 'node:http';
import { networkInterfaces } from 'node:os';
import { afterAll, describe, expect, it } from 'vitest';
import { close } from '../../src/core/listening.ts';
import { ASK, ContractBench } from '../runtime/contract.ts';
import { dockerRuntime, noDocker, openRuntime } from './subject.ts';

const sh = (script: string) => ['/bin/sh', '-c', script];
const SERVE = `
import { createServer } from 'node:http';
createServer((request, response) => response.end('served ' + process.env.NAME)).listen(8080, () => console.log('listening'));
`;

describe.skipIf(noDocker !== undefined)(
  `network modes${noDocker === undefined ? '' : ` (skipped: ${noDocker})`}`,
  () => {
    const bench = new ContractBench(dockerRuntime);
    afterAll(() => bench.close());
    const node = (script: string) => [dockerRuntime.node, '--input-type=module', '-e', script];

    it('awsvpc: containers share their loopback, and the task has an address of its own', async () => {
      const task = await bench.task();
      const server = await task.start(node(SERVE), { name: 'server', env: { NAME: 'it' } });
      await server.says('listening');
      const client = await task.run(sh('wget -q -O - http://127.0.0.1:8080/'), { name: 'client' });
      expect(client.out).toEqual(['served it']);
      expect(server.container.networkBindings).toBeUndefined();
      expect(await text(`http://${task.runtime.address}:8080/`)).toBe('served it');
    });

    it('bridge: ports are published on loopback, dynamic ones are reported, links know their target', async () => {
      const task = await bench.task({ networkMode: 'bridge' }, 'EC2');
      const server = await task.start(node(SERVE), {
        name: 'db',
        env: { NAME: 'db' },
        portMappings: [{ containerPort: 8080 }],
      });
      await server.says('listening');
      const [binding] = server.container.networkBindings ?? [];
      expect(binding).toEqual({
        bindIP: '127.0.0.1',
        containerPort: 8080,
        hostPort: expect.any(Number),
        protocol: 'tcp',
      });
      expect(binding?.hostPort).toBeGreaterThan(1023);
      expect(await text(`http://127.0.0.1:${binding?.hostPort}/`)).toBe('served db');
      const client = await task.run(
        sh(
          'wget -q -O - http://store:8080/; echo; wget -q -O - http://127.0.0.1:8080/ 2>/dev/null || echo apart; echo $STORE_PORT $STORE_PORT_8080_TCP_ADDR; hostname',
        ),
        {
          name: 'app',
          links: ['db:store'],
          hostname: 'front',
          extraHosts: [{ hostname: 'other', ipAddress: '10.1.2.3' }],
        },
      );
      expect(client.out).toEqual([
        'served db',
        'apart',
        `tcp://${server.container.address}:8080 ${server.container.address}`,
        'front',
      ]);
      const early = await bench.task({ networkMode: 'bridge' }, 'EC2');
      await expect(early.container(sh('true'), { name: 'app', links: ['db'] })).rejects.toThrow(
        'Cannot link to a non running container: db',
      );
    });

    it('bridge: each container reaches the endpoint in a network of its own', async () => {
      const task = await bench.task({ networkMode: 'bridge' }, 'EC2');
      await task.endpoint();
      for (const name of ['one', 'two']) {
        const { out } = await task.script(`${ASK} console.log((await ask(own)).status)`, { name });
        expect(out).toEqual(['200']);
      }
    });

    it.each(['awsvpc', 'bridge'] as const)(
      '%s on EC2: instance metadata answers at its own address',
      async (networkMode) => {
        const task = await bench.task({ networkMode }, 'EC2');
        const metadata = createServer((request, response) => response.end(`metadata ${request.url}`));
        expect(await task.runtime.listen(metadata, 'instance-metadata')).toEqual({
          url: 'http://169.254.169.254',
          port: 80,
        });
        await task.endpoint();
        const { out } = await task.run(sh('wget -q -O - http://169.254.169.254/latest'));
        expect(out).toEqual(['metadata /latest']);
        await close(metadata);
      },
    );

    it('host: the endpoint tells containers apart, and refuses whoever is none', async () => {
      const [task, other] = [
        await bench.task({ networkMode: 'host' }, 'EC2'),
        await bench.task({ networkMode: 'host' }, 'EC2'),
      ];
      await task.endpoint();
      await other.endpoint();
      const answers = async (ids: readonly string[], of = task) =>
        (
          await of.script(
            `${ASK} for (const id of process.env.IDS.split(' ')) console.log((await ask('http://169.254.170.2/v2/credentials/' + id)).status)`,
            { env: { IDS: ids.join(' ') } },
          )
        ).out;
      expect(await answers([task.credentialsId, other.credentialsId])).toEqual(['200', '400']);
      expect(await answers([task.credentialsId, other.credentialsId], other)).toEqual(['400', '200']);
      for (const { credentialsId } of [task, other]) {
        expect(JSON.parse(await text(`http://169.254.170.2/v2/credentials/${credentialsId}`))).toMatchObject({
          code: 'InvalidIdInRequest',
        });
      }
      expect([...task.refused, ...other.refused]).toContain(
        'a caller that is not of the task (a process outside of all containers)',
      );
      const outsider = await bench.task({ networkMode: 'bridge' }, 'EC2');
      await outsider.endpoint();
      const { out } = await outsider.script(
        `${ASK} console.log((await ask('http://169.254.170.2/v2/credentials/' + process.env.ID)).status)`,
        { env: { ID: task.credentialsId } },
      );
      expect(out).toEqual(['400']);
      await task.closeEndpoint();
      await other.closeEndpoint();
      // Tasks of other tests may have it meanwhile.
      await expect
        .poll(() => networkInterfaces().lo?.map(({ address }) => address), { timeout: 200_000 })
        .not.toContain('169.254.170.2');
    });

    it.each(['awsvpc', 'bridge', 'host'] as const)(
      '%s: containers that run on reach the agent that is started after theirs',
      async (networkMode) => {
        const task = await bench.task({ networkMode }, 'EC2');
        const agent = (name: string) => createServer((_request, response) => response.end(name));
        const first = agent('first');
        await task.runtime.listen(first, 'agent');
        const container = await task.start(
          sh(
            'while :; do timeout 1 wget -q -O - http://169.254.170.2/ 2>/dev/null && echo || echo nobody; sleep 0.05; done',
          ),
        );
        await container.says('first');
        await close(first);
        await container.says('nobody');
        const again = await (await bench.runtime).prepareTask(task.place);
        const second = agent('second');
        await again.listen(second, 'agent');
        expect(await again.recover()).toMatchObject([{ name: 'app', runtimeId: container.container.runtimeId }]);
        await container.says('second');
        await close(second);
        await again.remove();
      },
    );

    it('awsvpc on EC2: metadata that is blocked is closed in a network made in advance, too', async () => {
      const runtime = await openRuntime(bench.directory, { ready: 1 });
      const place = (taskId: string) => ({
        taskArn: `arn:aws:ecs:eu-west-1:000000000000:task/default/${taskId}`,
        taskId,
        launchType: 'EC2' as const,
        definition: { networkMode: 'awsvpc' as const },
        directory: bench.directory,
      });
      try {
        for (const digit of ['1', '2']) {
          const task = await runtime.prepareTask(place(digit.repeat(32)));
          const agent = createServer((_request, response) => response.end('agent'));
          await task.listen(agent, 'agent');
          await task.pull(dockerRuntime.image, undefined);
          const script =
            'timeout 60 wget -q -O - http://169.254.170.2/; echo; timeout 60 wget -O - http://169.254.169.254/ 2>&1 | grep -c "Invalid argument"';
          const container = await task.create({
            name: 'app',
            runtimeId: 'r',
            image: dockerRuntime.image,
            command: sh(script),
            environment: {},
            definition: { name: 'app' },
          });
          await container.start();
          const lines: string[] = [];
          for await (const some of container.output(undefined, new AbortController().signal)) {
            lines.push(...some.map(({ line }) => line));
          }
          expect(lines).toEqual(['agent', '1']);
          await close(agent);
          await task.remove();
          // From the second task on there is one with metadata in advance.
          await runtime.warmUp();
        }
      } finally {
        await runtime.close();
      }
    });

    it('none: nothing is reached, as in ECS', async () => {
      const task = await bench.task({ networkMode: 'none' }, 'EC2');
      await task.endpoint();
      const { out } = await task.script(`${ASK} console.log((await ask(own)).body)`);
      expect(out).toEqual(['ENETUNREACH']);
    });

    it('a container without networking in a task that has one', async () => {
      const task = await bench.task({ networkMode: 'bridge' }, 'EC2');
      const { out } = await task.run(sh('ip -o link | grep -c eth'), { disableNetworking: true });
      expect(out).toEqual(['0']);
    });
  },
);

function text(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, (answer) => {
      let body = '';
      answer.on('data', (chunk: Buffer) => {
        body += chunk.toString('utf8');
      });
      answer.on('end', () => resolve(body));
    }).once('error', reject);
  });
}
