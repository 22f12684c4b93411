import { describe, expect, it } from 'vitest';
import { createTestBench } from '../../gateway/testing.ts';
import { kmsService } from '../kms/index.ts';
import { ssmService } from './index.ts';

const bench = () => createTestBench([ssmService, kmsService]);
const arnOf = (name: string) => `arn:aws:ssm:eu-west-1:000000000000:parameter${name}`;

describe('PutParameter', () => {
  it('stores versions and shows the current one', async () => {
    const b = bench();
    const put = (Value: string, more: object = {}) =>
      b.call('ssm', 'PutParameter', { Name: '/app/url', Value, Type: 'String', ...more });
    expect(await put('one', { Description: 'd', Tags: [{ Key: 'a', Value: 'b' }] })).toEqual({
      Version: 1,
      Tier: 'Standard',
    });
    expect(await b.refused(put('two'))).toMatchObject({
      code: 'ParameterAlreadyExists',
      message:
        'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
    });
    expect(await put('two', { Overwrite: true })).toMatchObject({ Version: 2 });
    expect(await b.call('ssm', 'GetParameter', { Name: '/app/url' })).toEqual({
      Parameter: {
        Name: '/app/url',
        Type: 'String',
        Value: 'two',
        Version: 2,
        LastModifiedDate: b.clock.now(),
        ARN: arnOf('/app/url'),
        DataType: 'text',
      },
    });
    const { Parameters } = await b.call('ssm', 'DescribeParameters', {});
    expect(Parameters).toMatchObject([{ Name: '/app/url', Version: 2, Description: 'd', Tier: 'Standard' }]);
    expect(JSON.stringify(b.trail())).not.toContain('"two"');
  });

  it.each([
    ['aws-thing', 'ValidationException', 'Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).'],
    ['/aws/thing/x', 'AccessDeniedException', 'No access to reserved parameter name: /aws/thing/x.'],
    ['a/b', 'ValidationException', 'Parameter name must be a fully qualified name.'],
    ['/a b', 'ValidationException', undefined],
    [`/${Array(16).fill('x').join('/')}`, 'HierarchyLevelLimitExceededException', undefined],
  ])('refuses the name %s', async (Name, code, message) => {
    const b = bench();
    const error = await b.refused(b.call('ssm', 'PutParameter', { Name, Value: 'x', Type: 'String' }));
    expect(error.code).toBe(code);
    if (message !== undefined) expect(error.message).toBe(message);
  });

  it.each([
    [{ Value: 'x' }, 'ValidationException', 'A parameter type is required when you create a parameter.'],
    [{ Value: '', Type: 'String' }, 'ValidationException', undefined],
    [{ Value: 'x'.repeat(4097), Type: 'String' }, 'ValidationException', undefined],
    [
      { Value: 'x', Type: 'String', AllowedPattern: '\\d+' },
      'ParameterPatternMismatchException',
      'Parameter value, cannot be validated against allowedPattern: \\d+',
    ],
    [{ Value: 'x', Type: 'String', AllowedPattern: '(' }, 'InvalidAllowedPatternException', undefined],
    [{ Value: 'x', Type: 'String', Policies: '[]' }, 'ValidationException', 'Policies is not supported by Rolecall.'],
    [{ Value: 'x', Type: 'String', DataType: 'aws:ec2:image' }, 'ValidationException', undefined],
    [
      { Value: 'x', Type: 'String', DataType: 'no' },
      'ValidationException',
      'The following data type is not supported: no (Data type names are all lowercase.)',
    ],
    [{ Value: 'x', Type: 'String', KeyId: 'alias/x' }, 'ValidationException', undefined],
    [
      { Value: 'x', Type: 'String', Overwrite: true, Tags: [{ Key: 'a', Value: 'b' }] },
      'ValidationException',
      undefined,
    ],
  ] as [object, string, string | undefined][])('refuses %j', async (input, code, message) => {
    const b = bench();
    const error = await b.refused(b.call('ssm', 'PutParameter', { Name: 'x', Value: 'x', ...input }));
    expect(error.code).toBe(code);
    if (message !== undefined) expect(error.message).toBe(message);
  });

  it('knows tiers: larger values, no way back', async () => {
    const b = bench();
    const put = (more: object) =>
      b.call('ssm', 'PutParameter', {
        Name: '/big',
        Value: 'x'.repeat(5000),
        Type: 'String',
        Overwrite: true,
        ...more,
      });
    expect(await put({ Tier: 'Intelligent-Tiering' })).toMatchObject({ Tier: 'Advanced' });
    expect(await put({})).toMatchObject({ Tier: 'Advanced', Version: 2 });
    expect((await b.refused(put({ Tier: 'Standard' }))).message).toContain("You can't downgrade");
    expect((await b.refused(put({ Value: 'x'.repeat(8193) }))).code).toBe('ValidationException');
  });

  it('keeps 100 versions, unless a label holds the oldest', async () => {
    const b = bench();
    const put = () => b.call('ssm', 'PutParameter', { Name: 'v', Value: 'x', Type: 'String', Overwrite: true });
    for (let i = 0; i < 101; i++) await put();
    expect((await b.refused(b.call('ssm', 'GetParameter', { Name: 'v:1' }))).code).toBe('ParameterVersionNotFound');
    await b.call('ssm', 'LabelParameterVersion', { Name: 'v', ParameterVersion: 2, Labels: ['keep'] });
    expect((await b.refused(put())).code).toBe('ParameterMaxVersionLimitExceeded');
    const first = await b.call('ssm', 'GetParameterHistory', { Name: 'v', MaxResults: 50 });
    const rest = await b.call('ssm', 'GetParameterHistory', { Name: 'v', NextToken: first.NextToken });
    expect([...first.Parameters!, ...rest.Parameters!].map((version) => version.Version)).toEqual(
      Array.from({ length: 100 }, (_, i) => i + 2),
    );
  });
});

