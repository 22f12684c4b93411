import { AwsError } from '../core/errors.ts';
import type { PlannedCall } from '../roles/plan-types.ts';
import { parseEcrImage } from '../roles/references.ts';
import type { PullUnderWay } from '../services/ecr/index.ts';
import { readImageManifest, readIndex } from '../services/ecr/registry/client/layout.ts';
import { chooseMember, type Platform } from '../services/ecr/registry/client/pull-image.ts';
import { fetchEnvironmentFile } from './environment-files.ts';
import { imageOfCall, PlatformFailure } from './failures/start-failure.ts';
import { CallFailure, type PlannedCalls } from './planned-calls.ts';
import type { PullCredentials, PulledImage } from './runtimes/runtime.ts';
import { fetchRegistryAuth, type SecretValues } from './secrets.ts';

/** What an image's manifest says, as far as pulling needs it. */
interface Manifest {
  /** Of what the name leads to: of the index, where it is one. */
  readonly digest: string | undefined;
  /** Digests of the manifests that were read. */
  readonly manifests: readonly string[];
  /** Digests of configuration and layers. */
  readonly blobs: readonly string[];
}

/**
 * Carries out the calls of a task's plan that come before its containers, and keeps what they bring.
 * The log driver's calls belong to each container's driver (`logs`), the rest is done here.
 */
export class Preparation {
  readonly secrets: SecretValues;
  readonly #calls: PlannedCalls;
  readonly #openLog: (container: string) => Promise<void>;
  readonly #standIn: (image: string) => string | undefined;
  readonly #platform: Platform;
  readonly #beginPull: ((pull: PullUnderWay) => () => void) | undefined;
  readonly #files = new Map<string, Record<string, string>[]>();
  readonly #registryAuth = new Map<string, PullCredentials>();
  /** By `REGISTRY REGION`. */
  readonly #ecrTokens = new Map<string, PullCredentials>();
  readonly #manifests = new Map<string, Manifest>();

  constructor(parts: {
    readonly calls: PlannedCalls;
    readonly secrets: SecretValues;
    /** Opens the log driver of a container (Fargate opens all of them before the pull). */
    readonly openLog: (container: string) => Promise<void>;
    /** Called before an image is asked for in ECR. Answers what to say where it is not there and nothing stands in for it. */
    readonly standIn: (image: string) => string | undefined;
    /** Which image of an index is meant. */
    readonly platform: Platform;
    /** Tells the registry that the calls of a pull are made; what is answered ends the pull. */
    readonly beginPull?: ((pull: PullUnderWay) => () => void) | undefined;
  }) {
    this.#calls = parts.calls;
    this.secrets = parts.secrets;
    this.#openLog = parts.openLog;
    this.#standIn = parts.standIn;
    this.#platform = parts.platform;
    this.#beginPull = parts.beginPull;
  }

  /** Variables of a container's environment files, in the order of the files. */
  filesOf(container: string): readonly Readonly<Record<string, string>>[] {
    return this.#files.get(container) ?? [];
  }

