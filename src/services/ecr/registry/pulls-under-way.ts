import { tokenDigest } from '../authorization-tokens.ts';
import type { RepositoryAddress } from '../target.ts';

/** A pull whose calls of ECR's API were made and allowed before its first byte is fetched. */
export interface PullUnderWay {
  /** The password in the authorization token that the puller will show. */
  readonly password: string;
  readonly repository: RepositoryAddress;
  /** Manifests and layers that the calls were about. */
  readonly digests: readonly string[];
}

/**
 * What the agent pulls: it makes the calls of a task's plan itself, whichever layers the container engine has already,
 * and then lets the engine fetch. In AWS those are one: each fetch of a manifest is one BatchGetImage, each of a layer
 * one GetDownloadUrlForLayer. So what belongs to a pull under way is given out without a second call and a second record;
 * whatever else is asked for with the same token is authorized and recorded as ever.
 */
export class PullsUnderWay {
  readonly #pulls = new Set<{ readonly token: string; readonly pull: PullUnderWay }>();

  /** @returns ends the pull */
  begin(pull: PullUnderWay): () => void {
    const entry = { token: tokenDigest(pull.password), pull };
    this.#pulls.add(entry);
    return () => void this.#pulls.delete(entry);
  }

  /** @param token digest of the password that was shown */
  covers(token: string, { account, region, name }: RepositoryAddress, digest: string): boolean {
    for (const { token: own, pull } of this.#pulls) {
      const { repository, digests } = pull;
      const same = repository.account === account && repository.region === region && repository.name === name;
      if (own === token && same && digests.includes(digest)) return true;
    }
    return false;
  }
}
