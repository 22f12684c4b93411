import { expect, test } from 'vitest';
import { commandLine, findStandIn, type StandIn } from './stand-ins.ts';

test('an exact name comes before a pattern, a longer pattern before a shorter one, a later entry before an earlier', () => {
  const standIns = ['*', 'repo/*', 'repo/app:*', 'repo/app:1', 'repo/*'].map(
    (pattern, index): StandIn => ({
      pattern,
      program: { command: [String(index)] },
    }),
  );
  const found = (image: string) => {
    const program = findStandIn(standIns, image)?.program;
    return program === 'host' ? program : program?.command?.[0];
  };
  expect(found('repo/app:1')).toBe('3');
  expect(found('repo/app:2')).toBe('2');
  expect(found('repo/other')).toBe('4');
  expect(found('nginx')).toBe('0');
  expect(findStandIn([{ pattern: 'a.b', program: 'host' }], 'aXb')).toBeUndefined();
  expect(findStandIn([], 'a')).toBeUndefined();
});

test('the stand-in plays ENTRYPOINT, the container’s command CMD; its entryPoint replaces the stand-in', () => {
  const standIn: StandIn = { pattern: 'a', program: { command: ['node', 'app'] } };
  expect(commandLine(standIn, {})).toEqual(['node', 'app']);
  expect(commandLine(standIn, { command: ['--fast'] })).toEqual(['node', 'app', '--fast']);
  expect(commandLine(standIn, { entryPoint: ['sh', '-c'], command: ['ls'] })).toEqual(['sh', '-c', 'ls']);
  const host: StandIn = { pattern: 'a', program: 'host' };
  expect(commandLine(host, { command: ['ls'] })).toEqual(['ls']);
  expect(commandLine(host, { entryPoint: ['ls'], command: ['-l'] })).toEqual(['ls', '-l']);
  expect(commandLine(host, {})).toBeUndefined();
  expect(commandLine({ pattern: 'a', program: { workingDirectory: '/x' } }, { command: ['ls'] })).toEqual(['ls']);
});
