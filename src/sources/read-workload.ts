import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { UserError } from '../core/errors.ts';
import { exportedAccount, isAccountExport, readAccountExport } from './account-export.ts';
import { AccountParts, AccountPaths } from './accounts.ts';
import { cdkFolder, elsewhere, isOtherAccounts, mainEnvironment, readCdkManifest } from './cdk-output.ts';
import { isTemplate, Templates } from './cloudformation/template.ts';
import { folderFiles, readRoles } from './folder.ts';
import type { Node } from './node.ts';
import { SourceError } from './origin.ts';
import { parseDocument, readDocument, readText } from './read-document.ts';
import type { Settings } from './setting-types.ts';
import { readSettings } from './settings.ts';
import { readSilences } from './silences.ts';
import { isTaskDefinition, readTaskDefinition } from './task-definition.ts';
import { isTerraform, readTerraform, terraformEnvironment } from './terraform/read-terraform.ts';
import { refuseTwins } from './twins.ts';
import { emptyWorkload, type OpenWorkload, type Workload } from './workload.ts';

export interface ReadOptions {
  readonly account: string;
  readonly region: string;
  /** `--parameter NAME=VALUE`; goes before what `rolecall.json` gives. */
  readonly parameters?: ReadonlyMap<string, string>;
  /** Called for each file that is read. */
  readonly onFile?: () => void;
}

/**
 * The settings of the first of these paths that is a folder with a `rolecall.json`. Account and Region that it does not
 * say are those that the CDK's output, a Terraform plan or an account's export are made for. @throws UserError, SourceError
 */
export function settingsOf(paths: readonly string[]): Settings {
  const folders = new Map(paths.filter(isFolder).map((path) => [path, folderFiles(path)] as const));
  const first = [...folders.values()].find((files) => files.settings !== undefined)?.settings;
  const settings = first === undefined ? undefined : readSettings(first);
  const accounts = new AccountPaths(settings);
  const found: { account?: string; region?: string } = {};
  const exported = new Set<string>();
  for (const path of paths) {
    const files = folders.get(path);
    for (const file of files?.exports ?? [path]) {
      if (accounts.of(file) !== undefined) continue;
      const each = environmentOf(file);
      if (each.exported === undefined) adopt(found, each);
      else exported.add(each.exported);
    }
    if (files?.cdk !== undefined && accounts.of(files.cdk) === undefined)
      adopt(found, mainEnvironment(readCdkManifest(files.cdk)));
  }
  // An export may be of an account that tasks only use: what task definitions name as their roles goes before it.
  if (exported.size === 1 && found.account === undefined) {
    const tasks = [...folders.values()].flatMap(({ taskDefinitions }) => taskDefinitions);
    const account = accountOfRoles(tasks) ?? [...exported][0];
    if (account !== undefined) found.account = account;
  }
  return { ...found, ...settings };
}

function adopt(found: { account?: string; region?: string }, { account, region }: typeof found): void {
  if (found.account === undefined && account !== undefined) found.account = account;
  if (found.region === undefined && region !== undefined) found.region = region;
}

/** What a plan or state says it is made for; `exported`: the account of an export. */
function environmentOf(file: string): { account?: string; region?: string; exported?: string } {
  const text = readText(file);
  // Most files are task definitions, and need not be read twice.
  if (!/"(\w+DetailList|terraform_version)"/.test(text)) return {};
  const document = parseDocument(file, text);
  if (isTerraform(document)) return terraformEnvironment(document);
  const exported = isAccountExport(document) ? exportedAccount(document) : undefined;
  return exported === undefined ? {} : { exported };
}

/** The one account of the roles that task definitions name. */
function accountOfRoles(files: readonly string[]): string | undefined {
  const form = /"(?:execution|task)RoleArn"\s*:\s*"arn:[\w-]+:iam::(\d{12}):role\//g;
  const [account, another] = new Set(files.flatMap((file) => [...readText(file).matchAll(form)].map(([, id]) => id!)));
  return another === undefined ? account : undefined;
}

