import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { asMap, asString, type MapNode, type Node } from './node.ts';
import { type Origin, SourceError } from './origin.ts';
import { readDocument, readText } from './read-document.ts';

const SYNTH_AGAIN = 'Run cdk synth again.';

/** A stack that the CDK synthesized. */
export interface CdkStack {
  readonly name: string;
  readonly template: string;
  /** Undefined where the app leaves it open (`unknown-account`, `unknown-region`). */
  readonly account: string | undefined;
  readonly region: string | undefined;
  readonly parameters: ReadonlyMap<string, string>;
  readonly origin: Origin;
}

/** The folder of the CDK's output, when this is one, or holds one called `cdk.out`. */
export function cdkFolder(folder: string): string | undefined {
  return [folder, join(folder, 'cdk.out')].find((each) => existsSync(join(each, 'manifest.json')) && hasMarker(each));
}

/** A web application has a manifest.json, too; the CDK also writes a file called cdk.out beside its own. */
function hasMarker(folder: string): boolean {
  const marker = join(folder, 'cdk.out');
  return existsSync(marker) && statSync(marker).isFile();
}

/**
 * A manifest that is not taken for the CDK's, since the file beside it is not there: in a folder called `cdk.out`; of one
 * that holds nothing else, its own.
 */
export function unmarkedManifest(folder: string, nothingElse: boolean): string | undefined {
  const itself = nothingElse || basename(resolve(folder)) === 'cdk.out' ? [folder] : [];
  return [...itself, join(folder, 'cdk.out')]
    .filter((each) => existsSync(join(each, 'manifest.json')) && !hasMarker(each))
    .map((each) => join(each, 'manifest.json'))[0];
}

/**
 * The stacks of a CDK output folder and of the assemblies in it.
 * Source: AWS CDK, cloud-assembly-schema (manifest.json). @throws UserError, SourceError
 */
export function readCdkManifest(folder: string): CdkStack[] {
  const root = asMap(readDocument(join(folder, 'manifest.json')), 'manifest.json');
  const artifacts = root.members.get('artifacts');
  // Even an app without stacks has one: that of its tree.
  if (artifacts === undefined)
    throw new SourceError('missing-member', root.origin, 'this manifest of the CDK has no `artifacts`', SYNTH_AGAIN);
  return [...asMap(artifacts, '`artifacts`').members].flatMap(([id, node]) => {
    const artifact = asMap(node, `the artifact \`${id}\``);
    const properties = artifact.members.get('properties');
    const member = (name: string) => (properties?.kind === 'map' ? properties.members.get(name) : undefined);
    switch (textOf(artifact, 'type')) {
      case 'cdk:cloud-assembly': {
        const directory = member('directoryName');
        if (directory === undefined) return [];
        const assembly = join(folder, asString(directory, '`directoryName`'));
        requireFile(join(assembly, 'manifest.json'), `the assembly \`${id}\``, directory.origin);
        return readCdkManifest(assembly);
      }
      case 'aws:cloudformation:stack': {
        const template = member('templateFile');
        if (template === undefined)
          throw new SourceError(
            'missing-member',
            node.origin,
            `the stack \`${id}\` has no \`templateFile\``,
            SYNTH_AGAIN,
          );
        const name = member('stackName');
        const file = join(folder, asString(template, '`templateFile`'));
        requireFile(file, `the stack \`${id}\``, template.origin);
        return [
          {
            name: name === undefined ? id : asString(name, '`stackName`'),
            template: file,
            ...environment(artifact),
            parameters: texts(member('parameters')),
            origin: node.origin,
          },
        ];
      }
      default:
        return [];
    }
  });
}

function requireFile(file: string, what: string, origin: Origin): void {
  if (existsSync(file)) return;
  throw new SourceError('file-not-found', origin, `${what} is in ${file}, which does not exist`, SYNTH_AGAIN);
}

/** `aws://ACCOUNT/REGION`. */
function environment(artifact: MapNode): { account: string | undefined; region: string | undefined } {
  const [, account, region] = /^aws:\/\/([^/]*)\/(.*)$/.exec(textOf(artifact, 'environment') ?? '') ?? [];
  return {
    account: /^\d{12}$/.test(account ?? '') ? account : undefined,
    region: region === undefined || region === 'unknown-region' ? undefined : region,
  };
}

function textOf(map: MapNode, name: string): string | undefined {
  const node = map.members.get(name);
  return node?.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined;
}

function texts(node: Node | undefined): Map<string, string> {
  const given = new Map<string, string>();
  for (const [name, value] of node?.kind === 'map' ? node.members : [])
    if (value.kind === 'scalar' && value.value !== null) given.set(name, String(value.value));
  return given;
}

/**
 * Account and Region of most of the stacks that say them, of the first where as many say another. Where some stacks have
 * tasks, only those count: the others are what tasks use.
 */
export function mainEnvironment(stacks: readonly CdkStack[]): { account?: string; region?: string } {
  const all = stacks.filter(({ account, region }) => account !== undefined || region !== undefined);
  const environments = new Set(all.map(({ account, region }) => `${account}/${region}`));
  const withTasks = environments.size > 1 ? all.filter(({ template }) => hasTasks(template)) : [];
  const said = withTasks.length > 0 ? withTasks : all;
  const keys = said.map(({ account, region }) => `${account}/${region}`);
  const count = (key: string) => keys.filter((each) => each === key).length;
  const most = said.reduce<CdkStack | undefined>((best, stack, index) => {
    if (best === undefined) return stack;
    return count(keys[index]!) > count(`${best.account}/${best.region}`) ? stack : best;
  }, undefined);
  return {
    ...(most?.account === undefined ? {} : { account: most.account }),
    ...(most?.region === undefined ? {} : { region: most.region }),
  };
}

/** Whether a template, or one that it nests, declares a task definition. */
function hasTasks(template: string): boolean {
  const text = readText(template);
  if (text.includes('"AWS::ECS::TaskDefinition"')) return true;
  return [...text.matchAll(/"aws:asset:path":\s*"([^"]+\.nested\.template\.json)"/g)].some(([, nested]) => {
    const file = join(dirname(template), nested!);
    return existsSync(file) && hasTasks(file);
  });
}

/** Whether a stack is for another account than the one read for. */
export function isOtherAccounts(stack: CdkStack, account: string): boolean {
  return stack.account !== undefined && stack.account !== account;
}

/** Where a stack is for another account or Region than the one read for, why its tasks are left out. */
export function elsewhere(stack: CdkStack, account: string, region: string): string | undefined {
  const other = isOtherAccounts(stack, account) || (stack.region !== undefined && stack.region !== region);
  if (!other) return undefined;
  const flags = [
    ...(stack.account === undefined ? [] : [`--account ${stack.account}`]),
    ...(stack.region === undefined ? [] : [`--region ${stack.region}`]),
  ];
  return `it is for ${stack.account ?? 'any account'}, ${stack.region ?? 'any Region'}; read it with ${flags.join(' ')}`;
}
