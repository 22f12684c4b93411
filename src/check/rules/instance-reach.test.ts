import { expect, it } from 'vitest';
import { check } from '../check.ts';
import { TRUST, taskDefinition, workloadOf } from '../testing.ts';

const nodes = (data: string) =>
  `Resources:\n  Nodes: {Type: AWS::EC2::LaunchTemplate, Properties: {LaunchTemplateData: {${data}}}}\n`;
const CLOSED = 'MetadataOptions: {HttpTokens: required, HttpPutResponseHopLimit: 1}';
const OFF = 'MetadataOptions: {HttpEndpoint: disabled}';
const userData = (text: string) => `UserData: !Base64 "${text}"`;

function severity(networkMode: string, template?: string): string | undefined {
  const workload = workloadOf({
    'task-definition.json': taskDefinition({ memory: 64 }, { requiresCompatibilities: ['EC2'], networkMode }),
    'roles/execution/trust.json': TRUST,
    ...(template === undefined ? {} : { 'template.yaml': template }),
  });
  return check(workload).findings.find(({ id }) => id === 'RC306')?.severity;
}

it.each([
  ['bridge', undefined, 'warning'],
  ['bridge', nodes(CLOSED), undefined],
  ['bridge', nodes('MetadataOptions: {HttpTokens: optional, HttpPutResponseHopLimit: 1}'), 'warning'],
  ['host', nodes(CLOSED), 'warning'],
  ['host', nodes(OFF), undefined],
  ['none', undefined, undefined],
  // Nothing shows how the agent is set up.
  ['awsvpc', undefined, undefined],
  ['awsvpc', nodes(userData('echo ECS_CLUSTER=main')), 'note'],
  ['awsvpc', nodes(userData('echo ECS_AWSVPC_BLOCK_IMDS=true')), undefined],
  ['awsvpc', nodes(`${userData('echo ECS_CLUSTER=main')}, ${OFF}`), undefined],
])('mode %s, instances %s: %s', (mode, template, expected) => {
  expect(severity(mode, template)).toBe(expected);
});
