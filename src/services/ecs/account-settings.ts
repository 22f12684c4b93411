import { parseArn } from '../../core/arn.ts';
import { operation } from '../../gateway/operation.ts';
import { type Principal, principalArn } from '../../gateway/principals.ts';
import type { Read } from '../../store/collections.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import { invalidParameter } from './errors.ts';
import type { Scope } from './identifiers.ts';
import { page } from './pages.ts';
import { type AccountSettingRecord, accountSettings, regional } from './records.ts';

interface Rule {
  /** What the account has when nothing was set. */
  readonly initial: string;
  readonly allowed: readonly string[];
  readonly type?: Ecs.SettingType;
}

const SWITCH = ['enabled', 'disabled'];

/** Source: ECS API, PutAccountSetting; ECS Developer Guide, account settings. */
const RULES: Readonly<Record<Ecs.SettingName, Rule>> = {
  serviceLongArnFormat: { initial: 'enabled', allowed: SWITCH },
  taskLongArnFormat: { initial: 'enabled', allowed: SWITCH },
  containerInstanceLongArnFormat: { initial: 'enabled', allowed: SWITCH },
  awsvpcTrunking: { initial: 'disabled', allowed: SWITCH },
  containerInsights: { initial: 'disabled', allowed: ['enabled', 'disabled', 'enhanced'] },
  fargateFIPSMode: { initial: 'disabled', allowed: SWITCH },
  // Tags at creation are always authorized here. Source: ECS Developer Guide, tagging authorization timeline.
  tagResourceAuthorization: { initial: 'on', allowed: ['on'] },
  fargateTaskRetirementWaitPeriod: { initial: '7', allowed: ['0', '7', '14'] },
  guardDutyActivate: { initial: 'off', allowed: ['on', 'off'], type: 'aws_managed' },
  defaultLogDriverMode: { initial: 'non-blocking', allowed: ['blocking', 'non-blocking'] },
  fargateEventWindows: { initial: 'disabled', allowed: SWITCH },
};

/** The value that holds for a principal: its own, else the account's default, else ECS's. */
export function settingOf(read: Read, scope: Scope, principal: Principal, name: Ecs.SettingName): string {
  const rootArn = rootOf(scope.account);
  return (
    find(read, scope, ownerOf(principal), name)?.value ?? find(read, scope, rootArn, name)?.value ?? RULES[name].initial
  );
}

function find(read: Read, scope: Scope, principal: string, name: string): AccountSettingRecord | undefined {
  return read.get(accountSettings, regional(scope.account, scope.region), `${principal}|${name}`);
}

function rootOf(account: string): string {
  return `arn:aws:iam::${account}:root`;
}

/** Settings belong to users, roles and the root user: a session's are its role's. */
function ownerOf(principal: Principal): string {
  return principal.type === 'role-session' ? principal.roleArn : principalArn(principal);
}

/** Source: ECS API, PutAccountSetting (principalArn). unverified: text */
function chosenPrincipal(given: string | undefined, principal: Principal): string {
  if (given === undefined || given === '') return ownerOf(principal);
  const parsed = parseArn(given);
  if (parsed?.service !== 'iam' || !/^(root$|user\/|role\/)/.test(parsed.resource)) {
    throw invalidParameter(`Invalid principal ARN: ${given}`);
  }
  return given;
}

function checkValue(name: Ecs.SettingName, value: string): void {
  const rule = RULES[name];
  if (rule.type === 'aws_managed') throw invalidParameter(`The setting ${name} is managed by AWS.`); // unverified: text
  // Source: the form `… should be one of […]` is observed with other parameters of ECS.
  if (!rule.allowed.includes(value)) throw invalidParameter(`Value should be one of [${rule.allowed.join(',')}]`);
  // The long format is not a choice any more: identifiers here have it. Source: ECS Developer Guide, ARNs and IDs.
  if (/LongArnFormat$/.test(name) && value === 'disabled') {
    throw invalidParameter(`Rolecall does not support ${name} disabled: ARNs have the long format.`);
  }
}

/** ecs:account-setting. Source: Service Authorization Reference. */
function check(action: string, name: Ecs.SettingName) {
  return [{ action: `ecs:${action}`, resource: '*', context: { 'ecs:account-setting': name } }];
}

function view(name: Ecs.SettingName, value: string, principal: string): Ecs.Setting {
  return { name, value, principalArn: principal, type: RULES[name].type ?? 'user' };
}

export const PutAccountSetting = operation('ecs', 'PutAccountSetting', {
  authorize: ({ input }) => check('PutAccountSetting', input.name),
  handle: ({ input, tx, account, region, principal }) => {
    checkValue(input.name, input.value);
    const owner = chosenPrincipal(input.principalArn, principal);
    tx.put(accountSettings, regional(account, region), `${owner}|${input.name}`, {
      principalArn: owner,
      name: input.name,
      value: input.value,
    });
    return { setting: view(input.name, input.value, owner) };
  },
});

export const PutAccountSettingDefault = operation('ecs', 'PutAccountSettingDefault', {
  authorize: ({ input }) => check('PutAccountSettingDefault', input.name),
  handle: ({ input, tx, account, region }) => {
    checkValue(input.name, input.value);
    const owner = rootOf(account);
    tx.put(accountSettings, regional(account, region), `${owner}|${input.name}`, {
      principalArn: owner,
      name: input.name,
      value: input.value,
    });
    return { setting: view(input.name, input.value, owner) };
  },
});

export const DeleteAccountSetting = operation('ecs', 'DeleteAccountSetting', {
  authorize: ({ input }) => check('DeleteAccountSetting', input.name),
  handle: ({ input, tx, account, region, principal }) => {
    const owner = chosenPrincipal(input.principalArn, principal);
    const scope = { account, region };
    tx.delete(accountSettings, regional(account, region), `${owner}|${input.name}`);
    // unverified: that the answer is the value that holds from now on
    const value = find(tx, scope, rootOf(account), input.name)?.value ?? RULES[input.name].initial;
    return { setting: view(input.name, value, owner) };
  },
});

export const ListAccountSettings = operation('ecs', 'ListAccountSettings', {
  authorize: () => [{ action: 'ecs:ListAccountSettings', resource: '*' }],
  handle: ({ input, tx, account, region, principal }) => {
    const scope = { account, region };
    const owner = chosenPrincipal(input.principalArn, principal);
    const names = (Object.keys(RULES) as Ecs.SettingName[]).sort();
    // Source: ECS API, ListAccountSettings (effectiveSettings): with it, the root user's and ECS's defaults count.
    const settings = names.flatMap((name): Ecs.Setting[] => {
      const own = find(tx, scope, owner, name);
      if (own !== undefined) return [view(name, own.value, owner)];
      if (input.effectiveSettings !== true) return [];
      const value = find(tx, scope, rootOf(account), name)?.value ?? RULES[name].initial;
      return [view(name, value, owner)];
    });
    const wanted = settings.filter(
      (setting) =>
        (input.name === undefined || setting.name === input.name) &&
        (input.value === undefined || setting.value === input.value),
    );
    const { items, nextToken } = page(wanted, (setting) => setting.name ?? '', input);
    return { settings: items, nextToken };
  },
});
