import { existsSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { UserError } from '../core/errors.ts';
import { exportedAccount, isAccountExport, readAccountExport } from './account-export.ts';
import { cdkFolder, elsewhere, mainEnvironment, readCdkManifest } from './cdk-output.ts';
import { isTemplate, Templates } from './cloudformation/template.ts';
import { folderFiles, readRoles } from './folder.ts';
import type { Node } from './node.ts';
import { SourceError } from './origin.ts';
import { parseDocument, readDocument, readText } from './read-document.ts';
import { readSettings } from './settings.ts';
import { readSilences } from './silences.ts';
import { isTaskDefinition, readTaskDefinition } from './task-definition.ts';
import { isTerraform, readTerraform, terraformEnvironment } from './terraform/read-terraform.ts';
import { refuseTwins } from './twins.ts';
import { emptyWorkload, type OpenWorkload, type Settings, type Workload } from './workload.ts';

export interface ReadOptions {
  readonly account: string;
  readonly region: string;
  /** `--parameter NAME=VALUE`; goes before what `rolecall.json` gives. */
  readonly parameters?: ReadonlyMap<string, string>;
}

/**
 * The settings of the first of these paths that is a folder with a `rolecall.json`. Account and Region that it does not
 * say are those that the CDK's output, a Terraform plan or an account's export are made for. @throws UserError, SourceError
 */
export function settingsOf(paths: readonly string[]): Settings {
  let settings: Settings | undefined;
  const found: { account?: string; region?: string } = {};
  for (const path of paths) {
    if (isFolder(path)) {
      const files = folderFiles(path);
      if (settings === undefined && files.settings !== undefined) settings = readSettings(files.settings);
      for (const each of environmentsOf(files.cdk, files.exports)) adopt(found, each);
    } else for (const each of environmentsOf(undefined, [path])) adopt(found, each);
  }
  return { ...found, ...settings };
}

function adopt(found: { account?: string; region?: string }, { account, region }: typeof found): void {
  if (found.account === undefined && account !== undefined) found.account = account;
  if (found.region === undefined && region !== undefined) found.region = region;
}

function environmentsOf(cdk: string | undefined, files: readonly string[]): { account?: string; region?: string }[] {
  return [
    ...(cdk === undefined ? [] : [mainEnvironment(readCdkManifest(cdk))]),
    ...files.flatMap((file) => {
      const text = readText(file);
      // Most files are task definitions, and need not be read twice.
      if (!/"(\w+DetailList|terraform_version)"/.test(text)) return [];
      const document = parseDocument(file, text);
      if (isTerraform(document)) return [terraformEnvironment(document)];
      const account = isAccountExport(document) ? exportedAccount(document) : undefined;
      return account === undefined ? [] : [{ account }];
    }),
  ];
}

/** Reads files and folders into one workload. Nothing is called; everything that can be checked is. @throws UserError, SourceError */
export function readWorkload(paths: readonly string[], options: ReadOptions): Workload {
  const workload = emptyWorkload(options.account, options.region);
  workload.settings = settingsOf(paths);
  const given = new Map([...Object.entries(workload.settings.parameters ?? {}), ...(options.parameters ?? [])]);
  const reader = new Reader(workload, given);
  for (const path of paths) {
    if (isFolder(path)) reader.folder(path);
    else reader.file(path);
  }
  reader.finish();
  refuseTwins(workload);
  return workload;
}

function isFolder(path: string): boolean {
  if (!existsSync(path)) throw new UserError('file-not-found', `${path} does not exist`, 'Check the path.');
  return statSync(path).isDirectory();
}

/** Templates are opened first, since they may refer to each other; what an account has now is read last. */
class Reader {
  readonly #workload: OpenWorkload;
  readonly #given: ReadonlyMap<string, string>;
  readonly #templates: Templates;
  readonly #rest: (() => void)[] = [];
  readonly #accounts: Node[] = [];

  constructor(workload: OpenWorkload, given: ReadonlyMap<string, string>) {
    this.#workload = workload;
    this.#given = given;
    this.#templates = new Templates(workload);
  }

  folder(folder: string): void {
    const files = folderFiles(folder);
    const given = this.#given;
    for (const file of files.templates)
      this.#templates.open(this.#document(file), { stackName: stackName(resolve(folder)), given });
    if (files.cdk !== undefined) this.#cdk(files.cdk);
    const { roles, images } = files;
    if (roles !== undefined) this.#rest.push(() => readRoles(roles, this.#workload));
    for (const file of files.taskDefinitions) {
      const document = this.#document(file);
      this.#rest.push(() => this.#workload.taskDefinitions.push(readTaskDefinition(document)));
    }
    for (const file of files.exports) {
      const document = this.#document(file);
      if (this.#export(document)) continue;
      const why = 'it is neither the output of terraform show -json nor of aws iam get-account-authorization-details';
      this.#workload.leftOut.push({ what: basename(file), why, origin: document.origin });
    }
    if (images !== undefined) this.#workload.imageFiles.push(images);
  }

  file(file: string): void {
    if (basename(file) === 'images.json') {
      this.#workload.imageFiles.push(file);
      return;
    }
    if (basename(file) === 'manifest.json' && cdkFolder(dirname(file)) === dirname(file)) {
      this.#cdk(dirname(file));
      return;
    }
    const document = this.#document(file);
    if (isTemplate(document)) this.#templates.open(document, { stackName: fileStackName(file), given: this.#given });
    else if (isTaskDefinition(document))
      this.#rest.push(() => this.#workload.taskDefinitions.push(readTaskDefinition(document)));
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
    for (const document of this.#accounts) readAccountExport(document, this.#workload);
  }

  #document(file: string): Node {
    const text = readText(file);
    readSilences(file, text, this.#workload);
    return parseDocument(file, text);
  }

  #export(document: Node): boolean {
    if (isTerraform(document)) this.#rest.push(() => readTerraform(document, this.#given, this.#workload));
    else if (isAccountExport(document)) this.#accounts.push(document);
    else return false;
    return true;
  }

  #cdk(folder: string): void {
    const { account, region, leftOut, assumed } = this.#workload;
    const stacks = readCdkManifest(folder);
    const away = stacks.map((stack) => elsewhere(stack, account, region));
    if (stacks.length > 0 && away.every((why) => why !== undefined))
      throw new SourceError(
        'account-mismatch',
        stacks[0]!.origin,
        `no stack of this CDK app is for account ${account} and Region ${region}`,
        `The stack \`${stacks[0]!.name}\`: ${away[0]}.`,
      );
    for (const [index, stack] of stacks.entries()) {
      const why = away[index];
      if (why !== undefined) {
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
      const given = new Map([...stack.parameters, ...this.#given]);
      this.#templates.open(readDocument(stack.template), { stackName: stack.name, given });
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
