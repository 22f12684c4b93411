import { agentSettings } from './agent-settings.ts';
import { MAY_NOT_PASS, passRoleFindings } from './caller.ts';
import { deployOrder } from './deploy-order.ts';
import { infrastructureRole } from './infrastructure-role.ts';
import { injectedSidecar } from './injected-sidecar.ts';
import { instanceReach, noTaskRole } from './instance-reach.ts';
import { invalidSecretArn, missingJsonKey, newRegistryHost, wrongRegion } from './look-alikes.ts';
import { missingRoles, NEEDS_TASK_ROLE } from './missing-roles.ts';
import { NOT_OBSERVED, observed } from './observed.ts';
import { openTrust } from './open-trust.ts';
import { MANAGED_TOO_WIDE, MEANT_FOR_THE_TASK, OVER_GRANTED, overGrants } from './over-grants.ts';
import { wildcardPassRole } from './pass-role.ts';
import { plainSecrets } from './plain-secrets.ts';
import { REFUSAL_KINDS } from './refusal-kinds.ts';
import { refusals } from './refusals.ts';
import { NEEDS_EXECUTION_ROLE, NOT_REGISTERED, ROLE_NOT_VALID, registration } from './registration.ts';
import type { Find, Rule, RuleInfo } from './rule.ts';
import { selfAssumedRole } from './self-assumed-role.ts';
import { serviceLinkedRole } from './service-linked-role.ts';
import { sharedRole } from './shared-role.ts';
import { starters } from './starters.ts';
import { targetGroups } from './target-groups.ts';
import { INSTANCE_TRUST, NO_SUCH_ROLE, TRUST_CONDITION, trust, WRONG_TRUST } from './trust.ts';
import { INSTANCE_ROLE_MISSING, POLICY_MISSING, ROLE_MISSING, unknowns, VALUE_MISSING } from './unknowns.ts';

/** Rules with one finding each. */
const SINGLE: readonly Rule[] = [
  starters,
  infrastructureRole,
  selfAssumedRole,
  invalidSecretArn,
  newRegistryHost,
  missingJsonKey,
  wrongRegion,
  agentSettings,
  targetGroups,
  serviceLinkedRole,
  deployOrder,
  sharedRole,
  openTrust,
  instanceReach,
  noTaskRole,
  plainSecrets,
  injectedSidecar,
  wildcardPassRole,
];

/** Everything that is looked for, in the order of the report. */
export const rules: readonly Find[] = [
  trust,
  registration,
  missingRoles,
  passRoleFindings,
  refusals,
  unknowns,
  overGrants,
  observed,
  ...SINGLE.map(({ find }) => find),
];

/** Every rule there is, by id. */
export const ruleInfos: readonly RuleInfo[] = [
  ...REFUSAL_KINDS,
  ...SINGLE,
  NO_SUCH_ROLE,
  WRONG_TRUST,
  TRUST_CONDITION,
  INSTANCE_TRUST,
  NEEDS_EXECUTION_ROLE,
  ROLE_NOT_VALID,
  NEEDS_TASK_ROLE,
  MAY_NOT_PASS,
  NOT_REGISTERED,
  OVER_GRANTED,
  MANAGED_TOO_WIDE,
  MEANT_FOR_THE_TASK,
  NOT_OBSERVED,
  VALUE_MISSING,
  POLICY_MISSING,
  ROLE_MISSING,
  INSTANCE_ROLE_MISSING,
].sort((a, b) => (a.id < b.id ? -1 : 1));
