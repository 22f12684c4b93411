import { describe, expect, it } from 'vitest';
import { check } from '../check.ts';
import { policy, TRUST, taskDefinition, workloadOf } from '../testing.ts';
import { githubReport } from './github.ts';
import { jsonReport } from './json.ts';
import { junitReport } from './junit.ts';
import { markdownReport } from './markdown.ts';
import { exitCode, PLAIN } from './report.ts';
import { sarifReport } from './sarif.ts';
import { textReport } from './text.ts';

const result = check(
  workloadOf({
    'task-definition.json': taskDefinition({
      secrets: [{ name: 'A', valueFrom: '/app/a' }],
      environment: [{ name: 'API_KEY', value: 'k3y<&">%,\n' }],
    }),
    'roles/execution/trust.json': TRUST,
    'roles/execution/policies/own.json': policy({ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }),
  }),
);

describe('exitCode', () => {
  it.each([
    ['refused', 1],
    ['never', 0],
    ['advice', 1],
  ] as const)('--fail-on %s: %s', (failOn, code) => {
    expect(exitCode(result.findings, failOn)).toBe(code);
  });

  it('counts only what is at or above the mark', () => {
    const advice = result.findings.filter(({ verdict }) => verdict === 'advice');
    expect(advice.length).toBeGreaterThan(0);
    expect(exitCode(advice, 'over-granted')).toBe(0);
    expect(exitCode(advice, 'advice')).toBe(1);
  });
});

describe('jsonReport', () => {
  it('has exactly the members that are documented', () => {
    const report = jsonReport(result);
    expect(Object.keys(report)).toEqual(['version', 'summary', 'duties', 'findings']);
    expect(Object.keys(report.duties[0]!).sort()).toEqual(
      ['action', 'because', 'launchType', 'resource', 'role', 'roleArn', 'stage', 'taskDefinition', 'verdict'].sort(),
    );
    for (const finding of report.findings) {
      expect(Object.keys(finding).sort()).toEqual([
        'action',
        'fix',
        'id',
        'launchType',
        'resource',
        'role',
        'roleArn',
        'severity',
        'source',
        'stage',
        'taskDefinition',
        'verdict',
        'why',
      ]);
      expect(Object.keys(finding.source)).toEqual(['file', 'path', 'line']);
    }
  });
});

interface Sarif {
  readonly version: string;
  readonly runs: readonly {
    readonly tool: {
      readonly driver: {
        readonly name: string;
        readonly rules: readonly {
          readonly id: string;
          readonly shortDescription: { readonly text: string };
          readonly defaultConfiguration: { readonly level: string };
        }[];
      };
    };
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly level: string;
      readonly kind: string;
      readonly message: { readonly text: string };
      readonly locations: readonly {
        readonly physicalLocation: {
          readonly artifactLocation: { readonly uri: string };
          readonly region: { readonly startLine: number };
        };
      }[];
      readonly suppressions?: readonly { readonly kind: string }[];
    }[];
  }[];
}

/** The parts of the SARIF 2.1.0 schema that a report of ours can break. Source: OASIS, sarif-schema-2.1.0.json. */
function checkSarif(value: unknown): void {
  const sarif = value as Sarif;
  expect(sarif.version).toBe('2.1.0');
  expect(Object.keys(sarif).every((key) => ['$schema', 'version', 'runs'].includes(key))).toBe(true);
  for (const run of sarif.runs) {
    expect(typeof run.tool.driver.name).toBe('string');
    const ids = run.tool.driver.rules.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const rule of run.tool.driver.rules) {
      expect(typeof rule.shortDescription.text).toBe('string');
      expect(['none', 'note', 'warning', 'error']).toContain(rule.defaultConfiguration.level);
    }
    for (const one of run.results) {
      expect(typeof one.message.text).toBe('string');
      expect(['none', 'note', 'warning', 'error']).toContain(one.level);
      expect(['notApplicable', 'pass', 'fail', 'review', 'open', 'informational']).toContain(one.kind);
      // Of any kind but `fail` the level is `none`. Source: SARIF 2.1.0, 3.27.10.
      expect(one.kind === 'fail' || one.level === 'none').toBe(true);
      expect(ids[one.ruleIndex]).toBe(one.ruleId);
      for (const { physicalLocation } of one.locations) {
        expect(physicalLocation.region.startLine).toBeGreaterThanOrEqual(1);
        expect(() => new URL(physicalLocation.artifactLocation.uri, 'file:///')).not.toThrow();
      }
      for (const suppression of one.suppressions ?? []) expect(['inSource', 'external']).toContain(suppression.kind);
    }
  }
}

describe('sarifReport', () => {
  it('is of the schema’s form', () => {
    checkSarif(sarifReport(result, '1.2.3'));
    checkSarif(sarifReport({ ...result, findings: [], silenced: [] }, '1.2.3'));
  });

  it('carries what is silenced, with the reason', () => {
    const [finding] = result.findings;
    const report = sarifReport({ ...result, findings: [], silenced: [{ finding: finding!, reason: 'known' }] }, '1');
    checkSarif(report);
    expect(JSON.stringify(report)).toContain('"justification":"known"');
  });
});

