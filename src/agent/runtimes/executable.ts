const HEADERS = 64 + 56;
const LOAD_ADDRESS = 0x400000;
/** Where the code of an `executable` is in memory: addresses in it count from there. */
export const CODE_ADDRESS = LOAD_ADDRESS + HEADERS;

/** A whole ELF executable out of code with its data behind it; it begins at the first byte. Source: ELF-64 object file format. */
export function executable(machine: number, code: Buffer): Buffer {
  const header = Buffer.alloc(HEADERS);
  header.write('\x7fELF\x02\x01\x01', 'latin1');
  header.writeUInt16LE(2, 16); // executable
  header.writeUInt16LE(machine, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(BigInt(CODE_ADDRESS), 24); // entry
  header.writeBigUInt64LE(64n, 32); // program headers
  header.writeUInt16LE(64, 52);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  const size = BigInt(HEADERS + code.length);
  header.writeUInt32LE(1, 64); // loaded
  header.writeUInt32LE(5, 68); // read and execute
  header.writeBigUInt64LE(BigInt(LOAD_ADDRESS), 80);
  header.writeBigUInt64LE(BigInt(LOAD_ADDRESS), 88);
  header.writeBigUInt64LE(size, 96);
  header.writeBigUInt64LE(size, 104);
  header.writeBigUInt64LE(0x10000n, 112); // the largest page of any kernel
  return Buffer.concat([header, code]);
}
