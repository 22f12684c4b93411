import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Images } from '../../src/agent/runtimes/docker/images.ts';
import type { TrailEntry } from '../../src/gateway/trail.ts';
import { dutiesOf, taskPlan } from '../../src/roles/plan.ts';
import { noImages, removeImages, shellFiles } from '../docker/images.ts';
import { engine, noDocker } from '../docker/subject.ts';
import { namespaceRuntime } from '../runtime/subjects.ts';
import { type BuiltImage, buildImage, buildIndex } from './built-image.ts';
import {
  HOME,
  makeRepository,
  OTHER,
  openPullWorld,
  PLACES,
  type Pulled,
  type PullWorld,
  REGION,
} from './pull-world.ts';

/** Repositories of this test alone: what it leaves in the Docker Engine can be found by them. */
const OURS = 'refused-pulls';
const TOKEN = 'ecr:GetAuthorizationToken';
const MANIFEST = 'ecr:BatchGetImage';
const LAYER = 'ecr:GetDownloadUrlForLayer';
/** All that a pull takes. Nobody here may ecr:BatchCheckLayerAvailability: it belongs to pushes. */
const PULL = [
  { action: TOKEN, resource: '*' },
  { action: MANIFEST, resource: `arn:aws:ecr:${REGION}:*:repository/${OURS}/*` },
  { action: LAYER, resource: `arn:aws:ecr:${REGION}:*:repository/${OURS}/*` },
];
const NO_SUCH_DIGEST = `sha256:${'0'.repeat(64)}`;
const OTHER_ARCHITECTURE = process.arch === 'arm64' ? 'amd64' : 'arm64';

/** A name of an image, taken apart. */
interface Name {
  readonly account: string;
  readonly repository: string;
  readonly reference: string;
}

const own = (repository: string, reference = '1'): Name => ({
  account: HOME,
  repository: `${OURS}/${repository}`,
  reference,
});
const others = (repository: string): Name => ({ ...own(repository), account: OTHER });
const hostOf = ({ account }: Name) => `${account}.dkr.ecr.${REGION}.amazonaws.com`;
const imageOf = (name: Name) =>
  `${hostOf(name)}/${name.repository}${name.reference.startsWith('sha256:') ? '@' : ':'}${name.reference}`;
const arnOf = ({ account, repository }: Name) => `arn:aws:ecr:${REGION}:${account}:repository/${repository}`;

const NO_IDENTITY = (action: string) => `because no identity-based policy allows the ${action} action`;
const NO_RESOURCE = (action: string) => `because no resource-based policy allows the ${action} action`;
const DENIED = () => 'with an explicit deny in a resource-based policy';

/** A pull that AWS refuses because of what it is allowed. */
interface Refusal {
  readonly name: string;
  readonly image: Name;
  /** Taken from the role that pulls. */
  readonly without?: string;
  /** The role that pulls has nothing of ECR, the other one has it all. */
  readonly onlyOther?: true;
  readonly action: string;
  readonly because: (action: string) => string;
  /** Whose fault it is: the puller's own policies, or the repository's. */
  readonly decidedBy?: { readonly kind: 'resource'; readonly policy: string; readonly sid: string };
}

const REFUSALS: readonly Refusal[] = [
  ...[TOKEN, MANIFEST, LAYER].map((action) => ({
    name: `not granted ${action}`,
    image: own('fresh'),
    without: action,
    action,
    because: NO_IDENTITY,
  })),
  {
    name: 'not granted ecr:BatchGetImage, an image by its digest',
    image: own('fresh', NO_SUCH_DIGEST),
    without: MANIFEST,
    action: MANIFEST,
    because: NO_IDENTITY,
  },
  {
    name: 'granted to the other role alone',
    image: own('fresh'),
    onlyOther: true,
    action: TOKEN,
    because: NO_IDENTITY,
  },
  ...([MANIFEST, LAYER] as const).map((action) => ({
    name: `the repository's policy denies ${action}`,
    image: own(action === MANIFEST ? 'no-manifests' : 'no-layers'),
    action,
    because: DENIED,
    decidedBy: {
      kind: 'resource' as const,
      policy: arnOf(own(action === MANIFEST ? 'no-manifests' : 'no-layers')),
      sid: 'NotThese',
    },
  })),
  {
    name: 'a repository of another account without a policy',
    image: others('closed'),
    action: MANIFEST,
    because: NO_RESOURCE,
  },
  {
    name: 'a repository of another account whose policy allows manifests alone',
    image: others('half-open'),
    action: LAYER,
    because: NO_RESOURCE,
  },
  {
    name: 'a repository of another account whose policy denies',
    image: others('barred'),
    action: MANIFEST,
    because: DENIED,
    decidedBy: { kind: 'resource', policy: arnOf(others('barred')), sid: 'NotHome' },
  },
  {
    name: 'a repository of another account whose policy allows, and not the role',
    image: others('open'),
    without: MANIFEST,
    action: MANIFEST,
    because: NO_IDENTITY,
  },
];

