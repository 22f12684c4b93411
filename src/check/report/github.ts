import type { CheckResult } from '../check.ts';
import { messageOf } from './report.ts';

const COMMANDS = { error: 'error', warning: 'warning', note: 'notice' } as const;

/** Workflow commands: GitHub shows each at its line. Source: GitHub Actions documentation, workflow-commands. */
export function githubReport({ findings }: CheckResult): string {
  return findings
    .map((finding) => {
      const { id, severity, source } = finding;
      const place = source.file === '' ? [] : [`file=${property(source.file)}`, `line=${source.line}`];
      const properties = [...place, `title=${property(`${id} ${finding.verdict}`)}`].join(',');
      return `::${COMMANDS[severity]} ${properties}::${data(messageOf(finding))}\n`;
    })
    .join('');
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
