import { expect } from 'vitest';
import { type Attack, holds, open } from './attack.ts';

export const controlPlane: readonly Attack[] = [
  {
    id: 'admin-endpoints',
    title: 'The server’s own endpoints below /_rolecall/, without a key',
    ecs: 'ECS has nothing like it; the nearest is the agent’s introspection API on port 51678, which containers of an EC2 instance can reach.',
    from: 'ordinary',
    outcomes: {
      process: open(
        'the server’s own port is on the loopback interface that the process shares: it says that it is well; whatever else there is wants the root user’s key, and a server without data directory lets itself be reset',
      ),
      namespace: holds('the address under which a task reaches the server answers AWS requests alone'),
      docker: holds(
        'the address under which a task reaches the server answers AWS requests alone; in host mode the server sees that a container asks',
      ),
    },
    program: async (box, { server }) => {
      const tries = [];
      const own = box.env.AWS_ENDPOINT_URL ?? '';
      for (const base of new Set([own, `http://127.0.0.1:${server.port}`, `http://[::1]:${server.port}`])) {
        for (const [method, path] of [
          ['GET', '/_rolecall/health'],
          ['GET', '/_rolecall/trail'],
          ['GET', '/_rolecall/output?task=x'],
          ['POST', '/_rolecall/reset'],
          ['POST', '/_rolecall/stand-ins'],
          ['POST', '/_rolecall/instances'],
          ['GET', '//_rolecall/health'],
          ['GET', '/x/../_rolecall/health'],
          ['GET', '/%5Frolecall/health'],
          ['GET', `http://127.0.0.1:${server.port}/_rolecall/health`],
        ] as const) {
          tries.push(await box.http(`${method} ${base} ${path}`, base, { method, path }));
        }
      }
      return tries;
    },
    refusal: /^(400 |403 |404 |405 |ECONNREFUSED|EADDRNOTAVAIL|ENETUNREACH)/,
  },
  {
    id: 'owner-keys',
    title: 'The key pair of the account’s root user that everybody knows (test/test)',
    ecs: 'There are no such keys in AWS. Servers that listen beyond loopback have a generated pair instead.',
    from: 'ordinary',
    outcomes: {
      process: open(
        'the process reaches the server as its user does, and a loopback server takes the well-known pair from its user',
      ),
      namespace: holds(
        'what comes out of a task is never the root user’s: the pair is as unknown there as it is in AWS',
      ),
      docker: holds(
        'what comes out of a task is never the root user’s: the pair is as unknown there as it is in AWS; in host mode the server sees that a container asks',
      ),
    },
    program: async (box, { server }) => {
      const keys = { accessKeyId: 'test', secretAccessKey: 'test' };
      const tries = [];
      const own = box.env.AWS_ENDPOINT_URL ?? '';
      for (const base of new Set([own, `http://127.0.0.1:${server.port}`])) {
        const answers = {
          identity: await box.aws(keys, 'sts', '', 'Action=GetCallerIdentity&Version=2011-06-15', base),
          roles: await box.aws(keys, 'iam', '', 'Action=ListRoles&Version=2010-05-08', base),
          secret: await box.aws(
            keys,
            'ssm',
            'AmazonSSM.GetParameter',
            '{"Name":"/neighbour/secret","WithDecryption":true}',
            base,
          ),
          buckets: await box.signed(keys, 's3', 'GET', `${base}/`, { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }, ''),
          trail: await box.signed(keys, 'rolecall', 'GET', `${base}/_rolecall/trail`, {}, ''),
        };
        for (const [what, { status, body, code }] of Object.entries(answers)) {
          if (status > 0 && status < 400) tries.push({ what: `${what} ${base}`, got: body.slice(0, 2000) });
          else tries.push({ what: `${what} ${base}`, refused: status === 0 ? code : `${status} ${body}` });
        }
      }
      return tries;
    },
    // Source: observed: an unknown key is InvalidClientTokenId, UnrecognizedClientException or InvalidAccessKeyId, by protocol.
    refusal:
      /InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKeyId|SignatureDoesNotMatch|^404 |^400 .*UnknownOperation|ECONNREFUSED/,
  },
  {
    id: 'assume-execution-role',
    title: 'The execution role and the neighbour’s role, assumed with the task role',
    ecs: 'The trust policy of a role for tasks names the service alone; AWS refuses in the same way.',
    from: 'ordinary',
    outcomes: {
      process: holds('the roles trust ecs-tasks.amazonaws.com and nobody else'),
      namespace: holds('the roles trust ecs-tasks.amazonaws.com and nobody else'),
      docker: holds('the roles trust ecs-tasks.amazonaws.com and nobody else'),
    },
    program: async (box, { roles }) => {
      const keys = await box.keys();
      const tries = [];
      for (const arn of [roles.execution, roles.neighbour]) {
        const query = `Action=AssumeRole&Version=2011-06-15&RoleSessionName=thief&RoleArn=${encodeURIComponent(arn)}`;
        const { status, body } = await box.aws(keys, 'sts', '', query);
        tries.push(status === 200 ? { what: arn, got: body } : { what: arn, refused: `${status} ${body}` });
      }
      return tries;
    },
    refusal: /^403 .*<Code>AccessDenied<\/Code>/s,
  },
  {
    id: 'forged-requests',
    title: 'Requests with another’s access key id, with a changed token, or signed by a guess',
    ecs: 'The same.',
    from: 'ordinary',
    outcomes: {
      process: holds('a signature is checked against the secret key, and the token against the session'),
      namespace: holds('a signature is checked against the secret key, and the token against the session'),
      docker: holds('a signature is checked against the secret key, and the token against the session'),
    },
    program: async (box) => {
      const keys = await box.keys();
      const changed = keys.sessionToken?.replace(/.{8}$/, 'AAAAAAAA') ?? '';
      const events = await box.aws(keys, 'cloudtrail', 'CloudTrail_20131101.LookupEvents', '{}');
      const theirs =
        (events.body.match(/ASIA[A-Z0-9]{16}/g) ?? []).find((id) => id !== keys.accessKeyId) ?? 'ASIAAAAAAAAAAAAAAAAA';
      const tries = [];
      for (const [what, forged] of [
        ['the key id of another session', { ...keys, accessKeyId: theirs }],
        ['another secret key', { ...keys, secretAccessKey: 'x'.repeat(40) }],
        ['a changed token', { ...keys, sessionToken: changed }],
        ['no token', { accessKeyId: keys.accessKeyId, secretAccessKey: keys.secretAccessKey }],
      ] as const) {
        const { status, body } = await box.aws(forged, 'sts', '', 'Action=GetCallerIdentity&Version=2011-06-15');
        tries.push(status === 200 ? { what, got: body } : { what, refused: `${status} ${body}` });
      }
      return tries;
    },
    refusal: /^403 .*(SignatureDoesNotMatch|InvalidClientTokenId)/s,
  },
  {
    id: 'registry',
    title: 'The image registry: a token for it, an image without one, an image put over the neighbour’s',
    ecs: 'The registry is another service; it wants a token, which ecr:GetAuthorizationToken gives to those who may.',
    from: 'ordinary',
    outcomes: {
      process: holds('the task role may not have a token, and without one the registry answers 401'),
      namespace: holds('the task role may not have a token, and the registry is not to be reached from a task'),
      docker: holds(
        'the task role may not have a token, and the registry is not to be reached from a task; in host mode the server sees that a container asks',
      ),
    },
    program: async (box, { server }) => {
      const keys = await box.keys();
      const token = await box.aws(keys, 'ecr', 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken', '{}');
      const tries: { what: string; got?: string; refused?: string }[] = [
        token.status === 200
          ? { what: 'token', got: token.body }
          : { what: 'token', refused: `${token.status} ${token.body}` },
      ];
      const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
      for (const base of [`http://127.0.0.1:${server.port}`, box.env.AWS_ENDPOINT_URL ?? '']) {
        for (const headers of [{}, basic('AWS:guess'), basic(`AWS:${keys.sessionToken}`), basic('test:test')]) {
          for (const [method, path] of [
            ['GET', '/v2/'],
            ['GET', '/v2/000000000000/eu-west-1/neighbour/manifests/v1'],
            ['PUT', '/v2/000000000000/eu-west-1/neighbour/manifests/v1'],
            ['POST', '/v2/000000000000/eu-west-1/neighbour/blobs/uploads/'],
          ] as const) {
            tries.push(
              await box.http(`${method} ${base}${path}`, `${base}${path}`, {
                method,
                headers,
                ...(method === 'GET' ? {} : { body: '{}' }),
              }),
            );
          }
        }
      }
      return tries;
    },
    refusal: /^(400 |401 |403 |404 |405 |501 )/,
  },
  {
    id: 'end-the-neighbour',
    title: 'The neighbour’s task stopped, or its state reported, with the task role',
    ecs: 'The same: IAM refuses what no policy allows.',
    from: 'ordinary',
    outcomes: {
      process: holds('no policy of the task role allows it'),
      namespace: holds('no policy of the task role allows it'),
      docker: holds('no policy of the task role allows it'),
    },
    program: async (box, { neighbour }) => {
      const keys = await box.keys();
      const tries = [];
      for (const [operation, input] of [
        ['StopTask', { task: neighbour.taskArn }],
        ['SubmitTaskStateChange', { task: neighbour.taskArn, status: 'STOPPED' }],
        ['RegisterTaskDefinition', { family: 'thief', containerDefinitions: [{ name: 'a', image: 'a', memory: 8 }] }],
        ['RunTask', { taskDefinition: 'thief' }],
        ['DiscoverPollEndpoint', {}],
      ] as const) {
        const { status, body } = await box.aws(
          keys,
          'ecs',
          `AmazonEC2ContainerServiceV20141113.${operation}`,
          JSON.stringify(input),
        );
        tries.push(status === 200 ? { what: operation, got: body } : { what: operation, refused: `${status} ${body}` });
      }
      return tries;
    },
    refusal: /^400 .*(AccessDeniedException|UnknownOperation|InvalidParameterException|ClientException)/s,
    check: async (world, mode) => {
      const { taskArn } = await world.neighbour(mode);
      const { tasks = [] } = await world.client.call('ecs', 'DescribeTasks', { tasks: [taskArn] });
      expect(tasks[0]?.lastStatus).toBe('RUNNING');
    },
  },
  {
    id: 'neighbour-metadata',
    title: 'The neighbour’s metadata and task protection, with its leaked ids',
    ecs: 'The agent answers the metadata of any container whose id is asked for; on Fargate each task has an endpoint of its own.',
    from: 'ordinary',
    outcomes: {
      process: holds(
        'one’s own endpoint knows one’s own containers, and the neighbour’s answers the neighbour’s processes alone',
      ),
      namespace: holds('one’s own endpoint knows one’s own containers, and the neighbour’s is out of reach'),
      docker: holds(
        'one’s own endpoint knows one’s own containers, and the neighbour’s is out of reach; in host mode the caller’s container decides',
      ),
    },
    needs: ({ subject }) =>
      subject.name === 'process' && process.platform !== 'linux' ? 'only Linux tells whose a connection is' : undefined,
    program: async (box, { neighbour }) => {
      const tries = [];
      const agent = new URL(neighbour.agentUrl);
      const metadata = new URL(neighbour.metadataUrl);
      for (const base of [box.endpoint, metadata.origin, `http://${neighbour.address}:${metadata.port || 80}`]) {
        for (const path of ['', '/task', '/taskWithTags', '/stats', '/task/stats']) {
          tries.push(await box.http(`v4${path} at ${base}`, `${base}${metadata.pathname}${path}`));
        }
        tries.push(await box.http(`v3 at ${base}`, `${base}${metadata.pathname.replace('/v4/', '/v3/')}/task`));
        for (const method of ['GET', 'PUT']) {
          const state = `${base}${agent.pathname}/task-protection/v1/state`;
          tries.push(
            await box.http(`protection at ${base}`, state, {
              method,
              ...(method === 'PUT' ? { body: '{"ProtectionEnabled":true}' } : {}),
            }),
          );
        }
      }
      return tries;
    },
    refusal: /^(404 |ECONNREFUSED|ENETUNREACH|EHOSTUNREACH)/,
  },
  {
    id: 'other-protocols',
    title: 'The endpoint made to answer by what it is not made for: methods, broken requests, long headers',
    ecs: 'The agent is a Go HTTP server with the same routes.',
    from: 'ordinary',
    outcomes: {
      process: holds('everything but the routes is refused, and the endpoint goes on'),
      namespace: holds('everything but the routes is refused, and the endpoint goes on'),
      docker: holds('everything but the routes is refused, and the endpoint goes on'),
    },
    program: async (box) => {
      const own =
        box.env.AWS_CONTAINER_CREDENTIALS_FULL_URI ??
        `${box.endpoint}${box.env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI}`;
      const tries = [];
      for (const method of ['PUT', 'POST', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE'])
        tries.push(await box.http(method, own, { method, headers: box.headers }));
      for (const path of [
        '*',
        '//',
        '/%',
        '/v2/credentials',
        '/../../etc/passwd',
        'http://[',
        '/v4/__proto__',
        '/v4/constructor/task',
        '/api/x/y',
      ])
        tries.push(await box.http(path, box.endpoint, { path, headers: box.headers }));
      tries.push(await box.http('long', own, { headers: { ...box.headers, long: 'x'.repeat(60_000) } }));
      const after = await box.ask(own, { headers: box.headers });
      if (after.status !== 200) throw new Error(`the endpoint does not answer any more: ${after.status} ${after.code}`);
      return tries;
    },
    refusal: /^(400 |404 |405 |431 |500 \{"code":"InternalServerError"|ECONNRESET|EPIPE|HPE_|socket hang up)/,
  },
];
