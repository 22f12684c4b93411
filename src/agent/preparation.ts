import { AwsError } from '../core/errors.ts';
import type { PlannedCall } from '../roles/plan-types.ts';
import { parseEcrImage } from '../roles/references.ts';
import { fetchEnvironmentFile } from './environment-files.ts';
import { imageOfCall } from './failures/start-failure.ts';
import { CallFailure, type PlannedCalls } from './planned-calls.ts';
import type { PullCredentials } from './runtimes/runtime.ts';
import { fetchRegistryAuth, type SecretValues } from './secrets.ts';

/** What an image's manifest says, as far as pulling needs it. */
interface Manifest {
  readonly digest: string | undefined;
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
  }) {
    this.#calls = parts.calls;
    this.secrets = parts.secrets;
    this.#openLog = parts.openLog;
    this.#standIn = parts.standIn;
  }

  /** Variables of a container's environment files, in the order of the files. */
  filesOf(container: string): readonly Readonly<Record<string, string>>[] {
    return this.#files.get(container) ?? [];
  }

  /** What a container's image is pulled with: the secret of its `repositoryCredentials`, else the token of its ECR registry. */
  pullCredentialsOf(container: string, image: string): PullCredentials | undefined {
    const own = this.#registryAuth.get(container);
    if (own !== undefined) return own;
    const ecr = parseEcrImage(image);
    return ecr === undefined ? undefined : this.#ecrTokens.get(`${ecr.registryId} ${ecr.region}`);
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

  async #readManifest(call: PlannedCall): Promise<void> {
    const image = imageOfCall(call);
    const hint = parseEcrImage(image) === undefined ? undefined : this.#standIn(image);
    const answer = await this.#calls.make(call, 'ecr', 'BatchGetImage').catch((error: unknown) => {
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
    this.#manifests.set(image, { digest: found.imageId?.imageDigest, blobs: blobsOf(found.imageManifest) });
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

/** Digests of configuration and layers. Source: OCI image manifest. */
function blobsOf(manifest: string): readonly string[] {
  try {
    const content = JSON.parse(manifest) as { config?: { digest?: string }; layers?: { digest?: string }[] };
    return [content.config, ...(content.layers ?? [])].flatMap((blob) => blob?.digest ?? []);
  } catch {
    return [];
  }
}
