import type { PolicyStatement } from '../src/policy/explanation.ts';
import { parsePolicy } from '../src/policy/parse.ts';
import { type PreparedPolicies, preparePolicies } from '../src/policy/prepare.ts';
import type { AccessRequest, NamedPolicy, PolicyKind } from '../src/policy/types.ts';

/** A statement as the cases use it; the other engines get the same ones translated. */
export interface BenchStatement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: PolicyStatement['Condition'];
}

export interface BenchCase {
  readonly name: string;
  /** Identity statements: what all engines are given. */
  readonly statements: readonly BenchStatement[];
  readonly prepared: PreparedPolicies;
  readonly requests: readonly AccessRequest[];
}

const ACCOUNT = '111111111111';
const REGION = 'eu-west-1';

/** Numbers in [0, 1) from a fixed seed (mulberry32), so that every run asks the same questions. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function named(
  name: string,
  kind: PolicyKind,
  statements: readonly object[],
): NamedPolicy<ReturnType<typeof parsePolicy>> {
  return { name, policy: parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: statements }), kind) };
}

/** A policy of plain statements, each about a resource of its own. */
export function inlinePolicy(
  name: string,
  statements = 4,
  service = 'ssm',
): NamedPolicy<ReturnType<typeof parsePolicy>> {
  const list = Array.from({ length: statements }, (_, index) => ({
    Effect: 'Allow',
    Action: [`${service}:GetParameters`, `${service}:Put${index}`],
    Resource: `arn:aws:${service}:${REGION}:${ACCOUNT}:parameter/${name}/${index}/*`,
  }));
  return named(name, 'identity', list);
}

const ROLE = `arn:aws:iam::${ACCOUNT}:role/orders-execution`;

function request(action: string, resource: string, more: Record<string, string> = {}): AccessRequest {
  const session = `arn:aws:sts::${ACCOUNT}:assumed-role/orders-execution/0123456789abcdef0123456789abcdef`;
  return {
    principal: { type: 'role-session', account: ACCOUNT, arn: session, roleArn: ROLE },
    action,
    resource,
    resourceAccount: ACCOUNT,
    context: {
      'aws:PrincipalArn': ROLE,
      'aws:PrincipalAccount': ACCOUNT,
      'aws:PrincipalType': 'AssumedRole',
      'aws:userid': 'AROAABCDEFGHIJKLMNOPQ:0123456789abcdef0123456789abcdef',
      'aws:TokenIssueTime': '2026-01-01T00:00:00Z',
      'aws:MultiFactorAuthPresent': 'false',
      'aws:SourceIp': '10.0.12.7',
      'aws:ViaAWSService': 'false',
      'aws:RequestedRegion': REGION,
      'aws:CurrentTime': '2026-01-01T00:10:00Z',
      'aws:EpochTime': '1767226200',
      'aws:SecureTransport': 'true',
      'aws:UserAgent': 'amazon-ecs-agent',
      'aws:ResourceAccount': ACCOUNT,
      'kms:ViaService': `ssm.${REGION}.amazonaws.com`,
      ...more,
    },
  };
}

/** A task execution role as people have it: one policy of four statements, fifteen condition keys in the request. */
export function lightCase(): BenchCase {
  const statements: BenchStatement[] = [
    { Effect: 'Allow', Action: ['ecr:GetAuthorizationToken'], Resource: ['*'] },
    {
      Effect: 'Allow',
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: [`arn:aws:logs:${REGION}:${ACCOUNT}:log-group:/ecs/orders:*`],
    },
    {
      Effect: 'Allow',
      Action: ['ssm:GetParameters'],
      Resource: [`arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/orders/*`],
    },
    {
      Effect: 'Allow',
      Action: ['kms:Decrypt'],
      Resource: [`arn:aws:kms:${REGION}:${ACCOUNT}:alias/*`],
      Condition: { StringEquals: { 'kms:ViaService': `ssm.${REGION}.amazonaws.com` } },
    },
  ];
  const random = seeded(1);
  const shapes: (() => AccessRequest)[] = [
    () => request('ecr:GetAuthorizationToken', '*'),
    () =>
      request(
        'logs:PutLogEvents',
        `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:/ecs/orders:log-stream:app/web/${random()}`,
      ),
    () => request('ssm:GetParameters', `arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/orders/${random()}`),
    () => request('ssm:GetParameters', `arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/billing/${random()}`),
    () => request('kms:Decrypt', `arn:aws:kms:${REGION}:${ACCOUNT}:alias/${random()}`),
  ];
  return {
    name: 'light',
    statements,
    prepared: preparePolicies({ identity: [named('orders-execution', 'identity', statements)] }),
    requests: draw(shapes, random),
  };
}

