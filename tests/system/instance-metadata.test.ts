import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ECS } from '@aws-sdk/client-ecs';
import { afterAll, describe, expect, it } from 'vitest';
import { rolecall, up } from './program.ts';

const directory = mkdtempSync(join(tmpdir(), 'rolecall-instance-metadata-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** Who am I, asked with an unmodified SDK and its default chain of credentials. */
const WHO = join(directory, 'who.cjs');
writeFileSync(
  WHO,
  `const { STS } = require(${JSON.stringify(fileURLToPath(import.meta.resolve('@aws-sdk/client-sts')))});
   new STS({ maxAttempts: 1 }).getCallerIdentity({}).then(({ Arn }) => Arn, ({ name }) => name).then((said) => console.log('I am ' + said));`,
);

let made = 0;
/** `options`: of a launch template; undefined: there is none. */
function workload(networkMode: string, options: object | undefined, settings: object = {}): string {
  const path = join(directory, `workload-${made++}`);
  mkdirSync(path);
  const task = {
    family: 'who',
    networkMode,
    requiresCompatibilities: ['EC2'],
    containerDefinitions: [{ name: 'app', image: 'program', command: [process.execPath, WHO], memory: 256 }],
  };
  // The agent is told nothing that keeps tasks off.
  const UserData = Buffer.from('echo ECS_CLUSTER=default').toString('base64');
  const LaunchTemplateData = { UserData, ...(options === undefined ? {} : { MetadataOptions: options }) };
  const nodes = { Type: 'AWS::EC2::LaunchTemplate', Properties: { LaunchTemplateData } };
  writeFileSync(join(path, 'task-definition.json'), JSON.stringify(task));
  writeFileSync(join(path, 'template.json'), JSON.stringify({ Resources: { Nodes: nodes } }));
  writeFileSync(join(path, 'images.json'), JSON.stringify({ program: 'host' }));
  writeFileSync(join(path, 'rolecall.json'), JSON.stringify(settings));
  return path;
}

const CLOSED = { HttpTokens: 'required', HttpPutResponseHopLimit: 1 };

describe('`run` finds what `check` says of the instance role', () => {
  it.each<[string, object | undefined, object, boolean]>([
    ['bridge', undefined, {}, true],
    ['bridge', CLOSED, {}, false],
    ['bridge', { ...CLOSED, HttpPutResponseHopLimit: 2 }, {}, true],
    ['bridge', { ...CLOSED, HttpTokens: 'optional' }, {}, true],
    ['bridge', { HttpEndpoint: 'disabled' }, {}, false],
    ['host', CLOSED, {}, true],
    ['awsvpc', CLOSED, {}, true],
    ['awsvpc', { HttpEndpoint: 'disabled' }, {}, false],
    // What rolecall.json says of instances comes first.
    ['bridge', CLOSED, { instances: [{ metadataOptions: { HttpPutResponseHopLimit: 2 } }] }, true],
    ['bridge', undefined, { instances: [{ metadataOptions: { HttpPutResponseHopLimit: 1 } }] }, false],
    ['bridge', CLOSED, { instances: [{ type: 'm5.large' }] }, false],
  ])('mode %s, launch template %j, settings %j: reached: %s', async (mode, options, settings, reached) => {
    const path = workload(mode, options, settings);
    const [ran, checked] = await Promise.all([rolecall(['run', path]), rolecall(['check', path, '--format', 'json'])]);
    expect(ran.code, ran.stdout + ran.stderr).toBe(0);
    const [, who = ''] = /I am (\S+)/.exec(ran.stdout) ?? [];
    expect(who).toMatch(reached ? /:assumed-role\/ecsInstanceRole\/i-[0-9a-f]{17}$/ : /^CredentialsProviderError$/);
    const { findings } = JSON.parse(checked.stdout) as { findings: { id: string }[] };
    expect(findings.some(({ id }) => id === 'RC306')).toBe(reached);
  });
});

describe('metadata options that EC2 would refuse', () => {
  it.each<[object, object, string]>([
    [{ HttpTokens: 'maybe' }, {}, 'HttpTokens does not take `maybe`'],
    [{ HttpPutResponseHopLimit: 65 }, {}, 'HttpPutResponseHopLimit does not take `65`'],
    [{}, { instances: [{ metadataOptions: { HttpTokens: 1 } }] }, 'HttpTokens does not take `1`'],
    [
      {},
      { instances: [{ metadataOptions: { HttpToken: 'required' } }] },
      'there is no metadata option `HttpToken` here',
    ],
    [
      {},
      { instances: [{ launchType: 'EXTERNAL', metadataOptions: {} }] },
      'an external instance has no metadata service, and takes no `metadataOptions`',
    ],
  ])('%j, %j: are refused with their place', async (options, settings, expected) => {
    const { code, stderr } = await rolecall(['run', workload('bridge', options, settings)]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(expected) });
    expect(stderr).toMatch(/(template\.json|rolecall\.json):\d+ \/\S*(MetadataOptions|metadataOptions)/);
  });
});

it('`instance add --metadata-options` gives a running server’s instance its options', async () => {
  const server = await up(['--ephemeral', '--stand-in', 'program=host']);
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const ecs = new ECS({ endpoint: server.endpoint, region: 'eu-west-1', credentials });
  try {
    await ecs.createCluster({});
    const added = await rolecall([
      ...['instance', 'add', '--endpoint', server.endpoint],
      ...['--metadata-options', 'HttpTokens=required,HttpPutResponseHopLimit=1,HttpEndpoint=disabled'],
    ]);
    expect(added.code, added.stderr).toBe(0);
    expect(server.said()).toContain('has its metadata service disabled');
  } finally {
    ecs.destroy();
    await server.end('SIGTERM');
  }
});
