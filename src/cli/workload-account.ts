import { parseArn, roleNameOf } from '../core/arn.ts';
import type { Node } from '../sources/node.ts';
import { type Origin, SourceError } from '../sources/origin.ts';
import type { Workload } from '../sources/workload.ts';

/** Account and Region that the task definitions of a workload are written for, where all of them agree. */
export function writtenFor(workload: Workload): { account?: string; region?: string } {
  const accounts = new Set<string>();
  const regions = new Set<string>();
  for (const { input } of workload.taskDefinitions) {
    for (const { arn } of roleArns(input)) accounts.add(arn.account);
    for (const region of regionsOf(input)) regions.add(region);
  }
  const [account, secondAccount] = accounts;
  const [region, secondRegion] = regions;
  return {
    ...(account === undefined || secondAccount !== undefined ? {} : { account }),
    ...(region === undefined || secondRegion !== undefined ? {} : { region }),
  };
}

/**
 * The workload, read for the account and Region that are given, else for those that it is written for, else for the
 * defaults. @throws UserError
 */
export function readAsWritten(
  read: (place: { readonly account: string; readonly region: string }) => Workload,
  given: { readonly account: string | undefined; readonly region: string | undefined },
  defaults: { readonly account: string; readonly region: string },
): Workload {
  const { account, region } = given;
  const first = read({ account: account ?? defaults.account, region: region ?? defaults.region });
  if (account !== undefined && region !== undefined) return first;
  const written = writtenFor(first);
  const place = {
    account: account ?? written.account ?? first.account,
    region: region ?? written.region ?? first.region,
  };
  return place.account === first.account && place.region === first.region ? first : read(place);
}

/** Refuses a workload whose roles are another account's: the server could never assume them. @throws SourceError */
export function requireAccount(workload: Workload, how: 'flag' | 'server'): void {
  for (const { input } of workload.taskDefinitions)
    for (const { node, arn } of roleArns(input)) {
      if (arn.account === workload.account) continue;
      throw new SourceError(
        'account-mismatch',
        node.origin,
        `this role is in account ${arn.account}, and the server's account is ${workload.account}`,
        how === 'flag'
          ? `Run with --account ${arn.account}.`
          : `Start the server with --account ${arn.account}, and give --account ${arn.account} here.`,
      );
    }
}

/** Roles that task definitions name and the workload does not declare: RunTask will not find them on a new server. */
export function missingRoles(workload: Workload): { readonly role: string; readonly origin: Origin }[] {
  const declared = new Set(workload.roles.map(({ name }) => String(name)));
  const missing = new Map<string, { role: string; origin: Origin }>();
  for (const { input } of workload.taskDefinitions)
    for (const member of ['executionRoleArn', 'taskRoleArn']) {
      const node = input.members.get(member);
      if (node?.kind !== 'scalar' || typeof node.value !== 'string' || node.value === '') continue;
      const role = roleNameOf(node.value);
      if (!declared.has(role) && !missing.has(role)) missing.set(role, { role, origin: node.origin });
    }
  return [...missing.values()];
}

function roleArns(input: Workload['taskDefinitions'][number]['input']) {
  return ['taskRoleArn', 'executionRoleArn'].flatMap((name) => {
    const node = input.members.get(name);
    const arn = node?.kind === 'scalar' && typeof node.value === 'string' ? parseArn(node.value) : undefined;
    return node === undefined || arn === undefined || !/^\d{12}$/.test(arn.account) ? [] : [{ node, arn }];
  });
}

/** Regions of the log groups, parameters and secrets that a task definition names. */
function regionsOf(node: Node): string[] {
  switch (node.kind) {
    case 'scalar': {
      const arn = typeof node.value === 'string' ? parseArn(node.value) : undefined;
      return arn !== undefined && ['ssm', 'secretsmanager', 'logs'].includes(arn.service) && arn.region !== ''
        ? [arn.region]
        : [];
    }
    case 'list':
      return node.items.flatMap(regionsOf);
    case 'map': {
      const logs = node.members.get('awslogs-region');
      const own = logs?.kind === 'scalar' && typeof logs.value === 'string' ? [logs.value] : [];
      return [...own, ...[...node.members.values()].flatMap(regionsOf)];
    }
    case 'unknown':
      return [];
  }
}
