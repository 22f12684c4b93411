import { AccountParts } from '../accounts.ts';
import { asMap, asString, describe, type MapNode, type Node, required } from '../node.ts';
import { SourceError } from '../origin.ts';
import type { OpenWorkload } from '../workload.ts';
import { ecsClusterReaders, ecsReaders } from './ecs.ts';
import { iamReaders, rolePolicies } from './iam.ts';
import { fileSystemPolicyReaders, launchReaders } from './launches.ts';
import { readPlan, type TfResource, within } from './plan.ts';
import { leaveOut, type Reader } from './reader.ts';
import { TfScope } from './scope.ts';
import { storePolicyReaders, storeReaders } from './stores.ts';

/** True for the output of `terraform show -json`, of a plan or a state (and for the state file itself, which is refused). */
export function isTerraform(document: Node): boolean {
  return document.kind === 'map' && (document.members.has('terraform_version') || isEmptyState(document));
}

/** Of a state without resources and outputs Terraform says nothing but the version of the form. Source: observed, Terraform 1.11. */
function isEmptyState({ members }: MapNode): boolean {
  return members.size === 1 && members.has('format_version');
}

/** The plan or state, of a form that is known. @throws SourceError */
function rootOf(document: Node): MapNode {
  const root = asMap(document, WHAT);
  const version = root.members.get('format_version');
  if (version === undefined)
    throw new SourceError(
      'unknown-input',
      document.origin,
      'this is a Terraform state file as Terraform keeps it',
      'Give the output of terraform show -json (of a plan: terraform show -json FILE).',
    );
  // 0 came before Terraform 1.1, and differs in nothing that is read.
  if (!/^[01]\./.test(asString(version, '`format_version`')))
    throw new SourceError(
      'unknown-input',
      version.origin,
      `the form of ${WHAT} is ${describe(version)}, and only versions 0 and 1 are known`,
      'Write it with a version of Terraform that has format_version 1.x.',
    );
  if (isEmptyState(root)) return root;
  const name = ['planned_values', 'values'].find((each) => root.members.has(each));
  if (name === undefined)
    throw new SourceError(
      'missing-member',
      root.origin,
      `${WHAT} has neither \`planned_values\` (a plan) nor \`values\` (a state)`,
      'Give the whole output: terraform show -json FILE.',
    );
  const values = asMap(required(root, name, WHAT), `\`${name}\``);
  asMap(required(values, 'root_module', `\`${name}\``), '`root_module`');
  return root;
}

const WHAT = 'the output of terraform show -json';

/** Account and Region that a plan or state is for, as far as it says them. @throws SourceError */
export function terraformEnvironment(document: Node): { account?: string; region?: string } {
  const root = rootOf(document);
  const aws = providerOf(root);
  const constant = within(aws, 'expressions', 'region', 'constant_value');
  const named = /^var\.([\w-]+)$/.exec(String(firstReference(within(aws, 'expressions', 'region')) ?? ''))?.[1];
  const variable = named === undefined ? undefined : within(root, 'variables', named, 'value');
  const found: { account?: string; region?: string } = {};
  const region = textOf(constant) ?? textOf(variable);
  if (region !== undefined && region !== '') found.region = region;
  const { resources, read } = readPlan(root, new Map());
  // Other providers may be of other accounts.
  const data = (wanted: string) =>
    [...read, ...resources].find(
      ({ type, mode, provider }) =>
        mode === 'data' && type === wanted && (provider === undefined || /(^|:)aws$/.test(provider)),
    );
  const identity = data('aws_caller_identity');
  const account =
    textOf(identity?.values.members.get('account_id')) ?? mostNamed(resources, /^arn:[\w-]+:[\w-]*:[\w-]*:(\d{12}):/);
  if (account !== undefined && /^\d{12}$/.test(account)) found.account = account;
  const current = data('aws_region');
  const byResources =
    textOf(current?.values.members.get('region')) ??
    textOf(current?.values.members.get('name')) ??
    mostNamed(resources, /^arn:[\w-]+:[\w-]*:([a-z]{2}(?:-[a-z]+)+-\d):/);
  if (found.region === undefined && byResources !== undefined) found.region = byResources;
  return found;
}

/** The provider without an alias. */
function providerOf(root: MapNode): Node | undefined {
  return within(root, 'configuration', 'provider_config', 'aws');
}

function firstReference(node: Node | undefined): string | undefined {
  const list = within(node, 'references');
  return list?.kind === 'list' ? textOf(list.items[0]) : undefined;
}

function textOf(node: Node | undefined): string | undefined {
  return node?.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined;
}

/** What most of the ARNs of the resources themselves say. */
function mostNamed(resources: readonly TfResource[], form: RegExp): string | undefined {
  const counts = new Map<string, number>();
  for (const { mode, values } of resources) {
    const arn = mode === 'managed' ? textOf(values.members.get('arn')) : undefined;
    const found = arn === undefined ? undefined : form.exec(arn)?.[1];
    if (found !== undefined) counts.set(found, (counts.get(found) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}

const FIRST: Readonly<Record<string, Reader>> = { ...ecsReaders, ...iamReaders, ...launchReaders, ...storeReaders };
/** They change, or stand beside, what the first ones have read. */
const SECOND: Readonly<Record<string, Reader>> = {
  ...ecsClusterReaders,
  ...storePolicyReaders,
  ...fileSystemPolicyReaders,
};
const LAST = ['aws_iam_role_policies_exclusive', 'aws_iam_role_policy_attachments_exclusive'];

/**
 * Reads `terraform show -json` of a plan or a state. What is known after apply is unknown, but for references to what the
 * plan itself makes. Source: Terraform, JSON Output Format. @throws SourceError
 */
export function readTerraform(
  document: Node,
  given: ReadonlyMap<string, string>,
  workload: OpenWorkload,
  parts: AccountParts = new AccountParts(workload),
): void {
  const root = rootOf(document);
  const scope = new TfScope(readPlan(root, given), workload.account, workload.region, given);
  const managed = scope.plan.resources.filter(({ mode }) => mode === 'managed');
  if (managed.length === 0) {
    const { origin } = document;
    workload.leftOut.push({ what: origin.file, why: 'this plan or state of Terraform has no resources', origin });
  }
  const read = (readers: Readonly<Record<string, Reader>>, wanted: (type: string) => boolean = () => true) => {
    for (const resource of managed) {
      if (!wanted(resource.type)) continue;
      const { account, region } = scope.placeOf(resource) ?? workload;
      const part = account === workload.account ? workload : parts.part(account, region);
      readers[resource.type]?.(scope, resource, part);
    }
  };
  read(FIRST, (type) => !LAST.includes(type));
  read(SECOND);
  read({ aws_iam_role: rolePolicies });
  read(FIRST, (type) => LAST.includes(type));
  for (const resource of managed)
    if (FIRST[resource.type] === undefined && SECOND[resource.type] === undefined)
      leaveOut(resource, whyLeftOut(resource.type), workload);
}

function whyLeftOut(type: string): string {
  if (!type.startsWith('aws_')) return 'it is not of the AWS provider';
  return 'this type is not read; tasks run without it';
}
