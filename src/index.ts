/**
 * Rolecall as a library: what `rolecall check` and `rolecall plan` know, typed.
 *
 *     import { check, readWorkload } from 'rolecall';
 *     const { findings } = check(readWorkload(['infrastructure/'], { account: '111122223333', region: 'eu-west-1' }));
 */
export { type CheckResult, check } from './check/check.ts';
export { type ErrorFacts, factsOf } from './check/explain/error-text.ts';
export { explainErrorText, type TextDiagnosis } from './check/explain/explain-text.ts';
export type { Actor, DecidedDuty, DutyVerdict, Finding, PolicyFix, Severity, Verdict } from './check/finding.ts';
export type { PolicyDocument } from './check/least-privilege/documents.ts';
export { leastPolicies, type RolePolicies } from './check/least-privilege/role-policies.ts';
export type { CheckOptions, ObservedCall } from './check/model/world.ts';
export { type JsonReport, jsonReport } from './check/report/json.ts';
export type { RuleInfo } from './check/rules/rule.ts';
export { ruleInfos } from './check/rules/rules.ts';
export { UserError } from './core/errors.ts';
export type { Duty, LaunchType, RoleKind, Stage } from './roles/duty.ts';
export { type FurtherOptions, furtherInstancePlan, furtherPlan } from './roles/further-plan.ts';
export { type InstancePlanOptions, instancePlan } from './roles/instance-plan.ts';
export { dutiesOf, rolePlan, taskPlan } from './roles/plan.ts';
export type { PlannedCall, PlanOptions, PlanTaskDefinition } from './roles/plan-types.ts';
export { type Origin, SourceError } from './sources/origin.ts';
export { type ReadOptions, readWorkload } from './sources/read-workload.ts';
export type { Workload } from './sources/workload.ts';
