import type { OpenWorkload } from './workload.ts';

/** `RC` and three digits. */
export const FINDING_ID = /^RC\d{3}$/;

/** Formats with comments; JSON has none. */
const WITH_COMMENTS = /\.(ya?ml|txt)$/;
const COMMENT = /(?:^|\s)#\s*rolecall:silence\b[ \t]*(\S*)[ \t]*(.*)$/;

/** Collects `# rolecall:silence RC123 reason`; one without an id or a reason silences nothing, and is named. */
export function readSilences(file: string, text: string, workload: OpenWorkload): void {
  if (!WITH_COMMENTS.test(file) || !text.includes('rolecall:silence')) return;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const found = COMMENT.exec(line);
    if (found === null) continue;
    const origin = { file, path: '', line: index + 1 };
    const [, id = '', reason = ''] = found;
    if (FINDING_ID.test(id) && reason.trim() !== '') workload.silences.push({ id, reason: reason.trim(), origin });
    else
      workload.leftOut.push({
        what: 'comment `rolecall:silence`',
        why: 'it silences nothing: write # rolecall:silence RC301 the reason',
        origin,
      });
  }
}
