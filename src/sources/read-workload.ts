import { existsSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { UserError } from '../core/errors.ts';
import { isTemplate, readTemplate } from './cloudformation/template.ts';
import { folderFiles, readRoles } from './folder.ts';
import { placeOf, SourceError } from './origin.ts';
import { readDocument } from './read-document.ts';
import { readSettings } from './settings.ts';
import { isTaskDefinition, readTaskDefinition } from './task-definition.ts';
import type { Text } from './unknown.ts';
import { emptyWorkload, type OpenWorkload, type Settings, type Sourced, type Workload } from './workload.ts';

export interface ReadOptions {
  readonly account: string;
  readonly region: string;
  /** `--parameter NAME=VALUE`; goes before what `rolecall.json` gives. */
  readonly parameters?: ReadonlyMap<string, string>;
}

/** The settings of the first of these paths that is a folder with a `rolecall.json`. @throws UserError, SourceError */
export function settingsOf(paths: readonly string[]): Settings {
  for (const path of paths) {
    if (!isFolder(path)) continue;
    const { settings } = folderFiles(path);
    if (settings !== undefined) return readSettings(settings);
  }
  return {};
}

/** Reads files and folders into one workload. Nothing is called; everything that can be checked is. @throws UserError, SourceError */
export function readWorkload(paths: readonly string[], options: ReadOptions): Workload {
  const workload = emptyWorkload(options.account, options.region);
  workload.settings = settingsOf(paths);
  const given = new Map([...Object.entries(workload.settings.parameters ?? {}), ...(options.parameters ?? [])]);
  for (const path of paths) {
    if (isFolder(path)) readFolder(path, given, workload);
    else readFile(path, given, workload);
  }
  refuseTwins(workload);
  return workload;
}

function isFolder(path: string): boolean {
  if (!existsSync(path)) throw new UserError('file-not-found', `${path} does not exist`, 'Check the path.');
  return statSync(path).isDirectory();
}

function readFolder(folder: string, given: ReadonlyMap<string, string>, workload: OpenWorkload): void {
  const files = folderFiles(folder);
  for (const file of files.templates)
    readTemplate(readDocument(file), { stackName: stackName(resolve(folder)), given }, workload);
  if (files.roles !== undefined) readRoles(files.roles, workload);
  for (const file of files.taskDefinitions) workload.taskDefinitions.push(readTaskDefinition(readDocument(file)));
  if (files.images !== undefined) workload.imageFiles.push(files.images);
}

function readFile(file: string, given: ReadonlyMap<string, string>, workload: OpenWorkload): void {
  if (basename(file) === 'images.json') {
    workload.imageFiles.push(file);
    return;
  }
  const document = readDocument(file);
  if (isTemplate(document)) readTemplate(document, { stackName: fileStackName(file), given }, workload);
  else if (isTaskDefinition(document)) workload.taskDefinitions.push(readTaskDefinition(document));
  else
    throw new SourceError(
      'unknown-input',
      document.origin,
      'this is neither a CloudFormation template nor a task definition',
      'A template has `Resources`; a task definition has `containerDefinitions`.',
    );
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

/** The same thing declared twice would make the later one win; that is a mistake. */
function refuseTwins(workload: OpenWorkload): void {
  const lists: readonly (readonly [string, readonly (Sourced & { readonly name: Text })[]])[] = [
    ['role', workload.roles],
    ['user', workload.users],
    ['managed policy', workload.managedPolicies],
    ['instance profile', workload.instanceProfiles],
    ['queue', workload.queues],
    ['parameter', workload.parameters],
    ['secret', workload.secrets],
    ['alias', workload.aliases],
    ['log group', workload.logGroups],
    ['repository', workload.repositories],
    ['bucket', workload.buckets],
    ['table', workload.tables],
    ['cluster', workload.clusters],
  ];
  for (const [what, things] of lists) {
    const seen = new Map<string, Sourced>();
    for (const thing of things) {
      if (typeof thing.name !== 'string') continue;
      const first = seen.get(thing.name);
      if (first !== undefined)
        throw new SourceError(
          'declared-twice',
          thing.origin,
          `the ${what} \`${thing.name}\` is declared twice`,
          `It is also declared at ${placeOf(first.origin)}; keep one of them.`,
        );
      seen.set(thing.name, thing);
    }
  }
}
