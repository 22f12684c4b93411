import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from 'vitest';
import { ContractBench, type ContractTask } from './contract.ts';
import { namespaceRuntime } from './subjects.ts';

const { unavailable, node } = namespaceRuntime;

/** Speaks first, then answers what it hears when the other side has said all. */
const SERVER = `
import { createServer } from 'node:net';
createServer({ allowHalfOpen: true }, (socket) => {
  socket.write('welcome ');
  const heard = [];
  socket.on('data', (chunk) => heard.push(chunk)).on('end', () => socket.end(Buffer.concat(heard).toString().toUpperCase()));
}).listen(Number(process.env.PORT), process.env.HOST, () => console.log('ready'));
`;

async function serve(task: ContractTask, definition: object, env: Record<string, string>) {
  const container = await task.start([node, '--input-type=module', '-e', SERVER], { ...definition, env });
  await container.says('ready');
  return container.container;
}

async function talk(host: string, port: number, said: string): Promise<string> {
  const socket = connect({ host, port, allowHalfOpen: true });
  socket.end(said);
  return text(socket);
}

describe.skipIf(unavailable !== undefined)(
  `ports of the namespace runtime${unavailable === undefined ? '' : ` (skipped: ${unavailable})`}`,
  () => {
    const bench = new ContractBench(namespaceRuntime);
    afterAll(() => bench.close());

    it('an awsvpc task answers at its own address, also beside another one with the same port', async () => {
      const portMappings = [{ containerPort: 18080 }];
      const tasks = [await bench.task(), await bench.task()];
      for (const task of tasks) {
        const container = await serve(task, { portMappings }, { PORT: '18080', HOST: '0.0.0.0' });
        expect(container.networkBindings).toEqual([
          { bindIP: task.runtime.address, containerPort: 18080, hostPort: 18080, protocol: 'tcp' },
        ]);
      }
      const long = 'x'.repeat(1_000_000);
      const answers = await Promise.all(
        tasks.flatMap(({ runtime }) => [talk(runtime.address, 18080, 'hello'), talk(runtime.address, 18080, long)]),
      );
      expect(answers).toEqual(tasks.flatMap(() => ['welcome HELLO', `welcome ${long.toUpperCase()}`]));
      await Promise.all(tasks.map(({ runtime }) => runtime.remove()));
      await expect(talk(tasks[0]!.runtime.address, 18080, '')).rejects.toThrow('ECONNREFUSED');
    });

    it('a bridge task gets a free port of loopback, or the one it asks for, or Docker’s refusal', async () => {
      const task = await bench.task({ networkMode: 'bridge' }, 'EC2');
      const container = await serve(
        task,
        { portMappings: [{ containerPort: 80, hostPort: 0 }] },
        { PORT: '80', HOST: '127.0.0.1' },
      );
      const port = container.networkBindings?.[0]?.hostPort ?? 0;
      expect(await talk('127.0.0.1', port, 'abc')).toBe('welcome ABC');
      const other = await bench.task({ networkMode: 'bridge' }, 'EC2');
      await expect(other.start(['true'], { portMappings: [{ containerPort: 80, hostPort: port }] })).rejects.toThrow(
        `driver failed programming external connectivity: Bind for 127.0.0.1:${port} failed: port is already allocated`,
      );
    });

    it('a port where nobody listens inside is closed at once', async () => {
      const task = await bench.task();
      const container = await task.start(['/bin/sh', '-c', 'echo ready; sleep 100'], {
        portMappings: [{ containerPort: 18081 }],
      });
      await container.says('ready');
      await expect(talk(task.runtime.address, 18081, 'x')).rejects.toThrow(/ECONNRESET|EPIPE/);
    });
  },
);
