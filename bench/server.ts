import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { signRequest } from '../src/wire/sigv4/sign.ts';
import { median, type Row } from './table.ts';

const CONNECTIONS = 32;
const SECONDS = 3;
const ROUNDS = 3;
const STARTS = 7;

/** A server of node:http alone that answers the given bytes. The yardstick: what the platform itself costs. */
const BARE = `
  const { createServer } = require('node:http');
  const body = Buffer.from(process.argv[1], 'base64');
  const server = createServer((request, response) => {
    request.on('data', () => {});
    request.on('end', () => { response.writeHead(200, { 'content-type': 'text/xml', 'content-length': body.length }); response.end(body); });
  });
  server.listen(0, '127.0.0.1', () => console.log('http://127.0.0.1:' + server.address().port));
`;

interface Started {
  readonly endpoint: string;
  /** Milliseconds from spawning the process to its first answer. */
  readonly ready: number;
  readonly process: ChildProcess;
}

/** Start-up and throughput, each beside a bare node:http server in the same run. */
export async function serverRows(): Promise<Row[]> {
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < STARTS; round++) {
    const server = await startRolecall();
    ours.push(server.ready);
    await stop(server);
    const yardstick = await startBare('');
    bare.push(yardstick.ready);
    await stop(yardstick);
  }
  const ready = median(ours);
  const memory = await throughput(['--ephemeral']);
  const disk = await throughputOnDisk();
  return [
    {
      what: 'ready to serve, from process start',
      figure: `${ready.toFixed(0)} ms`,
      beside: `bare node:http ${median(bare).toFixed(0)} ms`,
      ratio: ready / median(bare),
      goal: '≤ 200 ms',
      met: ready <= 200,
    },
    rateRow('GetCallerIdentity: verified, authorized, recorded (in memory)', memory),
    rateRow('GetCallerIdentity: verified, authorized, recorded (on disk before the answer)', disk),
  ];
}

function rateRow(what: string, { ours, bare }: Rates): Row {
  return {
    what,
    figure: `${ours.toFixed(0)}/s`,
    beside: `bare node:http, same request and answer ${bare.toFixed(0)}/s`,
    ratio: ours / bare,
    goal: '≥ 0.5',
    met: ours / bare >= 0.5,
  };
}

/** Requests per second. */
interface Rates {
  readonly ours: number;
  readonly bare: number;
}

async function throughputOnDisk(): Promise<Rates> {
  const data = mkdtempSync(join(tmpdir(), 'rolecall-bench-'));
  try {
    return await throughput(['--data', data]);
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

/** The same signed request against both servers, turn by turn. */
async function throughput(options: readonly string[]): Promise<Rates> {
  const server = await startRolecall(['--quiet', ...options]);
  const request = callerIdentity(server.endpoint);
  const answer = await fetch(server.endpoint, { method: 'POST', headers: request.headers, body: request.body });
  if (answer.status !== 200) throw new Error(`GetCallerIdentity answered ${answer.status}: ${await answer.text()}`);
  const yardstick = await startBare(await answer.text());
  const ours: number[] = [];
  const bare: number[] = [];
  try {
    await rate(server.endpoint, request, 1);
    await rate(yardstick.endpoint, request, 1);
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(await rate(server.endpoint, request, SECONDS));
      bare.push(await rate(yardstick.endpoint, request, SECONDS));
    }
  } finally {
    await stop(server);
    await stop(yardstick);
  }
  return { ours: median(ours), bare: median(bare) };
}

interface SignedRequest {
  readonly headers: Record<string, string>;
  readonly body: string;
}

function callerIdentity(endpoint: string): SignedRequest {
  const body = 'Action=GetCallerIdentity&Version=2011-06-15';
  const headers = signRequest(
    {
      method: 'POST',
      target: '/',
      host: new URL(endpoint).host,
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
      body: Buffer.from(body),
    },
    { accessKeyId: 'test', secretAccessKey: 'test' },
    { region: 'eu-west-1', service: 'sts' },
    Date.now(),
  );
  return { headers, body };
}

async function rate(url: string, request: SignedRequest, seconds: number): Promise<number> {
  const result = await autocannon({ url, method: 'POST', ...request, connections: CONNECTIONS, duration: seconds });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${result.non2xx} refusals, ${result.errors} errors from ${url}`);
  return result.requests.average;
}

function startRolecall(options: readonly string[] = ['--ephemeral']): Promise<Started> {
  const program = fileURLToPath(new URL('../bin/rolecall.js', import.meta.url));
  return start([program, 'up', '--port', '0', ...options], /http:\/\/127\.0\.0\.1:\d+/);
}

function startBare(body: string): Promise<Started> {
  return start(['-e', BARE, Buffer.from(body).toString('base64')], /http:\/\/127\.0\.0\.1:\d+/);
}

/** Starts a server and waits until it says its address and answers there. */
async function start(args: readonly string[], address: RegExp): Promise<Started> {
  const from = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const endpoint = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk;
      const found = address.exec(said);
      if (found !== null) resolve(found[0]);
    });
    child.once('exit', (code) => reject(new Error(`the server ended with ${code} before it was ready: ${said}`)));
  });
  await (await fetch(endpoint)).arrayBuffer();
  return { endpoint, ready: performance.now() - from, process: child };
}

function stop({ process: child }: Started): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