describe('names, ARNs and selectors', () => {
  it('finds by name, ARN, version and label', async () => {
    const b = bench();
    for (const Value of ['1', '2', '3']) {
      await b.call('ssm', 'PutParameter', { Name: '/a/b', Value, Type: 'String', Overwrite: true });
    }
    await b.call('ssm', 'PutParameter', { Name: 'plain', Value: 'p', Type: 'String' });
    await b.call('ssm', 'LabelParameterVersion', { Name: '/a/b', ParameterVersion: 1, Labels: ['prod'] });
    const get = async (Name: string) => (await b.call('ssm', 'GetParameter', { Name })).Parameter;
    expect(await get(arnOf('/a/b'))).toMatchObject({ Name: '/a/b', Value: '3' });
    expect(await get('/a/b:2')).toMatchObject({ Value: '2', Selector: ':2' });
    expect(await get(`${arnOf('/a/b')}:prod`)).toMatchObject({ Value: '1', Selector: ':prod' });
    expect(await get(arnOf('/plain'))).toMatchObject({ Name: 'plain', Value: 'p' });
    expect((await b.refused(get('/a/b:9'))).message).toBe(
      'Systems Manager could not find version 9 of /a/b. Verify the version and try again.',
    );
    expect(await b.refused(get('/nope'))).toMatchObject({ code: 'ParameterNotFound', message: '' });
  });

  it('moves labels, refuses bad ones, takes ten at most', async () => {
    const b = bench();
    for (const Value of ['1', '2'])
      await b.call('ssm', 'PutParameter', { Name: 'p', Value, Type: 'String', Overwrite: true });
    const label = (Labels: string[], ParameterVersion?: number) =>
      b.call('ssm', 'LabelParameterVersion', { Name: 'p', Labels, ParameterVersion });
    await label(['x'], 1);
    expect(await label(['x'])).toEqual({ InvalidLabels: [], ParameterVersion: 2 });
    expect((await b.call('ssm', 'GetParameter', { Name: 'p:x' })).Parameter?.Version).toBe(2);
    expect(await label(['aws-x', '1st', 'ok'])).toEqual({ InvalidLabels: ['aws-x', '1st'], ParameterVersion: 2 });
    const many = label(Array.from({ length: 10 }, (_, i) => `l${i}`));
    expect((await b.refused(many)).code).toBe('ParameterVersionLabelLimitExceeded');
    expect(
      await b.call('ssm', 'UnlabelParameterVersion', { Name: 'p', ParameterVersion: 2, Labels: ['x', 'y'] }),
    ).toEqual({
      RemovedLabels: ['x'],
      InvalidLabels: ['y'],
    });
  });

  it('deletes one or many', async () => {
    const b = bench();
    for (const Name of ['a', 'b']) await b.call('ssm', 'PutParameter', { Name, Value: 'x', Type: 'String' });
    await b.call('ssm', 'DeleteParameter', { Name: 'a' });
    expect((await b.refused(b.call('ssm', 'DeleteParameter', { Name: 'a' }))).code).toBe('ParameterNotFound');
    expect(await b.call('ssm', 'DeleteParameters', { Names: ['a', 'b'] })).toEqual({
      DeletedParameters: ['b'],
      InvalidParameters: ['a'],
    });
  });
});

