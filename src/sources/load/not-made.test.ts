import { describe, expect, it } from 'vitest';
import { readTemplate } from '../cloudformation/template.ts';
import { parseDocument } from '../read-document.ts';
import { emptyWorkload, type OpenWorkload } from '../workload.ts';
import { requireLoadable } from './load.ts';
import { notMade } from './not-made.ts';

function read(template: string): OpenWorkload {
  const workload = emptyWorkload('123456789012', 'eu-west-1');
  readTemplate(parseDocument('t.yaml', template), { stackName: 's', given: new Map() }, workload);
  return workload;
}

const SERVICE = `
Parameters: {Open: {Type: String}}
Conditions: {Wanted: !Equals [!Ref Open, yes]}
Resources:
  S: {Type: AWS::ECS::Service, Condition: Wanted, Properties: {ServiceName: web, TaskDefinition: web}}
`;

describe('what is not put into a server', () => {
  it('is named, with the reason and the place', () => {
    expect(notMade(read(SERVICE))).toEqual([
      {
        what: 'service web',
        why: 'its task definition is run as a task; services are not started',
        origin: { file: 't.yaml', path: '/Resources/S', line: 5 },
      },
    ]);
  });

  it('does not stop loading where it is not known whether AWS would make it', () => {
    const workload = read(SERVICE);
    expect(workload.uncertain).toHaveLength(1);
    expect(() => requireLoadable(workload)).not.toThrow();
    expect(() =>
      requireLoadable(read(SERVICE.replace(/S: \{.*/, 'Q: {Type: AWS::SQS::Queue, Condition: Wanted}'))),
    ).toThrow('whether AWS::SQS::Queue `Q` is made cannot be known');
  });

  it('is a managed policy of AWS, which is there already', () => {
    const workload = emptyWorkload('123456789012', 'eu-west-1');
    const node = parseDocument('a.json', '{"Version":"2012-10-17","Statement":[]}');
    const arn = 'arn:aws:iam::aws:policy/Own';
    const { origin } = node;
    workload.managedPolicies.push({
      origin,
      name: 'Own',
      path: '/',
      arn,
      document: { kind: 'identity', origin, node },
    });
    expect(notMade(workload).map(({ what }) => what)).toEqual(['managed policy Own']);
  });
});
