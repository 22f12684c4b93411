import { REFUSAL_KINDS } from './refusal-kinds.ts';
import { refusals } from './refusals.ts';
import { NEEDS_EXECUTION_ROLE, NOT_REGISTERED, ROLE_NOT_VALID, registration } from './registration.ts';
import type { Find, RuleInfo } from './rule.ts';
import { INSTANCE_TRUST, NO_SUCH_ROLE, TRUST_CONDITION, trust, WRONG_TRUST } from './trust.ts';
import { INSTANCE_ROLE_MISSING, POLICY_MISSING, ROLE_MISSING, unknowns, VALUE_MISSING } from './unknowns.ts';

/** Everything that is looked for, in the order of the report. */
export const rules: readonly Find[] = [trust, registration, refusals, unknowns];

/** Every rule there is, by id. */
export const ruleInfos: readonly RuleInfo[] = [
  ...REFUSAL_KINDS,
  NO_SUCH_ROLE,
  WRONG_TRUST,
  TRUST_CONDITION,
  INSTANCE_TRUST,
  NEEDS_EXECUTION_ROLE,
  ROLE_NOT_VALID,
  NOT_REGISTERED,
  VALUE_MISSING,
  POLICY_MISSING,
  ROLE_MISSING,
  INSTANCE_ROLE_MISSING,
].sort((a, b) => (a.id < b.id ? -1 : 1));
