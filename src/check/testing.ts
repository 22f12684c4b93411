import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readWorkload } from '../sources/read-workload.ts';
import type { Workload } from '../sources/workload.ts';

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
