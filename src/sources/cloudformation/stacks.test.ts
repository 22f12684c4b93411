import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../../core/errors.ts';
import { plain } from '../node.ts';
import { readWorkload } from '../read-workload.ts';
import type { Unknown } from '../unknown.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stacks-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function read(files: Record<string, string>, paths = Object.keys(files), parameters: Record<string, string> = {}) {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return readWorkload(
    paths.map((name) => join(folder, name)),
    { account: '123456789012', region: 'eu-west-1', parameters: new Map(Object.entries(parameters)) },
  );
}

function failing(work: () => unknown): UserError {
  try {
    work();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

const parameter = (value: string) =>
  `Resources: {P: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: ${value}}}}\n`;
const storedValue = (workload: ReturnType<typeof read>) =>
  (plain(workload.parameters[0]!.input) as { Value: unknown }).Value;

describe('several templates', () => {
  const base = `
Parameters: {Stage: {Type: String, Default: dev}}
Resources: {Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub "orders-\${Stage}"}}}
Outputs:
  Arn: {Value: !GetAtt Queue.Arn, Export: {Name: !Sub "\${AWS::StackName}-queue"}}
  Url: {Value: !Ref Queue, Export: {Name: queue-url}}
`;

  it.each([
    ['base.yaml', 'use.yaml'],
    ['use.yaml', 'base.yaml'],
  ])('share their exports (%s before %s)', (...paths) => {
    const workload = read({ 'base.yaml': base, 'use.yaml': parameter('!ImportValue base-queue') }, paths);
    expect(storedValue(workload)).toBe('arn:aws:sqs:eu-west-1:123456789012:orders-dev');
  });

  it('share what exists only once it has been made', () => {
    const value = storedValue(read({ 'base.yaml': base, 'use.yaml': parameter('!ImportValue queue-url') })) as Unknown;
    expect(value.missing[0]?.deferred).toEqual({ resource: 'base/Queue', attribute: 'Ref' });
  });

  it('say what to give where none of them exports a name', () => {
    const value = storedValue(read({ 'use.yaml': parameter('!ImportValue other') })) as Unknown;
    expect(value.missing[0]?.why).toBe('`other` is exported by another stack');
    expect(value.missing[0]?.help).toContain('--parameter import:other=VALUE');
  });

  it('name both places of what is declared twice', () => {
    const queue = 'Resources:\n  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: orders}}\n';
    const error = failing(() => read({ 'a.yaml': queue, 'b.yaml': queue }));
    expect(error.code).toBe('declared-twice');
    expect(error.help).toContain(`${join(folder, 'a.yaml')}:2 /Resources/Q`);
  });
});

describe('a nested stack', () => {
  const outer = `
Parameters: {Stage: {Type: String, Default: prod}}
Resources:
  Inner: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: inner.yaml, Parameters: {Name: !Sub "x-\${Stage}", Zones: !Join [",", [a, b]], Network: !Ref Vpc}}}
  Vpc: {Type: AWS::EC2::VPC}
  P: {Type: AWS::SSM::Parameter, Properties: {Name: outer, Type: String, Value: !GetAtt Inner.Outputs.Queue}}
`;
  const inner = `
Parameters:
  Name: {Type: String}
  Zones: {Type: CommaDelimitedList}
  Network: {Type: String}
  Stage: {Type: String, Default: own}
Resources:
  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub "\${Name}-\${Stage}", Tags: [{Key: zone, Value: !Select [1, !Ref Zones]}, {Key: net, Value: !Ref Network}]}}
Outputs: {Queue: {Value: !GetAtt Q.Arn}}
`;

  it('is read with what the outer one gives it, and gives its outputs back', () => {
    const workload = read({ 'outer.yaml': outer, 'inner.yaml': inner }, ['outer.yaml'], { Stage: 'test' });
    expect(workload.queues.map(({ name }) => name)).toEqual(['x-test-own']);
    expect(workload.queues[0]!.origin.file).toBe(join(folder, 'inner.yaml'));
    expect(workload.queues[0]!.tags[0]).toEqual({ key: 'zone', value: 'b' });
    expect((workload.queues[0]!.tags[1]!.value as Unknown).missing[0]?.help).toBe('Supply it: --parameter Vpc=VALUE');
    expect(storedValue(workload)).toBe('arn:aws:sqs:eu-west-1:123456789012:x-test-own');
  });

  it('is read once where its template is given, too', () => {
    expect(read({ 'outer.yaml': outer, 'inner.yaml': inner }).queues).toHaveLength(1);
  });

  it.each([
    [
      'https://s3.amazonaws.com/bucket/inner.yaml',
      'its template is at https://s3.amazonaws.com/bucket/inner.yaml; give',
    ],
    ['none.yaml', 'does not exist'],
    ['!Ref Vpc', 'where its template is cannot be known'],
  ])('whose template is not at hand (%s) is left out, and its outputs are unknown', (url, why) => {
    const workload = read({ 'outer.yaml': outer.replace('inner.yaml', url) });
    expect(workload.leftOut.find(({ what }) => what.includes('`Inner`'))?.why).toContain(why);
    expect((storedValue(workload) as Unknown).missing[0]?.help).toBe(
      'Supply it: --parameter Inner.Outputs.Queue=VALUE',
    );
  });

  it('that names an output that is not there is refused', () => {
    const files = { 'outer.yaml': outer.replace('Outputs.Queue', 'Outputs.Queu'), 'inner.yaml': inner };
    expect(failing(() => read(files, ['outer.yaml'])).help).toBe('Did you mean `Queue`?');
  });

  it('that holds itself is refused', () => {
    const text = 'Resources: {S: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: self.yaml}}}';
    expect(failing(() => read({ 'self.yaml': text })).code).toBe('circular-reference');
  });
});

describe('transforms', () => {
  it('of SAM are refused where there is nothing else', () => {
    const error = failing(() =>
      read({ 's.yaml': 'Transform: AWS::Serverless-2016-10-31\nResources: {F: {Type: AWS::Serverless::Function}}' }),
    );
    expect(error.code).toBe('sam-not-supported');
    expect(error.help).toContain('--template-stage Processed');
  });

  it('of SAM beside other resources are left out, and what they make is unknown', () => {
    const text = `Transform: AWS::Serverless-2016-10-31\nResources:\n  F: {Type: AWS::Serverless::Function}\n  P: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !GetAtt FRole.Arn}}`;
    const workload = read({ 's.yaml': text });
    expect(workload.leftOut.map(({ what, why }) => `${what}: ${why}`)).toEqual([
      'transform `AWS::Serverless-2016-10-31`: SAM is not supported; its resources are left out',
      'AWS::Serverless::Function `F`: SAM is not supported',
    ]);
    expect((storedValue(workload) as Unknown).missing[0]).toMatchObject({
      why: '`FRole` is not in the template; AWS::Serverless-2016-10-31 may add it in the account',
      help: 'Supply it: --parameter FRole.Arn=VALUE',
    });
  });

  it('within a template leave only that part open', () => {
    const include = '{"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "s3://b/k"}}}';
    const text = `Resources:
  Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://b/more}}
  P:
    Type: AWS::SSM::Parameter
    Properties: {Type: String, Value: a, Fn::Transform: {Name: Own}}
  R:
    Type: AWS::ECR::Repository
    Properties: {RepositoryName: r, RepositoryPolicyText: ${include}}
`;
    const workload = read({ 't.yaml': text });
    expect(workload.leftOut.map(({ what }) => what)).toEqual([
      '`Fn::Transform` of `Resources`',
      '`Fn::Transform` of AWS::SSM::Parameter `P`',
    ]);
    expect(storedValue(workload)).toBe('a');
    expect(workload.repositories[0]!.policy!.node.kind).toBe('unknown');
  });
});

describe('Fn::ForEach', () => {
  const text = (collection: string) => `
Transform: AWS::LanguageExtensions
Parameters: {Names: {Type: CommaDelimitedList, Default: "in, out"}, Open: {Type: CommaDelimitedList}}
Resources:
  Fn::ForEach::Queues:
    - Name
    - ${collection}
    - Queue\${Name}:
        Type: AWS::SQS::Queue
        Properties: {QueueName: !Sub "orders-\${Name}", Tags: [{Key: name, Value: !Ref Name}]}
`;

  it('makes one resource for each item', () => {
    const { queues } = read({ 't.yaml': text('!Ref Names') });
    expect(queues.map(({ id, name, tags }) => [id, name, tags[0]?.value])).toEqual([
      ['t/Queuein', 'orders-in', 'in'],
      ['t/Queueout', 'orders-out', 'out'],
    ]);
  });

  it('over what is not known is refused, with what to supply', () => {
    expect(failing(() => read({ 't.yaml': text('!Ref Open') })).help).toBe('Supply it: --parameter Open=VALUE');
  });
});
