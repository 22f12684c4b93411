import { arn } from '../../core/arn.ts';
import { defineService, type Service } from '../../gateway/service.ts';
import type { Trail } from '../../gateway/trail.ts';
import { lookupEvents } from './events.ts';

/** CloudTrail over the gateway's own record of every call. */
export function createCloudTrailService(trail: Trail): Service {
  return defineService({
    id: 'cloudtrail',
    actionPrefix: 'cloudtrail',
    eventSource: 'cloudtrail.amazonaws.com',
    operations: { LookupEvents: lookupEvents(trail) },
    authorizeUnserved: (name, { input, account, region }) => {
      const { Name, TrailName } = input;
      const trailName = typeof TrailName === 'string' ? TrailName : Name;
      if (typeof trailName !== 'string' || !/Trail|Logging|Selectors/.test(name)) {
        return [{ action: `cloudtrail:${name}`, resource: '*' }];
      }
      const resource = trailName.startsWith('arn:')
        ? trailName
        : arn('cloudtrail', region, account, `trail/${trailName}`);
      return [{ action: `cloudtrail:${name}`, resource }];
    },
  });
}
