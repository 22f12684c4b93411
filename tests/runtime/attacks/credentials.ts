import { expect } from 'vitest';
import { type Attack, holds, none, open } from './attack.ts';

const NOT_FOUND =
  /^400 \{"code":"InvalidIdInRequest","message":"CredentialsV[12]Request: Credentials not found","HTTPErrorCode":400\}$/;
const REFUSED =
  /^(400 \{"code":"(InvalidIdInRequest|NoIdInRequest)"|404 |429 |ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|EINVAL|timeout)/;

/** Rows of the trail that tell of refused requests at credentials endpoints of a task. */
function attemptsIn(trail: readonly Readonly<Record<string, unknown>>[], taskArn: string) {
  return trail.filter(({ operation, taskArn: of }) => operation === 'GetCredentials' && of === taskArn);
}

export const credentials: readonly Attack[] = [
  {
    id: 'neighbour-id',
    title: 'A neighbour’s leaked credentials id, asked for at one’s own endpoint',
    ecs: 'On EC2 the agent looks at the id alone and answers it to every container of the instance. Here a task’s endpoint gives out that task’s credentials and no others, in ECS’s own words for an id that does not exist.',
    from: 'ordinary',
    outcomes: {
      process: holds('the endpoint knows one id; the neighbour’s is answered as one that does not exist'),
      namespace: holds('the endpoint is the task’s own and knows one id'),
      docker: holds(
        'the endpoint is the task’s own and knows one id; in host mode the caller’s container decides whose it is',
      ),
    },
    program: async (box, { neighbour }) => {
      const { endpoint, headers } = box;
      const id = neighbour.credentialsId;
      const theirs = neighbour.token === '' ? headers : { authorization: neighbour.token };
      return [
        await box.http('v2', `${endpoint}/v2/credentials/${id}`, { headers }),
        await box.http('v1', `${endpoint}/v1/credentials?id=${id}`, { headers }),
        await box.http('v1, twice', `${endpoint}/v1/credentials?id=${id}&id=${id}`, { headers }),
        await box.http('the neighbour’s token', `${endpoint}/v2/credentials/${id}`, { headers: theirs }),
        await box.http('in its name', `${endpoint}/v2/credentials/${id}`, {
          headers: { ...headers, 'x-forwarded-for': neighbour.address, host: neighbour.address },
        }),
        await box.http('dots', endpoint, { path: `/v2/credentials/x/../${id}`, headers }),
        await box.http('whole URL', endpoint, { path: `http://169.254.170.2/v2/credentials/${id}`, headers }),
      ];
    },
    refusal: NOT_FOUND,
    proof: ({ neighbourCredentials }) => neighbourCredentials,
  },
  {
    id: 'neighbour-endpoint',
    title: 'The neighbour’s own endpoint, with its id, its address and its token',
    ecs: 'ECS has one endpoint for all tasks of an instance, so there is no other to go to. On Fargate every task has a machine of its own.',
    from: 'ordinary',
    outcomes: {
      process: holds(
        'on Linux the calling process must be one of the task’s, whatever it knows; elsewhere the authorization token alone decides',
      ),
      namespace: holds('the neighbour’s endpoint listens in the neighbour’s network, and no way leads there'),
      docker: holds(
        'the endpoint is reached from the neighbour’s own network alone; in host mode the caller’s container decides',
      ),
    },
    needs: ({ subject }) =>
      subject.name === 'process' && process.platform !== 'linux' ? 'only Linux tells whose a connection is' : undefined,
    program: async (box, { neighbour }) => {
      const path = `/v2/credentials/${neighbour.credentialsId}`;
      const headers = neighbour.token === '' ? {} : { authorization: neighbour.token };
      const port = new URL(neighbour.credentialsUrl).port || '80';
      return [
        await box.http('its URL', neighbour.credentialsUrl, { headers }),
        await box.http('its address', `http://${neighbour.address}:${port}${path}`, { headers }),
        await box.http('from another loopback address', neighbour.credentialsUrl, {
          headers,
          localAddress: '127.0.0.1',
        }),
      ];
    },
    refusal: REFUSED,
    proof: ({ neighbourCredentials }) => neighbourCredentials,
    check: async (world, mode) => {
      if (world.subject.name !== 'process') return;
      const { taskArn } = await world.neighbour(mode);
      const told = attemptsIn(await world.trail(), taskArn).map(({ error }) => (error as { message: string }).message);
      expect(told.join('\n')).toMatch(/a caller that is not of the task \(process \d+\)/);
    },
  },
  {
    id: 'execution-role-id',
    title: 'The execution role’s credentials, asked for by their leaked id',
    ecs: 'The agent serves them at the same endpoint to whoever knows the id. Here they are at no endpoint at all.',
    from: 'ordinary',
    outcomes: {
      process: holds('no endpoint gives out an execution role’s credentials'),
      namespace: holds('no endpoint gives out an execution role’s credentials'),
      docker: holds('no endpoint gives out an execution role’s credentials'),
    },
    program: async (box, { executionIds }) => {
      const tries = [];
      for (const id of executionIds.slice(-10)) {
        tries.push(await box.http(`v2 ${id}`, `${box.endpoint}/v2/credentials/${id}`, { headers: box.headers }));
        tries.push(await box.http(`v1 ${id}`, `${box.endpoint}/v1/credentials?id=${id}`, { headers: box.headers }));
      }
      return tries;
    },
    refusal: NOT_FOUND,
    proof: ({ executionCredentials }) => executionCredentials,
  },
  {
    id: 'scan-of-ids',
    last: true,
    title: 'Every id that can be seen, and guesses, asked for one after the other',
    ecs: 'The agent allows 40 requests a second, with bursts of 60, for each caller and path, so guesses of ids are not limited; it writes requests into its audit log. Here all ids that are not the task’s own count together, and each attempt is in the trail.',
    from: 'ordinary',
    outcomes: {
      process: holds('all are refused, after the burst by the rate limit, and the trail tells of them'),
      namespace: holds('all are refused, after the burst by the rate limit, and the trail tells of them'),
      docker: holds('all are refused, after the burst by the rate limit, and the trail tells of them'),
    },
    program: async (box, { neighbour }) => {
      const own = /[0-9a-f-]{36}$/.exec(
        box.env.AWS_CONTAINER_CREDENTIALS_FULL_URI ?? box.env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI ?? '',
      )?.[0];
      const metadata = box.env.ECS_CONTAINER_METADATA_URI_V4;
      const keys = await box.keys();
      const events = await box.aws(keys, 'cloudtrail', 'CloudTrail_20131101.LookupEvents', '{}');
      const described = await box.aws(
        keys,
        'ecs',
        'AmazonEC2ContainerServiceV20141113.DescribeTasks',
        JSON.stringify({ tasks: [neighbour.taskArn] }),
      );
      const text = [
        JSON.stringify(box.env),
        (await box.ask(`${metadata}/taskWithTags`)).body,
        events.body,
        described.body,
      ].join('\n');
      const seen = [
        ...new Set(text.match(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g) ?? []),
      ].filter((id) => id !== own);
      const guesses = Array.from({ length: 150 }, () => crypto.randomUUID());
      const ids = [...seen.slice(0, 200), ...guesses];
      const began = Date.now();
      const tries: { what: string; refused?: string }[] = [];
      const worker = async () => {
        for (let id = ids.pop(); id !== undefined; id = ids.pop())
          tries.push(await box.http(id, `${box.endpoint}/v2/credentials/${id}`, { headers: box.headers }));
      };
      await Promise.all(Array.from({ length: 10 }, worker));
      tries.push({ what: 'all', refused: `in ${Date.now() - began} ms` });
      return tries;
    },
    refusal: /^(400 \{"code":"InvalidIdInRequest"|429 You have reached maximum request limit\.|in \d+ ms$)/,
    check: async (world, mode, attempts) => {
      // As many as the burst and the time since then allow, however quick this machine is.
      const seconds = Number(/^in (\d+) ms$/.exec(attempts.at(-1)?.refused ?? '')?.[1]) / 1000;
      const answered = attempts.filter(({ refused }) => refused?.startsWith('400'));
      expect(seconds).toBeGreaterThan(0);
      expect(answered.length).toBeLessThanOrEqual(60 + Math.ceil(40 * seconds) + 1);
      const trail = (await world.trail()).filter(({ operation }) => operation === 'GetCredentials');
      expect(trail.length).toBeGreaterThan(50);
      expect(trail[0]).toMatchObject({
        service: 'ecs',
        outcome: 'failed',
        stage: 'running',
        error: {
          code: 'InvalidIdInRequest',
          message: expect.stringMatching(
            /: (a credentials id that is not the task's own|a caller that is not of the task .*)$/,
          ),
        },
      });
      // Neither the ids that were asked for nor the task's own are told.
      const { neighbour, executionIds } = await world.leaks(mode);
      const text = JSON.stringify(trail);
      for (const id of [neighbour.credentialsId, ...executionIds]) expect(text).not.toContain(id);
    },
  },
  {
    id: 'no-token',
    title: 'One’s own endpoint without its authorization token, or with a guess',
    ecs: 'ECS has no token: the address answers inside of the instance only.',
    from: 'ordinary',
    outcomes: {
      process: holds('the loopback port is open to every process of the machine, so the token is needed beside the id'),
      namespace: none('169.254.170.2 answers inside of the task only, and there is no token'),
      docker: none('169.254.170.2 answers inside of the task only, and there is no token'),
    },
    program: async (box) => {
      const url = box.env.AWS_CONTAINER_CREDENTIALS_FULL_URI ?? '';
      return [
        await box.http('without', url),
        await box.http('a guess', url, { headers: { authorization: 'guess' } }),
        await box.http('empty', url, { headers: { authorization: '' } }),
      ];
    },
    refusal: NOT_FOUND,
  },
  {
    id: 'execution-role-visible',
    title: 'Ids and credentials of execution roles, of the neighbour and of the registry in what a task can read',
    ecs: 'No variable and no document tells the execution role’s id, and CloudTrail keeps neither secret keys nor session tokens.',
    from: 'ordinary',
    outcomes: {
      process: holds(
        'they are not in the environment, the metadata, the process table of the task itself, or the trail',
      ),
      namespace: holds('they are not in the environment, the metadata, /proc, or the trail'),
      docker: holds('they are not in the environment, the metadata, /proc, or the trail'),
    },
    program: async (box, { neighbour }) => {
      const keys = await box.keys();
      const metadata = box.env.ECS_CONTAINER_METADATA_URI_V4;
      const read = (path: string) => {
        try {
          return box.fs.readFileSync(path, 'utf8');
        } catch {
          return '';
        }
      };
      // All but what the attacker was told beforehand.
      const { LEAKS: _told, ...env } = box.env;
      const environ = read('/proc/self/environ')
        .split('\0')
        .filter((line) => !line.startsWith('LEAKS='));
      const found = [JSON.stringify(env), environ.join('\n'), read('/proc/self/mountinfo')];
      for (const path of ['', '/task', '/taskWithTags', '/stats', '/task/stats'])
        found.push((await box.ask(`${metadata}${path}`)).body);
      const ecs = (operation: string, input: object) =>
        box.aws(keys, 'ecs', `AmazonEC2ContainerServiceV20141113.${operation}`, JSON.stringify(input));
      found.push(
        (await ecs('DescribeTasks', { tasks: [neighbour.taskArn], include: ['TAGS'] })).body,
        (await ecs('ListTasks', {})).body,
      );
      let token: string | undefined;
      let pages = 0;
      do {
        const input = JSON.stringify(token === undefined ? {} : { NextToken: token });
        const { status, body } = await box.aws(keys, 'cloudtrail', 'CloudTrail_20131101.LookupEvents', input);
        if (status !== 200) throw new Error(body);
        found.push(body);
        token = JSON.parse(body).NextToken;
        pages += 1;
      } while (token !== undefined && pages < 100);
      return [{ what: `${pages} pages of the trail and more`, seen: found.join('\n') }];
    },
    refusal: /^$/,
    // `AWS:…` in base64: an authorization token of the registry.
    proof: ({ executionCredentials, executionIds, neighbourCredentials, neighbourSecret }) => [
      ...executionIds,
      // Access key ids are no secret: CloudTrail shows them.
      ...[...executionCredentials, ...neighbourCredentials].filter((text) => !text.startsWith('ASIA')),
      neighbourSecret,
      'QVdTO',
    ],
    check: async (_world, _mode, [attempt]) => {
      // It has looked at the right things.
      expect(attempt?.seen).toContain('"eventName":"AssumeRole"'.replaceAll('"', '\\"'));
      expect(attempt?.seen).toContain('KnownStatus');
    },
  },
  {
    id: 'routed-through-neighbour',
    title:
      'The neighbour’s endpoints, reached with NET_ADMIN by sending packets for 169.254.170.2 and 169.254.169.254 through it',
    ecs: 'On EC2 the id alone protects the credentials, so there is no need to. Here the neighbour’s network passes such packets on at most, and from the endpoint there is a way to the neighbour itself alone.',
    from: 'strong',
    modes: ['awsvpc', 'bridge'],
    outcomes: {
      process: none('capabilities are refused before the task starts'),
      namespace: holds('NET_ADMIN is refused, and with all that can be had no route can be set'),
      docker: holds(
        'nothing comes back: the endpoint is beside the neighbour’s network and answers the neighbour alone',
      ),
    },
    program: async (box, { neighbour, runtime }) => {
      const tries = [];
      const path = (url: string) => new URL(url).pathname;
      const detour = (address: string) =>
        box.sh(
          `route ${address}`,
          `ip route show ${address}; ip route del ${address}; ip route add ${address} via ${neighbour.address}`,
        );
      const back = (address: string, before = '') =>
        box.sh('back', `ip route del ${address} via ${neighbour.address} && ip route add ${before}`);
      for (const [address, urls] of [
        [
          '169.254.170.2',
          [
            `/v2/credentials/${neighbour.credentialsId}`,
            path(neighbour.metadataUrl),
            `${path(neighbour.metadataUrl)}/task`,
            `${path(neighbour.agentUrl)}/task-protection/v1/state`,
          ],
        ],
        ['169.254.169.254', ['/latest/api/token']],
      ] as const) {
        const turned = detour(address);
        if (turned.refused !== undefined) tries.push(turned);
        for (const url of urls) {
          const method = url.endsWith('token') ? 'PUT' : 'GET';
          const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': '60' };
          const tried = await box.http(url, `http://${address}${url}`, { method, headers, patience: 1500 });
          // Without a route it is one's own endpoint that answers (and the task's own metadata).
          if (runtime === 'docker' || !url.endsWith('token')) tries.push(tried);
        }
        back(address, turned.got);
      }
      return tries;
    },
    refusal: /^(400 \{"code":"InvalidIdInRequest"|403 |404 |exit \d+: |ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|timeout)/,
    check: (world, _mode, attempts) => {
      // Anything else would be an answer: one's own, or the neighbour's.
      const answers = world.subject.name === 'docker' ? attempts.map(({ refused }) => refused) : [];
      for (const answer of answers) expect(answer).toMatch(/^(timeout|EHOSTUNREACH|ENETUNREACH)$/);
    },
  },
  {
    id: 'spoofed-source',
    title: 'The neighbour’s endpoint, asked with NET_ADMIN and NET_RAW under the neighbour’s own addresses',
    ecs: 'A VPC drops packets with a foreign source address; on the bridge of an EC2 instance it can be taken.',
    from: 'strong',
    modes: ['awsvpc', 'bridge'],
    outcomes: {
      process: none('capabilities are refused before the task starts'),
      namespace: holds('no address can be taken, and no packet leaves the task’s network'),
      docker: holds('Linux drops packets on arrival that carry an address of the receiver’s own'),
    },
    program: async (box, { neighbour }) => {
      const device = box.os.networkInterfaces().eth0 === undefined ? 'lo' : 'eth0';
      const taken = box.sh('address', `ip addr add ${neighbour.address}/32 dev ${device}`);
      if (taken.refused !== undefined) return [taken];
      // The way is made before the address is taken, so that the neighbour's own link address is known.
      box.sh('way', `ip addr del ${neighbour.address}/32 dev eth0; ping -c 1 -W 1 ${neighbour.address}; ip neigh`);
      const [, link = ''] = /lladdr (\S+)/.exec(box.sh('link', `ip neigh show ${neighbour.address}`).got ?? '') ?? [];
      if (link === '') throw new Error('the neighbour’s link address is not known');
      const before = box.sh('before', 'ip route show 169.254.170.2').got ?? '';
      box.sh('take', `arp -i eth0 -s 169.254.170.2 ${link}; ip addr add ${neighbour.address}/32 dev eth0`);
      const tries = [];
      // On the tasks' network, and at the end of the cable that leads to the endpoint, which all tasks have alike.
      for (const localAddress of [neighbour.address, '169.254.172.2']) {
        const turned = box.sh(
          'turn',
          `ip route del 169.254.170.2; ip route add 169.254.170.2 dev eth0 src ${localAddress}`,
        );
        if (turned.refused !== undefined) throw new Error(turned.refused);
        const url = `http://169.254.170.2/v2/credentials/${neighbour.credentialsId}`;
        tries.push(await box.http(`credentials, as ${localAddress}`, url, { localAddress, patience: 1500 }));
      }
      box.sh('back', `arp -i eth0 -d 169.254.170.2; ip addr del ${neighbour.address}/32 dev eth0`);
      box.sh('back', `ip route del 169.254.170.2; ip route add ${before}`);
      return tries;
    },
    refusal: /^(exit \d+: |timeout|EHOSTUNREACH|ECONNREFUSED)/,
  },
  {
    id: 'host-endpoint-from-bridge',
    title: 'The endpoint of tasks in host mode, reached from a bridge with NET_ADMIN through the machine',
    ecs: 'On EC2 it is the same endpoint, and the id alone protects.',
    from: 'strong',
    modes: ['bridge'],
    outcomes: {
      process: none('capabilities are refused before the task starts'),
      namespace: none('host mode is refused'),
      docker: holds('a caller that is in no container of the machine’s own network is refused'),
    },
    program: async (box, { neighbour }) => {
      const gateway = neighbour.address.replace(/\.\d+$/, '.1');
      const before = box.sh('before', 'ip route show 169.254.170.2').got ?? '';
      const turned = box.sh('route', `ip route del 169.254.170.2; ip route add 169.254.170.2 via ${gateway}`);
      const tries = [...(turned.refused === undefined ? [] : [turned])];
      const url = `http://169.254.170.2/v2/credentials/${neighbour.credentialsId}`;
      tries.push(await box.http('credentials', url, { patience: 1500 }));
      box.sh('back', `ip route del 169.254.170.2 && ip route add ${before}`);
      return tries;
    },
    refusal: REFUSED,
  },
  {
    id: 'neighbour-memory',
    title: 'The credentials that a neighbour holds in its memory',
    ecs: 'Containers have process namespaces of their own, so there is no neighbour’s process to look into.',
    from: 'ordinary',
    outcomes: {
      process: open(
        'a process of the same user can read the memory of another, as far as the kernel’s ptrace settings let it',
      ),
      namespace: holds('there are no processes but the container’s own'),
      docker: holds('there are no processes but the container’s own'),
    },
    needs: ({ subject }) =>
      subject.name === 'process' && process.geteuid?.() !== 0 && restrictedPtrace()
        ? 'kernel.yama.ptrace_scope keeps processes of one user apart'
        : undefined,
    program: async (box, { neighbour }) => [
      await box.try('memory', () => {
        const pid = neighbour.pid;
        const memory = box.fs.openSync(`/proc/${pid}/mem`, 'r');
        const chunk = Buffer.alloc(1 << 20);
        for (const line of box.fs.readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
          const [, start = '', end = ''] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
          for (let at = Number.parseInt(start, 16); at < Number.parseInt(end, 16); at += chunk.length - 4096) {
            let length = 0;
            try {
              length = box.fs.readSync(memory, chunk, 0, Math.min(chunk.length, Number.parseInt(end, 16) - at), at);
            } catch {
              continue;
            }
            const found = /"SecretAccessKey":"([^"]{20,})"/.exec(chunk.toString('latin1', 0, length));
            if (found?.[1] !== undefined) return found[1];
          }
        }
        throw new Error('nothing found');
      }),
    ],
    refusal: /^(ENOENT|ESRCH|EACCES|EPERM)$/,
    proof: ({ neighbourCredentials }) => neighbourCredentials,
  },
];

function restrictedPtrace(): boolean {
  try {
    return (
      process.getBuiltinModule('node:fs').readFileSync('/proc/sys/kernel/yama/ptrace_scope', 'utf8').trim() !== '0'
    );
  } catch {
    return false;
  }
}
