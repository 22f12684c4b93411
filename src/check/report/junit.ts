import { placeOf } from '../../sources/origin.ts';
import type { CheckResult } from '../check.ts';
import type { Finding } from '../finding.ts';
import { type FailOn, messageOf, VERDICTS } from './report.ts';

/** JUnit XML: one suite for each task definition and launch type, one case for each duty and for each further finding. */
export function junitReport(result: CheckResult, failOn: FailOn): string {
  const mark = failOn === 'never' ? -1 : VERDICTS.indexOf(failOn);
  const fails = ({ verdict }: Finding) => VERDICTS.indexOf(verdict as (typeof VERDICTS)[number]) <= mark;
  const suites = new Map<string, { cases: string[]; failures: number; skipped: number }>();
  const suiteOf = (taskDefinition: string | null, launchType: string | null) => {
    const name = [taskDefinition ?? 'workload', launchType].filter((part) => part !== null).join(' on ');
    const suite = suites.get(name) ?? { cases: [], failures: 0, skipped: 0 };
    suites.set(name, suite);
    return suite;
  };
  for (const { taskDefinition, launchType, stage, role, action, resource, verdict } of result.duties) {
    if (verdict !== 'allowed') continue;
    const suite = suiteOf(taskDefinition, launchType);
    suite.cases.push(testCase(`${role} ${action} on ${resource}`, stage, ''));
  }
  for (const finding of result.findings) {
    const suite = suiteOf(finding.taskDefinition, finding.launchType);
    const { id, role, action, resource, stage, source, verdict } = finding;
    const name = [id, role, action, resource === null ? null : `on ${resource}`]
      .filter((part) => part !== null)
      .join(' ');
    const body = `${messageOf(finding)}\n${source.file === '' ? '' : `at ${placeOf(source)}`}`.trim();
    if (fails(finding)) {
      suite.failures++;
      suite.cases.push(
        testCase(name, stage ?? 'workload', `<failure type="${id}" message="${xml(verdict)}">${xml(body)}</failure>`),
      );
    } else {
      suite.skipped++;
      suite.cases.push(testCase(name, stage ?? 'workload', `<skipped message="${xml(body)}"/>`));
    }
  }
  const all = [...suites].map(
    ([name, { cases, failures, skipped }]) =>
      `  <testsuite name="${xml(name)}" tests="${cases.length}" failures="${failures}" skipped="${skipped}">\n${cases.join('')}  </testsuite>\n`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="rolecall check">\n${all.join('')}</testsuites>\n`;
}

function testCase(name: string, className: string, body: string): string {
  const open = `    <testcase name="${xml(name)}" classname="${xml(className)}"`;
  return body === '' ? `${open}/>\n` : `${open}>${body}</testcase>\n`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** Characters that no XML document may hold, escaped or not. Source: XML 1.0, 2.2 (Char). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const NO_CHARACTERS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;

function xml(text: string): string {
  return text.replaceAll(NO_CHARACTERS, '\ufffd').replaceAll(/[&<>"\t\n\r]/g, (sign) => ENTITIES[sign]!);
}