  /**
   * Lets the runtime fetch a container's image: with the secret of its `repositoryCredentials`, else with the token of its
   * ECR registry. What it fetches from ECR has been called for already.
   */
  async pull(
    container: string,
    image: string,
    fetch: (credentials: PullCredentials | undefined) => Promise<PulledImage>,
  ): Promise<PulledImage> {
    const own = this.#registryAuth.get(container);
    const ecr = parseEcrImage(image);
    if (own !== undefined || ecr === undefined) return fetch(own);
    const { registryId: account, region, repository: name } = ecr;
    const token = this.#ecrTokens.get(`${account} ${region}`);
    const manifest = this.#manifests.get(image);
    if (token === undefined || manifest === undefined) return fetch(token);
    const end = this.#beginPull?.({
      password: token.password,
      repository: { account, region, name },
      digests: [...manifest.manifests, ...manifest.blobs],
    });
    try {
      return await fetch(token);
    } finally {
      end?.();
    }
  }

  /** `sha256:…` of an image from ECR. */
  digestOf(image: string): string | undefined {
    return this.#manifests.get(image)?.digest;
  }

  /** Makes one planned call (several, where the plan says `repeated`). Throws the failure. */
  async carryOut(call: PlannedCall): Promise<void> {
    // SSM and Secrets Manager call KMS themselves.
    if (call.via !== undefined) return;
    switch (call.operation) {
      case 'GetAuthorizationToken':
        return this.#readToken(call);
      case 'BatchGetImage':
        return this.#readManifest(call);
      case 'GetDownloadUrlForLayer':
        return this.#readLayers(call);
      case 'GetParameters':
        return this.secrets.fetch(this.#calls, call);
      case 'GetSecretValue':
        return call.stage === 'registry-auth' ? this.#readRegistryAuth(call) : this.secrets.fetch(this.#calls, call);
      case 'GetBucketLocation':
        await this.#calls.make(call, 's3', 'GetBucketLocation');
        return;
      case 'GetObject':
        return this.#readEnvironmentFile(call);
      case 'CreateLogStream':
        return this.#openLog(call.containers[0] ?? '');
      case 'CreateLogGroup':
      case 'PutLogEvents':
        return;
      default:
        throw new CallFailure(
          call,
          new AwsError('ServiceUnavailable', `${call.service}:${call.operation} is not served by Rolecall`, {
            fault: 'server',
          }),
          '',
        );
    }
  }

  /** The token is base64 of `AWS:PASSWORD`. Source: ECR API, GetAuthorizationToken. */
  async #readToken(call: PlannedCall): Promise<void> {
    const answer = await this.#calls.make(call, 'ecr', 'GetAuthorizationToken');
    const token = answer.authorizationData?.[0]?.authorizationToken;
    if (token === undefined) return;
    const [username = '', ...password] = Buffer.from(token, 'base64').toString('utf8').split(':');
    const [registryId] = (call.input.registryIds ?? []) as readonly string[];
    this.#ecrTokens.set(`${registryId} ${call.region}`, { username, password: password.join(':') });
  }

  /** The manifest, and the one of the task's platform where the name leads to an index. */
  async #readManifest(call: PlannedCall): Promise<void> {
    const image = imageOfCall(call);
    const named = await this.#getImage(call, image);
    const members = readable(() => readIndex(named.content));
    if (members === undefined) {
      this.#manifests.set(image, { digest: named.digest, manifests: digests(named), blobs: blobsOf(named.content) });
      return;
    }
    const member = chooseMember(members, this.#platform);
    if (member === undefined) throw new PlatformFailure(`${this.#platform.os}/${this.#platform.architecture}`);
    const chosen = await this.#getImage(call, image, member.digest);
    this.#manifests.set(image, {
      digest: named.digest,
      manifests: [...digests(named), ...digests(chosen)],
      blobs: blobsOf(chosen.content),
    });
  }

  async #getImage(call: PlannedCall, image: string, imageDigest?: string) {
    const hint = parseEcrImage(image) === undefined ? undefined : this.#standIn(image);
    const more = imageDigest === undefined ? {} : { imageIds: [{ imageDigest }] };
    const answer = await this.#calls.make(call, 'ecr', 'BatchGetImage', more).catch((error: unknown) => {
      const missing = error instanceof CallFailure && error.error.code === 'RepositoryNotFoundException';
      throw missing ? new CallFailure(call, error.error, error.requestId, hint) : error;
    });
    const found = answer.images?.[0];
    const failure = answer.failures?.[0];
    if (found?.imageManifest === undefined) {
      // BatchGetImage answers a missing image with a failure instead of an error.
      const code = failure?.failureCode ?? 'ImageNotFound';
      throw new CallFailure(
        call,
        new AwsError(`${code}Exception`, failure?.failureReason ?? 'Requested image not found'),
        '',
        hint,
      );
    }
    return { digest: found.imageId?.imageDigest, content: Buffer.from(found.imageManifest, 'utf8') };
  }

  /** One GetDownloadUrlForLayer for the configuration and for each layer, as a registry client fetches them. */
  async #readLayers(call: PlannedCall): Promise<void> {
    for (const layerDigest of this.#manifests.get(imageOfCall(call))?.blobs ?? []) {
      await this.#calls.make(call, 'ecr', 'GetDownloadUrlForLayer', { layerDigest });
    }
  }

  async #readRegistryAuth(call: PlannedCall): Promise<void> {
    const auth = await fetchRegistryAuth(this.#calls, call);
    for (const container of call.containers) this.#registryAuth.set(container, auth);
  }

  async #readEnvironmentFile(call: PlannedCall): Promise<void> {
    const variables = await fetchEnvironmentFile(this.#calls, call);
    for (const container of call.containers) {
      this.#files.set(container, [...(this.#files.get(container) ?? []), variables]);
    }
  }
}

function digests({ digest }: { readonly digest: string | undefined }): string[] {
  return digest === undefined ? [] : [digest];
}

/** Digests of configuration and layers, each once: a client fetches what occurs twice once. Source: OCI image manifest. */
function blobsOf(content: Buffer): readonly string[] {
  const manifest = readable(() => readImageManifest(content));
  return manifest === undefined ? [] : [...new Set([manifest.config, ...manifest.layers].map((blob) => blob.digest))];
}

/** Undefined for what was pushed and is none of the manifests that a container can be made of. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
