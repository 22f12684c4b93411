import { expect, it } from 'vitest';
import { check } from '../check.ts';
import { TRUST, taskDefinition, workloadOf } from '../testing.ts';

const nodes = (data: string) =>
  `Resources:\n  Nodes: {Type: AWS::EC2::LaunchTemplate, Properties: {LaunchTemplateData: {${data}}}}\n`;
const CLOSED = 'MetadataOptions: {HttpTokens: required, HttpPutResponseHopLimit: 1}';
const OFF = 'MetadataOptions: {HttpEndpoint: disabled}';
const userData = (text: string) => `UserData: !Base64 "${text}"`;

function severity(networkMode: string, template?: string, more: Record<string, string> = {}): string | undefined {
  const workload = workloadOf({
    'task-definition.json': taskDefinition({ memory: 64 }, { requiresCompatibilities: ['EC2'], networkMode }),
    'roles/execution/trust.json': TRUST,
    ...more,
    ...(template === undefined ? {} : { 'template.yaml': template }),
  });
  return check(workload).findings.find(({ id }) => id === 'RC306')?.severity;
}

it.each([
  ['bridge', undefined, 'warning'],
  ['bridge', nodes(CLOSED), undefined],
  ['bridge', nodes('MetadataOptions: {HttpTokens: optional, HttpPutResponseHopLimit: 1}'), 'warning'],
  ['bridge', nodes('MetadataOptions: {HttpTokens: required, HttpPutResponseHopLimit: 2}'), 'warning'],
  // What is not written is the AMI's.
  ['bridge', nodes('MetadataOptions: {HttpPutResponseHopLimit: 1}'), 'warning'],
  ['bridge', nodes('MetadataOptions: {HttpTokens: required}'), 'warning'],
  ['bridge', nodes('MetadataOptions: {HttpTokens: required, HttpPutResponseHopLimit: "1"}'), undefined],
  ['bridge', nodes('MetadataOptions: {HttpTokens: required, HttpPutResponseHopLimit: none}'), 'warning'],
  [
    'bridge',
    `Parameters: {Limit: {Type: Number}}\n${nodes('MetadataOptions: {HttpTokens: required, HttpPutResponseHopLimit: !Ref Limit}')}`,
    'warning',
  ],
  ['host', nodes(CLOSED), 'warning'],
  ['host', nodes(OFF), undefined],
  ['none', undefined, undefined],
  // Nothing shows how the agent is set up.
  ['awsvpc', undefined, undefined],
  ['awsvpc', nodes(userData('echo ECS_CLUSTER=main')), 'note'],
  ['awsvpc', nodes(userData('echo ECS_AWSVPC_BLOCK_IMDS=true')), undefined],
  ['awsvpc', nodes(`${userData('echo ECS_CLUSTER=main')}, ${OFF}`), undefined],
  // Its network interface is its own: a hop limit does not keep it out.
  ['awsvpc', nodes(`${userData('echo ECS_CLUSTER=main')}, ${CLOSED}`), 'note'],
])('mode %s, instances %s: %s', (mode, template, expected) => {
  expect(severity(mode, template)).toBe(expected);
});

it.each([
  ['bridge', [{ metadataOptions: { HttpPutResponseHopLimit: 1 } }], undefined],
  ['bridge', [{ metadataOptions: { HttpPutResponseHopLimit: 1 } }, {}], 'warning'],
  ['bridge', [{ metadataOptions: { HttpPutResponseHopLimit: 1, HttpTokens: 'optional' } }], 'warning'],
  ['host', [{ metadataOptions: { HttpPutResponseHopLimit: 1 } }], 'warning'],
  ['host', [{ metadataOptions: { HttpEndpoint: 'disabled' } }], undefined],
])('mode %s, rolecall.json %j: %s', (mode, instances, expected) => {
  expect(severity(mode, undefined, { 'rolecall.json': JSON.stringify({ instances }) })).toBe(expected);
});
