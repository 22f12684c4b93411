import { policyFix } from '../finding.ts';
import { callerOf } from './caller.ts';
import { found, type Rule } from './rule.ts';

/** AWSServiceRoleForECS is made with the first cluster or service, by whoever makes those. Source: ECS Developer Guide, using-service-linked-roles. */
export const serviceLinkedRole: Rule = {
  id: 'RC208',
  title: 'Deployer may not make the service-linked role',
  severity: 'note',
  verdict: 'advice',
  *find(world, tasks) {
    const caller = callerOf(world);
    if (
      caller === undefined ||
      world.workload.serviceLinkedRoles.some(({ service }) => service === 'ecs.amazonaws.com')
    )
      return;
    const task = tasks.find(({ view }) => view.registration.networkMode === 'awsvpc');
    if (task === undefined) return;
    const resource = `arn:aws:iam::${world.workload.account}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS`;
    const context = { 'iam:AWSServiceName': 'ecs.amazonaws.com' };
    const action = 'iam:CreateServiceLinkedRole';
    if (world.decider.answer({ role: caller, action, resource, context }).verdict !== 'refused') return;
    yield found(world, serviceLinkedRole, {
      task,
      role: 'caller',
      view: caller,
      action,
      resource,
      because: '/networkMode',
      why: `In an account that has no AWSServiceRoleForECS yet, ${caller.arn} cannot make it: tasks with network interfaces and services then fail with "Unable to assume the service linked role".`,
      remedy: 'Make it once (aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com), or allow it.',
      fix: [
        policyFix(caller.arn, [
          {
            Effect: 'Allow',
            Action: action,
            Resource: resource,
            Condition: { StringEquals: { 'iam:AWSServiceName': 'ecs.amazonaws.com' } },
          },
        ]),
      ],
    });
  },
};
