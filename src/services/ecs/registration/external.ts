import { type Rule, violation } from './rule.ts';

/** What external instances do not run. Source: ECS Developer Guide, ECS Anywhere considerations. unverified: texts */
export const external: Rule = function* (registration) {
  if (registration.networkMode === 'awsvpc') {
    yield violation('/networkMode', 'External compatible task definitions do not support networkMode awsvpc');
  }
  if (registration.proxyConfiguration !== undefined) {
    yield violation('/proxyConfiguration', 'External compatible task definitions do not support proxyConfiguration');
  }
  for (const [index, volume] of (registration.volumes ?? []).entries()) {
    if (volume.efsVolumeConfiguration !== undefined) {
      yield violation(
        `/volumes/${index}/efsVolumeConfiguration`,
        'External compatible task definitions do not support efsVolumeConfiguration',
      );
    }
  }
};
