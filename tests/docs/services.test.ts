import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { Trail } from '../../src/gateway/trail.ts';
import { servicesOver } from '../../src/services/all.ts';
import { BlobStore } from '../../src/services/ecr/index.ts';

const NAMES: Readonly<Record<string, string>> = {
  cloudtrail: 'CloudTrail',
  dynamodb: 'DynamoDB',
  ecr: 'ECR',
  ecs: 'ECS',
  iam: 'IAM',
  kms: 'KMS',
  logs: 'CloudWatch Logs',
  s3: 'S3',
  secretsmanager: 'Secrets Manager',
  sqs: 'SQS',
  ssm: 'SSM Parameter Store',
  sts: 'STS',
};

function page(): string {
  const lines = [
    '# Services and operations',
    '',
    'Every other operation of these services is authorized and then answered with an error that says it is not served. Other services are refused by name.',
    '',
  ];
  for (const { id, operations } of servicesOver(new Trail(), new BlobStore({ directory: '' }))) {
    const served = Object.keys(operations).sort();
    lines.push(`## ${NAMES[id] ?? id}`, '', `${served.length} operations: ${served.join(', ')}.`, '');
  }
  return lines.join('\n');
}

// `UPDATE_DOCS=1 npx vitest run tests/docs` writes the page anew.
it('docs/services.md lists what is served', () => {
  const file = new URL('../../docs/services.md', import.meta.url);
  if (process.env.UPDATE_DOCS === '1') writeFileSync(file, page());
  expect(readFileSync(file, 'utf8')).toBe(page());
});
