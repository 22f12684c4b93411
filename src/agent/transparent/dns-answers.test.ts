import { type DecodedPacket, decode, encode, type Packet } from 'dns-packet';
import { describe, expect, it } from 'vitest';
import { endpointDomains } from '../../wire/aws-host.ts';
import { answerQuery } from './dns-answers.ts';

const names = { address: '169.254.169.253', domains: endpointDomains('eu-west-1') };

function ask(name: string, type = 'A', packet: Packet = {}): DecodedPacket & { readonly rcode: string } {
  const query = encode({
    type: 'query',
    id: 4711,
    flags: 1 << 8,
    questions: [{ type: type as 'A', class: 'IN', name }],
    ...packet,
  });
  const answer = answerQuery(query, names);
  expect(answer).toBeDefined();
  return decode(answer as Buffer) as DecodedPacket & { readonly rcode: string };
}

const addresses = (name: string, type = 'A') =>
  (ask(name, type).answers ?? []).map((each) => 'data' in each && each.data);

describe('the name server of a task', () => {
  it.each([
    'sqs.eu-west-1.amazonaws.com',
    'SQS.eu-West-1.AmazonAWS.com',
    'dynamodb.eu-west-1.api.aws',
    'bucket.s3.eu-west-1.amazonaws.com',
    'a.bucket.s3.eu-west-1.amazonaws.com',
    '111122223333.dkr.ecr.us-east-1.amazonaws.com',
    'iam.amazonaws.com',
    'lambda.eu-west-1.amazonaws.com',
  ])('%s has the address of the task’s listener', (name) => {
    const answer = ask(name);
    expect(answer).toMatchObject({ id: 4711, rcode: 'NOERROR', flag_qr: true, flag_rd: true, flag_ra: true });
    expect(answer.questions).toEqual([{ name, type: 'A', class: 'IN' }]);
    expect(answer.answers).toMatchObject([{ name, type: 'A', ttl: 60, data: '169.254.169.253' }]);
  });

  it.each(['AAAA', 'HTTPS', 'MX', 'TXT', 'SRV'])('and nothing else: %s', (type) => {
    expect(ask('sqs.eu-west-1.amazonaws.com', type === 'HTTPS' ? 'UNKNOWN_65' : type)).toMatchObject({
      rcode: 'NOERROR',
      answers: [],
      authorities: [{ type: 'SOA', name: 'amazonaws.com' }],
    });
  });

  it('a domain is there, so that names below it are believed in, and has no address', () => {
    expect(ask('amazonaws.com')).toMatchObject({ rcode: 'NOERROR', answers: [] });
  });

  it.each([
    'example.com',
    'packages.example',
    'sqs.eu-west-1.amazonaws.com.example.com',
    'sqs.eu-west-1.amazonaws.com.cn',
    'sqs.cn-north-1.amazonaws.com',
    'db.abcdef.eu-west-1.rds.amazonaws.com',
    'front.elb.eu-west-1.amazonaws.com',
    'localhost',
    '1.0.0.127.in-addr.arpa',
    '',
  ])('%s does not exist', (name) => {
    expect(ask(name)).toMatchObject({ rcode: 'NXDOMAIN', answers: [], authorities: [{ type: 'SOA' }] });
    expect(addresses(name, 'AAAA')).toEqual([]);
  });

  it('a Region of China has its own domains', () => {
    const query = encode({ id: 1, questions: [{ type: 'A', name: 'sqs.cn-north-1.amazonaws.com.cn' }] });
    const china = { ...names, domains: endpointDomains('cn-north-1') };
    expect(decode(answerQuery(query, china) as Buffer).answers).toMatchObject([{ data: names.address }]);
    const other = encode({ id: 1, questions: [{ type: 'A', name: 'sqs.eu-west-1.amazonaws.com' }] });
    expect(decode(answerQuery(other, china) as Buffer)).toMatchObject({ rcode: 'NXDOMAIN' });
  });

  it('an extended query gets an extended answer, another one does not', () => {
    const options = {
      type: 'OPT',
      name: '.',
      udpPayloadSize: 4096,
      extendedRcode: 0,
      ednsVersion: 0,
      flags: 0,
    } as const;
    const extended = ask('sqs.eu-west-1.amazonaws.com', 'A', {
      additionals: [{ ...options, flag_do: false, options: [] }],
    });
    expect(extended.additionals).toMatchObject([{ type: 'OPT', udpPayloadSize: 1232 }]);
    expect(ask('sqs.eu-west-1.amazonaws.com').additionals).toEqual([]);
  });

  it('refuses what it does not do, by its code', () => {
    const question = { type: 'A', class: 'IN', name: 'sqs.eu-west-1.amazonaws.com' } as const;
    expect(ask('', 'A', { questions: [] })).toMatchObject({ rcode: 'FORMERR' });
    expect(ask('', 'A', { questions: [question, question] })).toMatchObject({ rcode: 'FORMERR' });
    expect(ask('', 'TXT', { questions: [{ type: 'TXT', class: 'CH', name: 'version.bind' }] })).toMatchObject({
      rcode: 'REFUSED',
    });
    // An update (opcode 5).
    expect(ask('', 'A', { questions: [question], flags: 5 << 11 })).toMatchObject({
      rcode: 'NOTIMP',
      opcode: 'UPDATE',
    });
  });

  it('does not answer answers, nor what is too short to be a message, and survives what is damaged', () => {
    const query = encode({ id: 7, questions: [{ type: 'A', name: 'sqs.eu-west-1.amazonaws.com' }] });
    const response = Buffer.from(query);
    response.writeUInt16BE(1 << 15, 2);
    expect(answerQuery(response, names)).toBeUndefined();
    expect(answerQuery(query.subarray(0, 11), names)).toBeUndefined();
    for (let length = 12; length < query.length; length++) {
      const answer = decode(answerQuery(query.subarray(0, length), names) as Buffer);
      expect(answer).toMatchObject({ id: 7, rcode: 'FORMERR' });
    }
    // A name that points at itself.
    const circle = Buffer.concat([query.subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]);
    expect(decode(answerQuery(circle, names) as Buffer)).toMatchObject({ rcode: 'FORMERR' });
  });
});