/** Reads files and folders into one workload. Nothing is called; everything that can be checked is. @throws UserError, SourceError */
export function readWorkload(paths: readonly string[], options: ReadOptions): Workload {
  const workload = emptyWorkload(options.account, options.region);
  workload.settings = settingsOf(paths);
  const given = new GivenValues([...Object.entries(workload.settings.parameters ?? {}), ...(options.parameters ?? [])]);
  const reader = new Reader(new AccountParts(workload), given);
  reader.onFile = options.onFile;
  for (const path of paths) reader.path(path);
  reader.finish();
  const here = { file: paths[0] ?? '', path: '', line: 1 };
  for (const name of given.unasked()) {
    const origin = options.parameters?.has(name) ? here : (workload.settings.origin ?? here);
    workload.leftOut.push({ what: `parameter \`${name}\``, why: UNASKED, origin });
  }
  for (const part of [workload, ...workload.otherAccounts]) refuseTwins(part);
  return workload;
}

const UNASKED = 'nothing in the input needs a value of this name';

/** Values by name, which keep in mind what was asked for. */
class GivenValues extends Map<string, string> {
  readonly #asked = new Set<string>();

  override get(name: string): string | undefined {
    this.#asked.add(name);
    return super.get(name);
  }

  /** The same, with further values for names that have none. */
  over(others: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
    const all = new Map([...others, ...this]);
    all.get = (name) => this.get(name) ?? others.get(name);
    return all;
  }

  unasked(): string[] {
    return [...this.keys()].filter((name) => !this.#asked.has(name));
  }
}

function isFolder(path: string): boolean {
  if (!existsSync(path)) throw new UserError('file-not-found', `${path} does not exist`, 'Check the path.');
  return statSync(path).isDirectory();
}

/** Templates are opened first, since they may refer to each other; what an account has now is read last. */
class Reader {
  onFile: (() => void) | undefined;
  readonly #parts: AccountParts;
  readonly #workload: OpenWorkload;
  readonly #given: GivenValues;
  readonly #templates: Templates;
  readonly #accounts: AccountPaths;
  readonly #rest: (() => void)[] = [];
  readonly #exports: (() => void)[] = [];
  /** Absolute paths that have been read. */
  readonly #done = new Set<string>();

  constructor(parts: AccountParts, given: GivenValues) {
    this.#parts = parts;
    this.#workload = parts.own;
    this.#given = given;
    this.#templates = new Templates(parts.own);
    this.#accounts = new AccountPaths(parts.own.settings);
  }

