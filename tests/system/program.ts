import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../bin/rolecall.js', import.meta.url));

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built program to its end, as a user would. */
export function rolecall(
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [PROGRAM, ...args],
      { cwd: options.cwd, env: { ...process.env, NO_COLOR: '1', ...options.env }, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
    );
  });
}

export interface Served {
  readonly endpoint: string;
  readonly process: ChildProcess;
  /** All that it has printed so far. */
  said(): string;
  /** Ends the process and waits for it. Answers its exit code, or null after a signal it did not handle. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts `rolecall up` on a free port and waits until it says where it serves. */
export async function up(args: readonly string[] = ['--ephemeral']): Promise<Served> {
  const child = spawn(process.execPath, [PROGRAM, 'up', '--port', '0', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const exit = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const endpoint = await new Promise<string>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      said += chunk;
      const found = /http:\/\/[\d.:[\]a-z]+:\d+/i.exec(said);
      if (found !== null) resolve(found[0]);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    void exit.then((code) => reject(new Error(`the server ended with ${code}: ${said}`)));
  });
  return {
    endpoint,
    process: child,
    said: () => said,
    end: (signal) => {
      child.kill(signal);
      return exit;
    },
  };
}
