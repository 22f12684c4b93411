import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeCredentials, Images } from '../../src/agent/runtimes/docker/images.ts';
import { importImage } from '../../src/agent/runtimes/docker/pause-image.ts';
import { TEST_ACCOUNT, TEST_REGION } from '../../src/gateway/testing.ts';
import { startTestRegistry, type TestRegistry } from '../../src/services/ecr/registry/testing.ts';
import { engine, noDocker } from './subject.ts';

const HOST = `${TEST_ACCOUNT}.dkr.ecr.${TEST_REGION}.amazonaws.com`;

describe.skipIf(noDocker !== undefined)(`images${noDocker === undefined ? '' : ` (skipped: ${noDocker})`}`, () => {
  let registry: TestRegistry;
  let local = '';
  let digest = '';
  let images: Images;
  const made = new Set<string>();
  const token = () => ({ username: 'AWS', password: registry.rootToken });

  async function remove(image: string): Promise<void> {
    await engine.delete(`/images/${image}`, { force: true }).catch(() => {});
  }

  beforeAll(async () => {
    registry = await startTestRegistry();
    await registry.bench.call('ecr', 'CreateRepository', { repositoryName: 'team/app' });
    local = `localhost:${new URL(registry.endpoint).port}`;
    images = new Images(engine, () => local);
    const pushed = `${local}/${TEST_ACCOUNT}/${TEST_REGION}/team/app`;
    // Also when it cannot be pushed.
    made.add(`${pushed}:v1`);
    await importImage(engine, { repository: pushed, tag: 'v1', changes: ['LABEL of=test'] }, [
      { name: 'hello', content: Buffer.from('hello'), mode: 0o644 },
    ]);
    const answer = await engine.stream(
      'POST',
      `/images/${pushed}/push`,
      { tag: 'v1' },
      {
        headers: { 'x-registry-auth': encodeCredentials(token(), pushed) },
      },
    );
    let text = '';
    for await (const chunk of answer) text += chunk;
    const found = /"Digest":"(sha256:[0-9a-f]+)"/.exec(text)?.[1];
    if (found === undefined) throw new Error(`the push failed: ${text}`);
    digest = found;
    await remove(`${pushed}:v1`);
  });
  afterAll(async () => {
    for (const image of made) await remove(image);
    await registry?.stop();
  });

  it('what is named after ECR is pulled from the registry of this server, and called by that name', async () => {
    const image = `${HOST}/team/app:v1`;
    made.add(image);
    expect(await images.pull(image, token())).toEqual({ reference: image, digest });
    expect(await engine.get(`/images/${image}/json`)).toMatchObject({
      Config: { Labels: { of: 'test' } },
      RepoTags: [image],
    });
  });

  it('several times at once', async () => {
    const image = `${HOST}/team/app:v1`;
    const pulls = Array.from({ length: 8 }, () => images.pull(image, token()));
    expect(await Promise.all(pulls)).toEqual(pulls.map(() => ({ reference: image, digest })));
  });

  it('by its digest', async () => {
    const reference = `${local}/${TEST_ACCOUNT}/${TEST_REGION}/team/app@${digest}`;
    made.add(reference);
    expect(await images.pull(`${HOST}/team/app@${digest}`, token())).toEqual({ reference, digest });
  });

  it('a refused token is refused, whatever the Engine has', async () => {
    const wrong = { username: 'AWS', password: 'wrong' };
    await expect(images.pull(`${HOST}/team/app:v1`, wrong)).rejects.toThrow(
      /^Error response from daemon: .*(denied|Authorization Token is invalid)/i,
    );
  });

  it('an image that the registry does not have: the one of the Engine, or none', async () => {
    await expect(images.pull(`${HOST}/team/app:v9`, token())).rejects.toThrow(
      `Error response from daemon: manifest for ${HOST}/team/app:v9 not found`,
    );
    const image = `${HOST}/team/app:v8`;
    made.add(image);
    await engine.post(`/images/${HOST}/team/app:v1/tag`, { repo: `${HOST}/team/app`, tag: 'v8' });
    expect(await images.pull(image, token())).toMatchObject({ reference: image });
  });

  it('an image that the Engine has is used as it is; one from AWS is never asked for there', async () => {
    expect(await images.pull(`${HOST}/team/app:v1`, undefined)).toMatchObject({ reference: `${HOST}/team/app:v1` });
    await expect(images.pull(`${HOST}/team/other:v1`, undefined)).rejects.toThrow(
      `Docker does not have the image ${HOST}/team/other:v1 on this machine, and it is not pulled from AWS`,
    );
  });

  it('a private registry takes the user and password of repositoryCredentials', async () => {
    const image = `${local}/${TEST_ACCOUNT}/${TEST_REGION}/team/app:v1`;
    made.add(image);
    await expect(images.pull(image, { username: 'AWS', password: 'wrong' })).rejects.toThrow(
      /Error response from daemon/,
    );
    expect(await images.pull(image, token())).toEqual({ reference: image, digest });
    await remove(image);
    await expect(images.pull(image, undefined)).rejects.toThrow(/no basic auth credentials/);
  });
});
