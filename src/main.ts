import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from './cli/program.ts';

/** Replaced at build time by the package's version. */
declare const ROLECALL_VERSION: string;

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The second one does not wait for a clean end.
    if (interrupt.signal.aborted) process.exit(130);
    interrupt.abort();
  });
}

// `rolecall trail | head`: the reader has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

let bugLog: string | undefined;
function logBug(error: unknown): string {
  bugLog ??= join(tmpdir(), `rolecall-bug-${process.pid}-${Date.now()}.log`);
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  writeFileSync(bugLog, `${new Date().toISOString()} ${text}\n`, { mode: 0o600, flag: 'a' });
  return bugLog;
}

const code = await runProgram(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  version: ROLECALL_VERSION,
  interrupted: interrupt.signal,
  startServer: async (request) => (await import('./server.ts')).startServer(request),
  logBug,
});
// Output to a pipe is written in the background: the process ends once it is out.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
