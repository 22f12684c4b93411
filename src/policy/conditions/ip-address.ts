import type { Operator, ValueTest } from './operator.ts';

/** Source: IAM User Guide, reference_policies_elements_condition_operators, "IP address condition operators" (RFC 4632). */

/** An address as 32-bit words, most significant first: one for IPv4, four for IPv6. */
type Words = readonly number[];

export interface Network {
  readonly words: Words;
  readonly prefix: number;
}

function parseV4(text: string): number | undefined {
  const found = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (found === null) return undefined;
  let word = 0;
  for (let part = 1; part <= 4; part++) {
    const octet = Number(found[part]);
    if (octet > 255) return undefined;
    word = word * 256 + octet;
  }
  return word;
}

function parseV6(text: string): Words | undefined {
  let rest = text;
  const groups: number[] = [];
  // An IPv4 tail (::ffff:192.0.2.1) stands for the last two groups.
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  let last: number[] = [];
  if (tail !== null) {
    const word = parseV4(tail[2]!);
    if (word === undefined) return undefined;
    last = [Math.floor(word / 65536), word % 65536];
    rest = tail[1]!;
    rest = rest.endsWith('::') ? rest : rest.slice(0, -1);
  }
  const halves = rest.split('::');
  if (halves.length > 2) return undefined;
  const read = (half: string): number[] | undefined => {
    if (half === '') return [];
    const numbers: number[] = [];
    for (const group of half.split(':')) {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
      numbers.push(Number.parseInt(group, 16));
    }
    return numbers;
  };
  const left = read(halves[0]!);
  const right = halves.length === 2 ? read(halves[1]!) : [];
  if (left === undefined || right === undefined) return undefined;
  const known = left.length + right.length + last.length;
  if (halves.length === 2 ? known > 7 : known !== 8) return undefined;
  groups.push(...left, ...new Array<number>(8 - known).fill(0), ...right, ...last);
  return [0, 2, 4, 6].map((at) => groups[at]! * 65536 + groups[at + 1]!);
}

/** An IPv4 or IPv6 address as numbers; undefined when the text is none. */
export function parseAddress(text: string): Words | undefined {
  const v4 = parseV4(text);
  if (v4 !== undefined) return [v4];
  return text.includes(':') ? parseV6(text) : undefined;
}

/** A network in CIDR notation; an address without `/` is a network of one. */
export function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf('/');
  const words = parseAddress(slash === -1 ? text : text.slice(0, slash));
  if (words === undefined) return undefined;
  const bits = words.length * 32;
  if (slash === -1) return { words, prefix: bits };
  const suffix = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(suffix) || Number(suffix) > bits) return undefined;
  return { words, prefix: Number(suffix) };
}

function contains(network: Network, address: Words): boolean {
  if (network.words.length !== address.length) return false;
  let bits = network.prefix;
  for (let word = 0; bits > 0; word++, bits -= 32) {
    const mask = bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0;
    if (((network.words[word]! ^ address[word]!) & mask) !== 0) return false;
  }
  return true;
}

function compile(values: readonly string[]): ValueTest {
  const networks = values.map(parseNetwork).filter((network) => network !== undefined);
  return (value) => {
    const address = parseAddress(value);
    return address === undefined ? undefined : networks.some((network) => contains(network, address));
  };
}

function problem(value: string): string | undefined {
  return parseNetwork(value) === undefined ? `"${value}" is not an IP address or CIDR block` : undefined;
}

export const ipAddressOperators: readonly Operator[] = [
  { name: 'IpAddress', negated: false, problem, compile },
  { name: 'NotIpAddress', negated: true, problem, compile },
];
