import { getSystemErrorMap } from 'node:util';

/** As the OCI runtime says it. Source: runc's texts, as quoted in stopped reasons (observed). */
export function startReason(program: string, said: string): string {
  const refused = /^bwrap: execvp .*: ([^:]+)$/m.exec(said)?.[1];
  if (refused === undefined) {
    const last = said.split('\n').at(-1) ?? '';
    return `the sandbox of the container cannot be built: ${last === '' ? 'it ended before the program was started' : last}`;
  }
  return execReason(program, refused);
}

/** The same of the entry program's error number. */
export function entryReason(program: string, error: number): string {
  const name = getSystemErrorMap().get(-error);
  return execReason(program, name === undefined ? `error ${error}` : name[1]);
}

/** The same of a program that was to run beside the container's. unverified: text, made like the one above. */
export function besideReason(program: string, error: number): string {
  const name = getSystemErrorMap().get(-error);
  const why = execWhy(program, name === undefined ? `error ${error}` : name[1]);
  return `OCI runtime exec failed: exec failed: unable to start container process: ${why}: unknown`;
}

function execReason(program: string, refused: string): string {
  return cannotStart(execWhy(program, refused));
}

function execWhy(program: string, refused: string): string {
  const where = program.includes('/')
    ? `stat ${program}: no such file or directory`
    : 'executable file not found in $PATH';
  const why = /^no such file/i.test(refused) ? where : refused.toLowerCase();
  return `exec: "${program}": ${why}`;
}

export function cannotStart(why: string): string {
  return `OCI runtime create failed: runc create failed: unable to start container process: ${why}: unknown`;
}
