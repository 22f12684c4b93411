import type { CheckResult } from '../check.ts';
import type { Finding } from '../finding.ts';
import { type ErrorFacts, factsOf } from './error-text.ts';
import { type Meaning, meaningOf } from './recognisers.ts';

/** The diagnosis of a pasted error text. */
export interface TextDiagnosis {
  readonly meaning: Meaning;
  readonly facts: ErrorFacts;
  /** What `check` finds of it in the input, the nearest first. */
  readonly findings: readonly Finding[];
}

/** @param result what `check` says of the input; without one, only the text speaks. */
export function explainErrorText(text: string, result: CheckResult | undefined): TextDiagnosis | undefined {
  const facts = factsOf(text);
  const meaning = meaningOf(facts);
  if (meaning === undefined) return undefined;
  const scored = (result?.findings ?? [])
    .map((finding) => ({ finding, score: nearness(finding, facts, meaning) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score);
  const best = scored[0]?.score ?? 0;
  return { meaning, facts, findings: scored.filter(({ score }) => score === best).map(({ finding }) => finding) };
}

/** 0: another matter. Action, resource and role of the text count most, then the rules that the text is known for. */
function nearness(finding: Finding, { action, resource, roleName, roleArn }: ErrorFacts, { rules }: Meaning): number {
  const place = rules.indexOf(finding.id);
  const sameAction = action !== undefined && finding.action === action;
  if (place === -1 && !(sameAction && finding.verdict === 'refused')) return 0;
  let score = place === -1 ? 1 : 2 + (rules.length - place) / 10;
  if (sameAction) score += 4;
  if (resource !== undefined && finding.resource === resource) score += 4;
  if (roleName !== undefined && finding.roleArn?.endsWith(`/${roleName}`) === true) score += 4;
  if (roleArn !== undefined && finding.roleArn === roleArn) score += 4;
  return score;
}
