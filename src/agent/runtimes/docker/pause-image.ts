import { createHash } from 'node:crypto';
import { CODE_ADDRESS, executable } from '../executable.ts';
import { type Engine, isStatus } from './engine.ts';
import { tar } from './tar.ts';

/**
 * The program of the containers that only hold a namespace: it sleeps until it is killed. It is made here, instruction
 * by instruction, so that no image has to be pulled and nothing but an Engine is needed. As process 1 of a shared
 * process namespace it inherits orphans: with SIGCHLD ignored the kernel clears them away.
 */

/** struct kernel_sigaction: handler SIG_IGN (1), flags, restorer, mask. */
const IGNORE = Buffer.concat([Buffer.from([1]), Buffer.alloc(31)]);

const machines: Readonly<Record<string, { readonly number: number; readonly code: () => Buffer }>> = {
  x64: { number: 62, code: x64Code },
  arm64: { number: 183, code: arm64Code },
};

/** A whole executable. The system calls' numbers are Linux's. Throws for other architectures. */
export function pauseProgram(architecture: string): Buffer {
  const machine = machines[architecture];
  if (machine === undefined) throw new Error(`there is no pause program for ${architecture}`);
  return executable(machine.number, Buffer.concat([machine.code(), IGNORE]));
}

function x64Code(): Buffer {
  const length = 34;
  const code = Buffer.from([
    ...[0xb8, 13, 0, 0, 0], // mov eax, rt_sigaction
    ...[0xbf, 17, 0, 0, 0], // mov edi, SIGCHLD
    ...[0xbe, 0, 0, 0, 0], // mov esi, action
    ...[0x31, 0xd2], // xor edx, edx
    ...[0x41, 0xba, 8, 0, 0, 0], // mov r10d, 8
    ...[0x0f, 0x05], // syscall
    ...[0xb8, 34, 0, 0, 0], // sleep: mov eax, pause
    ...[0x0f, 0x05], // syscall
    ...[0xeb, 0xf7], // jmp sleep
  ]);
  code.writeUInt32LE(CODE_ADDRESS + length, 11);
  return code;
}

function arm64Code(): Buffer {
  const move = (register: number, value: number) => 0xd2800000 + value * 32 + register;
  const call = 0xd4000001;
  const instructions = [
    move(8, 134), // rt_sigaction
    move(0, 17), // SIGCHLD
    0, // adr x1, action
    move(2, 0),
    move(3, 8),
    call,
    move(0, 0), // sleep:
    move(1, 0),
    move(2, 0),
    move(3, 0),
    move(8, 73), // ppoll without descriptors and without end
    call,
    0x14000000 + (0x4000000 - 6), // b sleep
    0xd503201f, // nop: what follows is aligned to 8 bytes
  ];
  const distance = (instructions.length - 2) * 4;
  instructions[2] = 0x10000000 + (distance >> 2) * 32 + 1;
  const code = Buffer.alloc(instructions.length * 4);
  for (const [index, instruction] of instructions.entries()) code.writeUInt32LE(instruction, index * 4);
  return code;
}

/** Makes the image where the Engine does not have it yet; answers its name. */
export async function ensurePauseImage(engine: Engine, architecture: string): Promise<string> {
  const program = pauseProgram(architecture);
  const repository = 'rolecall/pause';
  const tag = createHash('sha256').update(program).digest('hex').slice(0, 12);
  const image = `${repository}:${tag}`;
  try {
    await engine.get(`/images/${image}/json`);
  } catch (error) {
    if (!isStatus(error, 404)) throw error;
    await importImage(engine, { repository, tag, changes: ['ENTRYPOINT ["/pause"]'] }, [
      { name: 'pause', content: program, mode: 0o755 },
    ]);
  }
  return image;
}

/** Makes an image of one layer. `changes`: lines of a Dockerfile. Throws EngineError. */
export async function importImage(
  engine: Engine,
  image: { readonly repository: string; readonly tag: string; readonly changes: readonly string[] },
  files: Parameters<typeof tar>[0],
): Promise<void> {
  const { repository: repo, tag, changes } = image;
  const query = new URLSearchParams({ fromSrc: '-', repo, tag });
  for (const change of changes) query.append('changes', change);
  const answer = await engine.stream('POST', `/images/create?${query}`, {}, { upload: tar(files) });
  let text = '';
  for await (const chunk of answer) text += (chunk as Buffer).toString('utf8');
  // The answer's status is 200 even where the archive was refused.
  const failed = /"error":"((?:[^"\\]|\\.)*)"/.exec(text);
  if (failed !== null) throw new Error(`${repo}:${tag}: ${failed[1]}`);
}
