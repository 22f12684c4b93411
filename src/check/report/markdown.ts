import { roleNameOf } from '../../core/arn.ts';
import { placeOf } from '../../sources/origin.ts';
import type { CheckResult } from '../check.ts';
import { notReadLines } from './not-read.ts';
import { summaryOf, VERDICTS } from './report.ts';

const MARKS = { allowed: '✓', refused: '✗', unknown: '?' } as const;

/** The report as Markdown, e.g. for a comment on a pull request. */
export function markdownReport(result: CheckResult): string {
  const { duties, findings } = summaryOf(result);
  const notRead = notReadLines(result);
  const lines = [
    '# rolecall check',
    '',
    `Calls: ${duties.allowed} allowed, ${duties.refused} refused, ${duties.unknown} unknown. Findings: ${VERDICTS.map((verdict) => `${findings[verdict]} ${verdict}`).join(', ')}.`,
    '',
    ...(notRead.length === 0 ? [] : [...notRead.map((line) => `- ${cell(line)}`), '']),
  ];
  if (result.findings.length > 0) {
    lines.push('| rule | verdict | task definition | why | where |', '|---|---|---|---|---|');
    for (const { id, verdict, taskDefinition, launchType, why, source } of result.findings) {
      const task = taskDefinition === null ? '' : `${taskDefinition}${launchType === null ? '' : ` (${launchType})`}`;
      const place = source.file === '' ? '' : code(placeOf(source));
      lines.push(`| ${id} | ${verdict} | ${cell(task)} | ${cell(why)} | ${place} |`);
    }
    lines.push('');
    const fixes = new Map<string, string>();
    for (const { id, fix } of result.findings)
      for (const { role, policy } of fix) {
        const text = JSON.stringify(policy, undefined, 2);
        fixes.set(`${role}\n${text}`, `${id}, ${cell(role)}:\n\n\`\`\`json\n${text}\n\`\`\`\n`);
      }
    if (fixes.size > 0) lines.push('## Fixes', '', ...fixes.values());
  }
  lines.push('<details><summary>Every call</summary>', '');
  lines.push('| | task definition | launch type | stage | role | action | resource |', '|---|---|---|---|---|---|---|');
  for (const { verdict, taskDefinition, launchType, stage, role, roleArn, action, resource } of result.duties) {
    const who = roleArn === null ? role : `${role} ${roleNameOf(roleArn)}`;
    lines.push(
      `| ${MARKS[verdict]} | ${cell(taskDefinition)} | ${launchType} | ${stage} | ${cell(who)} | ${action} | ${cell(resource)} |`,
    );
  }
  lines.push('', '</details>', '');
  return lines.join('\n');
}

/** Text as it is, in a cell of a table: nothing in it is Markdown or HTML. Source: CommonMark, backslash escapes; GFM, tables. */
function cell(text: string): string {
  return harmless(text).replaceAll(/[\\`*_~[\]<>&|]/g, '\\$&');
}

/** A place as code; one that code cannot hold, as text. */
function code(text: string): string {
  return text.includes('`') ? cell(text) : `\`${harmless(text).replaceAll('|', '\\|')}\``;
}

function harmless(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}
