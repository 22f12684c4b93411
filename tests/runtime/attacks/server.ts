import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type Database from 'libsql';
import type { RuntimeName } from '../../../src/agent/runtimes/runtime.ts';
import { AwsClient } from '../../../src/wire/client.ts';
import type { Machine } from './machine.ts';

export const ACCOUNT = '000000000000';
export const REGION = 'eu-west-1';
export const ECR = `${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com`;
const PROGRAM = join(import.meta.dirname, '../../../bin/rolecall.js');

/** How containers of a runtime are made. */
export interface Subject {
  readonly name: RuntimeName;
  /** Image with a shell, Node and the usual small programs, and Node's path in it. */
  readonly image: string;
  readonly node: string;
}

/** Clusters, and what is special about the container instance that each of them has. */
const CLUSTERS: Readonly<Record<string, object>> = {
  default: {},
  blocked: { switches: { awsvpcBlockImds: true } },
  'one-hop': { metadataOptions: { HttpPutResponseHopLimit: 1 } },
};

/** The server, a process of its own, with what is said to it. */
export class AttackedServer {
  readonly data: string;
  #process: ChildProcess | undefined;
  #ended: Promise<void> | undefined;
  #said = '';
  #endpoint = '';
  #client!: AwsClient;

  constructor(data: string) {
    this.data = data;
  }

  get client(): AwsClient {
    return this.#client;
  }

  get endpoint(): string {
    return this.#endpoint;
  }

  /** All that the server has printed. */
  get said(): string {
    return this.#said;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  async start({ name, image }: Subject, machine: Machine): Promise<void> {
    const standIn = name === 'docker' ? [] : ['--stand-in', `${image}=host`, '--stand-in', `${ECR}/neighbour:v1=host`];
    const args = [
      'up',
      '--port',
      '0',
      '--data',
      this.data,
      '--runtime',
      name,
      '--region',
      REGION,
      '--quiet',
      ...standIn,
    ];
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, HOME: machine.home, AWS_SECRET_ACCESS_KEY: machine.developer, NO_COLOR: '1' },
    });
    this.#process = child;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    this.#ended = ended;
    this.#endpoint = await new Promise<string>((resolve, reject) => {
      const hear = (chunk: Buffer) => {
        this.#said += chunk;
        const address = /http:\/\/127\.0\.0\.1:\d+/.exec(this.#said)?.[0];
        if (address !== undefined && this.#said.includes('ready')) resolve(address);
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      void ended.then(() => reject(new Error(`the server ended: ${this.#said}`)));
    });
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    this.#client = new AwsClient({ endpoint: this.#endpoint, region: REGION, credentials });
  }

  /** Tasks of a server with data run on: here nobody would come after it. */
  async close(): Promise<void> {
    if (this.#client !== undefined) await this.#stopTasks();
    this.#client?.close();
    this.#process?.kill('SIGTERM');
    await this.#ended;
  }

  /** Roles, clusters with their instances, and secrets: `neighbour` for the neighbour, `data` in the data directory. */
  async makeAccount(secrets: { readonly neighbour: string; readonly data: string }): Promise<void> {
    writeFileSync(join(this.data, 'secret'), secrets.data, { mode: 0o600 });
    const trust = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' }],
    });
    const roles = {
      neighbour: ['sts:GetCallerIdentity'],
      // What lets it look around as far as policies can.
      attacker: [
        'cloudtrail:LookupEvents',
        'ecs:List*',
        'ecs:DescribeTasks',
        'ecs:DescribeContainerInstances',
        'sts:AssumeRole',
        'ecs:GetTaskProtection',
        'ecs:UpdateTaskProtection',
      ],
      execution: ['ecr:*', 'logs:*', 'ssm:GetParameters', 'kms:Decrypt'],
    };
    for (const [RoleName, Action] of Object.entries(roles)) {
      await this.#client.call('iam', 'CreateRole', { RoleName, AssumeRolePolicyDocument: trust });
      const document = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: '*' }] };
      await this.#client.call('iam', 'PutRolePolicy', {
        RoleName,
        PolicyName: 'own',
        PolicyDocument: JSON.stringify(document),
      });
    }
    await this.#client.call('ssm', 'PutParameter', {
      Name: '/neighbour/secret',
      Value: secrets.neighbour,
      Type: 'SecureString',
    });
    for (const [cluster, more] of Object.entries(CLUSTERS)) {
      await this.#client.call('ecs', 'CreateCluster', { clusterName: cluster });
      const body = JSON.stringify({ cluster, launchType: 'EC2', ...more });
      const { status, body: answer } = await this.#client.fetchSigned('POST', '/_rolecall/instances', body);
      if (status !== 200) throw new Error(answer.toString('utf8'));
    }
  }

  /** Records of the trail, as the account's root user reads them. */
  async trail(): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const entries: Readonly<Record<string, unknown>>[] = [];
    for await (const entry of this.#client.streamSigned('GET', '/_rolecall/trail')) {
      entries.push((entry as { value: Readonly<Record<string, unknown>> }).value);
    }
    return entries;
  }

  /** A task's output, to its end. */
  async output(taskArn: string): Promise<{ lines: string[]; errors: string[] }> {
    const found = { lines: [] as string[], errors: [] as string[] };
    for await (const each of this.#client.streamSigned(
      'GET',
      `/_rolecall/output?task=${encodeURIComponent(taskArn)}&follow=1`,
    )) {
      const { stream, line } = each as { stream: string; line: string };
      found[stream === 'stdout' ? 'lines' : 'errors'].push(line);
    }
    return found;
  }

  /** The first line that begins so. */
  async says(taskArn: string, start: string): Promise<string> {
    const enough = new AbortController();
    const path = `/_rolecall/output?task=${encodeURIComponent(taskArn)}&follow=1`;
    const heard: string[] = [];
    try {
      for await (const each of this.#client.streamSigned('GET', path, { signal: enough.signal })) {
        const { line } = each as { line: string };
        heard.push(line);
        if (line.startsWith(start)) return line;
      }
    } finally {
      enough.abort();
    }
    const { tasks: [task] = [] } = await this.#client.call('ecs', 'DescribeTasks', { tasks: [taskArn] });
    throw new Error(`${taskArn} ended: ${task?.stoppedReason}\n${heard.join('\n')}\n${this.#said}`);
  }

  async #stopTasks(): Promise<void> {
    for (const cluster of Object.keys(CLUSTERS)) {
      for (const task of await this.#tasks(cluster, 'RUNNING'))
        await this.#client.call('ecs', 'StopTask', { cluster, task });
      for (;;) {
        const ended = await this.#tasks(cluster, 'STOPPED');
        const { tasks = [] } =
          ended.length === 0
            ? {}
            : await this.#client.call('ecs', 'DescribeTasks', { cluster, tasks: ended.slice(-100) });
        if (tasks.every(({ lastStatus }) => lastStatus === 'STOPPED')) break;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  async #tasks(cluster: string, desiredStatus: 'RUNNING' | 'STOPPED'): Promise<readonly string[]> {
    return (await this.#client.call('ecs', 'ListTasks', { cluster, desiredStatus })).taskArns ?? [];
  }

  /** The server's own records, read beside it. */
  documents<T>(collection: string): readonly T[] {
    const Sqlite = createRequire(import.meta.url)('libsql') as typeof Database;
    const db = new Sqlite(join(this.data, 'rolecall.db'));
    try {
      const rows = db.prepare('SELECT json FROM documents WHERE collection = ?').all(collection) as { json: string }[];
      return rows.map(({ json }) => JSON.parse(json) as T);
    } finally {
      db.close();
    }
  }
}
