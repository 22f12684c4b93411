import { CODE_ADDRESS, executable } from '../executable.ts';

/**
 * The program that a container with several users begins with, and whatever is run beside a container's program: it becomes
 * the container's user with the container's rights, and then the program. bubblewrap itself can give a container one user
 * only, and who enters a user namespace has every right in it. It is made here, instruction by instruction, since
 * nothing of this machine's programs runs on the libraries of every image. All that it needs is in it; its arguments are
 * those of the container's program.
 */
export interface Entry {
  /** It is this user already, in a container that has no other. */
  readonly keepsUser?: boolean;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  /** Bits of the capabilities that the program has. */
  readonly capabilities: bigint;
  /** Files to try, in this order. */
  readonly programs: readonly string[];
}

/** What it writes to the standard error when it could not: this, then the error's number in four bytes. */
export const ENTRY_FAILED = '\nrolecall: the program cannot be run: ';

/** Reads what the entry program wrote; undefined when it has not failed. */
export function entryError(said: Buffer): number | undefined {
  const at = said.lastIndexOf(ENTRY_FAILED);
  const number = at + Buffer.byteLength(ENTRY_FAILED);
  return at < 0 || said.length < number + 4 ? undefined : said.readInt32LE(number);
}

/** Where a program is looked for. Source: execvp(3): an empty part of PATH is the working directory. */
export function candidates(program: string, path: string): string[] {
  if (program.includes('/')) return [program];
  return path.split(':').map((directory) => (directory === '' ? program : `${directory}/${program}`));
}

/** Descriptors of the launch, which the container must not have; kernels before 5.9 do not close all at once. */
const CLOSED = [3, 4, 5, 6, 7];
/** Programs with the set-user-ID bit give no rights; those that are put down stay down. Source: prctl(2). */
const PR_SET_NO_NEW_PRIVS = 38;
/** The same number on all architectures. Source: close_range(2). */
const CLOSE_RANGE = 436;
const HIGHEST = 0xffffffff;
const ENOENT = 2;

/** A value of a system call: a number, or the address of what begins at an offset of the data. */
type Value = number | { readonly data: number } | 'arguments' | 'environment';

interface Assembler {
  readonly machine: number;
  readonly calls: Readonly<
    Record<'prctl' | 'setgroups' | 'setresgid' | 'setresuid' | 'capset' | 'close' | 'execve' | 'write' | 'exit', number>
  >;
  /** Finds the arguments behind the first one, and the environment. */
  begin(): Buffer;
  call(number: number, values: readonly Value[], dataAt: number): Buffer;
  /** Keeps the error of the last call unless it is ENOENT and there is one already. */
  keepError(): Buffer;
  /** Jumps over `length` bytes when the last call went well. */
  unlessFailed(length: number): Buffer;
  /** Puts the error that was kept where `write` finds it, and writes it to descriptor 2. */
  tellError(write: number): Buffer;
}

/** A whole executable. Numbers of system calls are Linux's. Throws for other architectures. */
export function entryProgram(architecture: string, entry: Entry): Buffer {
  const assembler = assemblers[architecture];
  if (assembler === undefined) throw new Error(`there is no entry program for ${architecture}`);
  const data = new Data();
  const groups = data.add(words(entry.groups));
  // struct __user_cap_header_struct of version 3, then two times effective, permitted, inheritable. Source: capset(2).
  const header = data.add(words([0x20080522, 0]));
  const low = Number(entry.capabilities & 0xffffffffn);
  const high = Number(entry.capabilities >> 32n);
  const sets = data.add(words([low, low, low, high, high, high]));
  const programs = entry.programs.map((program) => data.add(Buffer.from(`${program}\0`)));
  const failed = data.add(Buffer.from(ENTRY_FAILED));
  // The length of the code does not depend on where the data is.
  const length = assemble(0).length;
  const body = Buffer.concat([assemble(CODE_ADDRESS + length), data.bytes]);
  return executable(assembler.machine, body);

  function assemble(dataAt: number): Buffer {
    const { begin, call, calls, keepError, unlessFailed, tellError } = assembler as Assembler;
    const end = Buffer.concat([
      call(calls.write, [2, failed, Buffer.byteLength(ENTRY_FAILED)], dataAt),
      tellError(calls.write),
      call(calls.exit, [127], dataAt),
    ]);
    const must = (code: Buffer) => {
      const fail = Buffer.concat([keepError(), end]);
      return Buffer.concat([code, unlessFailed(fail.length), fail]);
    };
    const become = [
      must(call(calls.setgroups, [entry.groups.length, groups], dataAt)),
      must(call(calls.setresgid, [entry.gid, entry.gid, entry.gid], dataAt)),
      must(call(calls.setresuid, [entry.uid, entry.uid, entry.uid], dataAt)),
    ];
    return Buffer.concat([
      begin(),
      // Its fourth and fifth argument must be zero, as the kernel leaves those registers when a program begins.
      must(call(calls.prctl, [PR_SET_NO_NEW_PRIVS, 1, 0], dataAt)),
      ...(entry.keepsUser === true ? [] : become),
      must(call(calls.capset, [header, sets], dataAt)),
      ...CLOSED.map((descriptor) => call(calls.close, [descriptor], dataAt)),
      call(CLOSE_RANGE, [CLOSED.length + 3, HIGHEST, 0], dataAt),
      ...programs.flatMap((program) => [
        call(calls.execve, [program, 'arguments', 'environment'], dataAt),
        keepError(),
      ]),
      end,
    ]);
  }
}