const SERVICES = ['ssm', 'sqs', 'dynamodb', 'lambda', 'logs', 'secretsmanager', 'kms', 'ecr', 'sns', 'events'];

/**
 * Ten policies of twenty statements, all with conditions, a boundary and service control policies at three levels. The
 * statement that matches is number 190.
 * @param sameAction every statement speaks about the action asked, so that no index can set one aside.
 */
export function heavyCase(sameAction: boolean): BenchCase {
  const statements: BenchStatement[] = [];
  for (let index = 0; index < 200; index++) {
    const service = SERVICES[index % SERVICES.length]!;
    statements.push({
      Effect: index % 20 === 19 ? 'Deny' : 'Allow',
      Action: sameAction ? ['sqs:SendMessage', 'sqs:ReceiveMessage'] : [`${service}:Get*`, `${service}:Put${index}`],
      Resource: [`arn:aws:${sameAction ? 'sqs' : service}:${REGION}:${ACCOUNT}:item-${index}-*`],
      Condition: {
        StringEquals: { 'aws:PrincipalTag/team': `team-${index}` },
        Bool: { 'aws:SecureTransport': 'true' },
      },
    });
  }
  const action = sameAction ? 'sqs:SendMessage' : 'sqs:GetQueueAttributes';
  statements[189] = {
    Effect: 'Allow',
    Action: [action],
    Resource: [`arn:aws:sqs:${REGION}:${ACCOUNT}:orders-*`],
    Condition: { StringEquals: { 'aws:PrincipalTag/team': 'orders' }, Bool: { 'aws:SecureTransport': 'true' } },
  };
  const policies = Array.from({ length: 10 }, (_, policy) =>
    named(`policy-${policy}`, 'identity', statements.slice(policy * 20, policy * 20 + 20)),
  );
  const everything = { Effect: 'Allow', Action: '*', Resource: '*' };
  const inRegion = {
    Effect: 'Deny',
    NotAction: ['iam:*', 'sts:*'],
    Resource: '*',
    Condition: { StringNotEquals: { 'aws:RequestedRegion': [REGION, 'eu-central-1'] } },
  };
  const random = seeded(2);
  const tag = { 'aws:PrincipalTag/team': 'orders' };
  return {
    name: sameAction ? 'heavy, one action in all 200 statements' : 'heavy',
    statements,
    prepared: preparePolicies({
      identity: policies,
      boundary: [
        named('boundary', 'boundary', [{ Effect: 'Allow', Action: ['sqs:*', 's3:*', 'logs:*'], Resource: '*' }]),
      ],
      scp: [
        [named('root', 'scp', [everything])],
        [named('unit', 'scp', [everything]), named('regions', 'scp', [inRegion])],
        [named('account', 'scp', [everything])],
      ],
    }),
    requests: draw([() => request(action, `arn:aws:sqs:${REGION}:${ACCOUNT}:orders-${random()}`, tag)], random),
  };
}

function draw(shapes: readonly (() => AccessRequest)[], random: () => number): AccessRequest[] {
  return Array.from({ length: 2048 }, () => shapes[Math.floor(random() * shapes.length)]!());
}
