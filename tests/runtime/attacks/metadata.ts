import { type Attack, type Attempt, holds, none, open } from './attack.ts';
import type { Box } from './box.ts';

/** What `metadata of the machine itself` is said by, see outside.ts. */
const MACHINE = 'metadata of the machine itself';
const ROLE = '"Code": "Success"';

/** Asks at the address that programs know by themselves. Sent into the task as text. */
const askByDefault = async (box: Box): Promise<Attempt[]> => {
  if (box.env.AWS_EC2_METADATA_DISABLED !== 'true') return [{ what: 'AWS_EC2_METADATA_DISABLED', got: 'not set' }];
  const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': '60' };
  const { status, body, code } = await box.ask('http://169.254.169.254/latest/api/token', {
    method: 'PUT',
    headers,
  });
  if (status === 0) return [{ what: 'token', refused: code }];
  const role = await box.ask('http://169.254.169.254/latest/meta-data/iam/security-credentials/ecsInstanceRole', {
    headers: { 'x-aws-ec2-metadata-token': body },
  });
  return [{ what: 'role', got: role.body }];
};

export const metadata: readonly Attack[] = [
  {
    id: 'imds-fargate',
    title: 'Instance metadata from a Fargate task',
    ecs: 'Fargate has none for tasks.',
    from: 'ordinary',
    modes: ['awsvpc'],
    outcomes: {
      process: holds('Rolecall’s metadata service does not listen for it, and SDKs are told not to ask'),
      namespace: holds('no way leads to the address'),
      docker: holds('the address leads nowhere in the task’s network'),
    },
    program: askByDefault,
    // In the process runtime it is the machine's own network that answers, see the next but one.
    refusal: /^(ENETUNREACH|EHOSTUNREACH|EINVAL|ECONNREFUSED|timeout)$/,
    proof: () => [ROLE, 'not set'],
  },
  {
    id: 'imds-blocked',
    title: 'Instance metadata from an awsvpc task with ECS_AWSVPC_BLOCK_IMDS',
    ecs: 'The agent sets a blackhole route in the task’s network.',
    from: 'blocked',
    outcomes: {
      process: holds('Rolecall’s metadata service does not listen for it, and SDKs are told not to ask'),
      namespace: holds('nobody listens at the address'),
      docker: holds('the address leads nowhere in the task’s network'),
    },
    program: askByDefault,
    refusal: /^(ENETUNREACH|EHOSTUNREACH|EINVAL|ECONNREFUSED|timeout)$/,
    proof: () => [ROLE, 'not set'],
  },
  {
    id: 'imds-instance-role',
    title: 'The container instance role from an EC2 task, by the instance metadata (IMDSv2)',
    ecs: 'The same, by default: containers reach the metadata in all network modes unless ECS_AWSVPC_BLOCK_IMDS, a hop limit of 1 or a firewall rule keeps them off; here there are the first two of these. An application without a task role falls through to it.',
    from: 'instance',
    outcomes: {
      process: open('as in ECS; the address is a loopback port that the environment tells'),
      namespace: open('as in ECS'),
      docker: open(
        'as in ECS, in awsvpc and bridge mode; in host mode the address is a loopback port that the environment tells',
      ),
    },
    program: async (box) => {
      const base = box.env.AWS_EC2_METADATA_SERVICE_ENDPOINT ?? 'http://169.254.169.254';
      const token = await box.ask(`${base}/latest/api/token`, {
        method: 'PUT',
        headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' },
      });
      const headers = { 'x-aws-ec2-metadata-token': token.body };
      const list = `${base}/latest/meta-data/iam/security-credentials/`;
      const { body: name } = await box.ask(list, { headers });
      return [await box.http('role', `${list}${name}`, { headers })];
    },
    refusal: /^$/,
    proof: () => [ROLE],
  },
  {
    id: 'imds-hop-limit',
    title: 'The container instance role from an EC2 task, where the hop limit of instance metadata is 1',
    ecs: 'The same: the answer to a request for a token does not get past the instance’s bridge. Containers in host mode are in the instance’s network, and those in awsvpc mode have a network interface of their own.',
    from: 'one-hop',
    outcomes: {
      process: {
        bridge: holds('no token arrives, as if there were a bridge, and without a token nothing is answered'),
        host: open('as in ECS; the address is a loopback port that the environment tells'),
        awsvpc: open('as in ECS; the address is a loopback port that the environment tells'),
      },
      namespace: {
        bridge: holds('no token arrives, and without a token nothing is answered'),
        awsvpc: open('as in ECS'),
      },
      docker: {
        bridge: holds('no token arrives, and without a token nothing is answered'),
        host: open('as in ECS; the address is a loopback port that the environment tells'),
        awsvpc: open('as in ECS'),
      },
    },
    program: async (box, { mode }) => {
      const base = box.env.AWS_EC2_METADATA_SERVICE_ENDPOINT ?? 'http://169.254.169.254';
      const list = `${base}/latest/meta-data/iam/security-credentials/`;
      const token = await box.http('token', `${base}/latest/api/token`, {
        method: 'PUT',
        // None arrives over a bridge.
        ...(mode === 'bridge' ? { patience: 1500 } : {}),
        headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' },
      });
      const headers = token.got === undefined ? {} : { 'x-aws-ec2-metadata-token': token.got };
      return [token, await box.http('role', `${list}ecsInstanceRole`, { headers })];
    },
    refusal: /^(timeout$|401 )/,
    proof: () => [ROLE],
  },
  {
    id: 'imds-v1',
    title: 'Instance metadata without a token, with another’s, by GET of a token, or through a proxy',
    ecs: 'The same where version 1 is off, as on today’s ECS-optimized images.',
    from: 'instance',
    outcomes: {
      process: holds('version 1 is off, and tokens are given for PUT without X-Forwarded-For alone'),
      namespace: holds('version 1 is off, and tokens are given for PUT without X-Forwarded-For alone'),
      docker: holds('version 1 is off, and tokens are given for PUT without X-Forwarded-For alone'),
    },
    program: async (box) => {
      const base = box.env.AWS_EC2_METADATA_SERVICE_ENDPOINT ?? 'http://169.254.169.254';
      const role = `${base}/latest/meta-data/iam/security-credentials/`;
      const ttl = { 'x-aws-ec2-metadata-token-ttl-seconds': '60' };
      return [
        await box.http('no token', role),
        await box.http('a guess', role, { headers: { 'x-aws-ec2-metadata-token': 'guess==' } }),
        await box.http('an empty one', role, { headers: { 'x-aws-ec2-metadata-token': '' } }),
        await box.http('GET', `${base}/latest/api/token`, { headers: ttl }),
        await box.http('POST', `${base}/latest/api/token`, { method: 'POST', headers: ttl }),
        await box.http('through a proxy', `${base}/latest/api/token`, {
          method: 'PUT',
          headers: { ...ttl, 'x-forwarded-for': '127.0.0.1' },
        }),
        await box.http('no time', `${base}/latest/api/token`, { method: 'PUT' }),
        await box.http('too long', `${base}/latest/api/token`, {
          method: 'PUT',
          headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '21601' },
        }),
      ];
    },
    refusal: /^(400|401|403|405) /,
  },
  {
    id: 'neighbour-imds',
    title: 'The metadata service that listens for a neighbour on EC2',
    ecs: 'There is one for the whole instance.',
    from: 'ordinary',
    modes: ['bridge', 'host'],
    outcomes: {
      process: holds('each task’s listener answers the task’s own processes alone'),
      namespace: none('every task finds its own at the same address'),
      docker: {
        bridge: none('every task finds its own at the same address'),
        host: holds('each task’s listener answers the task’s own containers alone'),
      },
    },
    needs: ({ subject }) =>
      subject.name === 'process' && process.platform !== 'linux' ? 'only Linux tells whose a connection is' : undefined,
    program: async (box, { neighbour }) => [
      await box.http('token', `${neighbour.instanceMetadataUrl}/latest/api/token`, {
        method: 'PUT',
        headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' },
      }),
    ],
    refusal: /^403 /,
  },
  {
    id: 'machine-metadata',
    title: 'The metadata service of the machine that Rolecall itself runs on',
    ecs: 'The instance’s metadata is what ECS tasks on EC2 reach. Here it would be a developer’s or a build machine’s own role, which no task may have.',
    from: 'ordinary',
    outcomes: {
      process: open('the process has the network of the machine'),
      namespace: holds('no way leads out of the task’s network'),
      docker: {
        awsvpc: holds('the address leads nowhere in the task’s network'),
        bridge: holds('Rolecall’s own service answers in its place'),
        host: open('a task in host mode has the network of the machine'),
      },
    },
    needs: ({ outside }) =>
      outside === undefined ? 'a network beyond this machine can be made by root alone' : undefined,
    program: async (box) => [await box.reach('metadata', { host: '169.254.169.254', port: 80 })],
    refusal: /^(ENETUNREACH|EINVAL|ECONNREFUSED)$/,
    proof: () => [MACHINE],
  },
  {
    id: 'machine-metadata-routed',
    title: 'The same with NET_ADMIN, by taking the task’s own routes away',
    ecs: 'A container with NET_ADMIN can remove the agent’s blackhole route.',
    from: 'strong',
    modes: ['awsvpc', 'bridge'],
    outcomes: {
      process: none('capabilities are refused before the task starts'),
      namespace: holds('no route can be set, and there is nowhere to send to'),
      docker: holds('the machine does not forward packets for link-local addresses from the tasks’ network'),
    },
    needs: ({ outside }) =>
      outside === undefined ? 'a network beyond this machine can be made by root alone' : undefined,
    program: async (box, { neighbour }) => {
      const gateway = neighbour.address.replace(/\.\d+$/, '.1');
      const turned = box.sh(
        'route',
        `ip route show 169.254.169.254; ip route del 169.254.169.254; ip route add 169.254.169.254 via ${gateway}`,
      );
      const tries = [...(turned.refused === undefined ? [] : [turned])];
      if (turned.refused === undefined)
        tries.push(await box.reach('metadata', { host: '169.254.169.254', port: 80 }, 1500));
      box.sh('back', `ip route del 169.254.169.254 && ip route add ${turned.got}`);
      return tries;
    },
    refusal: /^(exit \d+: |timeout|EHOSTUNREACH|ENETUNREACH|EINVAL)/,
    proof: () => [MACHINE],
  },
];
