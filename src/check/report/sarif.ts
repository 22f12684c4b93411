import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CheckResult } from '../check.ts';
import type { Finding } from '../finding.ts';
import { ruleInfos } from '../rules/rules.ts';
import { messageOf } from './report.ts';

/** SARIF 2.1.0. Source: OASIS, sarif-v2.1.0-os; GitHub documentation, SARIF support for code scanning. */
export function sarifReport({ findings, silenced }: CheckResult, version: string): object {
  const all = [
    ...findings.map((finding) => ({ finding, reason: undefined })),
    ...silenced.map(({ finding, reason }) => ({ finding, reason })),
  ];
  const used = ruleInfos.filter(({ id }) => all.some(({ finding }) => finding.id === id));
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'rolecall',
            version,
            rules: used.map(({ id, title, severity }) => ({
              id,
              name: id,
              shortDescription: { text: title },
              help: { text: `docs/rules/${id}.md says what happens in AWS and how to correct it.` },
              defaultConfiguration: { level: severity },
            })),
          },
        },
        results: all.map(({ finding, reason }) => ({
          ruleId: finding.id,
          ruleIndex: used.findIndex(({ id }) => id === finding.id),
          level: finding.severity,
          kind: 'fail',
          message: { text: messageOf(finding) },
          locations: locations(finding),
          partialFingerprints: { 'rolecall/v1': fingerprint(finding) },
          properties: properties(finding),
          ...(reason === undefined ? {} : { suppressions: [{ kind: 'inSource', justification: reason }] }),
        })),
      },
    ],
  };
}

function locations({ source }: Finding): object[] {
  if (source.file === '') return [];
  const uri = isAbsolute(source.file)
    ? pathToFileURL(source.file).href
    : source.file.split('/').map(encodeURIComponent).join('/');
  return [
    {
      physicalLocation: { artifactLocation: { uri }, region: { startLine: Math.max(1, source.line) } },
      ...(source.path === '' ? {} : { logicalLocations: [{ fullyQualifiedName: source.path, kind: 'member' }] }),
    },
  ];
}

/** Stays the same when lines move. */
function fingerprint({ id, taskDefinition, launchType, roleArn, action, resource, source }: Finding): string {
  return [id, taskDefinition, launchType, roleArn, action, resource, source.path].map((part) => part ?? '').join('|');
}

function properties({ verdict, taskDefinition, launchType, stage, role, roleArn, action, resource, fix }: Finding) {
  const all = { verdict, taskDefinition, launchType, stage, role, roleArn, action, resource };
  return { ...Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null)), fix };
}
