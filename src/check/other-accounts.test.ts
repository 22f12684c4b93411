import { describe, expect, it } from 'vitest';
import { jsonDocument } from '../sources/json-document.ts';
import { mapNode } from '../sources/node.ts';
import { policyNode } from '../sources/policy-source.ts';
import type { Workload } from '../sources/workload.ts';
import { check } from './check.ts';
import { policy, REGION, TRUST, taskDefinition, workloadOf } from './testing.ts';

const OTHER = '444455556666';
const REPOSITORY = `arn:aws:ecr:${REGION}:${OTHER}:repository/base`;
const SECRET = `arn:aws:secretsmanager:${REGION}:${OTHER}:secret:shared-AbCdEf`;
const origin = { file: 'other-account.json', path: '', line: 1 };

const base = workloadOf({
  'task-definition.json': taskDefinition({
    image: `${OTHER}.dkr.ecr.${REGION}.amazonaws.com/base:1`,
    secrets: [{ name: 'SHARED', valueFrom: SECRET }],
  }),
  'roles/execution/trust.json': TRUST,
  'roles/execution/policies/own.json': policy(
    { Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' },
    { Effect: 'Allow', Action: ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'], Resource: REPOSITORY },
    { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: SECRET },
  ),
});

/** The same with the repository of the other account, whose policy lets this principal pull. */
function withRepository(principal: string): Workload {
  const document = policy({ Effect: 'Allow', Principal: { AWS: principal }, Action: 'ecr:*' });
  const repository = {
    origin,
    name: 'base',
    arn: REPOSITORY,
    policy: policyNode(jsonDocument('other-account.json', JSON.stringify(document)), 'resource'),
    input: mapNode([], origin),
    tags: [],
  };
  return { ...base, repositories: [repository] };
}

const found = (workload: Workload) => check(workload).findings.map(({ id, action }) => `${id} ${action}`);

describe('resources of another account', () => {
  it('are unknown while their policy is not in the input', () => {
    expect(found(base).filter((line) => line.startsWith('RC902'))).toHaveLength(3);
  });

  it('refuse whom their policy does not name, whatever the role is allowed', () => {
    const lines = found(withRepository('arn:aws:iam::777788889999:root'));
    expect(lines).toContain('RC109 ecr:BatchGetImage');
    expect(lines).toContain('RC109 ecr:GetDownloadUrlForLayer');
    const finding = check(withRepository('arn:aws:iam::777788889999:root')).findings[0];
    expect(finding?.fix[0]?.role).toBe(REPOSITORY);
    expect(finding?.why).toContain('both sides');
  });

  it('let in whom both sides allow', () => {
    const lines = found(withRepository('arn:aws:iam::111122223333:root'));
    expect(lines.filter((line) => line.includes('ecr:'))).toEqual([]);
  });

  it('refuse on the role’s own side too', () => {
    const narrow = workloadOf({
      'task-definition.json': taskDefinition({ secrets: [{ name: 'SHARED', valueFrom: SECRET }] }),
      'roles/execution/trust.json': TRUST,
    });
    expect(found(narrow)).toContain('RC101 secretsmanager:GetSecretValue');
  });

  it('know registries that AWS opens to everybody', () => {
    const workload = workloadOf({
      'task-definition.json': taskDefinition({
        image: `906394416424.dkr.ecr.${REGION}.amazonaws.com/aws-for-fluent-bit:stable`,
      }),
      'roles/execution/trust.json': TRUST,
      'roles/execution/managed.txt': 'service-role/AmazonECSTaskExecutionRolePolicy',
    });
    expect(check(workload).duties.map(({ verdict }) => verdict)).toEqual(['allowed', 'allowed', 'allowed', 'allowed']);
  });
});
