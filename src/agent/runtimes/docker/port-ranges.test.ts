import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { freeRanges, joinRanges } from './port-ranges.ts';

test('each range gets ports of its own that follow each other and can be had', async () => {
  const portMappings = [
    { containerPort: 80 },
    { containerPortRange: '8000-8004' },
    { containerPortRange: '9000-9001', protocol: 'udp' as const },
  ];
  const [tcp = 0, udp = 0, ...more] = await freeRanges({ portMappings });
  expect(more).toEqual([]);
  expect(udp).toBeGreaterThan(0);
  for (let port = tcp; port < tcp + 5; port++) {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    server.close();
  }
  await expect(freeRanges({ portMappings: [{ containerPortRange: '1-65535' }] })).rejects.toThrow(
    'there are no 65535 free ports that follow each other',
  );
});

test('the bindings of a range are reported as one', () => {
  const binding = (containerPort: number, hostPort: number) =>
    ({ bindIP: '127.0.0.1', containerPort, hostPort, protocol: 'tcp' }) as const;
  const bindings = [binding(80, 50_000), binding(8000, 50_010), binding(8001, 50_011), binding(8002, 50_012)];
  const portMappings = [{ containerPort: 80 }, { containerPortRange: '8000-8002' }];
  expect(joinRanges(bindings, { portMappings })).toEqual([
    binding(80, 50_000),
    { bindIP: '127.0.0.1', containerPortRange: '8000-8002', hostPortRange: '50010-50012', protocol: 'tcp' },
  ]);
  expect(joinRanges(bindings, {})).toEqual(bindings);
});