  /** A folder or file, and what `rolecall.json` names of other accounts beside it. */
  path(path: string): void {
    const absolute = resolve(path);
    if (this.#done.has(absolute)) return;
    this.#done.add(absolute);
    if (!isFolder(path)) {
      this.#file(path);
      return;
    }
    this.#folder(path);
    for (const { file } of this.#accounts.beside(path)) this.path(file);
  }

  #folder(folder: string): void {
    const files = folderFiles(folder);
    const given = this.#given;
    for (const file of files.templates)
      if (this.#new(file))
        this.#templates.open(this.#document(file), {
          stackName: stackName(resolve(folder)),
          given,
          workload: this.#partOf(file),
        });
    if (files.cdk !== undefined && (files.cdk === folder || this.#new(files.cdk))) this.#cdk(files.cdk);
    const { roles, images } = files;
    if (roles !== undefined && this.#new(roles)) this.#rest.push(() => readRoles(roles, this.#partOf(roles)));
    for (const file of files.taskDefinitions) {
      if (!this.#new(file)) continue;
      const document = this.#document(file);
      this.#rest.push(() => this.#partOf(file).taskDefinitions.push(readTaskDefinition(document)));
    }
    for (const file of files.exports) {
      if (!this.#new(file)) continue;
      const document = this.#document(file);
      if (this.#export(document)) continue;
      const why = 'it is neither the output of terraform show -json nor of aws iam get-account-authorization-details';
      this.#workload.leftOut.push({ what: basename(file), why, origin: document.origin });
    }
    if (images !== undefined) this.#workload.imageFiles.push(images);
  }

  #file(file: string): void {
    if (basename(file) === 'images.json') {
      this.#workload.imageFiles.push(file);
      return;
    }
    if (basename(file) === 'manifest.json' && cdkFolder(dirname(file)) === dirname(file)) {
      this.#cdk(dirname(file));
      return;
    }
    const document = this.#document(file);
    const workload = this.#partOf(file);
    if (isTemplate(document))
      this.#templates.open(document, { stackName: fileStackName(file), given: this.#given, workload });
    else if (isTaskDefinition(document))
      this.#rest.push(() => workload.taskDefinitions.push(readTaskDefinition(document)));
    else if (!this.#export(document))
      throw new SourceError(
        'unknown-input',
        document.origin,
        'this is neither a CloudFormation template nor a task definition',
        'A template has `Resources`; a task definition has `containerDefinitions`; a Terraform plan or state is written by terraform show -json, an account’s export by aws iam get-account-authorization-details.',
      );
  }

  finish(): void {
    this.#templates.readResources();
    for (const read of this.#rest) read();
    for (const read of this.#exports) read();
    this.#parts.finish();
  }

  /** True the first time that a path is asked for. */
  #new(path: string): boolean {
    const absolute = resolve(path);
    if (this.#done.has(absolute)) return false;
    this.#done.add(absolute);
    return true;
  }

  /** The part of the workload that a file's things belong to, where the file itself does not say it. */
  #partOf(file: string): OpenWorkload {
    return this.#parts.part(this.#accounts.of(file)?.account, undefined);
  }

  #document(file: string): Node {
    this.onFile?.();
    const text = readText(file);
    readSilences(file, text, this.#workload);
    return parseDocument(file, text);
  }

  #export(document: Node): boolean {
    const { file } = document.origin;
    if (isTerraform(document)) {
      const { account, region } = terraformEnvironment(document);
      this.#accounts.requireSame(file, account);
      const workload = this.#parts.part(account ?? this.#accounts.of(file)?.account, region);
      this.#rest.push(() => readTerraform(document, this.#given, workload, this.#parts));
    } else if (isAccountExport(document)) {
      const account = exportedAccount(document);
      this.#accounts.requireSame(file, account);
      const workload = this.#parts.part(account ?? this.#accounts.of(file)?.account, undefined);
      this.#exports.push(() => readAccountExport(document, workload));
    } else return false;
    return true;
  }

  #cdk(folder: string): void {
    const { account, region, leftOut, assumed } = this.#workload;
    const mapped = this.#accounts.of(folder)?.account;
    const stacks = readCdkManifest(folder).map((stack) => ({ ...stack, account: stack.account ?? mapped }));
    if (stacks.length === 0) {
      const origin = { file: join(folder, 'manifest.json'), path: '', line: 1 };
      leftOut.push({ what: origin.file, why: 'this app of the CDK has no stacks', origin });
    }
    const away = stacks.map((stack) => elsewhere(stack, account, region));
    if (mapped === undefined && stacks.length > 0 && away.every((why) => why !== undefined))
      throw new SourceError(
        'account-mismatch',
        stacks[0]!.origin,
        `no stack of this CDK app is for account ${account} and Region ${region}`,
        `The stack \`${stacks[0]!.name}\`: ${away[0]}.`,
      );
    for (const [index, stack] of stacks.entries()) {
      const why = away[index];
      const others = isOtherAccounts(stack, account);
      if (why !== undefined && !others) {
        leftOut.push({ what: `stack \`${stack.name}\``, why, origin: stack.origin });
        continue;
      }
      const open = [
        ...(stack.account === undefined ? [`account ${account}`] : []),
        ...(stack.region === undefined ? [`Region ${region}`] : []),
      ];
      if (open.length > 0)
        assumed.push({
          what: `${open.join(' and ')} for the stack \`${stack.name}\``,
          why: 'the CDK app leaves it open; give --account and --region, or `env` to the stack',
          origin: stack.origin,
        });
      const given = this.#given.over(stack.parameters);
      const workload = this.#parts.part(stack.account, stack.region);
      this.#templates.open(readDocument(stack.template), { stackName: stack.name, given, workload });
    }
  }
}

/** The stack of `orders/template.yaml` is called after its folder, that of `orders.yaml` after the file. */
function fileStackName(file: string): string {
  const name = basename(file).replace(/\.[^.]*$/, '');
  return stackName(name === 'template' ? dirname(resolve(file)) : name);
}

function stackName(path: string): string {
  const name = basename(path)
    .replace(/[^A-Za-z0-9-]+/g, '-')
    .replace(/^[^A-Za-z]+/, '');
  return name === '' ? 'workload' : name;
}
