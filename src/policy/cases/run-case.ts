import { explain } from '../explain.ts';
import type { Explanation } from '../explanation.ts';
import { preparePolicies } from '../prepare.ts';
import type { Effect, StatementRef } from '../types.ts';
import { whySentence } from '../why.ts';
import type { ExpectedResponse, PolicyCase } from './policy-case.ts';

export interface CaseResult {
  readonly id?: string;
  readonly name: string;
  readonly expected: ExpectedResponse;
  readonly actual: Effect;
  readonly passed: boolean;
  /** The statement that decided; null when none did. */
  readonly decidedBy: StatementRef | null;
  readonly why: string;
  readonly explanation: Explanation;
}

export function runCase(policyCase: PolicyCase): CaseResult {
  const { id, name, request, policies, expected } = policyCase;
  const explanation = explain(request, preparePolicies(policies));
  const { effect, decidedBy } = explanation.decision;
  return {
    ...(id === undefined ? {} : { id }),
    name,
    expected,
    actual: effect,
    passed: expected === effect || (expected === 'Denied' && effect !== 'Allowed'),
    decidedBy: decidedBy ?? null,
    why: whySentence(explanation),
    explanation,
  };
}
