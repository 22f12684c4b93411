import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MalformedPolicyDocument } from './malformed.ts';
import { type ParseOptions, parsePolicy } from './parse.ts';
import type { PolicyKind } from './types.ts';

function refusalOf(
  document: unknown,
  kind: PolicyKind = 'identity',
  options: ParseOptions = {},
): MalformedPolicyDocument | undefined {
  try {
    parsePolicy(typeof document === 'string' ? document : JSON.stringify(document), kind, options);
    return undefined;
  } catch (error) {
    if (error instanceof MalformedPolicyDocument) return error;
    throw error;
  }
}

const good = { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: 'arn:aws:sqs:eu-west-1:111111111111:orders' };

/** A document of version 2012-10-17 with one statement, changed by the members given; undefined removes one. */
function one(changes: object, top: object = {}): object {
  return { Version: '2012-10-17', ...top, Statement: { ...good, ...changes } };
}

const SYNTAX = 'Syntax errors in policy.';
const LEGACY = 'The policy failed legacy parsing';
const NO_VERSION = 'Policy document must be version 2012-10-17 or greater.';
const VENDOR = 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.';
const IAM_PATH =
  'IAM resource path must either be "*" or start with user/, federated-user/, role/, group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/.';

describe('a managed policy that IAM refuses', () => {
  test.each<[string, unknown, string, string]>([
    ['no JSON', 'hello', SYNTAX, '$'],
    ['no object', '[]', SYNTAX, '$'],
    ['no version', { Statement: good }, NO_VERSION, '$'],
    ['the older version', { Version: '2008-10-17', Statement: good }, NO_VERSION, '$.Version'],
    ['no version there is', { Version: '2013-10-17', Statement: good }, SYNTAX, '$.Version'],
    ['no statement', { Version: '2012-10-17' }, SYNTAX, '$'],
    ['an empty list of statements', { Version: '2012-10-17', Statement: [] }, SYNTAX, '$.Statement'],
    ['a statement that is a text', { Version: '2012-10-17', Statement: ['x'] }, SYNTAX, '$.Statement[0]'],
    ['an element that policies have not', one({}, { Comment: 'x' }), SYNTAX, '$.Comment'],
    ['an element that statements have not', one({ Comment: 'x' }), SYNTAX, '$.Statement.Comment'],
    ['an Id that is no text', one({}, { Id: [] }), SYNTAX, '$.Id'],
    ['a Sid that is no text', one({ Sid: {} }), SYNTAX, '$.Statement.Sid'],
    ['no Effect', one({ Effect: undefined }), SYNTAX, '$.Statement'],
    ['an Effect there is not', one({ Effect: 'Maybe' }), SYNTAX, '$.Statement.Effect'],
    ['an Effect in another case', one({ Effect: 'allow' }), LEGACY, '$.Statement.Effect'],
    ['an Effect in another case and no version', { Statement: { ...good, Effect: 'denY' } }, NO_VERSION, '$'],
    ['an action that is a list of lists', one({ Action: [['sqs:*']] }), SYNTAX, '$.Statement.Action[0]'],
    ['Action and NotAction', one({ NotAction: [] }), SYNTAX, '$.Statement.NotAction'],
    ['Resource and NotResource', one({ NotResource: '*' }), SYNTAX, '$.Statement.NotResource'],
    ['no action', one({ Action: undefined }), 'Policy statement must contain actions.', '$.Statement'],
    ['an empty list of actions', one({ Action: [] }), 'Policy statement must contain actions.', '$.Statement.Action'],
    ['no resource', one({ Resource: undefined }), 'Policy statement must contain resources.', '$.Statement'],
    [
      'an empty list of resources',
      one({ Resource: [] }),
      'Policy statement must contain resources.',
      '$.Statement.Resource',
    ],
    [
      'no resource and a bad action',
      one({ Resource: undefined, Action: 'x' }),
      'Policy statement must contain resources.',
      '$.Statement',
    ],
    [
      'a principal',
      one({ Principal: '*' }),
      'Policy document should not specify a principal.',
      '$.Statement.Principal',
    ],
    ['an action without a service', one({ Action: 'SendMessage' }), VENDOR, '$.Statement.Action'],
    ['an empty action', one({ Action: '' }), VENDOR, '$.Statement.Action'],
    [
      'an action with two colons',
      one({ Action: 'sqs:a:b' }),
      'Actions/Condition can contain only one colon.',
      '$.Statement.Action',
    ],
    ['a service with a space', one({ Action: ['sqs:*', 'a b:c'] }), 'Vendor a b is not valid', '$.Statement.Action[1]'],
    ['a service with a star', one({ Action: 's*:Get*' }), 'Vendor s* is not valid', '$.Statement.Action'],
    [
      'a resource that is no ARN',
      one({ Resource: 'orders' }),
      'Resource orders must be in ARN format or "*".',
      '$.Statement.Resource',
    ],
    ['an empty resource', one({ Resource: '' }), 'Resource  must be in ARN format or "*".', '$.Statement.Resource'],
    [
      'a bad resource before a bad action',
      one({ Resource: 'x', Action: 'x' }),
      'Resource x must be in ARN format or "*".',
      '$.Statement.Resource',
    ],
    [
      'a partition there is not',
      one({ Resource: 'arn:moon:s3:::b' }),
      'Partition "moon" is not valid for resource "arn:moon:s3:::b".',
      '$.Statement.Resource',
    ],
    [
      'an ARN without its first part',
      one({ Resource: 'aws:s3:::b' }),
      'Partition "s3" is not valid for resource "arn:s3:::b:*".',
      '$.Statement.Resource',
    ],
    [
      'two bad ARNs',
      one({ Resource: ['arn:x:s3:::b', 'arn:x:s3::b'] }),
      'Partition "x" is not valid for resource "arn:x:s3:::b".',
      '$.Statement.Resource[0]',
    ],
    [
      'an ARN without a service',
      one({ Resource: 'arn:aws' }),
      'Resource vendor must be fully qualified and cannot contain regexes.',
      '$.Statement.Resource',
    ],
    ['an ARN with an empty service', one({ Resource: 'arn:aws::::b' }), LEGACY, '$.Statement.Resource'],
    ['an ARN with five parts', one({ Resource: 'arn:aws:s3::b' }), LEGACY, '$.Statement.Resource'],
    [
      'an ARN with five parts and no action',
      one({ Resource: 'arn:aws:s3::b', Action: undefined }),
      LEGACY,
      '$.Statement.Resource',
    ],
    [
      'an IAM ARN with a region',
      one({ Resource: 'arn:aws:iam:eu-west-1::role/x' }),
      'IAM resource arn:aws:iam:eu-west-1::role/x cannot contain region information.',
      '$.Statement.Resource',
    ],
    [
      'an S3 ARN with a region',
      one({ Resource: 'arn:aws:s3:eu-west-1::b' }),
      'Resource arn:aws:s3:eu-west-1::b can not contain region information.',
      '$.Statement.Resource',
    ],
    ['an IAM path there is not', one({ Resource: 'arn:aws:iam:::b' }), IAM_PATH, '$.Statement.Resource'],
    ['a Condition that is a list', one({ Condition: [] }), SYNTAX, '$.Statement.Condition'],
    [
      'an operator with a text',
      one({ Condition: { StringEquals: 'x' } }),
      SYNTAX,
      '$.Statement.Condition.StringEquals',
    ],
    [
      'an operator there is not',
      one({ Condition: { StringMatches: { 'aws:x': '1' } } }),
      SYNTAX,
      '$.Statement.Condition.StringMatches',
    ],
    [
      'Null with IfExists',
      one({ Condition: { NullIfExists: { 'aws:x': 'true' } } }),
      SYNTAX,
      '$.Statement.Condition.NullIfExists',
    ],
    [
      'a set operator with two colons',
      one({ Condition: { 'ForAnyValue::StringEquals': { 'aws:x': 'a' } } }),
      SYNTAX,
      '$.Statement.Condition["ForAnyValue::StringEquals"]',
    ],
    [
      'a condition value that is an object',
      one({ Condition: { StringEquals: { 'aws:x': {} } } }),
      SYNTAX,
      '$.Statement.Condition.StringEquals["aws:x"]',
    ],
    [
      'a number that is none',
      one({ Condition: { NumericEquals: { 'aws:x': ['1', 'one'] } } }),
      SYNTAX,
      '$.Statement.Condition.NumericEquals["aws:x"][1]',
    ],
    [
      'a network that is none',
      one({ Condition: { IpAddress: { 'aws:SourceIp': '10.0.0/8' } } }),
      SYNTAX,
      '$.Statement.Condition.IpAddress["aws:SourceIp"]',
    ],
    [
      'a boolean that is none',
      one({ Condition: { Bool: { 'aws:x': 'yes' } } }),
      SYNTAX,
      '$.Statement.Condition.Bool["aws:x"]',
    ],
    [
      'a date that is none',
      one({ Condition: { DateLessThan: { 'aws:x': 'soon' } } }),
      LEGACY,
      '$.Statement.Condition.DateLessThan["aws:x"]',
    ],
    [
      'a month there is not',
      one({ Condition: { DateLessThan: { 'aws:x': '234-13' } } }),
      LEGACY,
      '$.Statement.Condition.DateLessThan["aws:x"]',
    ],
    [
      'a zone of one digit',
      one({ Condition: { DateLessThan: { 'aws:x': '2016-12-13t2:00:00.5+1' } } }),
      LEGACY,
      '$.Statement.Condition.DateLessThan["aws:x"]',
    ],
    [
      'more seconds than there are',
      one({ Condition: { DateLessThan: { 'aws:x': '9223372036854775808' } } }),
      LEGACY,
      '$.Statement.Condition.DateLessThan["aws:x"]',
    ],
    [
      'a Sid twice',
      {
        Version: '2012-10-17',
        Statement: [
          { ...good, Sid: 'a' },
          { ...good, Sid: 'a' },
        ],
      },
      'Statement IDs (SID) in a single policy must be unique.',
      '$.Statement[1].Sid',
    ],
    [
      'a Sid with a space',
      one({ Sid: 'a b' }),
      'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*',
      '$.Statement.Sid',
    ],
    [
      'too many characters',
      one({ Resource: `arn:aws:s3:::${'b'.repeat(6144)}` }),
      'Cannot exceed quota for PolicySize: 6144',
      '$',
    ],
  ])('%s', (_name, document, message, path) => {
    expect(refusalOf(document, 'identity', { managed: true })).toMatchObject({ message, path });
  });
});

