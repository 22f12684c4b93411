import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { arn } from '../core/arn.ts';
import { UserError } from '../core/errors.ts';
import { cdkFolder, unmarkedManifest } from './cdk-output.ts';
import { SourceError } from './origin.ts';
import { policyFile } from './policy-source.ts';
import { readText } from './read-document.ts';
import { readSilences } from './silences.ts';
import type { OpenWorkload } from './workload.ts';

/** The parts of a folder that holds a workload. */
export interface FolderFiles {
  readonly taskDefinitions: readonly string[];
  readonly templates: readonly string[];
  readonly images: string | undefined;
  readonly settings: string | undefined;
  readonly roles: string | undefined;
  /** `account.json`, `plan.json`, `state.json`: see `isAccountExport`, `isTerraform`. */
  readonly exports: readonly string[];
  /** Folder of the CDK's output. */
  readonly cdk: string | undefined;
}

/**
 * What of a folder is read: `task-definition*.json`, `template.*`, `images.json`, `rolecall.json`, `roles/`, `account.json`,
 * `plan.json`, `state.json`, `cdk.out`. @throws UserError
 */
export function folderFiles(folder: string): FolderFiles {
  const names = readdirSync(folder).sort();
  const all = (form: RegExp) => names.filter((name) => form.test(name)).map((name) => join(folder, name));
  const files: FolderFiles = {
    taskDefinitions: all(/^task-definition.*\.(json|ya?ml)$/),
    templates: all(/^template\.(json|ya?ml)$/),
    images: all(/^images\.json$/)[0],
    settings: all(/^rolecall\.json$/)[0],
    roles: names.includes('roles') && statSync(join(folder, 'roles')).isDirectory() ? join(folder, 'roles') : undefined,
    exports: all(/^(account|plan|state)\.json$/),
    cdk: cdkFolder(folder),
  };
  const { taskDefinitions, templates, roles, exports, cdk } = files;
  if (cdk !== undefined) return files;
  const nothing = taskDefinitions.length + templates.length + exports.length === 0 && roles === undefined;
  const manifest = unmarkedManifest(folder, nothing);
  if (manifest !== undefined)
    throw new UserError(
      'missing-file',
      `${manifest} is not read: the CDK writes a file called cdk.out beside it, and there is none`,
      'Run cdk synth again, or copy its whole output.',
    );
  if (nothing)
    throw new UserError(
      'nothing-to-load',
      `${folder} holds no workload`,
      'A workload is task-definition*.json, template.yaml or template.json, cdk.out, plan.json (terraform show -json), account.json (aws iam get-account-authorization-details), and roles/NAME/trust.json with roles/NAME/policies/*.json.',
    );
  return files;
}

/** `roles/NAME/{trust.json, policies/*.json, managed.txt, boundary.json}`. @throws SourceError, UserError */
export function readRoles(folder: string, workload: OpenWorkload): void {
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1)))
    if (entry.isDirectory()) readRole(join(folder, entry.name), workload);
    else
      workload.leftOut.push({
        what: join(folder, entry.name),
        why: 'a role is a folder',
        origin: wholeFile(join(folder, entry.name)),
      });
}

function readRole(folder: string, workload: OpenWorkload): void {
  const name = basename(folder);
  const known = ['boundary.json', 'managed.txt', 'policies', 'trust.json'];
  for (const file of readdirSync(folder))
    if (!known.includes(file) && !file.startsWith('.'))
      throw new UserError(
        'unknown-file',
        `${join(folder, file)} is not a part of a role`,
        `A role's folder holds ${known.join(', ')}.`,
      );
  const trustFile = join(folder, 'trust.json');
  if (!existsSync(trustFile))
    throw new UserError(
      'missing-file',
      `the role ${name} has no trust policy: ${trustFile} does not exist`,
      'Add trust.json, which says who may assume the role.',
    );
  const boundary = join(folder, 'boundary.json');
  const trust = policyFile(trustFile, 'trust');
  workload.roles.push({
    origin: trust.origin,
    name,
    path: '/',
    arn: arn('iam', '', workload.account, `role/${name}`),
    trust,
    ...(existsSync(boundary) ? { boundary: policyFile(boundary, 'boundary') } : {}),
    tags: [],
  });
  readPolicies(join(folder, 'policies'), name, workload);
  const managed = join(folder, 'managed.txt');
  if (existsSync(managed)) readManaged(managed, name, workload);
}

function readPolicies(folder: string, role: string, workload: OpenWorkload): void {
  if (!existsSync(folder)) return;
  for (const file of readdirSync(folder).sort()) {
    const path = join(folder, file);
    if (!file.endsWith('.json'))
      throw new UserError(
        'unknown-file',
        `${path} is not a policy`,
        'Policies are JSON files; their name is the policy’s.',
      );
    const document = policyFile(path, 'identity');
    const holder = { kind: 'role', name: role } as const;
    workload.inlinePolicies.push({ origin: document.origin, holder, name: file.slice(0, -'.json'.length), document });
  }
}

/** One policy ARN per line; `#` begins a comment; a bare name is one of AWS's own policies. */
function readManaged(file: string, role: string, workload: OpenWorkload): void {
  const lines = readText(file);
  readSilences(file, lines, workload);
  for (const [index, text] of lines.split(/\r?\n/).entries()) {
    const line = text.replace(/#.*/, '').trim();
    if (line === '') continue;
    const origin = { file, path: '', line: index + 1 };
    if (!/^arn:aws:iam::(aws|\d{12}):policy\/[\w+=,.@/-]+$/.test(line) && !/^[\w+=,.@/-]+$/.test(line))
      throw new SourceError(
        'invalid-policy-arn',
        origin,
        `\`${line}\` is not the ARN of a managed policy`,
        'Example: arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy',
      );
    const policyArn = line.startsWith('arn:') ? line : `arn:aws:iam::aws:policy/${line}`;
    workload.attachments.push({ origin, holder: { kind: 'role', name: role }, policyArn });
  }
}

function wholeFile(file: string) {
  return { file, path: '', line: 1 };
}
