import { operation } from '../../gateway/operation.ts';
import type { RequestContext, RequestPrincipal } from '../../policy/types.ts';
import type * as Iam from '../../wire/generated/types/iam.ts';
import { entityCheck, findEntity } from './entities.ts';
import { invalidInput } from './errors.ts';
import { type PageRequest, page } from './paging.ts';
import type { UserRecord } from './records.ts';
import { createSimulator, type Simulation } from './simulation.ts';
import {
  boundaryOf,
  callerOf,
  checkActionNames,
  contextOf,
  inputPolicies,
  ownerOf,
  type PolicySource,
  policiesOf,
  policySource,
  resourcePolicy,
  sourceName,
} from './simulation-input.ts';

export const SimulateCustomPolicy = operation('iam', 'SimulateCustomPolicy', {
  authorize: () => [{ action: 'iam:SimulateCustomPolicy', resource: '*' }],
  handle: ({ account, input }) => {
    refuseHandlingOption(input.ResourceHandlingOption);
    if (input.ResourcePolicy !== undefined && input.CallerArn === undefined) {
      throw invalidInput('CallerArn is required when a ResourcePolicy is given.'); // unverified: text
    }
    const principal: RequestPrincipal =
      input.CallerArn === undefined
        ? { type: 'user', account, arn: `arn:aws:iam::${account}:user/simulated-caller` }
        : callerOf(input.CallerArn);
    const boundaries = input.PermissionsBoundaryPolicyInputList;
    return results(input, {
      identity: inputPolicies(input.PolicyInputList, 'PolicyInputList', 'identity'),
      boundary:
        boundaries === undefined
          ? undefined
          : inputPolicies(boundaries, 'PermissionsBoundaryPolicyInputList', 'boundary'),
      scp: input.OrderedOrganizationPolicyInputList?.map((level, index) =>
        inputPolicies(
          level.ServiceControlPolicyInputList ?? [],
          `OrderedOrganizationPolicyInputList.${index + 1}.ServiceControlPolicyInputList`,
          'scp',
        ),
      ),
      resource: resourcePolicy(input.ResourcePolicy),
      principal,
      account: principal.account,
      resourceOwner: ownerOf(input.ResourceOwner),
      context: {
        ...(input.CallerArn === undefined ? {} : callerContext(principal)),
        ...contextOf(input.ContextEntries),
      },
    });
  },
});

export const SimulatePrincipalPolicy = operation('iam', 'SimulatePrincipalPolicy', {
  authorize: ({ tx, account, input }) => {
    const { kind, name } = sourceName(input.PolicySourceArn);
    const entity = findEntity(tx, kind, account, name);
    return [
      { ...entityCheck('iam:SimulatePrincipalPolicy', kind, account, name, entity), resource: input.PolicySourceArn },
    ];
  },
  handle: ({ tx, account, input }) => {
    refuseHandlingOption(input.ResourceHandlingOption);
    const source = policySource(tx, account, input.PolicySourceArn);
    if (input.ResourcePolicy !== undefined && input.CallerArn === undefined && source.kind !== 'user') {
      throw invalidInput('CallerArn is required when a ResourcePolicy is given and PolicySourceArn is no user.'); // unverified: text
    }
    const principal = input.CallerArn === undefined ? principalOf(account, source) : callerOf(input.CallerArn);
    const boundaries = input.PermissionsBoundaryPolicyInputList;
    return results(input, {
      identity: [
        ...policiesOf(tx, account, source, input.PolicyExclusionList),
        ...inputPolicies(input.PolicyInputList ?? [], 'PolicyInputList', 'identity'),
      ],
      boundary:
        boundaries === undefined
          ? boundaryOf(tx, account, source)
          : inputPolicies(boundaries, 'PermissionsBoundaryPolicyInputList', 'boundary'),
      scp: undefined,
      resource: resourcePolicy(input.ResourcePolicy),
      principal,
      account: 'account' in principal ? principal.account : account,
      resourceOwner: ownerOf(input.ResourceOwner),
      context: {
        ...callerContext(principal),
        ...(input.CallerArn === undefined ? sourceContext(source) : {}),
        ...contextOf(input.ContextEntries),
      },
    });
  },
});

/** One result for each action on each resource. */
function results(
  input: PageRequest & {
    readonly ActionNames: readonly string[];
    readonly ResourceArns?: readonly string[] | undefined;
  },
  simulation: Simulation,
): Iam.SimulatePolicyResponse {
  checkActionNames(input.ActionNames);
  const resources = input.ResourceArns === undefined || input.ResourceArns.length === 0 ? ['*'] : input.ResourceArns;
  const pairs = input.ActionNames.flatMap((action) => resources.map((resource) => ({ action, resource })));
  const places = new Map(pairs.map((pair, index) => [pair, String(index).padStart(8, '0')]));
  const { items, ...rest } = page(pairs, (pair) => places.get(pair)!, input);
  const simulate = createSimulator(simulation);
  return { EvaluationResults: items.map(({ action, resource }) => simulate(action, resource)), ...rest };
}

function refuseHandlingOption(option: string | undefined): void {
  if (option !== undefined) throw invalidInput('Rolecall does not support the parameter ResourceHandlingOption.');
}

/** A user as itself, a role as one of its sessions, a group as some member. */
function principalOf(account: string, { kind, entity }: PolicySource): RequestPrincipal {
  switch (kind) {
    case 'user':
      return { type: 'user', account, arn: entity.arn };
    case 'group':
      return { type: 'user', account, arn: `arn:aws:iam::${account}:user/simulated-caller` };
    case 'role':
      return {
        type: 'role-session',
        account,
        arn: `arn:aws:sts::${account}:assumed-role/${entity.name}/simulation`,
        roleArn: entity.arn,
      };
  }
}

/** The keys that follow from who calls. */
function callerContext(principal: RequestPrincipal): RequestContext {
  if (principal.type !== 'user' && principal.type !== 'role-session') return {};
  const arn = principal.type === 'role-session' ? principal.roleArn : principal.arn;
  return {
    'aws:PrincipalArn': arn,
    'aws:PrincipalAccount': principal.account,
    'aws:PrincipalType': principal.type === 'user' ? 'User' : 'AssumedRole',
    ...(principal.type === 'user' ? { 'aws:username': arn.slice(arn.lastIndexOf('/') + 1) } : {}),
  };
}

/** The keys that follow from the user or role that is simulated: its id and tags. */
function sourceContext({ kind, entity }: PolicySource): RequestContext {
  if (kind === 'group') return {};
  const { tags } = entity as UserRecord;
  return {
    'aws:userid': kind === 'user' ? entity.id : `${entity.id}:simulation`,
    ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:PrincipalTag/${key}`, value])),
  };
}
