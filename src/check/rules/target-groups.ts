import { hasToken, type Tokens } from '../model/tokens.ts';
import { found, type Rule } from './rule.ts';

interface Balanced {
  readonly loadBalancers?: readonly { readonly targetGroupArn?: string }[];
}

/** Source: ECS Developer Guide, alb ("you must choose ip as the target type" for awsvpc); InvalidParameterException, observed. */
export const targetGroups: Rule = {
  id: 'RC407',
  title: 'Target group does not fit the network mode',
  severity: 'error',
  verdict: 'not-a-role-problem',
  *find(world, tasks) {
    const { tokens, workload, deployments } = world;
    const seen = new Set<string>();
    for (const task of tasks) {
      const mode = task.view.registration.networkMode ?? (task.launchType === 'FARGATE' ? 'awsvpc' : 'bridge');
      if (hasToken(mode) || mode === 'none') continue;
      for (const { source } of deployments.of(task.view.source).services) {
        for (const [index, { targetGroupArn = '' }] of balancersOf(tokens, source).entries()) {
          const group = workload.targetGroups.find(({ arn }) => tokens.text(arn) === targetGroupArn);
          const type = group?.targetType ?? 'instance';
          const key = `${source.id} ${targetGroupArn}`;
          if (group === undefined || seen.has(key) || (type !== 'instance' && type !== 'ip')) continue;
          if ((type === 'ip') === (mode === 'awsvpc')) continue;
          seen.add(key);
          yield found(world, targetGroups, {
            task,
            resource: targetGroupArn,
            source: group.origin,
            why: `CreateService is refused (InvalidParameterException: The provided target group ${targetGroupArn} has target type ${type}, which is incompatible with the ${mode} network mode specified in the task definition.)`,
            remedy: `Give load balancer ${index + 1} of the service ${tokens.text(source.name)} a target group of type ${mode === 'awsvpc' ? 'ip' : 'instance'}.`,
          });
        }
      }
    }
  },
};

function balancersOf(tokens: Tokens, { input }: { readonly input: Parameters<Tokens['plain']>[0] }) {
  const { loadBalancers } = tokens.plain(input) as Balanced;
  return Array.isArray(loadBalancers) ? (loadBalancers as NonNullable<Balanced['loadBalancers']>) : [];
}
