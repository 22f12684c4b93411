import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseQuery, QueryError } from './query.ts';
import { satisfies } from './query-match.ts';

const SUBJECTS: Record<string, readonly string[]> = {
  'attribute:ecs.instance-type': ['t3.medium'],
  'attribute:stack': ['prod'],
  'attribute:ssd': [''],
  'attribute:ecs.availability-zone': ['eu-west-1a'],
  agentVersion: ['1.105.1'],
  agentConnected: ['true'],
  runningTasksCount: ['3'],
  registeredAt: ['2026-01-02T03:04:05.000Z'],
  'task:group': ['family:web', 'service:api'],
  ec2InstanceId: ['i-0abc'],
};
const holds = (text: string) => satisfies(parseQuery(text), (subject) => SUBJECTS[subject] ?? []);

describe('the cluster query language', () => {
  it.each([
    // The first group is the guide's own list of examples, adapted to the instance above.
    ['attribute:ecs.instance-type == t3.medium', true],
    ['attribute:ecs.instance-type equals t3.small', false],
    ['attribute:ecs.availability-zone in [us-east-1a, eu-west-1a]', true],
    ['attribute:ecs.availability-zone !in [us-east-1a, eu-west-1a]', false],
    ['attribute:ecs.availability-zone not_in [us-east-1a]', true],
    ['attribute:ecs.instance-type =~ g2.* and attribute:ecs.availability-zone != us-east-1d', false],
    ['attribute:ecs.instance-type =~ t3.* and attribute:ecs.availability-zone != us-east-1d', true],
    ['attribute:ecs.instance-type !~ t2.*', true],
    ['attribute:ecs.instance-type =~ *.m*um', true],
    ['attribute:ecs.instance-type =~ t3*t3.medium', false],
    ['attribute:ecs.instance-type =~ t3', false],
    ['task:group == service:api', true],
    ['not(task:group == database)', true],
    ['!(task:group == service:api)', false],
    ['attribute:ssd exists', true],
    ['attribute:ssd !exists', false],
    ['attribute:gpu not_exists', true],
    ['runningTasksCount > 2', true],
    ['runningTasksCount > 10', false],
    ['runningTasksCount >= 3 && runningTasksCount <= 3', true],
    ['agentVersion greater_than 1.99.0', true],
    ['agentVersion < 1.105.0', false],
    ['registeredAt > 2026-01-01T00:00:00Z', true],
    ['registeredAt less_than 2026-01-01', false],
    ['agentConnected == true', true],
    ['ec2InstanceId in ["i-0abc", "i-0def"]', true],
    ['attribute:stack == test or attribute:stack == prod and attribute:ssd exists', true],
    ['(attribute:stack == test || attribute:stack == prod) && attribute:gpu exists', false],
    ['attribute:missing == anything', false],
    ['attribute:missing != anything', true],
  ])('%s: %s', (text, expected) => {
    expect(holds(text)).toBe(expected);
  });

  it.each([
    '',
    'colour == red',
    'attribute:stack',
    'attribute:stack ==',
    'attribute:stack == prod and',
    'attribute:stack in prod',
    'attribute:stack in [prod',
    '(attribute:stack == prod',
    'attribute:stack == prod attribute:ssd exists',
    'attribute:stack ~ prod',
    'attribute:stack == "prod',
  ])('refuses %j', (text) => {
    expect(() => parseQuery(text)).toThrow(QueryError);
  });

  it('is not slow on hostile patterns', () => {
    const text = `attribute:stack =~ ${'*a'.repeat(20)}b`;
    expect(satisfies(parseQuery(text), () => ['a'.repeat(128)])).toBe(false);
  });

  it('either parses a text or says where it does not', () => {
    const word = fc.constantFrom(
      'attribute:a',
      'agentConnected',
      '==',
      '!=',
      'in',
      '!in',
      'exists',
      'and',
      'or',
      'not',
      '&&',
      '!',
      '(',
      ')',
      '[',
      ']',
      ',',
      '"',
      "'",
      'x',
      '=~',
      '<',
      '~',
      '\u0000',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word).map((words) => words.join(' ')),
        ),
        (text) => {
          try {
            expect(typeof satisfies(parseQuery(text), () => ['x'])).toBe('boolean');
          } catch (error) {
            expect(error).toBeInstanceOf(QueryError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
