import type { RoleKind, Stage } from '../roles/duty.ts';
import type { Origin } from '../sources/origin.ts';

/** Who makes a call: a role around the task, or whoever deploys it. */
export type Actor = RoleKind | 'caller';

export type DutyVerdict = 'allowed' | 'refused' | 'unknown';
export type Verdict = DutyVerdict | 'not-a-role-problem' | 'over-granted' | 'advice';

/** `error`: the task will not work; `warning`: it may not, or it is open to misuse; `note`: it could be better. */
export type Severity = 'error' | 'warning' | 'note';

/** One action on one resource that a role must be allowed, decided. */
export interface DecidedDuty {
  readonly taskDefinition: string;
  readonly launchType: string;
  readonly stage: Stage;
  readonly role: Actor;
  readonly roleArn: string | null;
  readonly action: string;
  readonly resource: string;
  /** JSON pointer into the task definition. */
  readonly because: string;
  readonly verdict: DutyVerdict;
}

/** Statements to put into a policy of a role (or of a resource, where it is the resource's policy that must change). */
export interface PolicyFix {
  /** ARN or name of the role, or ARN of the resource. */
  readonly role: string;
  readonly policy: { readonly Version: '2012-10-17'; readonly Statement: readonly object[] };
}

/** Something that will be refused, cannot be known, or should be otherwise. */
export interface Finding {
  /** `RC101`…, for good. */
  readonly id: string;
  readonly severity: Severity;
  readonly verdict: Verdict;
  readonly taskDefinition: string | null;
  readonly launchType: string | null;
  readonly stage: Stage | null;
  readonly role: Actor | null;
  readonly roleArn: string | null;
  readonly action: string | null;
  readonly resource: string | null;
  /** What will happen and why, in one or two sentences. */
  readonly why: string;
  /** What to do about it, in one sentence. */
  readonly remedy: string;
  readonly fix: readonly PolicyFix[];
  readonly source: Origin;
}

/** A policy fix of some statements. */
export function policyFix(role: string, statements: readonly object[]): PolicyFix {
  return { role, policy: { Version: '2012-10-17', Statement: statements } };
}
