import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { RunningServer } from '../../src/server.ts';
import type { Client } from './scenario.ts';

export type Answer =
  | { readonly output: unknown }
  | { readonly error: { readonly code: string; readonly message: string } };

/** Something that makes calls as a real client does. */
export interface Caller {
  call(service: string, operation: string, input: Readonly<Record<string, unknown>>): Promise<Answer>;
  close(): void;
}

const PACKAGES: Readonly<Record<string, string>> = { logs: 'cloudwatch-logs', secretsmanager: 'secrets-manager' };

/** Makes the caller of a kind; undefined where this machine does not have it. */
export async function callerOf(client: Client, server: RunningServer): Promise<Caller | undefined> {
  if (client === 'sdk') return sdkCaller(server);
  return python()[client] ? pythonCaller(client, server.endpoint) : undefined;
}

let found: { readonly boto3: boolean; readonly cli: boolean } | undefined;

/** Whether python3 is there with boto3, and with the aws cli as a module. */
export function python(): { readonly boto3: boolean; readonly cli: boolean } {
  const has = (module: string) => {
    try {
      execFileSync('python3', ['-c', `import ${module}`], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  };
  found ??= { boto3: has('boto3'), cli: has('boto3, awscli') };
  return found;
}

function sdkCaller({ endpoint, credentials }: RunningServer): Caller {
  const clients = new Map<
    string,
    {
      module: Record<string, unknown>;
      client: { send(command: unknown): Promise<Record<string, unknown>>; destroy(): void };
    }
  >();
  return {
    call: async (service, operation, input) => {
      let known = clients.get(service);
      if (known === undefined) {
        const module = (await import(`@aws-sdk/client-${PACKAGES[service] ?? service}`)) as Record<string, unknown>;
        const name = Object.keys(module).find((key) => key.endsWith('Client') && !key.startsWith('__')) as string;
        const Made = module[name] as new (options: object) => NonNullable<typeof known>['client'];
        known = {
          module,
          client: new Made({ endpoint, region: 'eu-west-1', credentials, maxAttempts: 1, forcePathStyle: true }),
        };
        clients.set(service, known);
      }
      const Command = known.module[`${operation}Command`] as new (input: unknown) => unknown;
      try {
        const { $metadata: _, ...output } = await known.client.send(new Command(bytes(input)));
        return { output: await plain(output) };
      } catch (error) {
        const { name, message } = error as Error;
        return { error: { code: name, message } };
      }
    },
    close: () => {
      for (const { client } of clients.values()) client.destroy();
    },
  };
}

function bytes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bytes);
  if (typeof value !== 'object' || value === null) return value;
  if ('$bytes' in value) return Buffer.from(value.$bytes as string, 'base64');
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, bytes(member)]));
}

async function plain(value: unknown): Promise<unknown> {
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') };
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return Promise.all(value.map(plain));
  if (typeof value !== 'object' || value === null) return value;
  if ('transformToByteArray' in value)
    return plain(await (value as { transformToByteArray(): Promise<Uint8Array> }).transformToByteArray());
  return Object.fromEntries(
    await Promise.all(Object.entries(value).map(async ([key, member]) => [key, await plain(member)])),
  );
}

function pythonCaller(kind: 'boto3' | 'cli', endpoint: string): Caller {
  const script = fileURLToPath(new URL('./python-clients.py', import.meta.url));
  const child: ChildProcess = spawn('python3', [script, endpoint, kind], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return {
    call: async (service, operation, input) => {
      child.stdin!.write(`${JSON.stringify({ service, operation, input })}\n`);
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`the ${kind} process has ended`);
      return JSON.parse(value as string) as Answer;
    },
    close: () => child.stdin!.end(),
  };
}
