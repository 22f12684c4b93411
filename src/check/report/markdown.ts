import { roleNameOf } from '../../core/arn.ts';
import { placeOf } from '../../sources/origin.ts';
import type { CheckResult } from '../check.ts';
import { summaryOf } from './report.ts';

const MARKS = { allowed: '✓', refused: '✗', unknown: '?' } as const;

/** The report as Markdown, e.g. for a comment on a pull request. */
export function markdownReport(result: CheckResult): string {
  const { duties, findings } = summaryOf(result);
  const lines = [
    '# rolecall check',
    '',
    `${duties.allowed} calls allowed, ${duties.refused} refused, ${duties.unknown} unknown; ${findings['over-granted']} over-granted.`,
    '',
  ];
  if (result.findings.length > 0) {
    lines.push('| rule | verdict | task definition | why | where |', '|---|---|---|---|---|');
    for (const { id, verdict, taskDefinition, launchType, why, source } of result.findings) {
      const task = taskDefinition === null ? '' : `${taskDefinition}${launchType === null ? '' : ` (${launchType})`}`;
      const place = source.file === '' ? '' : `\`${placeOf(source)}\``;
      lines.push(`| ${id} | ${verdict} | ${cell(task)} | ${cell(why)} | ${cell(place)} |`);
    }
    lines.push('');
    const fixes = new Map<string, string>();
    for (const { id, fix } of result.findings)
      for (const { role, policy } of fix) {
        const text = JSON.stringify(policy, undefined, 2);
        fixes.set(`${role}\n${text}`, `${id}, ${role}:\n\n\`\`\`json\n${text}\n\`\`\`\n`);
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

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
