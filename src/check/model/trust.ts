import { decide } from '../../policy/decide.ts';
import { explain } from '../../policy/explain.ts';
import type { Explanation } from '../../policy/explanation.ts';
import { preparePolicies } from '../../policy/prepare.ts';
import type { AccessRequest, RequestContext } from '../../policy/types.ts';
import type { Missing } from '../../sources/unknown.ts';
import type { RoleView } from './roles.ts';

export type TrustAnswer =
  | { readonly verdict: 'allowed' }
  | { readonly verdict: 'refused'; readonly explanation: Explanation }
  | { readonly verdict: 'unknown'; readonly missing: readonly Missing[] };

const nobodysOwn = preparePolicies({ identity: [] });

/** Whether a service may assume a role. Service principals have no policies of their own. */
export function trustAnswer(role: RoleView, service: string, context: RequestContext): TrustAnswer {
  if (role.trust === undefined) return { verdict: 'unknown', missing: role.missing };
  const request: AccessRequest = {
    principal: { type: 'service', service },
    action: 'sts:AssumeRole',
    resource: role.arn,
    resourceAccount: role.account,
    context: {
      'aws:PrincipalIsAWSService': 'true',
      'aws:PrincipalServiceName': service,
      'aws:PrincipalType': 'Service',
      'aws:SecureTransport': 'true',
      ...context,
    },
  };
  const policy = (bound: 'least' | 'most') => ({
    name: role.arn,
    source: 'resource' as const,
    policy: role.trust![bound],
  });
  const least = decide(request, nobodysOwn, policy('least')).effect === 'Allowed';
  const most =
    role.trust.least === role.trust.most ? least : decide(request, nobodysOwn, policy('most')).effect === 'Allowed';
  if (least && most) return { verdict: 'allowed' };
  if (least !== most) return { verdict: 'unknown', missing: role.trust.missing };
  return { verdict: 'refused', explanation: explain(request, nobodysOwn, policy('most')) };
}

/** What ECS sends when it assumes a task's role. Source: ECS Developer Guide, task-iam-roles (confused deputy). */
export function taskAssumeContext(region: string, account: string, cluster: string): RequestContext {
  return {
    'aws:SourceArn': `arn:aws:ecs:${region}:${account}:task/${cluster}/TASK_ID`,
    'aws:SourceAccount': account,
    'aws:RequestedRegion': region,
  };
}
