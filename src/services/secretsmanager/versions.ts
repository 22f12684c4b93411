import type { SecretRecord, SecretVersion } from './records.ts';

export const CURRENT = 'AWSCURRENT';
export const PREVIOUS = 'AWSPREVIOUS';

/** About as many as Secrets Manager keeps. Source: quotas, "versions of a secret": ~100. */
const MOST_VERSIONS = 100;

export function versionAt(secret: SecretRecord, stage: string): SecretVersion | undefined {
  return secret.versions.find((version) => version.stages.includes(stage));
}

/**
 * Moves labels to a version. A label has one version at most; the version that loses AWSCURRENT becomes AWSPREVIOUS.
 * Source: API Reference, PutSecretValue and UpdateSecretVersionStage.
 */
export function withStages(
  versions: readonly SecretVersion[],
  versionId: string,
  stages: readonly string[],
): readonly SecretVersion[] {
  const former = versions.find((version) => version.stages.includes(CURRENT) && version.versionId !== versionId);
  const movesCurrent = stages.includes(CURRENT);
  return versions.map((version) => {
    const kept = version.stages.filter((stage) => !stages.includes(stage));
    if (version.versionId === versionId) {
      // The new current version cannot be the previous one as well.
      const own = movesCurrent && former !== undefined ? kept.filter((stage) => stage !== PREVIOUS) : kept;
      return { ...version, stages: [...own, ...stages] };
    }
    if (!movesCurrent || former === undefined) return { ...version, stages: kept };
    const others = kept.filter((stage) => stage !== PREVIOUS);
    return { ...version, stages: version === former ? [...others, PREVIOUS] : others };
  });
}

/** Adds a version. The oldest without a label goes when there are too many. */
export function withVersion(
  versions: readonly SecretVersion[],
  added: SecretVersion,
  stages: readonly string[],
): readonly SecretVersion[] {
  // "If this operation creates the first version for the secret then Secrets Manager automatically attaches AWSCURRENT."
  const first = versions.length === 0 && !stages.includes(CURRENT) ? [CURRENT] : [];
  const all = withStages([...versions, added], added.versionId, [...stages, ...first]);
  const excess = all.length - MOST_VERSIONS;
  if (excess <= 0) return all;
  const gone = new Set(all.filter((version) => version.stages.length === 0).slice(0, excess));
  return all.filter((version) => !gone.has(version));
}
