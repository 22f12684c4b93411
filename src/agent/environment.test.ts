import { expect, test } from 'vitest';
import { containerEnvironment, type EnvironmentParts } from './environment.ts';

const parts: EnvironmentParts = {
  container: { name: 'app', environment: [{ name: 'A', value: 'definition' }] },
  files: [
    { A: 'file', B: 'file', C: 'file' },
    { B: 'later', D: 'later' },
  ],
  secrets: { C: 'secret' },
  launchType: 'EC2',
  region: 'eu-west-1',
  access: {
    baseUrl: 'http://127.0.0.1:5000',
    endpointId: 'id',
    credentials: { id: 'creds', token: 'token' },
    instanceMetadata: 'http://127.0.0.1:5001',
    server: 'http://127.0.0.1:4566',
  },
};

test('files, then environment, then secrets, then what the agent sets', () => {
  expect(containerEnvironment(parts)).toEqual({
    A: 'definition',
    B: 'file',
    C: 'secret',
    D: 'later',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
    AWS_REGION: 'eu-west-1',
    AWS_DEFAULT_REGION: 'eu-west-1',
    AWS_EXECUTION_ENV: 'AWS_ECS_EC2',
    AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:5001',
    AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:5000/v2/credentials/creds',
    AWS_CONTAINER_AUTHORIZATION_TOKEN: 'token',
    ECS_CONTAINER_METADATA_URI: 'http://127.0.0.1:5000/v3/id',
    ECS_CONTAINER_METADATA_URI_V4: 'http://127.0.0.1:5000/v4/id',
    ECS_AGENT_URI: 'http://127.0.0.1:5000/api/id',
  });
});

test('a Region that the definition sets stays; so does an endpoint', () => {
  const environment = [
    { name: 'AWS_DEFAULT_REGION', value: 'us-east-1' },
    { name: 'AWS_ENDPOINT_URL', value: 'http://elsewhere' },
  ];
  const made = containerEnvironment({ ...parts, container: { environment } });
  expect(made.AWS_REGION).toBeUndefined();
  expect(made).toMatchObject({ AWS_DEFAULT_REGION: 'us-east-1', AWS_ENDPOINT_URL: 'http://elsewhere' });
});

test('a definition cannot point credentials elsewhere, nor at the metadata of a real machine', () => {
  const environment = [
    { name: 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', value: '/v2/credentials/other' },
    { name: 'AWS_EC2_METADATA_DISABLED', value: 'false' },
  ];
  const access = { ...parts.access, instanceMetadata: undefined };
  const made = containerEnvironment({ ...parts, container: { environment }, access });
  expect(made.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI).toBeUndefined();
  expect(made.AWS_EC2_METADATA_DISABLED).toBe('true');
  expect(made.AWS_EC2_METADATA_SERVICE_ENDPOINT).toBeUndefined();
});

test('where the endpoint answers inside the task, the relative URI of ECS', () => {
  const access = { ...parts.access, baseUrl: 'http://169.254.170.2', credentials: { id: 'creds', token: undefined } };
  const made = containerEnvironment({ ...parts, access });
  expect(made.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI).toBe('/v2/credentials/creds');
  expect(made.AWS_CONTAINER_CREDENTIALS_FULL_URI).toBeUndefined();
  expect(made.AWS_CONTAINER_AUTHORIZATION_TOKEN).toBeUndefined();
});

test('without a task role there is nothing about credentials', () => {
  const { credentials: _, ...access } = parts.access;
  expect(
    Object.keys(containerEnvironment({ ...parts, access })).filter((name) => name.startsWith('AWS_CONTAINER')),
  ).toEqual([]);
});

test('in transparent mode nothing tells an application, but its own definition may', () => {
  const access = { ...parts.access, server: undefined };
  expect(containerEnvironment({ ...parts, access })).not.toHaveProperty('AWS_ENDPOINT_URL');
  const container = { environment: [{ name: 'AWS_ENDPOINT_URL', value: 'https://elsewhere.example' }] };
  expect(containerEnvironment({ ...parts, access, container }).AWS_ENDPOINT_URL).toBe('https://elsewhere.example');
});
