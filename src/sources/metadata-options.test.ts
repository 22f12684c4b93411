import { expect, it } from 'vitest';
import { AMI_METADATA_OPTIONS } from '../core/metadata-options.ts';
import { launchedMetadataOptions, metadataOptionsIn, metadataOptionsOf } from './metadata-options.ts';
import { mapNode, type Node, scalar } from './node.ts';
import type { SourceError } from './origin.ts';
import type { InstanceSetting } from './setting-types.ts';
import type { LaunchSource } from './workload.ts';

const place = (path: string) => ({ file: 'template.yaml', path, line: 1 });

function options(values: Record<string, string | number | Node>) {
  return mapNode(
    Object.entries(values).map(([name, value]): [string, Node] => [
      name,
      typeof value === 'object' ? value : scalar(value, place(`/${name}`)),
    ]),
    place(''),
  );
}

function launch(values?: Parameters<typeof options>[0]): LaunchSource {
  return {
    origin: place(''),
    kind: 'launch-template',
    name: 'nodes',
    ...(values === undefined ? {} : { metadataOptions: options(values) }),
  };
}

const launched = (...launches: LaunchSource[]) => launchedMetadataOptions({ launches }, AMI_METADATA_OPTIONS);

it('says nothing where nothing is declared', () => {
  expect(launched()).toBeUndefined();
  expect(launched(launch())).toBeUndefined();
});

it('takes what is declared, and what stands for the rest', () => {
  expect(launched(launch({ HttpPutResponseHopLimit: 1 }))).toEqual({
    HttpTokens: 'required',
    HttpPutResponseHopLimit: 1,
    HttpEndpoint: 'enabled',
  });
  expect(launched(launch({ HttpPutResponseHopLimit: '3', InstanceMetadataTags: 'enabled' }))).toEqual({
    HttpTokens: 'required',
    HttpPutResponseHopLimit: 3,
    HttpEndpoint: 'enabled',
  });
});

it('takes what lets more through where instances differ', () => {
  expect(
    launched(
      launch({ HttpTokens: 'required', HttpPutResponseHopLimit: 1, HttpEndpoint: 'disabled' }),
      launch({ HttpTokens: 'optional', HttpPutResponseHopLimit: 1 }),
      launch(),
    ),
  ).toEqual({ HttpTokens: 'optional', HttpPutResponseHopLimit: 1, HttpEndpoint: 'enabled' });
});

it('tells the place of what EC2 would refuse', () => {
  const wrong: SourceError[] = [];
  const launches = [launch({ HttpPutResponseHopLimit: 65 })];
  const found = launchedMetadataOptions({ launches }, AMI_METADATA_OPTIONS, (error) => wrong.push(error));
  expect(found).toEqual(AMI_METADATA_OPTIONS);
  expect(wrong).toMatchObject([
    {
      message: 'HttpPutResponseHopLimit does not take `65`',
      help: 'Give a number from 1 to 64.',
      origin: { path: '/HttpPutResponseHopLimit' },
    },
  ]);
});

it('rolecall.json comes first, entry by entry', () => {
  const entry = (metadataOptions?: InstanceSetting['metadataOptions']): InstanceSetting => ({
    origin: place(''),
    launchType: 'EC2',
    count: 1,
    ...(metadataOptions === undefined ? {} : { metadataOptions }),
  });
  const launches = [launch({ HttpTokens: 'optional', HttpPutResponseHopLimit: 4 })];
  const of = (...instances: InstanceSetting[]) =>
    metadataOptionsOf({ launches, settings: { instances } }, AMI_METADATA_OPTIONS);
  expect(of(entry({ HttpPutResponseHopLimit: 1 }))).toEqual({ ...AMI_METADATA_OPTIONS, HttpPutResponseHopLimit: 1 });
  const asLaunched = { HttpTokens: 'optional', HttpPutResponseHopLimit: 4, HttpEndpoint: 'enabled' };
  expect(of(entry())).toEqual(asLaunched);
  expect(of(entry({ HttpPutResponseHopLimit: 1 }), entry())).toEqual(asLaunched);
});

it('a setting that cannot be is refused with its place', () => {
  expect(metadataOptionsIn(options({ HttpTokens: 'optional', HttpPutResponseHopLimit: 2 }))).toEqual({
    HttpTokens: 'optional',
    HttpPutResponseHopLimit: 2,
  });
  for (const [name, value] of [
    ['HttpTokens', 'v1'],
    ['HttpPutResponseHopLimit', '2'],
    ['HttpToken', 'required'],
  ] as const) {
    expect(() => metadataOptionsIn(options({ [name]: value }))).toThrow(
      expect.objectContaining({ code: 'invalid-setting', origin: place(`/${name}`) }),
    );
  }
});