describe('a managed policy that IAM accepts', () => {
  test.each<[string, object]>([
    ['one statement without a list', one({})],
    ['an Id', one({}, { Id: 'x' })],
    ['all actions', one({ Action: '*' })],
    ['every service', one({ Action: '*:*' })],
    ['an action with spaces', one({ Action: 'iam: a b ' })],
    ['services that do not exist', one({ Action: 'moon-1.x:Land', Resource: 'arn:aws:moon:::base' })],
    ['NotAction and NotResource', one({ Action: undefined, NotAction: 'a:b', Resource: undefined, NotResource: '*' })],
    ['an ARN of three parts', one({ Resource: 'arn:aws:sqs' })],
    ['any partition', one({ Resource: 'arn:*:s3:::b' })],
    ['an access point', one({ Resource: 'arn:aws:s3:eu-west-1:111111111111:accesspoint/x' })],
    ['a wildcard for the whole IAM path', one({ Resource: 'arn:aws:iam::111111111111:*' })],
    ['a wildcard in an IAM path', one({ Resource: 'arn:aws:iam::111111111111:r*' })],
    ['a variable', one({ Resource: 'arn:aws:iam::*:user/${aws:username}' })],
    ['an empty Condition', one({ Condition: {} })],
    ['an unknown operator without keys', one({ Condition: { x: {}, y: {} } })],
    ['an operator without keys', one({ Condition: { DateGreaterThan: {} } })],
    ['a key without values', one({ Condition: { DateGreaterThan: { 'aws:x': [] } } })],
    ['a strange date', one({ Condition: { DateGreaterThan: { 'aws:x': '01T' } } })],
    ['a zone of two digits', one({ Condition: { DateGreaterThan: { 'aws:x': '2016-12-13t2:00:00.593194+23' } } })],
    ['a year before all years', one({ Condition: { DateGreaterThan: { 'aws:x': '-292275054' } } })],
    ['values without quotes', one({ Condition: { Bool: { 'aws:x': true }, NumericEquals: { 'aws:y': [1, 2.5] } } })],
    ['a set operator with IfExists', one({ Condition: { 'ForAnyValue:StringLikeIfExists': { 'aws:x': 'a' } } })],
    ['statements of which one has a Sid', { Version: '2012-10-17', Statement: [{ ...good, Sid: 'a' }, good] }],
    [
      'an empty Sid twice',
      {
        Version: '2012-10-17',
        Statement: [
          { ...good, Sid: '' },
          { ...good, Sid: '' },
        ],
      },
    ],
    ['white space beyond the limit', one({ Resource: ['*', ...new Array<string>(10).fill('*')] })],
  ])('%s', (_name, document) => {
    expect(refusalOf(JSON.stringify(document, undefined, 200), 'identity', { managed: true })).toBeUndefined();
  });
});

