import { parseArn } from '../../core/arn.ts';
import type { PlanTaskDefinition } from '../../roles/plan-types.ts';
import { parseSecretReference } from '../../roles/references.ts';
import { invalidSecrets } from '../../roles/secrets.ts';
import type { CheckedTask } from '../model/task.ts';
import { hasToken } from '../model/tokens.ts';
import type { World } from '../model/world.ts';
import { found, type Rule, type RuleInfo } from './rule.ts';

const lookAlike = { severity: 'error', verdict: 'not-a-role-problem' } as const;

/** Each task definition once: these do not depend on the launch type. */
function* once(tasks: readonly CheckedTask[]): Iterable<CheckedTask> {
  const seen = new Set<string>();
  for (const task of tasks) {
    if (seen.has(task.family)) continue;
    seen.add(task.family);
    yield task;
  }
}

export const invalidSecretArn: Rule = {
  ...lookAlike,
  id: 'RC402',
  title: 'Secret ARN has the wrong form',
  *find(world, tasks) {
    for (const task of once(tasks)) {
      const { region, account } = world.workload;
      const options = { launchType: task.launchType, region, account, cluster: world.cluster };
      for (const { valueFrom, reason, because } of invalidSecrets(task.view.plannable as PlanTaskDefinition, options))
        yield found(world, invalidSecretArn, {
          task,
          because,
          why: `ECS cannot read ${valueFrom}: ${reason} After the secret's ARN stand either nothing or exactly three parts: json-key:version-stage:version-id, each of which may be empty.`,
          remedy: 'Write …:secret:NAME-abcdef:json-key:: to take one key of the secret.',
        });
    }
  },
};

export const newRegistryHost: Rule = {
  ...lookAlike,
  id: 'RC403',
  title: 'Image at a host that ECS does not take for ECR',
  *find(world, tasks) {
    for (const task of once(tasks))
      for (const [index, { image = '' }] of task.view.registration.containerDefinitions.entries()) {
        const [, registry, region, rest] = /^(\d{12})\.dkr-ecr\.([a-z0-9-]+)\.on\.aws\/(.*)$/s.exec(image) ?? [];
        if (registry === undefined) continue;
        yield found(world, newRegistryHost, {
          task,
          because: `/containerDefinitions/${index}/image`,
          why: `ECS does not take ${image.split('/')[0]} for ECR and asks for no token there: the pull fails with "no basic auth credentials", whatever the role is allowed.`,
          remedy: `Name the image as ${registry}.dkr.ecr.${region}.amazonaws.com/${rest}.`,
        });
      }
  },
};

export const missingJsonKey: Rule = {
  ...lookAlike,
  id: 'RC404',
  title: 'JSON key of a secret that has none',
  *find(world, tasks) {
    for (const task of once(tasks)) {
      for (const { valueFrom, because } of references(task)) {
        const reference = parseSecretReference(valueFrom, world.workload.region, world.workload.account);
        if (reference.provider !== 'asm' || reference.jsonKey === undefined) continue;
        const value = secretValue(world, reference.secretId);
        if (value === undefined || hasToken(value)) continue;
        const keys = jsonKeys(value);
        if (keys?.includes(reference.jsonKey) === true) continue;
        yield found(world, missingJsonKey, {
          task,
          because,
          why:
            keys === undefined
              ? `The key ${reference.jsonKey} is asked of a secret whose value is no JSON object: the task fails before its containers start.`
              : `The secret has no key ${reference.jsonKey}; it has ${keys.join(', ')}.`,
          remedy:
            keys === undefined ? 'Name the secret without a key, or keep a JSON object in it.' : 'Correct the key.',
        });
      }
    }
  },
};

function secretValue({ tokens, resources }: World, secretId: string): string | undefined {
  const value = resources.secret(secretId)?.value;
  return value === undefined ? undefined : tokens.text(value);
}

function jsonKeys(text: string): string[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : undefined;
  } catch {
    return undefined;
  }
}

function references({ view }: CheckedTask): { valueFrom: string; because: string }[] {
  return view.plannable.containerDefinitions.flatMap(({ secrets, logConfiguration }, index) => {
    const at = `/containerDefinitions/${index}`;
    return [
      ...(secrets ?? []).map((one, place) => ({ ...one, because: `${at}/secrets/${place}/valueFrom` })),
      ...(logConfiguration?.secretOptions ?? []).map((one, place) => ({
        ...one,
        because: `${at}/logConfiguration/secretOptions/${place}/valueFrom`,
      })),
    ].flatMap(({ valueFrom, because }) => (valueFrom === undefined ? [] : [{ valueFrom, because }]));
  });
}

export const WRONG_REGION: RuleInfo = { ...lookAlike, id: 'RC405', title: 'Resource in another Region' };

/** What is declared in the Region of the workload, and asked for in another. */
export const wrongRegion: Rule = {
  ...WRONG_REGION,
  *find(world, tasks) {
    for (const task of once(tasks)) {
      const seen = new Set<string>();
      for (const { resource, because } of task.duties) {
        const arn = parseArn(resource);
        if (arn === undefined || arn.region === '' || arn.region === world.workload.region) continue;
        if (arn.account !== world.workload.account || seen.has(resource)) continue;
        seen.add(resource);
        const here = resource.replace(`:${arn.region}:`, `:${world.workload.region}:`).replace(/:log-stream:.*$/s, '');
        if (!world.resources.of('', here).declared) continue;
        yield found(world, WRONG_REGION, {
          task,
          because,
          resource,
          why: `The task definition asks for ${resource}, and the input declares it in ${world.workload.region}: what AWS answers from ${arn.region} looks like a missing permission or a missing resource.`,
          remedy: `Name the Region ${world.workload.region}.`,
        });
      }
    }
  },
};