describe('junitReport', () => {
  it('fails what is at or above the mark, skips the rest, escapes', () => {
    const xml = junitReport(result, 'refused');
    const failures = result.findings.filter(({ verdict }) => verdict === 'refused').length;
    expect(xml.match(/<failure /g)).toHaveLength(failures);
    expect(xml.match(/<skipped /g)).toHaveLength(result.findings.length - failures);
    expect(xml).toContain(`tests="${(xml.match(/<testcase /g) ?? []).length}"`);
    expect(xml).not.toMatch(/message="[^"]*[<>][^"]*"/);
  });
});

/** Names of others, as hostile as a file can have them. */
const hostile = check(
  workloadOf({
    'task-definition.json': taskDefinition(
      {
        name: 'a|b`c',
        secrets: [{ name: 'A', valueFrom: '/app/<script>&amp;|\u001b[31m\u0000\ud800*_x_*' }],
        environment: [{ name: 'API_KEY', value: 'sk_live_]]>" onload="x"' }],
      },
      { family: 'x"><b>\r\n::error::|`\u0007' },
    ),
    'roles/execution/trust.json': TRUST,
  }),
);

describe('reports about hostile names', () => {
  it('are XML that every parser takes', () => {
    const xml = junitReport(hostile, 'advice');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]|\p{Surrogate}/u);
    // Nothing but tags with quoted attributes, text without signs, and references.
    const markup =
      /<\?xml [^<>]*\?>|<\/?[a-z]+(?: [a-z]+="(?:[^<>"&]|&(?:#\d+|[a-z]+);)*")*\/?>|[^<>&]|&(?:#\d+|[a-z]+);/gu;
    expect(xml.replaceAll(markup, '')).toBe('');
    const open: string[] = [];
    for (const [, close, name, single] of xml.matchAll(/<(\/?)([a-z]+)(?: [a-z]+="[^"]*")*(\/?)>/g)) {
      if (close === '/') expect(open.pop()).toBe(name);
      else if (single === '') open.push(name!);
    }
    expect(open).toEqual([]);
  });

  it('are one workflow command a finding', () => {
    const lines = githubReport(hostile)
      .trimEnd()
      .split(/[\r\n]/);
    expect(lines).toHaveLength(hostile.findings.length);
    for (const line of lines)
      expect(line).toMatch(/^::(error|warning|notice) file=[^,]+,line=\d+,title=RC\d{3} [a-z-]+::/);
  });

  it('are tables in which names are text', () => {
    const table = markdownReport(hostile)
      .split('\n')
      .filter((line) => line.startsWith('| RC'));
    expect(table).toHaveLength(hostile.findings.length);
    for (const line of table) {
      expect(line.match(/(?<!\\)\|/g)).toHaveLength(6);
      expect(line).not.toMatch(/(?<!\\)</);
    }
  });
});

describe('githubReport', () => {
  it('writes one command a line, escaped', () => {
    const lines = githubReport(result).trimEnd().split('\n');
    expect(lines).toHaveLength(result.findings.length);
    for (const line of lines)
      expect(line).toMatch(/^::(error|warning|notice) (file=[^,]+,line=\d+,)?title=RC\d{3} [a-z-]+::.+$/);
  });
});

describe('markdownReport', () => {
  it('keeps tables whole', () => {
    for (const line of markdownReport(result)
      .split('\n')
      .filter((text) => text.startsWith('| RC')))
      expect(line.match(/(?<!\\)\|/g)).toHaveLength(6);
  });
});

describe('textReport', () => {
  it('says what happens at each stage', () => {
    expect(textReport(result, PLAIN).split('\n').slice(0, 3)).toEqual([
      'app on FARGATE',
      '  role                  launch  secrets',
      '  execution  execution  ✓       ✗',
    ]);
  });

  it.each([40, 60, 100])('stays within %s columns where words allow', (width) => {
    const paragraphs = textReport(result, { ...PLAIN, width })
      .split('\n')
      .filter((line) => /^ {2}\S/.test(line) && !line.includes('arn:') && !line.startsWith('  at '));
    for (const line of paragraphs) expect(line.length).toBeLessThanOrEqual(Math.max(width, 24));
  });

  it.each([60, 80])('keeps the table of stages within %s columns', (width) => {
    const everything = check(
      workloadOf({
        'task-definition.json': taskDefinition(
          {
            image: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:1',
            secrets: [{ name: 'A', valueFrom: '/app/a' }],
            environmentFiles: [{ type: 's3', value: 'arn:aws:s3:::files/app.env' }],
            repositoryCredentials: {
              credentialsParameter: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:r-AbCdEf',
            },
            logConfiguration: {
              logDriver: 'awslogs',
              options: { 'awslogs-group': 'g', 'awslogs-region': 'eu-west-1', 'awslogs-stream-prefix': 'p' },
            },
          },
          {
            requiresCompatibilities: ['EC2'],
            networkMode: 'bridge',
            taskRoleArn: 'arn:aws:iam::111122223333:role/task',
          },
        ),
      }),
      { exec: true },
    );
    const table = textReport(everything, { ...PLAIN, width })
      .split('\n')
      .slice(1, 5);
    expect(table.some((line) => line.includes('exec'))).toBe(true);
    for (const line of table) expect(line.length).toBeLessThanOrEqual(width);
  });

  it('paints nothing where it is told not to', () => {
    expect(textReport(result, PLAIN)).not.toContain('\u001b');
  });
});