test('an inline policy may be of the older version, or of none', () => {
  expect(refusalOf({ Version: '2008-10-17', Statement: good })).toBeUndefined();
  expect(refusalOf({ Statement: good })).toBeUndefined();
});

describe('other kinds', () => {
  const trust = { Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' };
  const queue = { ...good, Principal: { AWS: '111111111111' } };
  const rcp = { Effect: 'Deny', Principal: '*', Action: 'sqs:*', Resource: '*' };
  const doc = (statement: object) => ({ Version: '2012-10-17', Statement: statement });

  test.each<[PolicyKind, object]>([
    ['trust', trust],
    [
      'trust',
      { ...trust, Principal: { AWS: 'arn:aws:iam::111111111111:root', Federated: 'cognito-identity.amazonaws.com' } },
    ],
    ['trust', { ...trust, Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'] }],
    ['resource', queue],
    ['resource', { ...queue, Sid: 'with spaces, and more' }],
    ['resource', { ...queue, Resource: undefined }],
    [
      'resource',
      { ...queue, Principal: undefined, NotPrincipal: { AWS: ['111111111111', 'arn:aws:iam::111111111111:user/a'] } },
    ],
    ['resource', { ...queue, Principal: { AWS: 'AROAABCDEFGHIJKLMNOPQ' } }],
    ['key', { ...queue, Resource: '*' }],
    ['scp', good],
    ['rcp', rcp],
    ['vpce', { ...queue, Principal: '*' }],
    ['boundary', good],
    ['session', good],
  ])('%s accepts %j', (kind, statement) => {
    expect(refusalOf(doc(statement), kind)).toBeUndefined();
  });

  test.each<[PolicyKind, object, string]>([
    ['trust', { ...trust, Resource: '*' }, 'Has prohibited field Resource'],
    ['trust', { ...trust, Principal: undefined }, 'Missing required field Principal'],
    ['trust', { ...trust, Principal: {} }, 'Missing required field Principal cannot be empty!'],
    ['trust', { ...trust, Principal: '*' }, 'AssumeRolepolicy contained an invalid principal: "STAR":"*".'],
    ['trust', { ...trust, Effect: undefined }, 'Missing required field Effect'],
    ['trust', { ...trust, Effect: 'allow' }, 'Invalid effect: allow'],
    ['trust', { ...trust, Action: undefined }, 'Missing required field Action'],
    ['trust', { ...trust, Principal: undefined, NotPrincipal: { AWS: '*' } }, 'Has prohibited field NotPrincipal'],
    ['trust', { ...trust, Action: 'sqs:SendMessage' }, 'AssumeRole policy may only specify STS AssumeRole actions.'],
    [
      'trust',
      { ...trust, Principal: { AWS: 'arn:aws:iam::111111111111:role/*' } },
      'Invalid principal in policy: "AWS":"arn:aws:iam::111111111111:role/*"',
    ],
    ['trust', { ...trust, Principal: { Service: 'ECS tasks' } }, 'Invalid principal in policy: "SERVICE":"ECS tasks"'],
    ['trust', { ...trust, Principal: { Robot: 'x' } }, 'Syntax error in policy.'],
    ['trust', { ...trust, Principal: 'arn:aws:iam::111111111111:root' }, 'Syntax error in policy.'],
    ['resource', { ...queue, Principal: {} }, SYNTAX],
    ['resource', { ...queue, Principal: undefined }, 'Missing required field Principal'],
    [
      'resource',
      { ...queue, Principal: { AWS: 'arn:aws:sts::111111111111:assumed-role/app/*' } },
      'Invalid principal in policy: "AWS":"arn:aws:sts::111111111111:assumed-role/app/*"',
    ],
    ['key', { ...queue, Resource: undefined }, 'Policy statement must contain resources.'],
    ['session', queue, 'Policy document should not specify a principal.'],
    ['boundary', queue, 'Policy document should not specify a principal.'],
    ['scp', queue, 'Policy document should not specify a principal.'],
    ['rcp', { ...rcp, Effect: 'Allow' }, SYNTAX],
    ['rcp', { ...rcp, Principal: { AWS: '111111111111' } }, SYNTAX],
    ['rcp', { ...rcp, Action: '*' }, SYNTAX],
    ['rcp', { ...rcp, Action: undefined, NotAction: 'sqs:*' }, SYNTAX],
    ['rcp', { ...rcp, Resource: 'arn:aws:sqs:*' }, LEGACY],
  ])('%s refuses %j', (kind, statement, message) => {
    expect(refusalOf(doc(statement), kind)?.message).toBe(message);
  });

  test('a trust policy that is no JSON, or has no version there is, or no statement', () => {
    expect(refusalOf('{', 'trust')?.message).toBe('This policy contains invalid Json');
    expect(refusalOf({ Version: '2013-10-17', Statement: trust }, 'trust')?.message).toBe(
      'The policy must contain a valid version string',
    );
    expect(refusalOf({ Version: '2012-10-17', Statement: [] }, 'trust')?.message).toBe(
      'Could not parse the policy: Statement is empty!',
    );
  });

  test('a session policy longer than 2,048 characters is refused, white space included', () => {
    const text = JSON.stringify(doc(good), undefined, 2);
    expect(refusalOf(text.padEnd(2048), 'session')).toBeUndefined();
    expect(refusalOf(text.padEnd(2049), 'session')?.message).toBe(
      'Packed policy consumes more than the allotted space',
    );
  });
});

test('the place of a mistake is told by path, line and column', () => {
  const text =
    '{\n  "Version": "2012-10-17",\n  "Statement": [\n    { "Effect": "Allow",\n      "Action": ["sqs:*", "oops"], "Resource": "*" }\n  ]\n}';
  expect(refusalOf(text)).toMatchObject({ path: '$.Statement[0].Action[1]', line: 5, column: 27 });
});

test('a member given twice is refused, as a reader would see another policy than the engine', () => {
  const text = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}}';
  expect(refusalOf(text)).toMatchObject({ message: SYNTAX, path: '$.Statement.Effect', column: 54 });
});

test('to evaluate, only the meaning must be clear', () => {
  const lenient = (document: object, kind: PolicyKind) => refusalOf(document, kind, { purpose: 'evaluate' })?.message;
  expect(lenient(one({ Sid: 'a b', Resource: 'orders', Action: 's*:Get*' }), 'identity')).toBeUndefined();
  expect(lenient(one({ Effect: 'Allow', Principal: '*', Action: '*' }), 'rcp')).toBeUndefined();
  expect(lenient(one({ Condition: { Nope: { a: 'b' } } }), 'identity')).toBe(SYNTAX);
  expect(lenient(one({ Principal: '*' }), 'identity')).toBe('Policy document should not specify a principal.');
  expect(lenient(one({ Resource: undefined }), 'identity')).toBe('Policy statement must contain resources.');
  expect(lenient(one({ Action: undefined }), 'identity')).toBe('Policy statement must contain actions.');
  expect(lenient(one({}), 'resource')).toBe('Missing required field Principal');
  expect(lenient(one({ Effect: 'allow' }), 'identity')).toBe(LEGACY);
  expect(lenient({ Version: '2012-10-17', Statement: [] }, 'identity')).toBeUndefined();
  expect(lenient(one({ Principal: {} }), 'resource')).toBeUndefined();
});

const kinds: readonly PolicyKind[] = [
  'identity',
  'resource',
  'trust',
  'key',
  'boundary',
  'session',
  'scp',
  'rcp',
  'vpce',
];

test('whatever the text, the parser throws nothing but MalformedPolicyDocument', () => {
  const word = fc.constantFrom(
    '*',
    'Allow',
    'Deny',
    'sqs:*',
    'arn:aws:s3:::b',
    '${x',
    "${a, 'b'}",
    '',
    'arn:::',
    '2012-10-17',
    'é',
  );
  const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 5 },
      word,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('node'), { maxLength: 3 }),
      fc.dictionary(
        fc.constantFrom(
          'Version',
          'Statement',
          'Effect',
          'Action',
          'Resource',
          'NotResource',
          'Principal',
          'AWS',
          'Condition',
          'StringLike',
          'DateEquals',
          'IpAddress',
          'Sid',
          'aws:k',
          '__proto__',
        ),
        tie('node'),
      ),
    ),
  })).node;
  const statement = fc.record(
    { Effect: word, Action: value, Resource: value, Principal: value, Condition: value },
    { requiredKeys: [] },
  );
  const document = fc.oneof(
    value,
    fc.record({ Version: word, Statement: fc.oneof(statement, fc.array(statement)) }, { requiredKeys: [] }),
  );
  const text = fc.oneof(
    document.map((each) => JSON.stringify(each) ?? ''),
    fc.string(),
    fc.json(),
  );
  fc.assert(
    fc.property(text, fc.constantFrom(...kinds), fc.boolean(), (each, kind, lenient) => {
      const refusal = refusalOf(each, kind, lenient ? { purpose: 'evaluate' } : {});
      // What may be stored can be evaluated.
      if (refusal === undefined && !lenient) expect(refusalOf(each, kind, { purpose: 'evaluate' })).toBeUndefined();
    }),
    { numRuns: 1000 },
  );
});
