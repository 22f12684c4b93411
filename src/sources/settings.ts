import { isAbsolute } from 'node:path';
import { instanceSettings } from './instance-settings.ts';
import { asList, asMap, asString, describe, type Node } from './node.ts';
import { SourceError } from './origin.ts';
import { readDocument } from './read-document.ts';
import type { AccountSetting, Settings, SilenceSetting } from './setting-types.ts';
import { FINDING_ID } from './silences.ts';
import { nearestName } from './suggest.ts';

const MEMBERS = ['account', 'accounts', 'instances', 'launchTypes', 'parameters', 'region', 'silence'];
const LAUNCH_TYPES = ['FARGATE', 'EC2', 'EXTERNAL'] as const;

/** `rolecall.json`: on which launch types, in which account and Region a workload runs, and what is of other accounts. @throws SourceError */
export function readSettings(file: string): Settings {
  const root = asMap(readDocument(file), 'rolecall.json');
  for (const [name, node] of root.members) {
    if (MEMBERS.includes(name)) continue;
    const similar = nearestName(name, MEMBERS);
    const help = similar === undefined ? `Members: ${MEMBERS.join(', ')}.` : `Did you mean \`${similar}\`?`;
    throw new SourceError('unknown-member', node.origin, `rolecall.json has no member \`${name}\``, help);
  }
  const launchTypes = root.members.get('launchTypes');
  const account = root.members.get('account');
  const accounts = root.members.get('accounts');
  const region = root.members.get('region');
  const code =
    region && matching(region, '`region`', /^[a-z]{2}(-[a-z]+)+-\d$/, 'the code of a Region, e.g. "eu-west-1"');
  const parameters = root.members.get('parameters');
  const instances = root.members.get('instances');
  const silence = root.members.get('silence');
  return {
    origin: root.origin,
    ...(launchTypes === undefined ? {} : { launchTypes: launchTypesIn(launchTypes) }),
    ...(account === undefined
      ? {}
      : { account: matching(account, '`account`', /^\d{12}$/, 'twelve digits in quotes') }),
    ...(accounts === undefined ? {} : { accounts: accountSettings(accounts) }),
    ...(code === undefined ? {} : { region: code }),
    ...(parameters === undefined ? {} : { parameters: texts(parameters) }),
    ...(instances === undefined ? {} : { instances: instanceSettings(instances, code) }),
    ...(silence === undefined ? {} : { silence: asList(silence, '`silence`').map(silenceSetting) }),
  };
}

function launchTypesIn(node: Node): (typeof LAUNCH_TYPES)[number][] {
  const types = asList(node, '`launchTypes`').map(launchType);
  if (types.length > 0) return types;
  throw new SourceError(
    'invalid-setting',
    node.origin,
    '`launchTypes` names none, and nothing would be run or checked',
    `Name some of ${LAUNCH_TYPES.join(', ')}, or leave it out.`,
  );
}

function launchType(node: Node): (typeof LAUNCH_TYPES)[number] {
  const text = asString(node, 'a launch type').toUpperCase();
  const known = LAUNCH_TYPES.find((name) => name === text);
  if (known !== undefined) return known;
  throw new SourceError(
    'invalid-setting',
    node.origin,
    `a launch type is none of those that ECS has: ${describe(node)}`,
    `Launch types: ${LAUNCH_TYPES.join(', ')}.`,
  );
}

function accountSettings(node: Node): AccountSetting[] {
  return [...asMap(node, '`accounts`').members].map(([path, value]) => {
    if (path === '' || isAbsolute(path))
      throw new SourceError(
        'invalid-setting',
        value.origin,
        `\`accounts\` names folders and files from the folder of rolecall.json, not \`${path}\``,
        'Write { "shared/": "444455556666" }.',
      );
    return {
      path,
      account: matching(value, `the account of \`${path}\``, /^\d{12}$/, 'twelve digits in quotes'),
      origin: value.origin,
    };
  });
}

function silenceSetting(node: Node): SilenceSetting {
  const { members } = asMap(node, 'an entry of `silence`');
  for (const [name, member] of members)
    if (!['id', 'path', 'reason'].includes(name))
      throw new SourceError(
        'unknown-member',
        member.origin,
        `an entry of \`silence\` has no member \`${name}\``,
        'Members: id, path, reason.',
      );
  const id = members.get('id');
  const reason = members.get('reason');
  const path = members.get('path');
  if (id === undefined || reason === undefined || asString(reason, '`reason`').trim() === '')
    throw new SourceError(
      'invalid-setting',
      node.origin,
      'an entry of `silence` needs `id` and `reason`',
      'Write { "id": "RC301", "reason": "why this is as it should be" }.',
    );
  return {
    id: matching(id, '`id`', FINDING_ID, 'the id of a finding, e.g. "RC301"'),
    reason: asString(reason, '`reason`'),
    ...(path === undefined ? {} : { path: asString(path, '`path`') }),
    origin: node.origin,
  };
}

function matching(node: Node, what: string, form: RegExp, expected: string): string {
  const text = asString(node, what);
  if (form.test(text)) return text;
  throw new SourceError(
    'invalid-setting',
    node.origin,
    `${what} must be ${expected}, and is ${describe(node)}`,
    `Write ${expected}.`,
  );
}

function texts(node: Node): Record<string, string> {
  return Object.fromEntries(
    [...asMap(node, '`parameters`').members].map(([name, value]) => [
      name,
      asString(value, `the parameter \`${name}\``),
    ]),
  );
}
