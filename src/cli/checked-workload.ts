import { readFileSync } from 'node:fs';
import { UserError } from '../core/errors.ts';
import { asString, type Node } from '../sources/node.ts';
import { SourceError } from '../sources/origin.ts';
import { readDocument } from '../sources/read-document.ts';
import { readWorkload, settingsOf } from '../sources/read-workload.ts';
import type { Workload } from '../sources/workload.ts';
import { DEFAULT_ACCOUNT, regionOf } from './connection.ts';
import { accountId, pairs, regionCode } from './flags.ts';
import type { Io } from './io.ts';
import { readAsWritten } from './workload-account.ts';

/** Flags of the commands that only read a workload. */
export const WORKLOAD_FLAGS = {
  parameter: {
    value: 'NAME=VALUE',
    repeatable: true,
    summary: 'a parameter of the template, or a value that it cannot know',
  },
  parameters: { value: 'FILE', summary: 'parameters as JSON or YAML: an object, or CloudFormation’s list' },
  account: { value: 'ID', summary: 'account (default: that of the roles, else 000000000000)' },
  region: { value: 'REGION', summary: 'Region (default: the workload’s, else AWS_REGION, else eu-west-1)' },
} as const;

export interface WorkloadFlags {
  readonly parameter: readonly string[];
  readonly parameters: string | undefined;
  readonly account: string | undefined;
  readonly region: string | undefined;
}

/** The workload, read for the account and Region that it is written for. @throws UserError */
export function workloadFor(
  command: string,
  paths: readonly string[],
  flags: WorkloadFlags,
  io: Io,
  onFile: () => void = () => {},
): Workload {
  if (paths.length === 0)
    throw new UserError(
      'path-missing',
      `nothing to read: no PATH is given`,
      `Example: rolecall ${command} examples/orders`,
    );
  const settings = settingsOf(paths);
  const parameters = new Map([
    ...(flags.parameters === undefined ? [] : parametersOf(flags.parameters)),
    ...pairs('parameter', flags.parameter),
  ]);
  const account = flags.account === undefined ? settings.account : accountId(flags.account);
  const region = flags.region === undefined ? settings.region : regionCode(flags.region);
  return readAsWritten(
    (place) => readWorkload(paths, { ...place, parameters, onFile }),
    { account, region },
    { account: DEFAULT_ACCOUNT, region: region ?? regionOf(io) },
  );
}

/** `{ "Name": "value" }`, `[{ "ParameterKey": …, "ParameterValue": … }]`, or an object with `Parameters` of either form. @throws SourceError */
function parametersOf(file: string): [string, string][] {
  const root = readDocument(file);
  const inner = root.kind === 'map' ? (root.members.get('Parameters') ?? root) : root;
  if (inner.kind === 'map') return [...inner.members].map(([name, value]) => [name, parameterText(value, name)]);
  if (inner.kind === 'list')
    return inner.items.map((item) => {
      const key = item.kind === 'map' ? item.members.get('ParameterKey') : undefined;
      const value = item.kind === 'map' ? item.members.get('ParameterValue') : undefined;
      if (key === undefined || value === undefined) throw malformed(item);
      const name = asString(key, '`ParameterKey`');
      return [name, parameterText(value, name)];
    });
  throw malformed(root);
}

function parameterText(node: Node, name: string): string {
  if (node.kind === 'scalar' && node.value !== null) return node.text ?? String(node.value);
  if (node.kind === 'list') return node.items.map((item) => parameterText(item, name)).join(',');
  throw malformed(node);
}

function malformed(node: Node): SourceError {
  return new SourceError(
    'malformed-parameters',
    node.origin,
    'this is no parameters file',
    'Write { "Name": "value" } or [{ "ParameterKey": "Name", "ParameterValue": "value" }].',
  );
}

/** A file's text, for flags that name one. @throws UserError */
export function fileText(flag: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new UserError('file-not-readable', `--${flag} ${file} cannot be read (${code})`, 'Check the path.');
  }
}
