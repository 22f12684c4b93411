import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { jsonDocument } from '../sources/json-document.ts';
import { policyNode } from '../sources/policy-source.ts';
import { readWorkload } from '../sources/read-workload.ts';
import type { Holder, Workload } from '../sources/workload.ts';
import type { CheckResult } from './check.ts';
import type { RolePolicies } from './least-privilege/role-policies.ts';

export const ACCOUNT = '111122223333';
export const REGION = 'eu-west-1';

/** A workload from files given as text or as JSON. */
export function workloadOf(files: Readonly<Record<string, object | string>>): Workload {
  const folder = mkdtempSync(join(tmpdir(), 'rolecall-check-'));
  try {
    writeFiles(folder, files);
    return readWorkload([folder], { account: ACCOUNT, region: REGION });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function writeFiles(folder: string, files: Readonly<Record<string, object | string>>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, undefined, 2));
  }
}

export const TRUST = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Service: 'ecs-tasks.amazonaws.com' },
      Action: 'sts:AssumeRole',
      Condition: { StringEquals: { 'aws:SourceAccount': ACCOUNT } },
    },
  ],
};

export const policy = (...Statement: object[]) => ({ Version: '2012-10-17', Statement });

/** A task definition for Fargate with one container, an execution role and nothing that needs it. */
export function taskDefinition(container: object = {}, more: object = {}): object {
  return {
    family: 'app',
    requiresCompatibilities: ['FARGATE'],
    networkMode: 'awsvpc',
    cpu: '256',
    memory: '512',
    executionRoleArn: `arn:aws:iam::${ACCOUNT}:role/execution`,
    containerDefinitions: [{ name: 'app', image: 'public.ecr.aws/nginx/nginx:1', ...container }],
    ...more,
  };
}

/** The workload in which the roles hold the printed policies, and nothing else (task roles: in addition to their own). */
export function withPolicies(workload: Workload, printed: readonly RolePolicies[]): Workload {
  const replaced = new Set(printed.filter(({ role }) => role !== 'task').map(({ view }) => nameOf(view)));
  const kept = ({ holder }: { readonly holder: Holder }) =>
    holder.kind !== 'role' || !replaced.has(String(holder.name));
  return {
    ...workload,
    attachments: workload.attachments.filter(kept),
    inlinePolicies: [
      ...workload.inlinePolicies.filter(kept),
      ...printed.flatMap(({ documents, view, roleArn }) =>
        documents.map((document, index) => ({
          origin: { file: `${roleArn}-${index}.json`, path: '', line: 1 },
          holder: { kind: 'role', name: view.source?.name ?? view.name } as const,
          name: `least-${index}`,
          // What stands in braces a person fills in; here whatever it is.
          document: policyNode(
            jsonDocument(`${roleArn}-${index}.json`, JSON.stringify(document).replaceAll(/\{[^{}":,]+\}/g, '*')),
            'identity',
          ),
        })),
      ),
    ],
  };
}

function nameOf({ source, name }: RolePolicies['view']): string {
  return String(source?.name ?? name);
}

/**
 * Findings about permissions that the printed policies should have cured, and calls that are still refused, but for what
 * no policy of a role can cure: boundaries, organizations, policies of keys and of other resources.
 */
export function remaining({ findings, tasks, world }: CheckResult): string[] {
  const cured = /^RC(1(?!06|09|19|20|21|25|26)\d\d|302|303|309)$/;
  return [
    ...findings.filter(({ id, role }) => cured.test(id) && role !== 'task').map(({ id, why }) => `${id} ${why}`),
    ...tasks
      .flatMap(({ duties }) => duties)
      .filter(({ action, role }) => action !== 'sts:AssumeRole' && role !== 'caller')
      .flatMap(({ answer, role, action, resource }) =>
        answer.verdict === 'refused' &&
        'explanation' in answer &&
        answer.explanation.missing?.kind !== 'not-by-identity'
          ? [`refused: ${role} ${action} ${world.tokens.shown(resource)}`]
          : [],
      ),
  ];
}
