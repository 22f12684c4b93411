import { expect, test } from 'vitest';
import { DEFAULT_PATH, imageCommandLine, readImageConfig, stopSignalOf } from './image.ts';

const read = (config: object | null) => readImageConfig(JSON.stringify({ os: 'linux', config }));

test('reads what an image says, and has defaults for what it leaves out', () => {
  expect(read(null)).toEqual({
    entryPoint: [],
    command: [],
    environment: { PATH: DEFAULT_PATH },
    workingDirectory: '/',
    user: '',
    stopSignal: undefined,
    volumes: [],
  });
  expect(read({ Env: ['A=1=2', 'B'], User: '7', WorkingDir: '/app', Volumes: { '/data': {} } })).toMatchObject({
    environment: { A: '1=2', B: '', PATH: DEFAULT_PATH },
    user: '7',
    workingDirectory: '/app',
    volumes: ['/data'],
  });
  expect(() => readImageConfig('{"os":"windows"}')).toThrow('the image is made for windows');
});

test.each([
  [{}, ['entry', 'default']],
  [{ command: ['own'] }, ['entry', 'own']],
  [{ entryPoint: ['other'] }, ['other']],
  [{ entryPoint: ['other'], command: ['own'] }, ['other', 'own']],
  [{ entryPoint: [], command: [] }, ['entry', 'default']],
])('of %j and the image runs %j', (container, expected) => {
  expect(imageCommandLine(read({ Entrypoint: ['entry'], Cmd: ['default'] }), container)).toEqual(expected);
});

test('an image without a command has none', () => {
  expect(imageCommandLine(read({}), {})).toBeUndefined();
});

test('the stop signal by name, short name or number', () => {
  const signal = (StopSignal?: string) => stopSignalOf(read({ StopSignal }));
  expect([signal(), signal('SIGQUIT'), signal('quit'), signal('3'), stopSignalOf(undefined)]).toEqual([
    'SIGTERM',
    'SIGQUIT',
    'SIGQUIT',
    'SIGQUIT',
    'SIGTERM',
  ]);
  expect(() => signal('SIGNOTHING')).toThrow('stop signal SIGNOTHING is not known');
});
