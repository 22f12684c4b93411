import { type Origin, placeOf } from '../sources/origin.ts';
import type { SilenceSetting } from '../sources/setting-types.ts';
import { nearestName } from '../sources/suggest.ts';
import type { SilenceComment, Workload } from '../sources/workload.ts';
import type { Finding } from './finding.ts';

/** Something about how the check was asked for, that is no finding. */
export interface Notice {
  readonly origin: Origin;
  readonly text: string;
}

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

/** Entries and comments that silence nothing, by an id that no rule has or at a place where nothing is found. */
export function idleSilences(
  findings: readonly Finding[],
  { settings, silences }: Pick<Workload, 'settings' | 'silences'>,
  known: readonly string[],
): Notice[] {
  const notices: Notice[] = [];
  const tell = (origin: Origin, what: string, why: string) =>
    notices.push({ origin, text: `${what} silences nothing: ${why}` });
  const unknown = (id: string) => {
    const similar = nearestName(id, known);
    return `there is no finding of this id${similar === undefined ? '' : `; did you mean ${similar}?`}`;
  };
  for (const one of settings.silence ?? []) {
    if (!known.includes(one.id)) tell(one.origin, one.id, unknown(one.id));
    else if (one.path !== undefined && !findings.some((finding) => isOfSetting(finding, one)))
      tell(
        one.origin,
        `${one.id} at \`${one.path}\``,
        `nothing of this id is found there${elsewhere(findings, one.id)}`,
      );
  }
  for (const one of silences) {
    if (!known.includes(one.id)) tell(one.origin, one.id, unknown(one.id));
    else if (!findings.some((finding) => isOfComment(finding, one)))
      tell(one.origin, one.id, `nothing of this id is found on this line or the next${elsewhere(findings, one.id)}`);
  }
  return notices;
}

function elsewhere(findings: readonly Finding[], id: string): string {
  const first = findings.find((finding) => finding.id === id && finding.source.file !== '');
  return first === undefined ? '' : `, but at ${placeOf(first.source)}`;
}

function bySetting(finding: Finding, { settings }: Workload): string | undefined {
  return settings.silence?.find((one) => isOfSetting(finding, one))?.reason;
}

function isOfSetting({ id, source }: Finding, one: SilenceSetting): boolean {
  return (
    one.id === id &&
    (one.path === undefined ||
      source.file === one.path ||
      source.file.endsWith(`/${one.path}`) ||
      source.path === one.path ||
      source.path.startsWith(`${one.path}/`))
  );
}

function byComment(finding: Finding, { silences }: Workload): string | undefined {
  return silences.find((one) => isOfComment(finding, one))?.reason;
}

function isOfComment({ id, source }: Finding, { id: wanted, origin }: SilenceComment): boolean {
  return (
    wanted === id && origin.file === source.file && (origin.line === source.line || origin.line + 1 === source.line)
  );
}
