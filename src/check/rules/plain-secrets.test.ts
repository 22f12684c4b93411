import { expect, it } from 'vitest';
import { check } from '../check.ts';
import { TRUST, taskDefinition, workloadOf } from '../testing.ts';

const isFound = (name: string, value: string) =>
  check(
    workloadOf({
      'task-definition.json': taskDefinition({ environment: [{ name, value }] }),
      'roles/execution/trust.json': TRUST,
    }),
  ).findings.some(({ id }) => id === 'RC307');

it.each([
  ['DATABASE_PASSWORD', 'hunter2hunter2'],
  ['SECRET_KEY', 'f9bf78b9a18ce6d46a0cd2b0b86df9da'],
  ['SECRET_KEY_BASE', 'f9bf78b9a18ce6d46a0cd2b0b86df9da'],
  ['dbPassword', 'hunter2hunter2'],
  ['spring.datasource.password', 'hunter2hunter2'],
  ['AWS_SECRET_ACCESS_KEY', 'wJalrXUtnFEMIexampleKEY'],
  ['apiKey', 'k-93847'],
  ['DATABASE_URL', 'postgres://app:hunter2@db:5432/app'],
  ['ANYTHING', 'AKIAIOSFODNN7EXAMPLE'],
])('%s=%s is taken for a secret', (name, value) => {
  expect(isFound(name, value)).toBe(true);
});

it.each([
  ['LOG_LEVEL', 'info'],
  ['TOKEN_TTL_SECONDS', '36000'],
  ['PASSWORD_MIN_LENGTH', '12'],
  ['PASSWORD_FILE', '/run/secrets/db'],
  ['DB_PASSWORD', '/run/secrets/db'],
  ['SECRET_ARN', 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf'],
  ['DB_SECRET', 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf'],
  ['PUBLIC_KEY', 'ssh-ed25519 AAAA'],
  ['API_KEY', '${API_KEY}'],
  ['DATABASE_URL', 'postgres://db:5432/app'],
  ['USE_TOKEN', 'true'],
])('%s=%s is not', (name, value) => {
  expect(isFound(name, value)).toBe(false);
});