class Data {
  #bytes = Buffer.alloc(0);

  add(bytes: Buffer): { readonly data: number } {
    const data = this.#bytes.length;
    this.#bytes = Buffer.concat([this.#bytes, bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)]);
    return { data };
  }

  get bytes(): Buffer {
    return this.#bytes;
  }
}

function words(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value >>> 0, index * 4);
  return bytes;
}

function wordOf(value: Exclude<Value, string>, dataAt: number): number {
  return (typeof value === 'number' ? value : dataAt + value.data) >>> 0;
}

/** Keeps the arguments in r13, the environment in r14, the error in r15. */
const x64: Assembler = {
  machine: 62,
  calls: {
    prctl: 157,
    setgroups: 116,
    setresgid: 119,
    setresuid: 117,
    capset: 126,
    close: 3,
    execve: 59,
    write: 1,
    exit: 231,
  },
  begin: () =>
    Buffer.from([
      ...[0x4c, 0x8b, 0x24, 0x24], // mov r12, [rsp]: how many arguments
      ...[0x4c, 0x8d, 0x6c, 0x24, 0x10], // lea r13, [rsp+16]: the second one
      ...[0x4e, 0x8d, 0x74, 0xe4, 0x10], // lea r14, [rsp+r12*8+16]: behind the last one and a null
      ...[0x41, 0xbf, ENOENT, 0, 0, 0], // mov r15d, ENOENT
    ]),
  call(number, values, dataAt) {
    const into = [0xbf, 0xbe, 0xba]; // mov edi, esi, edx
    const parts = values.map((value, index) => {
      // mov rsi, r13 or mov rdx, r14: execve alone has them, as its second and third.
      if (value === 'arguments') return Buffer.from([0x4c, 0x89, 0xee]);
      if (value === 'environment') return Buffer.from([0x4c, 0x89, 0xf2]);
      const code = Buffer.alloc(5);
      code[0] = into[index] ?? 0;
      code.writeUInt32LE(wordOf(value, dataAt), 1);
      return code;
    });
    const load = Buffer.alloc(5);
    load[0] = 0xb8; // mov eax, number
    load.writeUInt32LE(number, 1);
    return Buffer.concat([...parts, load, Buffer.from([0x0f, 0x05])]);
  },
  keepError: () =>
    Buffer.from([
      ...[0xf7, 0xd8], // neg eax
      ...[0x83, 0xf8, ENOENT], // cmp eax, ENOENT
      ...[0x74, 0x03], // je over the next
      ...[0x41, 0x89, 0xc7], // mov r15d, eax
    ]),
  unlessFailed(length) {
    const code = Buffer.from([0x85, 0xc0, 0x0f, 0x89, 0, 0, 0, 0]); // test eax, eax; jns
    code.writeInt32LE(length, 4);
    return code;
  },
  tellError: (write) =>
    Buffer.from([
      ...[0x41, 0x57], // push r15
      ...[0xbf, 2, 0, 0, 0], // mov edi, 2
      ...[0x48, 0x89, 0xe6], // mov rsi, rsp
      ...[0xba, 4, 0, 0, 0], // mov edx, 4
      ...[0xb8, write, 0, 0, 0], // mov eax, write
      ...[0x0f, 0x05], // syscall
    ]),
};

function instructions(...codes: readonly number[]): Buffer {
  return words(codes);
}

/** movz and movk: a register's low 32 bits, the rest zero. */
function move(register: number, value: number): readonly number[] {
  return [0xd2800000 + (value & 0xffff) * 32 + register, 0xf2a00000 + (value >>> 16) * 32 + register];
}

const SVC = 0xd4000001;

/** Keeps the arguments in x20, the environment in x21, the error in x22. */
const arm64: Assembler = {
  machine: 183,
  calls: {
    prctl: 167,
    setgroups: 159,
    setresgid: 149,
    setresuid: 147,
    capset: 91,
    close: 57,
    execve: 221,
    write: 64,
    exit: 94,
  },
  begin: () =>
    instructions(
      0xf94003f3, // ldr x19, [sp]: how many arguments
      0x910043f4, // add x20, sp, 16: the second one
      0x8b130e95, // add x21, x20, x19, lsl 3: behind the last one and a null
      ...move(22, ENOENT),
    ),
  call(number, values, dataAt) {
    const codes = values.flatMap((value, index) => {
      if (value === 'arguments') return [0xaa1403e0 + index]; // mov xN, x20
      if (value === 'environment') return [0xaa1503e0 + index]; // mov xN, x21
      return move(index, wordOf(value, dataAt));
    });
    return instructions(...codes, ...move(8, number), SVC);
  },
  keepError: () =>
    instructions(
      0xcb0003e0, // neg x0, x0
      0xf1000800 + 31, // cmp x0, ENOENT
      0x54000040, // b.eq over the next
      0xaa0003f6, // mov x22, x0
    ),
  unlessFailed: (length) => instructions(0xb6f80000 + (length / 4 + 1) * 32), // tbz x0, 63
  tellError: (write) =>
    instructions(
      0xf81f0ff6, // str x22, [sp, -16]!
      ...move(0, 2),
      0x910003e1, // mov x1, sp
      ...move(2, 4),
      ...move(8, write),
      SVC,
    ),
};

const assemblers: Readonly<Record<string, Assembler>> = { x64, arm64 };
