import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AwsError } from '../core/errors.ts';
import { AwsClient } from './client.ts';
import { parseInput, route } from './decode.ts';
import { encodeError, encodeResponse } from './encode.ts';
import { type HttpRequest, type HttpResponse, httpRequest } from './http.ts';
import { authenticate } from './sigv4/verify.ts';

const credentials = { accessKeyId: 'ASIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret', sessionToken: 'to/ken+=' };

/** A real socket in front of the codec; the test says what is answered. */
describe('AwsClient', () => {
  let server: Server;
  let client: AwsClient;
  let answer: (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;
  beforeEach(async () => {
    server = createServer(async (message, response) => {
      const pieces: Buffer[] = [];
      for await (const piece of message) pieces.push(piece);
      const { status, headers, body } = await answer(
        httpRequest(message.method ?? '', message.url ?? '', message.rawHeaders, Buffer.concat(pieces)),
      );
      response.writeHead(status, headers);
      response.end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    client = new AwsClient({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'eu-west-1',
      credentials,
    });
  });
  afterEach(() => {
    client.close();
    server.close();
  });

  const verified = (request: HttpRequest) => {
    const found = route(request);
    const { scope } = authenticate(request, {
      now: Date.now(),
      family: found.family,
      service: found.service,
      lookup: () => credentials,
    });
    return { found, input: parseInput(found, request), region: scope.region };
  };

  it('calls a json service', async () => {
    answer = (request) => {
      const { found, input, region } = verified(request);
      expect([found.operation, input, region]).toEqual([
        'GetParameters',
        { Names: ['/a é'], WithDecryption: true },
        'eu-west-1',
      ]);
      return encodeResponse(found, { Parameters: [{ Name: '/a é', LastModifiedDate: 1_700_000_000_000 }] }, 'r');
    };
    const out = await client.call('ssm', 'GetParameters', { Names: ['/a é'], WithDecryption: true });
    expect(out.Parameters).toEqual([{ Name: '/a é', LastModifiedDate: 1_700_000_000_000 }]);
  });

  it('calls a query service', async () => {
    answer = (request) => {
      const { found, input } = verified(request);
      expect(input).toEqual({
        RoleName: 'r',
        AssumeRolePolicyDocument: '{"a": "b+c&d"}',
        Tags: [{ Key: 'k', Value: 'ü' }],
      });
      return encodeResponse(
        found,
        { Role: { Path: '/', RoleName: 'r', RoleId: 'AROA', Arn: 'arn', CreateDate: 1_700_000_000_000, Tags: [] } },
        'r',
      );
    };
    const { Role } = await client.call('iam', 'CreateRole', {
      RoleName: 'r',
      AssumeRolePolicyDocument: '{"a": "b+c&d"}',
      Tags: [{ Key: 'k', Value: 'ü' }],
    });
    expect(Role).toEqual({
      Path: '/',
      RoleName: 'r',
      RoleId: 'AROA',
      Arn: 'arn',
      CreateDate: 1_700_000_000_000,
      Tags: [],
    });
  });

  it('throws what the service answered', async () => {
    answer = (request) => encodeError(verified(request).found, new AwsError('NoSuchEntity', 'not <here>'), 'r');
    await expect(client.call('iam', 'GetRole', { RoleName: 'r' })).rejects.toMatchObject({
      code: 'NoSuchEntity',
      message: 'not <here>',
      status: 404,
    });
    answer = (request) => encodeError(verified(request).found, new AwsError('QueueDoesNotExist', 'gone'), 'r');
    await expect(client.call('sqs', 'GetQueueUrl', { QueueName: 'q' })).rejects.toMatchObject({
      code: 'QueueDoesNotExist',
      message: 'gone',
    });
    answer = () => ({ status: 502, headers: {}, body: 'bad gateway' });
    await expect(client.call('sts', 'GetCallerIdentity', {})).rejects.toMatchObject({
      code: 'Http502',
      fault: 'server',
    });
  });

  it('signs requests for the server itself, and reads streams of JSON lines', async () => {
    answer = (request) => {
      authenticate(request, { now: Date.now(), family: 'json', service: 'rolecall', lookup: () => credentials });
      expect(request.path).toBe('/_rolecall/trail');
      return {
        status: 200,
        headers: {},
        body: request.query === 'follow=1' ? '{"n":1}\n{"n":2}\n' : `${request.method} ${request.body}`,
      };
    };
    const { status, body } = await client.fetchSigned('POST', '/_rolecall/trail?a=b', 'text');
    expect([status, body.toString()]).toEqual([200, 'POST text']);
    const lines: unknown[] = [];
    for await (const line of client.streamSigned('GET', '/_rolecall/trail?follow=1')) lines.push(line);
    expect(lines).toEqual([{ n: 1 }, { n: 2 }]);
    answer = () => ({ status: 403, headers: {}, body: 'no' });
    await expect(client.streamSigned('GET', '/_rolecall/trail').next()).rejects.toMatchObject({
      status: 403,
      message: 'no',
    });
  });
});
