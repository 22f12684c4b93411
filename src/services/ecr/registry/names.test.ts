import { describe, expect, it } from 'vitest';
import { readRange } from './blobs.ts';
import { targetOf } from './client/import-archive.ts';
import { ecrRepository, isRepositoryName, isTag, readRoute } from './names.ts';
import { isForRegistry } from './registry.ts';

describe('readRoute', () => {
  it.each([
    ['/v2/', { kind: 'ping' }],
    ['/v2/a/b/tags/list', { kind: 'tags', name: 'a/b' }],
    ['/v2/a/blobs/uploads/', { kind: 'uploads', name: 'a' }],
    ['/v2/a/blobs/uploads/x', { kind: 'upload', name: 'a', reference: 'x' }],
    ['/v2/a/blobs/sha256%3Aab', { kind: 'blob', name: 'a', reference: 'sha256:ab' }],
    ['/v2/manifests/manifests/manifests', { kind: 'manifest', name: 'manifests', reference: 'manifests' }],
    ['/v2/a/referrers/sha256:ab', { kind: 'referrers', name: 'a', reference: 'sha256:ab' }],
    ['/v2/a', undefined],
    ['/v2/a/manifests/%zz', undefined],
    ['/v1/a/manifests/b', undefined],
  ])('%s', (path, route) => expect(readRoute(path)).toEqual(route));
});

describe('ecrRepository', () => {
  const own = { account: '123456789012', region: 'eu-west-1', name: 'team/app' };
  it.each([
    ['localhost:4566', '123456789012/eu-west-1/team/app', own],
    ['123456789012.dkr.ecr.eu-west-1.amazonaws.com', 'team/app', own],
    ['123456789012.dkr.ecr.eu-west-1.localhost:4566', 'team/app', own],
    ['localhost', 'team/app', undefined],
    ['localhost', '12345678901/eu-west-1/team', undefined],
    ['localhost', '123456789012/eu-west-1/', undefined],
    ['localhost', '123456789012/eu-west-1/Upper', undefined],
    ['localhost', '123456789012/eu-west-1/../x', undefined],
    ['123456789012.dkr.ecr.eu-west-1.evil.com', 'team/app', undefined],
  ])('%s %s', (host, name, repository) => expect(ecrRepository(host, name)).toEqual(repository));

  it('takes the names that CreateRepository takes', () => {
    for (const name of ['ab', 'a/b', 'a-b_c.d/e', 'a'.repeat(256)])
      expect([name, isRepositoryName(name)]).toEqual([name, true]);
    for (const name of [
      'a',
      '',
      '-a',
      'a--b',
      'a/',
      '/a',
      'a//b',
      'A',
      'a'.repeat(257),
      'a..b',
      `${'a-'.repeat(120)}!`,
    ])
      expect([name, isRepositoryName(name)]).toEqual([name, false]);
    for (const tag of ['v1', '_x', 'A.b-c', 'a'.repeat(300)]) expect(isTag(tag)).toBe(true);
    for (const tag of ['', '.', '-a', 'a/b', 'a:b', 'a'.repeat(301)]) expect(isTag(tag)).toBe(false);
  });
});

describe('isForRegistry', () => {
  const ecr = `123456789012.dkr.ecr.eu-west-1.localhost:4566`;
  it.each<[string, string, Record<string, string>, boolean]>([
    ['/v2/', 'localhost:4566', {}, true],
    ['/v2', '127.0.0.1:4566', { authorization: 'Basic x' }, true],
    ['/v2/app/tags/list?n=1', ecr, {}, true],
    ['/v2/app/tags/list', '123456789012.dkr.ecr.eu-west-1.amazonaws.com', {}, true],
    ['/_rolecall/ecr/layers/x', 'localhost', {}, true],
    ['/', 'localhost', {}, false],
    ['/v2x', 'localhost', {}, false],
    ['/_rolecall/health', 'localhost', {}, false],
    ['/v2/key', 'bucket.localhost:4566', {}, false],
    ['/v2/key', 'bucket.s3.eu-west-1.amazonaws.com', {}, false],
    ['/v2/email', 'localhost', { authorization: 'AWS4-HMAC-SHA256 Credential=x' }, false],
    ['/v2/key?X-Amz-Credential=x&X-Amz-Signature=y', 'localhost', {}, false],
  ])('%s at %s', (url, host, headers, expected) =>
    expect(isForRegistry(url.split('?')[0] as string, { url, headers: { host, ...headers } })).toBe(expected),
  );
});

describe('targetOf', () => {
  it.each([
    ['app:1', { repository: 'app', tag: '1' }],
    ['app', { repository: 'app', tag: 'latest' }],
    ['docker.io/library/app:1', { repository: 'app', tag: '1' }],
    ['docker.io/team/app', { repository: 'team/app', tag: 'latest' }],
    ['localhost:4566/000000000000/eu-west-1/team/app:v2', { repository: 'team/app', tag: 'v2' }],
    ['000000000000.dkr.ecr.eu-west-1.amazonaws.com/app:v2', { repository: 'app', tag: 'v2' }],
    ['UPPER:1', undefined],
    ['../etc:1', undefined],
  ])('%s', (name, target) => expect(targetOf(name)).toEqual(target));
});

describe('readRange', () => {
  it.each([
    [undefined, 10, undefined],
    ['bytes=0-0', 10, { start: 0, end: 0 }],
    ['bytes=0-', 0, 'unsatisfiable'],
    ['bytes=-0', 10, 'unsatisfiable'],
    ['bytes=-99', 10, { start: 0, end: 9 }],
    ['bytes=5-2', 10, undefined],
    ['bytes=-', 10, undefined],
    ['lines=1-2', 10, undefined],
  ])('%s of %d', (header, size, range) => expect(readRange(header, size)).toEqual(range));
});
