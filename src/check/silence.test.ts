import { expect, it } from 'vitest';
import { check } from './check.ts';
import { notReadLines } from './report/not-read.ts';
import { PLAIN } from './report/report.ts';
import { textReport } from './report/text.ts';
import { ACCOUNT, TRUST, taskDefinition, workloadOf } from './testing.ts';

const task = taskDefinition({}, { taskRoleArn: `arn:aws:iam::${ACCOUNT}:role/execution` });

/** One role for both, which is RC301 at the task definition. */
function checked(silence: readonly object[], managed = '') {
  const result = check(
    workloadOf({
      'task-definition.json': task,
      'roles/execution/trust.json': TRUST,
      'roles/execution/managed.txt': `service-role/AmazonECSTaskExecutionRolePolicy\n${managed}`,
      'rolecall.json': { silence },
    }),
  );
  const lines = notReadLines(result).map((line) => line.replaceAll(/[^\s(]*\/rolecall-check-\w+\//g, ''));
  return { result, lines };
}

it('says nothing of a silence that silences something', () => {
  for (const path of [undefined, 'task-definition.json', '/taskRoleArn']) {
    const { result, lines } = checked([{ id: 'RC301', reason: 'wanted', ...(path === undefined ? {} : { path }) }]);
    expect(result.silenced.map(({ finding }) => finding.id)).toEqual(['RC301']);
    expect(lines).toEqual([]);
  }
});

it('says nothing of a silence for everywhere whose finding is not there', () => {
  expect(checked([{ id: 'RC302', reason: 'wanted' }]).lines).toEqual([]);
});

it('names the place of an id that no rule has', () => {
  const { result, lines } = checked([{ id: 'RC999', reason: 'wanted' }]);
  expect(lines).toEqual(['notice: rolecall.json:3 /silence/0: RC999 silences nothing: there is no finding of this id']);
  expect(textReport(result, PLAIN)).toContain('RC999 silences nothing');
});

it('names the place of a path at which nothing is found, and where it is found', () => {
  expect(checked([{ id: 'RC301', reason: 'wanted', path: 'task-definitions.json' }]).lines).toEqual([
    expect.stringMatching(
      /^notice: rolecall\.json:3 \/silence\/0: RC301 at `task-definitions\.json` silences nothing: nothing of this id is found there, but at task-definition\.json:\d+ \/taskRoleArn$/,
    ),
  ]);
});

it('names comments by their line', () => {
  const comments = '# rolecall:silence RC999 wanted\n# rolecall:silence RC302 wanted\n# rolecall:silence RC301\n';
  expect(checked([], comments).lines).toEqual([
    'notice: roles/execution/managed.txt:2: RC999 silences nothing: there is no finding of this id',
    'notice: roles/execution/managed.txt:3: RC302 silences nothing: nothing of this id is found on this line or the next',
    'not read: comment `rolecall:silence` (roles/execution/managed.txt:4): it silences nothing: write # rolecall:silence RC301 the reason',
  ]);
});
