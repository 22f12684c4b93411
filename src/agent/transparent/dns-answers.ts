import { type Answer, AUTHORITATIVE_ANSWER, type DecodedPacket, decode, encode, type Packet } from 'dns-packet';
import { awsHost } from '../../wire/aws-host.ts';

export interface Names {
  /** IPv4 address at which all endpoints answer. */
  readonly address: string;
  /** Domains below which names are looked at. */
  readonly domains: readonly string[];
}

/** Source: RFC 1035, RFC 6895. */
const CODES = { FORMERR: 1, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;
const HEADER_LENGTH = 12;
const RESPONSE = 1 << 15;
const OPERATION = 0xf << 11;
const RECURSION_DESIRED = 1 << 8;
const RECURSION_AVAILABLE = 1 << 7;
/** Seconds. Addresses never change while a task lives; clients should not ask for every call. */
const TTL = 60;
/** What is said to fit into one datagram. Source: DNS flag day 2020. */
const UDP_SIZE = 1232;

/**
 * The answer to a query, as a whole message; undefined for what is none and gets none. Endpoints of AWS have one IPv4
 * address and nothing else; every other name does not exist: a client that is told so gives up at once, where a
 * refusal would make it ask again. Nobody else is asked.
 */
export function answerQuery(message: Buffer, names: Names): Buffer | undefined {
  if (message.length < HEADER_LENGTH || message.readUInt16BE(2) & RESPONSE) return undefined;
  const query = read(message);
  if (query === undefined) {
    return encode({ type: 'response', id: message.readUInt16BE(0), flags: RECURSION_AVAILABLE | CODES.FORMERR });
  }
  const { questions = [], additionals = [] } = query;
  const [question] = questions;
  const reply: Packet = {
    type: 'response',
    id: query.id ?? 0,
    questions,
    // A client's extended query is answered by an extended one. Source: RFC 6891, 6.1.1.
    additionals: additionals.some(({ type }) => type === 'OPT') ? [OPTIONS] : [],
  };
  const flags = ((query.flags ?? 0) & (OPERATION | RECURSION_DESIRED)) | RECURSION_AVAILABLE;
  const refused = (code: keyof typeof CODES) => encode({ ...reply, flags: flags | CODES[code] });
  if ((query.flags ?? 0) & OPERATION) return refused('NOTIMP');
  if (question === undefined || questions.length !== 1) return refused('FORMERR');
  if (question.class !== 'IN') return refused('REFUSED');
  const found = lookUp(question.name, names);
  const authority = { authorities: [startOfAuthority(found === 'nothing' ? '' : domainOf(question.name, names))] };
  if (found === 'nothing') return encode({ ...reply, ...authority, flags: flags | CODES.NXDOMAIN });
  const asked = question.type === 'A' || (question.type as string) === 'ANY';
  if (found === 'domain' || !asked) {
    return encode({ ...reply, ...authority, flags: flags | AUTHORITATIVE_ANSWER });
  }
  const answer: Answer = { type: 'A', class: 'IN', name: question.name, ttl: TTL, data: names.address };
  return encode({ ...reply, answers: [answer], flags: flags | AUTHORITATIVE_ANSWER });
}

/** A domain itself has names below it: it exists, and has no address. */
function lookUp(name: string, names: Names): 'endpoint' | 'domain' | 'nothing' {
  const lower = name.toLowerCase();
  if (names.domains.includes(lower)) return 'domain';
  return domainOf(lower, names) !== '' && awsHost(lower) !== undefined ? 'endpoint' : 'nothing';
}

function domainOf(name: string, { domains }: Names): string {
  const lower = name.toLowerCase();
  return domains.find((domain) => lower === domain || lower.endsWith(`.${domain}`)) ?? '';
}

const OPTIONS: Answer = {
  type: 'OPT',
  name: '.',
  udpPayloadSize: UDP_SIZE,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};

/** With it a client knows how long it may remember that there is nothing. Source: RFC 2308. */
function startOfAuthority(domain: string): Answer {
  return {
    type: 'SOA',
    class: 'IN',
    name: domain === '' ? '.' : domain,
    ttl: TTL,
    data: { mname: '.', rname: '.', serial: 1, refresh: TTL, retry: TTL, expire: TTL, minimum: TTL },
  };
}

function read(message: Buffer): DecodedPacket | undefined {
  try {
    return decode(message);
  } catch {
    return undefined;
  }
}
