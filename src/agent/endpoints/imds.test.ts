import type { Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { listen } from '../../core/listening.ts';
import { AMI_METADATA_OPTIONS, hopsTo, type MetadataOptions } from '../../core/metadata-options.ts';
import type { RuntimeTask } from '../runtimes/runtime.ts';
import { InstanceMetadata, type RoleDelivery } from './imds.ts';

const ROLE = '/latest/meta-data/iam/security-credentials/nodes';
const TTL = 'x-aws-ec2-metadata-token-ttl-seconds';
const TOKEN = 'x-aws-ec2-metadata-token';

const task = {
  async listen(server: Server) {
    const port = await listen(server, 0, '127.0.0.1');
    return { url: `http://127.0.0.1:${port}`, port };
  },
  caller: async () => ({ belongs: true }),
} as unknown as RuntimeTask;

let open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open) await close();
  open = [];
});

async function service(options: Partial<MetadataOptions>, waitMilliseconds?: number) {
  const metadata = new InstanceMetadata({
    options: { ...AMI_METADATA_OPTIONS, ...options },
    facts: () => ({
      instanceId: 'i-0123456789abcdef0',
      account: '000000000000',
      region: 'eu-west-1',
      availabilityZone: 'eu-west-1a',
      instanceType: 'm5.large',
      imageId: 'ami-0123456789abcdef0',
      architecture: 'x86_64',
      privateIp: '127.0.0.1',
      roleName: 'nodes',
      instanceProfileArn: undefined,
      instanceProfileId: undefined,
      launchedAt: 0,
      mac: '02:00:00:00:00:00',
    }),
    credentials: async (version: RoleDelivery) => ({
      accessKeyId: `KEY-${version}`,
      secretAccessKey: 'secret',
      sessionToken: 'token',
      issuedAt: 0,
      expiresAt: 1000,
    }),
    now: () => Date.now(),
    ...(waitMilliseconds === undefined ? {} : { waitMilliseconds }),
  });
  /** As a task of this network mode sees it. */
  return async (networkMode: string | undefined) => {
    const { url, close } = await metadata.listenFor(task, hopsTo(networkMode));
    open.push(close);
    const ask = (path: string, method = 'GET', headers: Record<string, string> = {}) =>
      fetch(`${url}${path}`, { method, headers });
    return {
      ask,
      /** The token, or why there is none. */
      token: (signal?: AbortSignal): Promise<string> =>
        fetch(`${url}/latest/api/token`, {
          method: 'PUT',
          headers: { [TTL]: '60' },
          ...(signal === undefined ? {} : { signal }),
        }).then(
          async (answer) => (answer.status === 200 ? answer.text() : `status ${answer.status}`),
          (error: Error) => error.name,
        ),
      /** The key that this token (or none) gets, or the status. */
      key: async (token?: string) => {
        const answer = await ask(ROLE, 'GET', token === undefined ? {} : { [TOKEN]: token });
        return answer.status === 200 ? ((await answer.json()) as { AccessKeyId: string }).AccessKeyId : answer.status;
      },
    };
  };
}

describe('hop limit', () => {
  it.each([
    ['bridge', 1, false],
    [undefined, 1, false],
    ['bridge', 2, true],
    ['bridge', 64, true],
    ['host', 1, true],
    ['awsvpc', 1, true],
    ['awsvpc', 2, true],
  ])('in mode %s, limit %i: the token arrives: %s', async (mode, HttpPutResponseHopLimit, arrives) => {
    for (const HttpTokens of ['required', 'optional'] as const) {
      const { token, key } = await (await service({ HttpTokens, HttpPutResponseHopLimit }))(mode);
      const got = await token(arrives ? undefined : AbortSignal.timeout(100));
      if (arrives) expect(await key(got)).toBe('KEY-2.0');
      else expect(got).toBe('TimeoutError');
    }
  });

  it('is of the answer to PUT alone: a token from elsewhere and version 1 are answered', async () => {
    const at = await service({ HttpTokens: 'optional', HttpPutResponseHopLimit: 1 });
    const host = await at('host');
    const bridge = await at('bridge');
    expect(await bridge.key(await host.token())).toBe('KEY-2.0');
    expect(await bridge.key()).toBe('KEY-1.0');
    expect((await bridge.ask('/latest/api/token')).status).toBe(405);
  });

  it('ends the connection of a caller that waits on', async () => {
    const { token } = await (await service({ HttpPutResponseHopLimit: 1 }, 20))('bridge');
    expect(await token()).toBe('TypeError');
  });
});

describe('tokens', () => {
  it('required: without one, with a wrong or an empty one there is nothing', async () => {
    const { key } = await (await service({ HttpTokens: 'required' }))('bridge');
    for (const token of [undefined, 'guess==', '']) expect(await key(token)).toBe(401);
  });

  it('optional: without one there are credentials of version 1.0; one that is given must be good', async () => {
    const { ask, key, token } = await (await service({ HttpTokens: 'optional' }))('bridge');
    expect(await key()).toBe('KEY-1.0');
    expect(await key(await token())).toBe('KEY-2.0');
    expect(await key('guess==')).toBe(401);
    expect(await key('')).toBe(401);
    const answer = await ask('/latest/meta-data/instance-id');
    expect([answer.status, await answer.text(), answer.headers.get(TTL)]).toEqual([200, 'i-0123456789abcdef0', null]);
    expect((await ask('/latest/meta-data/instance-id', 'POST')).status).toBe(405);
  });
});

describe('disabled', () => {
  it.each(['required', 'optional'] as const)('tokens %s: everything is answered 403', async (HttpTokens) => {
    const at = await service({ HttpTokens, HttpPutResponseHopLimit: 1, HttpEndpoint: 'disabled' });
    for (const mode of ['bridge', 'host', 'awsvpc']) {
      const { ask, key, token } = await at(mode);
      expect(await token()).toBe('status 403');
      expect(await key()).toBe(403);
      expect((await ask('/')).status).toBe(403);
      expect((await ask('/latest/api/token')).status).toBe(403);
    }
  });
});
