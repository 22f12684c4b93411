import { AMI_METADATA_OPTIONS, hopsTo, type MetadataOptions } from '../../core/metadata-options.ts';
import { metadataOptionsOf } from '../../sources/metadata-options.ts';
import { hasToken } from '../model/tokens.ts';
import type { World } from '../model/world.ts';
import { found, type Rule, type RuleInfo } from './rule.ts';

/** Source: ECS Developer Guide, security-iam-roles (ECS_AWSVPC_BLOCK_IMDS; bridge and host modes). */
export const instanceReach: Rule = {
  id: 'RC306',
  title: 'Containers can take the instance role',
  severity: 'warning',
  verdict: 'advice',
  *find(world, tasks) {
    for (const task of tasks) {
      const { registration } = task.view;
      const mode = registration.networkMode ?? 'bridge';
      if (task.launchType !== 'EC2' || mode === 'none') continue;
      // The agent keeps tasks with network interfaces of their own from it only where it is told to.
      if (mode === 'awsvpc' && !letsTasksThrough(world)) continue;
      if (closed(world, mode)) continue;
      const instance = task.instance !== undefined && 'view' in task.instance ? task.instance.view : undefined;
      const name = instance === undefined ? 'the container instance role' : instance.arn;
      const polls = instance?.least.set.identity.some(({ policy }) =>
        policy.statements.some((one) => one.effect === 'Allow' && one.matchesAction('ecs:poll')),
      );
      const more = polls ? ' With its ecs:Poll they could ask ECS for the credentials of the other tasks there.' : '';
      yield found(world, instanceReach, {
        task,
        role: 'container-instance',
        ...(instance === undefined ? {} : { view: instance }),
        because: '/networkMode',
        ...(mode === 'awsvpc' ? ({ severity: 'note' } as const) : {}),
        why: `In network mode ${mode} the containers reach the instance metadata at 169.254.169.254, and with it the keys of ${name}.${more}`,
        remedy:
          mode === 'awsvpc'
            ? 'Set ECS_AWSVPC_BLOCK_IMDS=true for the agent, in the user data of the instances; a hop limit does not keep out containers that have a network interface of their own.'
            : mode === 'host'
              ? 'Use network mode awsvpc with ECS_AWSVPC_BLOCK_IMDS=true; a hop limit does not keep out containers that are in the network of the instance.'
              : 'Use network mode awsvpc with ECS_AWSVPC_BLOCK_IMDS=true, or give the instances the metadata options HttpTokens=required and HttpPutResponseHopLimit=1.',
      });
    }
  },
};

/** The input shows how instances are set up, and none blocks the metadata. Source: agent, ECS_AWSVPC_BLOCK_IMDS (default: false). */
function letsTasksThrough({ workload, tokens }: World): boolean {
  const texts = workload.launches.flatMap(({ userData }) => (userData === undefined ? [] : [tokens.text(userData)]));
  return (
    texts.length > 0 && texts.every((text) => !hasToken(text) && !/ECS_AWSVPC_BLOCK_IMDS\s*=\s*"?true/i.test(text))
  );
}

/** What is not written is the AMI's, and those before Amazon Linux 2023 answer without a token. */
const UNSAID: MetadataOptions = { ...AMI_METADATA_OPTIONS, HttpTokens: 'optional' };

/** The instances of the input answer containers no metadata: the service is off, or no token gets to them and one is required. */
function closed({ workload }: World, mode: string): boolean {
  const options = metadataOptionsOf(workload, UNSAID);
  if (options === undefined) return false;
  const { HttpEndpoint, HttpTokens, HttpPutResponseHopLimit } = options;
  return HttpEndpoint === 'disabled' || (HttpTokens === 'required' && hopsTo(mode) > HttpPutResponseHopLimit);
}

/** Without a task role the SDK goes on to the instance's. */
export const FALLS_THROUGH: RuleInfo = {
  id: 'RC213',
  title: 'No task role: the application gets the instance role',
  severity: 'note',
  verdict: 'advice',
};

export const noTaskRole: Rule = {
  ...FALLS_THROUGH,
  *find(world, tasks) {
    for (const task of tasks) {
      if (task.task !== undefined || task.launchType !== 'EC2') continue;
      if (task.view.registration.networkMode === 'none') continue;
      const instance = task.instance !== undefined && 'view' in task.instance ? task.instance.view : undefined;
      yield found(world, FALLS_THROUGH, {
        task,
        role: 'container-instance',
        ...(instance === undefined ? {} : { view: instance }),
        because: '',
        why: `The task definition has no taskRoleArn: an application that calls AWS does so with the container instance role${instance === undefined ? '' : ` ${instance.arn}`} (a session named i-…), where it finds one at all.`,
        remedy: 'Set taskRoleArn to a role with what the application needs, if it calls AWS.',
      });
    }
  },
};
