import type { Workload } from '../sources/workload.ts';
import type { Finding } from './finding.ts';

/** A finding that somebody decided to live with. */
export interface Silenced {
  readonly finding: Finding;
  readonly reason: string;
}

/** Takes out what `rolecall.json` or a comment (on the line of the finding, or the one above) silences. */
export function silence(
  findings: readonly Finding[],
  workload: Workload,
): { readonly kept: readonly Finding[]; readonly silenced: readonly Silenced[] } {
  const kept: Finding[] = [];
  const silenced: Silenced[] = [];
  for (const finding of findings) {
    const reason = bySetting(finding, workload) ?? byComment(finding, workload);
    if (reason === undefined) kept.push(finding);
    else silenced.push({ finding, reason });
  }
  return { kept, silenced };
}

function bySetting({ id, source }: Finding, { settings }: Workload): string | undefined {
  return settings.silence?.find(
    (one) =>
      one.id === id &&
      (one.path === undefined ||
        source.file === one.path ||
        source.file.endsWith(`/${one.path}`) ||
        source.path === one.path ||
        source.path.startsWith(`${one.path}/`)),
  )?.reason;
}

function byComment({ id, source }: Finding, { silences }: Workload): string | undefined {
  return silences.find(
    (one) =>
      one.id === id &&
      one.origin.file === source.file &&
      (one.origin.line === source.line || one.origin.line + 1 === source.line),
  )?.reason;
}
