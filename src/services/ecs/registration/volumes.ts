import { containersOf, type Rule, violation } from './rule.ts';

/** Source: ECS API, Volume. unverified: texts */
export const volumeNames: Rule = function* ({ volumes }) {
  const seen = new Set<string>();
  for (const [index, volume] of (volumes ?? []).entries()) {
    const name = volume.name ?? '';
    if (name === '') yield violation(`/volumes/${index}/name`, 'Volume.name should not be null or empty.');
    else if (!/^[a-zA-Z0-9_-]{1,255}$/.test(name)) {
      yield violation(`/volumes/${index}/name`, 'Volume.name contains invalid characters.');
    } else if (seen.has(name)) {
      yield violation(`/volumes/${index}/name`, 'Volume names must be unique within a task definition');
    }
    seen.add(name);
  }
};

/** Source of the first text: observed. */
export const mounts: Rule = function* (registration) {
  const volumes = new Set((registration.volumes ?? []).map((volume) => volume.name));
  const names = new Set(registration.containerDefinitions.map((container) => container.name));
  for (const { container, path } of containersOf(registration)) {
    for (const [index, mount] of (container.mountPoints ?? []).entries()) {
      if (!volumes.has(mount.sourceVolume)) {
        yield violation(`${path}/mountPoints/${index}/sourceVolume`, `Unknown volume '${mount.sourceVolume ?? ''}'.`);
      }
    }
    for (const [index, from] of (container.volumesFrom ?? []).entries()) {
      if (!names.has(from.sourceContainer)) {
        // unverified: text, by analogy
        yield violation(
          `${path}/volumesFrom/${index}/sourceContainer`,
          `Unknown container '${from.sourceContainer ?? ''}'.`,
        );
      }
    }
  }
};

/** Source of the texts: observed, unless marked. */
export const efsVolumes: Rule = function* ({ volumes }) {
  for (const [index, { efsVolumeConfiguration: efs }] of (volumes ?? []).entries()) {
    if (efs === undefined) continue;
    const at = `/volumes/${index}/efsVolumeConfiguration`;
    const encrypted = efs.transitEncryption === 'ENABLED';
    if (efs.authorizationConfig?.iam === 'ENABLED' && !encrypted) {
      yield violation(at, 'EFS IAM authorization requires TransitEncryption to be enabled.');
    }
    if (efs.authorizationConfig?.accessPointId !== undefined) {
      // unverified: text, by analogy
      if (!encrypted) yield violation(at, 'EFS access points require TransitEncryption to be enabled.');
      if (efs.rootDirectory !== undefined && efs.rootDirectory !== '/') {
        yield violation(
          `${at}/rootDirectory`,
          'When using an EFS access point, the root directory must either be set to "/" or be omitted',
        );
      }
    }
  }
};
