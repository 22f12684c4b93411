import type { Attempt, Leaks } from './attack.ts';

export interface Answer {
  /** 0: no answer; then `code` says why. */
  readonly status: number;
  readonly body: string;
  readonly code: string;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** Sent as it is instead of the URL's path. */
  readonly path?: string;
  readonly localAddress?: string;
  /** Milliseconds; short where silence is what is waited for. */
  readonly patience?: number;
}

export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** What the programs of attacks are given inside of a task. */
export interface Box {
  readonly env: Record<string, string | undefined>;
  readonly fs: typeof import('node:fs');
  readonly os: typeof import('node:os');
  /** Where the task's own endpoint is, `http://HOST[:PORT]`, and the headers that its clients send. */
  readonly endpoint: string;
  readonly headers: Record<string, string>;
  ask(url: string, options?: AskOptions): Promise<Answer>;
  /** Any answer below 400 counts as got. */
  http(what: string, url: string, options?: AskOptions): Promise<Attempt>;
  /** Connects; what is sent to whoever connects is got. `patience`: as above. */
  reach(what: string, options: object, patience?: number): Promise<Attempt>;
  /** Got: what it returns, as text; refused: the code of what it throws. */
  try(what: string, work: () => unknown): Promise<Attempt>;
  /** Got: the output, when it ends with 0. */
  sh(what: string, script: string): Attempt;
  /** The task role's credentials. */
  keys(): Promise<Keys>;
  /** A signed call of an AWS API at AWS_ENDPOINT_URL: `target` of the JSON protocol, or a query. */
  aws(keys: Keys, service: string, target: string, body: string, endpoint?: string): Promise<Answer>;
  /** A request signed for any service. */
  signed(
    keys: Keys,
    service: string,
    method: string,
    url: string,
    headers: Record<string, string>,
    body: string,
  ): Promise<Answer>;
}

