import { describe, expect, test } from 'vitest';
import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import {
  heldSettings,
  isPlain,
  linkVariables,
  networkBindings,
  ownNetwork,
  sharedNetwork,
} from './network-settings.ts';

describe('what a network namespace is made with', () => {
  test('ports of a container: fixed, chosen by the Engine, a range, and on loopback only', () => {
    const { exposedPorts, hostConfig } = ownNetwork(
      {
        portMappings: [
          { containerPort: 80, hostPort: 8080 },
          { containerPort: 53, hostPort: 0, protocol: 'udp' },
          { containerPortRange: '90-91' },
        ],
      },
      [],
      [50_000],
    );
    expect(Object.keys(exposedPorts)).toEqual(['80/tcp', '53/udp', '90/tcp', '91/tcp']);
    expect(hostConfig.PortBindings).toEqual({
      '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080' }],
      '53/udp': [{ HostIp: '127.0.0.1', HostPort: '' }],
      '90/tcp': [{ HostIp: '127.0.0.1', HostPort: '50000' }],
      '91/tcp': [{ HostIp: '127.0.0.1', HostPort: '50001' }],
    });
  });

  test('one made in advance does for tasks without wishes', () => {
    expect(
      isPlain(sharedNetwork({ containerDefinitions: [{ name: 'app', portMappings: [{ containerPort: 80 }] }] })),
    ).toBe(true);
    expect(isPlain(ownNetwork({ name: 'app' }, [], []))).toBe(true);
    expect(isPlain(ownNetwork({ name: 'app', hostname: 'x' }, [], []))).toBe(false);
    expect(isPlain(ownNetwork({ name: 'app' }, [{ hostname: 'db', ipAddress: '10.0.0.1' }], []))).toBe(false);
    const systemControls = [
      { namespace: 'net.core.somaxconn', value: '1' },
      { namespace: 'kernel.msgmax', value: '2' },
    ];
    expect(sharedNetwork({ ipcMode: 'task', containerDefinitions: [{ systemControls }] }).hostConfig).toEqual({
      Sysctls: { 'net.core.somaxconn': '1', 'kernel.msgmax': '2' },
    });
    const shared: Ecs.TaskDefinition = { ipcMode: 'task', containerDefinitions: [{ systemControls }] };
    expect(heldSettings(shared).hostConfig).toEqual({ Sysctls: { 'kernel.msgmax': '2' } });
    expect(isPlain(sharedNetwork({ containerDefinitions: [{ systemControls }] }))).toBe(false);
    expect(isPlain(sharedNetwork({ containerDefinitions: [{ dnsServers: ['10.0.0.2'] }] }))).toBe(false);
  });

  test('bindings as ECS reports them', () => {
    expect(networkBindings({ '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '32768' }], '90/tcp': null })).toEqual([
      { bindIP: '127.0.0.1', containerPort: 80, hostPort: 32768, protocol: 'tcp' },
    ]);
  });

  test('variables of links; those of the linked container are not among them', () => {
    expect(linkVariables('app', [{ alias: 'my-db', address: '10.0.0.1', ports: ['5432/tcp', '80/tcp'] }])).toEqual({
      MY_DB_NAME: '/app/my-db',
      MY_DB_PORT: 'tcp://10.0.0.1:80',
      MY_DB_PORT_80_TCP: 'tcp://10.0.0.1:80',
      MY_DB_PORT_80_TCP_ADDR: '10.0.0.1',
      MY_DB_PORT_80_TCP_PORT: '80',
      MY_DB_PORT_80_TCP_PROTO: 'tcp',
      MY_DB_PORT_5432_TCP: 'tcp://10.0.0.1:5432',
      MY_DB_PORT_5432_TCP_ADDR: '10.0.0.1',
      MY_DB_PORT_5432_TCP_PORT: '5432',
      MY_DB_PORT_5432_TCP_PROTO: 'tcp',
    });
  });
});
