import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../src/server.ts';
import { signRequest } from '../../src/wire/sigv4/sign.ts';
import { startTestServer } from '../wire/server.ts';

let server: RunningServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

async function send(
  service: string,
  headers: Record<string, string>,
  body: string,
): Promise<{ status: number; text: string }> {
  const host = new URL(server.endpoint).host;
  const request = { method: 'POST', host, target: '/', headers, body: Buffer.from(body) };
  const { host: _, ...signed } = signRequest(request, server.credentials, { region: 'eu-west-1', service }, Date.now());
  const answer = await fetch(`${server.endpoint}/`, { method: 'POST', headers: signed, body });
  return { status: answer.status, text: await answer.text() };
}

function json(service: string, target: string, body: string) {
  return send(service, { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target }, body);
}

const ECS = 'AmazonEC2ContainerServiceV20141113';

describe('a JSON body', () => {
  it.each<[string, string, string, RegExp]>([
    ['that is no JSON', 'RegisterTaskDefinition', '{"family": ', /SerializationException/],
    ['that is no object', 'RegisterTaskDefinition', '[]', /SerializationException/],
    // AWS's own words; they do not name the member.
    [
      'with text for a list',
      'RegisterTaskDefinition',
      '{"family": "a", "containerDefinitions": "b"}',
      /SerializationException.*Expected list or null/,
    ],
    [
      'with text for a number',
      'RegisterTaskDefinition',
      '{"family": "a", "containerDefinitions": [{"name": "a", "image": "b", "memory": "c"}]}',
      /SerializationException.*STRING_VALUE can not be converted to an Integer/,
    ],
    ['with a required member missing', 'DescribeTasks', '{}', /tasks/],
    [
      'with a value that is none of the known',
      'RunTask',
      '{"taskDefinition": "a", "launchType": "LAMBDA"}',
      /(launchType|launch_type|launch type)/,
    ],
  ])('%s', async (_, operation, body, expected) => {
    const { status, text } = await json('ecs', `${ECS}.${operation}`, body);
    expect(status).toBe(400);
    expect(text).toMatch(expected);
    expect(JSON.parse(text)).toHaveProperty('__type');
  });

  it('for an operation that is not there names it', async () => {
    const { status, text } = await json('ecs', `${ECS}.RunTusk`, '{}');
    expect(status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({ __type: expect.stringContaining('UnknownOperation') });
    expect(text).toContain('RunTusk');
  });

  it('for a service that is not served says what is', async () => {
    const { text } = await json('lambda', 'AWSLambda.Invoke', '{}');
    expect(text).toMatch(/does not serve/);
  });
});

describe('a query body', () => {
  const query = (service: string, body: string) =>
    send(service, { 'content-type': 'application/x-www-form-urlencoded' }, body);
  it.each<[string, string, RegExp]>([
    [
      'without a required member',
      'Action=CreateRole&Version=2010-05-08&RoleName=r',
      /<Code>ValidationError<\/Code>[\s\S]*assumeRolePolicyDocument/i,
    ],
    [
      'with a name that breaks its pattern',
      'Action=CreateRole&Version=2010-05-08&RoleName=a%20b&AssumeRolePolicyDocument=x',
      /<Code>ValidationError<\/Code>[\s\S]*roleName/,
    ],
    [
      'with a policy that is none',
      'Action=CreateRole&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument=x',
      /<Code>MalformedPolicyDocument<\/Code>/,
    ],
    [
      'for an action that is not there',
      'Action=MakeRole&Version=2010-05-08',
      /<Code>InvalidAction<\/Code>[\s\S]*MakeRole/,
    ],
  ])('%s', async (_, body, expected) => {
    const { status, text } = await query('iam', body);
    expect(status).toBe(400);
    expect(text).toMatch(expected);
  });
});