describe('tags', () => {
  it('are added, listed and removed, for parameters only', async () => {
    const b = bench();
    await b.call('ssm', 'PutParameter', { Name: '/t', Value: 'x', Type: 'String', Tags: [{ Key: 'a', Value: '1' }] });
    const resource = { ResourceType: 'Parameter' as const, ResourceId: '/t' };
    await b.call('ssm', 'AddTagsToResource', { ...resource, Tags: [{ Key: 'b', Value: '2' }] });
    await b.call('ssm', 'RemoveTagsFromResource', { ...resource, TagKeys: ['a'] });
    expect(await b.call('ssm', 'ListTagsForResource', resource)).toEqual({ TagList: [{ Key: 'b', Value: '2' }] });
    expect((await b.refused(b.call('ssm', 'ListTagsForResource', { ...resource, ResourceId: '/no' }))).code).toBe(
      'InvalidResourceId',
    );
    expect(
      (await b.refused(b.call('ssm', 'ListTagsForResource', { ...resource, ResourceType: 'Document' }))).code,
    ).toBe('InvalidResourceType');
  });
});

describe('listing', () => {
  it('goes by path, one level or all, page by page', async () => {
    const b = bench();
    for (const Name of ['/app/a', '/app/b', '/app/deep/c', '/application', 'root']) {
      await b.call('ssm', 'PutParameter', { Name, Value: Name, Type: 'String' });
    }
    const names = async (input: { Path: string; Recursive?: boolean; MaxResults?: number }) => {
      const found: string[] = [];
      let NextToken: string | undefined;
      do {
        const answer = await b.call('ssm', 'GetParametersByPath', { ...input, NextToken });
        found.push(...answer.Parameters!.map((parameter) => parameter.Name!));
        NextToken = answer.NextToken;
      } while (NextToken !== undefined);
      return found;
    };
    expect(await names({ Path: '/app' })).toEqual(['/app/a', '/app/b']);
    expect(await names({ Path: '/app/', Recursive: true, MaxResults: 1 })).toEqual(['/app/a', '/app/b', '/app/deep/c']);
    expect(await names({ Path: '/' })).toEqual(['/application', 'root']);
    const odd = await b.refused(b.call('ssm', 'GetParametersByPath', { Path: 'app' }));
    expect(odd.message).toContain('The parameter name must begin with a forward slash "/".');
    expect((await b.refused(b.call('ssm', 'GetParametersByPath', { Path: '/', NextToken: 'x' }))).code).toBe(
      'InvalidNextToken',
    );
  });

  it('filters', async () => {
    const b = bench();
    await b.call('ssm', 'PutParameter', {
      Name: '/a/x',
      Value: 'x',
      Type: 'String',
      Tags: [{ Key: 'env', Value: 'dev' }],
    });
    await b.call('ssm', 'PutParameter', { Name: '/a/y', Value: 'x', Type: 'StringList' });
    await b.call('ssm', 'PutParameter', { Name: '/b/z/w', Value: 'x', Type: 'SecureString' });
    const names = async (filter: { Key: string; Option?: string; Values?: string[] }) =>
      (await b.call('ssm', 'DescribeParameters', { ParameterFilters: [filter] })).Parameters?.map((p) => p.Name);
    expect(await names({ Key: 'Name', Values: ['/a/x'] })).toEqual(['/a/x']);
    expect(await names({ Key: 'Name', Option: 'BeginsWith', Values: ['/a'] })).toEqual(['/a/x', '/a/y']);
    expect(await names({ Key: 'Name', Option: 'Contains', Values: ['z'] })).toEqual(['/b/z/w']);
    expect(await names({ Key: 'Type', Values: ['SecureString', 'StringList'] })).toEqual(['/a/y', '/b/z/w']);
    expect(await names({ Key: 'KeyId', Values: ['alias/aws/ssm'] })).toEqual(['/b/z/w']);
    expect(await names({ Key: 'Path', Values: ['/b'] })).toEqual([]);
    expect(await names({ Key: 'Path', Option: 'Recursive', Values: ['/b'] })).toEqual(['/b/z/w']);
    expect(await names({ Key: 'tag:env', Values: ['dev'] })).toEqual(['/a/x']);
    expect((await b.refused(names({ Key: 'Label', Values: ['x'] }))).code).toBe('InvalidFilterKey');
    expect((await b.refused(names({ Key: 'Tier', Option: 'Contains', Values: ['x'] }))).code).toBe(
      'InvalidFilterOption',
    );
    expect((await b.refused(names({ Key: 'Name' }))).code).toBe('InvalidFilterValue');
    const old = await b.call('ssm', 'DescribeParameters', { Filters: [{ Key: 'Name', Values: ['/b'] }] });
    expect(old.Parameters?.map((p) => p.Name)).toEqual(['/b/z/w']);
  });
});