/** AWS's sentence, and what belongs to the call that was refused. */
interface Text {
  readonly image: Name;
  readonly action: string;
  readonly message: string;
  readonly requestId: string;
  /** Of the layer that was asked for first. */
  readonly layer: string;
}

/** Source: observed stopped reasons of Fargate platform 1.4.0. */
function fargateText({ image, action, message, requestId, layer }: Text): { task: string; container?: string } {
  const name = imageOf(image);
  const host = hostOf(image);
  if (action === TOKEN) {
    return {
      task: `ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 1 time(s): operation error ECR: GetAuthorizationToken, https response error StatusCode: 400, RequestID: ${requestId}, api error AccessDeniedException: ${message}`,
    };
  }
  const reason =
    action === LAYER
      ? `CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code https://${host}/v2/${image.repository}/blobs/${layer}: 403 Forbidden`
      : image.reference.startsWith('sha256:')
        ? `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ${name}: unexpected status from HEAD request to https://${host}/v2/${image.repository}/blobs/${image.reference}: 403 Forbidden`
        : `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ${name}: pulling from host ${host} failed with status code [manifests ${image.reference}]: 403 Forbidden`;
  return { task: reason, container: reason };
}

/** Source: the agent's names and hints, and dockerd's texts with what ECR's registry says. */
function agentText({ image, action, message, requestId }: Text): { task: string; container: string } {
  const task = 'Task failed to start';
  if (action === TOKEN) {
    return {
      task,
      container: `CannotPullECRContainerError: operation error ECR: GetAuthorizationToken, https response error StatusCode: 400, RequestID: ${requestId}, api error AccessDeniedException: ${message}`,
    };
  }
  return {
    task,
    container:
      action === MANIFEST
        ? `CannotPullContainerError: The task can’t pull the image. Check that the role has the permissions to pull images from the registry. Error response from daemon: pull access denied for ${hostOf(image)}/${image.repository}, repository does not exist or may require 'docker login': denied: ${message}`
        : `CannotPullContainerError: Error response from daemon: error pulling image configuration: download failed after attempts=1: denied: ${message}`,
  };
}

interface Missing {
  readonly name: string;
  readonly image: Name;
  readonly fargate: string;
  readonly agent: string;
}

const ref = (image: Name) =>
  `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ${imageOf(image)}: ${imageOf(image)}: not found`;
const EXISTS = 'CannotPullContainerError: The task can’t pull the image. Check whether the image exists. ';
const manifest = (image: Name) =>
  `${EXISTS}Error response from daemon: manifest for ${imageOf(image)} not found: manifest unknown: Requested image not found`;

const MISSING: readonly Missing[] = [
  {
    name: 'a missing repository',
    image: own('none'),
    fargate: ref(own('none')),
    agent: `${EXISTS}Error response from daemon: repository ${hostOf(own('none'))}/${OURS}/none not found: name unknown: The repository with name '${OURS}/none' does not exist in the registry with id '${HOME}'`,
  },
  {
    name: 'an empty repository',
    image: own('empty'),
    fargate: ref(own('empty')),
    agent: manifest(own('empty')),
  },
  {
    name: 'a missing tag',
    image: own('fresh', '9'),
    fargate: ref(own('fresh', '9')),
    agent: manifest(own('fresh', '9')),
  },
  {
    name: 'a missing digest',
    image: own('fresh', NO_SUCH_DIGEST),
    fargate: ref(own('fresh', NO_SUCH_DIGEST)),
    agent: manifest(own('fresh', NO_SUCH_DIGEST)),
  },
];

