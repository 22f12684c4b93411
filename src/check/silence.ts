import { readText } from '../sources/read-document.ts';
import type { Workload } from '../sources/workload.ts';
import type { Finding } from './finding.ts';

/** A finding that somebody decided to live with. */
export interface Silenced {
  readonly finding: Finding;
  readonly reason: string;
}

/** One entry of `silence` in rolecall.json. */
export interface SilenceSetting {
  readonly id: string;
  readonly reason: string;
  /** Only in this file (its name or the end of its path), or at this JSON path in it. */
  readonly path?: string;
}

/** Formats with comments; JSON has none. */
const WITH_COMMENTS = /\.(ya?ml|txt)$/;
/** `# rolecall:silence RC301 the reason` */
const COMMENT = /#\s*rolecall:silence\s+(RC\d{3})\s+(\S.*)$/;

/** Takes out what `rolecall.json` or a comment at the place (its line or the one above) silences. */
export function silence(
  findings: readonly Finding[],
  workload: Workload,
): { readonly kept: readonly Finding[]; readonly silenced: readonly Silenced[] } {
  const settings = (workload.settings as { readonly silence?: readonly SilenceSetting[] }).silence ?? [];
  const comments = new Map<string, readonly string[]>();
  const kept: Finding[] = [];
  const silenced: Silenced[] = [];
  for (const finding of findings) {
    const reason = bySetting(finding, settings) ?? byComment(finding, comments);
    if (reason === undefined) kept.push(finding);
    else silenced.push({ finding, reason });
  }
  return { kept, silenced };
}

function bySetting({ id, source }: Finding, settings: readonly SilenceSetting[]): string | undefined {
  return settings.find(
    (one) =>
      one.id === id &&
      (one.path === undefined ||
        source.file === one.path ||
        source.file.endsWith(`/${one.path}`) ||
        source.path === one.path ||
        source.path.startsWith(`${one.path}/`)),
  )?.reason;
}

function byComment({ id, source }: Finding, files: Map<string, readonly string[]>): string | undefined {
  if (!WITH_COMMENTS.test(source.file)) return undefined;
  let lines = files.get(source.file);
  if (lines === undefined) {
    lines = readText(source.file).split(/\r?\n/);
    files.set(source.file, lines);
  }
  for (const line of [lines[source.line - 1], lines[source.line - 2]]) {
    const [, silenced, reason] = COMMENT.exec(line ?? '') ?? [];
    if (silenced === id) return reason?.trim();
  }
  return undefined;
}
