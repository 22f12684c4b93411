import { expect, test } from 'vitest';
import { mergeEnvironmentFiles, parseEnvironmentFile } from './environment-files.ts';

test('lines are taken as they are; comments, empty names and empty values are passed over', () => {
  const text = '# comment\nA=1\r\n B = 2 \nQUOTED="x=y"\nEMPTY=\n=none\nno equals sign\nA=2\nLAST=end';
  expect(parseEnvironmentFile(text)).toEqual({ A: '2', ' B ': ' 2 ', QUOTED: '"x=y"', LAST: 'end' });
});

test('an earlier file wins over a later one', () => {
  expect(mergeEnvironmentFiles([{ A: '1' }, { A: '2', B: '2' }])).toEqual({ A: '1', B: '2' });
});