/** Makes a box. It is sent into tasks as text, so it knows nothing but the names of Node itself. */
export function makeBox(): Box {
  const builtin = (name: string) => process.getBuiltinModule(name) as never;
  const fs: typeof import('node:fs') = builtin('node:fs');
  const os: typeof import('node:os') = builtin('node:os');
  const net: typeof import('node:net') = builtin('node:net');
  const http: typeof import('node:http') = builtin('node:http');
  const crypto: typeof import('node:crypto') = builtin('node:crypto');
  const children: typeof import('node:child_process') = builtin('node:child_process');
  const { env } = process;
  const full = env.AWS_CONTAINER_CREDENTIALS_FULL_URI;
  const token = env.AWS_CONTAINER_AUTHORIZATION_TOKEN;
  const endpoint = full === undefined ? 'http://169.254.170.2' : new URL(full).origin;
  const headers: Record<string, string> = token === undefined ? {} : { authorization: token };

  const ask = (url: string, options: AskOptions = {}) =>
    new Promise<Answer>((resolve) => {
      const { hostname, port, pathname, search } = new URL(url);
      const { method = 'GET', path = pathname + search, body, localAddress, patience = 20_000 } = options;
      const request = http.request(
        {
          hostname: hostname.replace(/^\[|\]$/g, ''),
          port: port || 80,
          path,
          method,
          headers: options.headers ?? {},
          agent: false,
          timeout: patience,
          ...(localAddress === undefined ? {} : { localAddress }),
        },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8');
          answer.on('data', (chunk) => {
            text += chunk;
          });
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: text, code: '' }));
          answer.on('error', (error) => resolve({ status: 0, body: '', code: String(error) }));
        },
      );
      request.on('timeout', () => request.destroy(Object.assign(new Error('timeout'), { code: 'timeout' })));
      request.on('error', (error: NodeJS.ErrnoException) =>
        resolve({ status: 0, body: '', code: error.code ?? error.message }),
      );
      request.end(body);
    });
  const attemptOf = (what: string, { status, body, code }: Answer): Attempt => {
    if (status > 0 && status < 400) return { what, got: body };
    return { what, refused: status === 0 ? code : `${status} ${body.slice(0, 400)}` };
  };
  const hmac = (key: string | Buffer, text: string) => crypto.createHmac('sha256', key).update(text).digest();
  const sha256 = (text: string) => crypto.createHash('sha256').update(text).digest('hex');
  const signed: Box['signed'] = (keys, service, method, url, more, body) => {
    const { host, pathname, search } = new URL(url);
    const region = env.AWS_REGION ?? '';
    const time = `${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
    const all: Record<string, string> = { ...more, host, 'x-amz-date': time };
    if (keys.sessionToken !== undefined) all['x-amz-security-token'] = keys.sessionToken;
    const names = Object.keys(all).sort();
    const canonical = [
      method,
      pathname,
      search.slice(1),
      ...names.map((name) => `${name}:${all[name]}`),
      '',
      names.join(';'),
      sha256(body),
    ].join('\n');
    const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
    let key: string | Buffer = `AWS4${keys.secretAccessKey}`;
    for (const part of scope.split('/')) key = hmac(key, part);
    const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`).toString('hex');
    all.authorization = `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
    return ask(url, { method, headers: all, body });
  };

  return {
    env,
    fs,
    os,
    endpoint,
    headers,
    ask,
    http: async (what, url, options) => attemptOf(what, await ask(url, options)),
    reach: (what, options, patience = 20_000) =>
      new Promise((resolve) => {
        const socket = net.connect(options as import('node:net').NetConnectOpts);
        const asked = (options as { port?: number }).port;
        let said = '';
        socket.setTimeout(patience);
        socket.on('connect', () => {
          // Linux connects a socket with itself when both ports happen to be the same.
          if (asked !== undefined && socket.localPort === asked)
            return socket.destroy(Object.assign(new Error(), { code: 'itself' }));
          return socket.end('GET / HTTP/1.0\r\n\r\n');
        });
        socket.on('data', (chunk) => {
          said += chunk;
        });
        socket.on('timeout', () =>
          socket.destroy(Object.assign(new Error(), { code: said === '' ? 'timeout' : 'said' })),
        );
        socket.on('error', (error: NodeJS.ErrnoException) => {
          if (said !== '') resolve({ what, got: said });
          else resolve({ what, refused: error.code ?? error.message });
        });
        socket.on('close', () => resolve({ what, got: `connected ${said}` }));
      }),
    try: async (what, work) => {
      try {
        return { what, got: String((await work()) ?? 'done') };
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        return { what, refused: code ?? message };
      }
    },
    sh: (what, script) => {
      const { status, stdout, stderr } = children.spawnSync('/bin/sh', ['-c', script], {
        encoding: 'utf8',
        timeout: 60_000,
      });
      return status === 0 ? { what, got: stdout || 'done' } : { what, refused: `exit ${status}: ${stderr.trim()}` };
    },
    keys: async () => {
      const own = full ?? `http://169.254.170.2${env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI}`;
      const { AccessKeyId, SecretAccessKey, Token } = JSON.parse((await ask(own, { headers })).body);
      return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token };
    },
    aws: (keys, service, target, body, at = env.AWS_ENDPOINT_URL ?? '') => {
      const type: Record<string, string> =
        target === ''
          ? { 'content-type': 'application/x-www-form-urlencoded' }
          : { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target };
      return signed(keys, service, 'POST', `${at}/`, type, body);
    },
    signed,
  };
}

/** What runs inside: each program in turn, and one or more lines for each answer. Sent as text, too. */
export async function runInside(
  box: Box,
  leaks: Leaks,
  programs: readonly (readonly [string, (box: Box, leaks: Leaks) => Promise<Attempt[]>])[],
): Promise<void> {
  const zlib = process.getBuiltinModule('node:zlib') as typeof import('node:zlib');
  for (const [id, program] of programs) {
    let answer: unknown;
    try {
      answer = await program(box, leaks);
    } catch (error) {
      answer = { failed: String((error as Error).stack ?? error) };
    }
    // Lines of no more than what every log driver leaves whole.
    const text = zlib.gzipSync(JSON.stringify(answer)).toString('base64');
    const parts = text.match(/.{1,4000}/g) ?? [];
    for (const [index, part] of parts.entries()) {
      process.stdout.write(`attack ${id} ${index + 1}/${parts.length} ${part}\n`);
    }
  }
}
