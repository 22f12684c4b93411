import { describe, expect, it } from 'vitest';
import { isMountedOver, unsupportedWhenTransparent } from './unsupported.ts';

describe('what transparent mode does not do', () => {
  const fields = (definition: Parameters<typeof unsupportedWhenTransparent>[0]) =>
    unsupportedWhenTransparent(definition).map(({ field, effect }) => `${effect} ${field}`);

  it('a task on the network of this machine', () => {
    expect(fields({ networkMode: 'host' })).toEqual(['refused /networkMode']);
    for (const networkMode of ['awsvpc', 'bridge', 'none'] as const) expect(fields({ networkMode })).toEqual([]);
  });

  it('name servers of a container’s own; search domains are kept', () => {
    expect(fields({ containerDefinitions: [{ name: 'a' }, { name: 'b', dnsServers: ['192.0.2.53'] }] })).toEqual([
      'refused /containerDefinitions/1/dnsServers',
    ]);
    expect(fields({ containerDefinitions: [{ name: 'a', dnsServers: [], dnsSearchDomains: ['internal'] }] })).toEqual(
      [],
    );
  });

  it('a mount over the certificates, or around them', () => {
    const mounted = (...paths: string[]) =>
      fields({
        containerDefinitions: [{ name: 'a', mountPoints: paths.map((containerPath) => ({ containerPath })) }],
      });
    expect(mounted('/data', '/etc/rolecallx', '/etc/rolecall')).toEqual([
      'refused /containerDefinitions/0/mountPoints/2/containerPath',
    ]);
    expect(mounted('/etc/', '/')).toHaveLength(2);
    const tmpfs = [{ containerPath: '/etc', size: 1 }];
    expect(fields({ containerDefinitions: [{ name: 'a', linuxParameters: { tmpfs } }] })).toEqual([
      'refused /containerDefinitions/0/linuxParameters/tmpfs/0/containerPath',
    ]);
  });
});

it('what a definition mounts over a bundle is left as it is, also by volumesFrom', () => {
  const bundle = '/etc/ssl/certs/ca-certificates.crt';
  const certificates = { name: 'a', mountPoints: [{ sourceVolume: 'v', containerPath: '/etc/ssl/certs/' }] };
  const borrower = { name: 'b', volumesFrom: [{ sourceContainer: 'a' }] };
  const definition = { containerDefinitions: [certificates, borrower, { name: 'c' }] };
  expect(isMountedOver(bundle, certificates, definition)).toBe(true);
  expect(isMountedOver(bundle, borrower, definition)).toBe(true);
  expect(isMountedOver(bundle, { name: 'c' }, definition)).toBe(false);
  expect(isMountedOver('/etc/ssl/cert.pem', certificates, definition)).toBe(false);
});
