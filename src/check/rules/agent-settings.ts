import { found, type Rule } from './rule.ts';

/** Source: agent, ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE; ecs-init sets it, own start scripts often do not. */
export const agentSettings: Rule = {
  id: 'RC406',
  title: 'Instances are set up without an attribute that the task needs',
  severity: 'error',
  verdict: 'not-a-role-problem',
  *find(world, tasks) {
    const off = world.workload.launches.find(
      ({ userData }) => userData !== undefined && switchedOff(world.tokens.text(userData)),
    );
    if (off === undefined) return;
    for (const task of tasks) {
      if (task.launchType !== 'EC2' || task.execution === undefined) continue;
      const index = task.view.registration.containerDefinitions.findIndex(
        ({ logConfiguration }) => logConfiguration?.logDriver === 'awslogs',
      );
      if (index === -1) continue;
      yield found(world, agentSettings, {
        task,
        because: `/containerDefinitions/${index}/logConfiguration`,
        why: 'The task needs the attribute ecs.capability.execution-role-awslogs (awslogs with an execution role), and the user data of the instances turns it off: no instance meets the requirements, which looks like a missing permission.',
        remedy: `Set ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE=true in the user data of ${world.tokens.text(off.name)}.`,
      });
    }
  },
};

function switchedOff(userData: string): boolean {
  return /ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE\s*=\s*"?false/i.test(userData);
}