const KINDS = { execution: 'task-execution', instance: 'container-instance' } as const;
const CALLED = { execution: 'task execution role', instance: 'container instance role' } as const;

const RUNTIMES = [
  { runtime: 'docker' as const, unavailable: noDocker },
  { runtime: 'namespace' as const, unavailable: namespaceRuntime.unavailable ?? noImages },
];

describe.each(RUNTIMES)('pulls with the $runtime runtime', ({ runtime, unavailable }) => {
  describe.skipIf(unavailable !== undefined)(
    unavailable === undefined ? 'real images' : `skipped: ${unavailable}`,
    () => {
      let world: PullWorld;
      let images: Record<'whole' | 'fresh' | 'index' | 'foreign', BuiltImage>;

      beforeAll(async () => {
        const made = (name: string, architecture?: string) =>
          buildImage(
            [shellFiles(), [{ name: 'which', content: Buffer.from(`${runtime} ${name}`), mode: 0o644 }]],
            { Cmd: ['/bin/true'], Env: ['PATH=/bin'], Labels: { name: `${runtime} ${name}` } },
            architecture,
          );
        const foreign = made('foreign', OTHER_ARCHITECTURE);
        images = {
          whole: made('whole'),
          // Never pulled whole: an engine has nothing of its configuration.
          fresh: made('fresh'),
          index: buildIndex([foreign, made('member')]),
          foreign: buildIndex([foreign]),
        };
        const home = { AWS: `arn:aws:iam::${HOME}:root` };
        const allow = (...Action: string[]) => ({ Effect: 'Allow', Principal: home, Action });
        const deny = (Sid: string, Action: string) => ({ Sid, Effect: 'Deny', Principal: home, Action });
        world = await openPullWorld(runtime, {
          home: async (server) => {
            await makeRepository(server, `${OURS}/whole`, images.whole);
            await makeRepository(server, `${OURS}/fresh`, images.fresh);
            await makeRepository(server, `${OURS}/index`, images.index);
            await makeRepository(server, `${OURS}/foreign`, images.foreign);
            await makeRepository(server, `${OURS}/empty`, undefined);
            await makeRepository(server, `${OURS}/no-manifests`, images.fresh, [deny('NotThese', MANIFEST)]);
            await makeRepository(server, `${OURS}/no-layers`, images.fresh, [deny('NotThese', LAYER)]);
          },
          other: async (server) => {
            await makeRepository(server, `${OURS}/open`, images.whole, [allow(MANIFEST, LAYER)]);
            await makeRepository(server, `${OURS}/half-open`, images.fresh, [allow(MANIFEST)]);
            await makeRepository(server, `${OURS}/closed`, images.fresh);
            await makeRepository(server, `${OURS}/barred`, images.fresh, [
              allow(MANIFEST, LAYER),
              deny('NotHome', 'ecr:*'),
            ]);
          },
        });
      });
      afterAll(async () => {
        await world?.close();
        if (runtime === 'docker') await removeImages(engine, (name) => name.includes(`/${OURS}/`));
      });

      /** What dockerd itself says when the same session pulls the image. */
      async function dockerdSays(pulled: Pulled, image: Name): Promise<string> {
        const port = new URL(world.server.endpoint).port;
        const credentials = { username: 'AWS', password: await world.passwordOf(pulled) };
        const asked = new Images(engine, () => `localhost:${port}`).pull(imageOf(image), credentials);
        return asked.then(
          () => 'no refusal',
          (error: Error) => error.message,
        );
      }

      describe.each(PLACES)('$name', (place) => {
        const family = place.launchType === 'FARGATE' ? fargateText : agentText;
        /** Calls of ECR, in order: operation, and how it went. */
        const made = (calls: readonly TrailEntry[]) => calls.map(({ operation, outcome }) => `${operation} ${outcome}`);
        const layersOf = ({ blobs }: BuiltImage) => [...blobs.keys()].map(() => 'GetDownloadUrlForLayer allowed');

        function expectPuller({ calls, user, role }: Pulled): void {
          for (const call of calls) {
            expect(call).toMatchObject({
              stage: 'pull',
              role: KINDS[place.puller],
              principalName: role,
              principalArn: user,
              cloudTrail: { eventSource: 'ecr.amazonaws.com', userIdentity: { type: 'AssumedRole', arn: user } },
            });
          }
        }

        function expectRun({ task }: Pulled): void {
          const [container] = task.containers!;
          expect({
            code: task.stopCode,
            why: task.stoppedReason,
            exit: container?.exitCode,
            own: container?.reason,
          }).toEqual({
            code: 'EssentialContainerExited',
            why: 'Essential container in task exited',
            exit: 0,
            own: undefined,
          });
        }

        it.concurrent('granted: it runs, and the trail is the plan, each call once', async () => {
          const image = own('whole');
          const pulled = await world.pull(place, imageOf(image), { puller: PULL });
          expectRun(pulled);
          expect(pulled.task.containers?.[0]?.imageDigest).toBe(images.whole.image.digest);
          expect(made(pulled.calls)).toEqual([
            'GetAuthorizationToken allowed',
            'BatchGetImage allowed',
            ...layersOf(images.whole),
          ]);
          expectPuller(pulled);
          const plan = taskPlan(pulled.definition as never, {
            launchType: place.launchType,
            region: REGION,
            account: HOME,
            cluster: pulled.cluster,
            taskId: pulled.task.taskArn!.split('/').at(-1)!,
            pullsWithExecutionRole: place.pullsWithExecutionRole ?? true,
          });
          const planned = dutiesOf(plan).map(({ role, action, resource }) => `${role} ${action} ${resource}`);
          const seen = pulled.calls.flatMap(({ role, checks }) =>
            checks.map(({ action, resource }) => `${role} ${action} ${resource}`),
          );
          expect([...new Set(seen)]).toEqual(planned);
        });

        it.concurrent('an index: its manifest, then the one of this platform', async () => {
          const pulled = await world.pull(place, imageOf(own('index')), { puller: PULL });
          expectRun(pulled);
          expect(pulled.task.containers?.[0]?.imageDigest).toBe(images.index.image.digest);
          expect(made(pulled.calls)).toEqual([
            'GetAuthorizationToken allowed',
            'BatchGetImage allowed',
            'BatchGetImage allowed',
            // Configuration and two layers.
            ...layersOf(images.whole),
          ]);
          expect(pulled.calls[2]?.cloudTrail.requestParameters).toMatchObject({
            imageIds: [{ imageDigest: [...images.index.manifests.keys()].at(-1) }],
          });
          expectPuller(pulled);
        });

        it.concurrent('an index without this platform', async () => {
          const pulled = await world.pull(place, imageOf(own('foreign')), { puller: PULL });
          const platform = `linux/${OTHER_ARCHITECTURE === 'arm64' ? 'amd64' : 'arm64'}`;
          const reason =
            place.launchType === 'FARGATE'
              ? `CannotPullContainerError: pull image manifest has been retried 1 time(s): image Manifest does not contain descriptor matching platform '${platform}'`
              : `CannotPullContainerError: Error response from daemon: no matching manifest for ${platform} in the manifest list entries`;
          expect(pulled.task.containers?.[0]?.reason).toBe(reason);
          if (runtime === 'docker' && place.launchType !== 'FARGATE') {
            expect(reason).toBe(`CannotPullContainerError: ${await dockerdSays(pulled, own('foreign'))}`);
          }
        });

        it.concurrent('a repository of another account whose policy allows', async () => {
          const pulled = await world.pull(place, imageOf(others('open')), { puller: PULL });
          expectRun(pulled);
          expectPuller(pulled);
          expect(made(pulled.calls)).toEqual([
            'GetAuthorizationToken allowed',
            'BatchGetImage allowed',
            ...layersOf(images.whole),
          ]);
          expect(pulled.calls.at(-1)?.checks).toMatchObject([{ resource: arnOf(others('open')) }]);
        });

        it.concurrent.each(REFUSALS)('$name', async ({ image, without, onlyOther, action, because, decidedBy }) => {
          const granted =
            onlyOther === true
              ? { puller: [], other: PULL }
              : { puller: PULL.filter((each) => each.action !== without) };
          const pulled = await world.pull(place, imageOf(image), granted);
          const { task, calls, user, role } = pulled;
          const resource = action === TOKEN ? '*' : arnOf(image);
          const message = `User: ${user} is not authorized to perform: ${action} on resource: ${resource} ${because(action)}`;

          // Who called: every call is the puller's, and the last one was refused.
          expectPuller(pulled);
          const before = [TOKEN, MANIFEST, LAYER].slice(0, [TOKEN, MANIFEST, LAYER].indexOf(action));
          const operation = action.slice('ecr:'.length);
          expect(made(calls)).toEqual([
            ...before.map((each) => `${each.slice('ecr:'.length)} allowed`),
            `${operation} denied`,
          ]);
          const refused = calls.at(-1)!;
          expect(refused).toMatchObject({
            error: { message },
            checks: [
              {
                action,
                resource,
                effect: decidedBy === undefined ? 'ImplicitlyDenied' : 'ExplicitlyDenied',
                ...(decidedBy === undefined ? {} : { decidedBy }),
              },
            ],
          });
          if (decidedBy === undefined) expect(refused.checks[0]).not.toHaveProperty('decidedBy');

          // ECS's words.
          const requestId = String(refused.cloudTrail.requestID);
          const layer = [...images.fresh.blobs.keys()][0]!;
          const text = family({ image, action, message, requestId, layer });
          expect(task.stopCode).toBe('TaskFailedToStart');
          expect({ task: task.stoppedReason, container: task.containers?.[0]?.reason }).toEqual({
            container: undefined,
            ...text,
          });
          expect(task.containers?.[0]?.exitCode).toBeUndefined();
          if (runtime === 'docker' && place.launchType !== 'FARGATE' && action !== TOKEN) {
            const said = await dockerdSays(pulled, image);
            expect(said).toContain(message);
            expect(text.container?.endsWith(`: ${said}`) || text.container?.endsWith(`. ${said}`), said).toBe(true);
          }

          // Ours.
          const { why, fix } = refused.diagnosis!;
          const which = `${CALLED[place.puller]} ${role}`;
          if (decidedBy !== undefined) {
            const statement = `statement ${decidedBy.sid} of ${decidedBy.policy}`;
            expect(why).toBe(
              `${statement} (the resource policy) explicitly denies ${action} on ${resource}. No Allow can help against it.`,
            );
            expect(fix).toEqual([
              {
                target: statement,
                action: `narrow or remove the Deny so that it does not match ${action} on ${resource}`,
              },
            ]);
          } else if (because === NO_RESOURCE) {
            expect(why).toBe(
              `The resource policy of ${resource} does not allow ${action} for ${role}; no identity policy can make up for that.`,
            );
            expect(fix).toEqual([
              {
                target: `the resource policy of ${resource}`,
                action: 'add this statement',
                statement: {
                  Effect: 'Allow',
                  Principal: { AWS: `arn:aws:iam::${HOME}:role/${role}` },
                  Action: action,
                },
              },
            ]);
          } else {
            expect(why).toContain(which);
            expect(why).toContain(action);
            expect(fix).toMatchObject([
              { target: which, statement: { Effect: 'Allow', Action: action, Resource: resource } },
            ]);
          }
        });

        it.concurrent.each(MISSING)('$name', async ({ image, fargate, agent }) => {
          const pulled = await world.pull(place, imageOf(image), { puller: PULL });
          const { task, calls } = pulled;
          expectPuller(pulled);
          expect(world.notes.filter(({ taskArn }) => taskArn === task.taskArn)).toMatchObject([
            { level: 'warning', message: expect.stringContaining(`does not have ${imageOf(image)}: put it there`) },
          ]);
          const how = image.repository.endsWith('/none') ? 'failed' : 'allowed';
          expect(made(calls)).toEqual(['GetAuthorizationToken allowed', `BatchGetImage ${how}`]);
          const [container] = task.containers!;
          expect([task.stopCode, task.stoppedReason, container?.reason]).toEqual(
            place.launchType === 'FARGATE'
              ? ['TaskFailedToStart', fargate, fargate]
              : ['TaskFailedToStart', 'Task failed to start', agent],
          );
          if (runtime === 'docker' && place.launchType !== 'FARGATE') {
            expect(agent).toBe(`${EXISTS}${await dockerdSays(pulled, image)}`);
          }
        });
      });
    },
  );
});
