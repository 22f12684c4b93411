import { beforeEach, describe, expect, it } from 'vitest';
import type { TestBench } from '../../gateway/testing.ts';
import { ARN, BRIDGE_DEFINITION, ecsBench, registerInstance } from './testing.ts';

let bench: TestBench;

beforeEach(async () => {
  bench = await ecsBench();
});

const CLUSTER = ARN('cluster/default');
const tag = (resourceArn: string, ...tags: [string, string][]) =>
  bench.call('ecs', 'TagResource', { resourceArn, tags: tags.map(([key, value]) => ({ key, value })) });
const tagsOf = async (resourceArn: string) => (await bench.call('ecs', 'ListTagsForResource', { resourceArn })).tags;

describe('tags', () => {
  it('of clusters, definitions, instances and tasks', async () => {
    await bench.call('ecs', 'RegisterTaskDefinition', BRIDGE_DEFINITION);
    const instance = await registerInstance(bench);
    const { tasks } = await bench.call('ecs', 'RunTask', { taskDefinition: 'batch' });
    for (const arn of [CLUSTER, ARN('task-definition/batch:1'), instance, tasks?.[0]?.taskArn ?? '']) {
      await tag(arn, ['a', '1'], ['b', '2']);
      await tag(arn, ['b', '3']);
      expect(await tagsOf(arn)).toEqual([
        { key: 'a', value: '1' },
        { key: 'b', value: '3' },
      ]);
      await bench.call('ecs', 'UntagResource', { resourceArn: arn, tagKeys: ['a', 'none'] });
      expect(await tagsOf(arn)).toEqual([{ key: 'b', value: '3' }]);
    }
  });

  it.each([
    ['no ARN', 'cluster', 'Invalid resource ARN: cluster'],
    ['an old ARN', ARN(`task/${'0'.repeat(32)}`), 'Long arn format must be used for tagging operations'],
    ['another Region', 'arn:aws:ecs:us-east-1:000000000000:cluster/default', 'Invalid Region in ARN'],
    [
      'no such definition',
      ARN('task-definition/nope:1'),
      'The specified task-definition was not found. Specify a valid task-definition and try again.',
    ],
    ['a service', ARN('service/default/web'), 'Rolecall does not support tags of a service.'],
  ])('refuses %s', async (_what, arn, message) => {
    expect(await bench.refused(tag(arn, ['a', '1']))).toMatchObject({ code: 'InvalidParameterException', message });
  });

  it('of a cluster that is inactive or missing', async () => {
    expect((await bench.refused(tag(ARN('cluster/nope'), ['a', '1']))).code).toBe('ClusterNotFoundException');
    await bench.call('ecs', 'DeleteCluster', { cluster: 'default' });
    expect((await bench.refused(tagsOf(CLUSTER))).message).toBe(
      'The specified cluster is inactive. Specify an active cluster and try again.',
    );
  });

  it('at most fifty, none reserved, none twice', async () => {
    const many = Array.from({ length: 50 }, (_, index): [string, string] => [`k${index}`, '']);
    await tag(CLUSTER, ...many);
    expect((await bench.refused(tag(CLUSTER, ['one-more', '']))).code).toBe('InvalidParameterException');
    expect((await bench.refused(tag(CLUSTER, ['AWS:x', '']))).code).toBe('InvalidParameterException');
    expect((await bench.refused(tag(CLUSTER, ['a', '1'], ['a', '2']))).code).toBe('InvalidParameterException');
  });

  it('are authorized on the resource, with the tags asked for and the tags there', async () => {
    await tag(CLUSTER, ['team', 'blue']);
    const as = (Action: string, Condition: object) => ({
      as: bench.roleSession('tagger', [
        { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: CLUSTER, Condition }] },
      ]),
    });
    const add = (condition: object) =>
      bench.call(
        'ecs',
        'TagResource',
        { resourceArn: CLUSTER, tags: [{ key: 'x', value: 'y' }] },
        as('ecs:TagResource', condition),
      );
    await add({ StringEquals: { 'aws:RequestTag/x': 'y', 'aws:ResourceTag/team': 'blue' } });
    expect((await bench.refused(add({ StringEquals: { 'aws:RequestTag/x': 'z' } }))).code).toBe(
      'AccessDeniedException',
    );
    // A later TagResource is no tagging at creation.
    expect((await bench.refused(add({ StringEquals: { 'ecs:CreateAction': 'CreateCluster' } }))).code).toBe(
      'AccessDeniedException',
    );
    const remove = (condition: object) =>
      bench.call('ecs', 'UntagResource', { resourceArn: CLUSTER, tagKeys: ['x'] }, as('ecs:UntagResource', condition));
    expect((await bench.refused(remove({ 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['y'] } }))).code).toBe(
      'AccessDeniedException',
    );
    await remove({ 'ForAllValues:StringEquals': { 'aws:TagKeys': ['x'] } });
  });
});
