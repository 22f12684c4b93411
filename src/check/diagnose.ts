import type { Diagnosis, Fix } from '../gateway/trail.ts';
import type { Missing, PolicyStatement } from '../policy/explanation.ts';
import type { StatementRef } from '../policy/types.ts';
import type { RoleKind, Stage } from '../roles/duty.ts';
import { ROLE_NAMES, STAGE_PURPOSES } from './role-names.ts';

/** A refused check of a call, as far as a person needs to know it. */
export interface RefusedCall {
  readonly action: string;
  readonly resource: string;
  /** Role or user name of the caller. */
  readonly principal: string;
  /** Which of the three roles the caller is, when it is one of them. */
  readonly role?: RoleKind;
  readonly stage?: Stage;
  /** One sentence of the policy engine. */
  readonly why: string;
  readonly missing?: Missing;
  /** The resource does not exist. */
  readonly absent?: boolean;
}

/** Another role of the same task. `grants` names the statement by which it could have made the refused call. */
export interface OtherRole {
  readonly role: RoleKind;
  readonly name: string;
  readonly grants: StatementRef | undefined;
}

/** Explains one refusal in terms of the task's roles. Pure. */
export function diagnose(call: RefusedCall, others: readonly OtherRole[] = []): Diagnosis {
  const { missing } = call;
  if (call.absent === true) {
    return {
      why: `There is no ${call.resource}.`,
      fix: [{ target: call.resource, action: 'make it, or correct its ARN where it is named' }],
    };
  }
  if (missing === undefined) return { why: call.why, fix: [] };
  if (missing.kind === 'not-by-identity') return notByIdentity(call, missing);
  const wrong = wrongRole(call, others, missing);
  const steps = [wrong ?? ownFix(call, missing)];
  const after = missing.then;
  if (after === undefined) return { why: steps[0]!.why, fix: [steps[0]!.fix] };
  const rest = diagnose({ ...call, why: '', missing: after });
  return { why: `${steps[0]!.why} That alone is not enough. ${rest.why}`.trim(), fix: [steps[0]!.fix, ...rest.fix] };
}

interface Step {
  readonly why: string;
  readonly fix: Fix;
}

function target(call: RefusedCall): string {
  return call.role === undefined ? call.principal : `${ROLE_NAMES[call.role]} ${call.principal}`;
}

function purpose(call: RefusedCall): string {
  const used = call.role === undefined || call.stage === undefined ? undefined : STAGE_PURPOSES[call.stage];
  return used === undefined ? '' : ` (${used})`;
}

/** The grant exists, but on a role that does not make this call. */
function wrongRole(
  call: RefusedCall,
  others: readonly OtherRole[],
  missing: Exclude<Missing, { kind: 'not-by-identity' }>,
): Step | undefined {
  if (call.role === undefined) return undefined;
  if (call.stage === 'running' && call.role === 'container-instance') {
    return {
      why: `The task has no task role, so the application fell back to the ${target(call)}, which does not allow ${call.action} on ${call.resource}.`,
      fix: {
        target: 'task definition',
        action: 'give the task a task role (taskRoleArn) that trusts ecs-tasks.amazonaws.com, with this statement',
        statement: missing.statement,
      },
    };
  }
  const granted = others.find(({ grants, role }) => grants !== undefined && role !== call.role);
  if (granted?.grants === undefined) return undefined;
  const { policy, sid, index } = granted.grants;
  return {
    why:
      `${call.action} on ${call.resource} is granted to the wrong role: the ${ROLE_NAMES[granted.role]} ${granted.name} has it ` +
      `(${policy} / ${sid ?? `statement ${index + 1}`}), but this call is made with the ${target(call)}${purpose(call)}.`,
    fix: {
      target: target(call),
      action: `move the grant from the ${ROLE_NAMES[granted.role]} ${granted.name} to the ${target(call)}`,
      statement: missing.statement,
    },
  };
}

function ownFix(call: RefusedCall, missing: Exclude<Missing, { kind: 'not-by-identity' }>): Step {
  const place = target(call);
  switch (missing.kind) {
    case 'add-statement':
      return {
        why: `No policy of the ${place} allows ${call.action} on ${call.resource}${purpose(call)}.`,
        fix: { target: place, action: 'add this statement', statement: missing.statement },
      };
    case 'change-action':
      return {
        why: `${named(missing.statementRef)} allows ${missing.from} here, but the call is ${missing.to}${purpose(call)}.`,
        fix: {
          target: place,
          action: `in ${named(missing.statementRef)}, change ${missing.from} to ${missing.to} (or add this statement)`,
          statement: missing.statement,
        },
      };
    case 'change-resource':
      return {
        why: `${named(missing.statementRef)} allows ${call.action}, but on ${missing.from}, not on ${missing.to}.`,
        fix: {
          target: place,
          action: `in ${named(missing.statementRef)}, name ${missing.to} in Resource (or add this statement)`,
          statement: missing.statement,
        },
      };
    case 'meet-condition': {
      const { operator, key, asked, found } = missing.condition;
      const carries =
        found === undefined ? 'the call does not carry that key' : `the call carries ${JSON.stringify(found)}`;
      return {
        why: `${named(missing.statementRef)} would allow this, but its condition ${operator} ${key} asks for ${asked.join(' or ')}; ${carries}.`,
        fix: {
          target: place,
          action: `meet or change that condition in ${named(missing.statementRef)} (or add this statement)`,
          statement: missing.statement,
        },
      };
    }
  }
}

function named({ policy, sid, index }: StatementRef): string {
  return `statement ${sid ?? index + 1} of ${policy}`;
}

const BLOCKERS: Readonly<Record<string, string>> = {
  boundary: 'the permissions boundary',
  session: 'the session policy',
  scp: 'a service control policy',
  rcp: 'a resource control policy',
  vpce: 'the VPC endpoint policy',
  trust: 'the trust policy of the role',
  key: 'the key policy',
  resource: 'the resource policy',
};

function notByIdentity(call: RefusedCall, missing: Extract<Missing, { kind: 'not-by-identity' }>): Diagnosis {
  if (missing.because === 'explicit-deny') {
    const where = missing.statementRef === undefined ? 'a policy' : named(missing.statementRef);
    const kind = BLOCKERS[missing.policyKind] ?? `a policy of the ${target(call)}`;
    return {
      why: `${where} (${kind}) explicitly denies ${call.action} on ${call.resource}. No Allow can help against it.`,
      fix: [
        {
          target: where,
          action: `narrow or remove the Deny so that it does not match ${call.action} on ${call.resource}`,
        },
      ],
    };
  }
  const owned = missing.because === 'trust' || missing.because === 'key' || missing.because === 'resource';
  const blocker = BLOCKERS[missing.because] ?? missing.because;
  const where =
    missing.because === 'trust'
      ? `the trust policy of ${call.resource}`
      : owned
        ? `${blocker} of ${call.resource}`
        : blocker;
  return {
    why: `${where.charAt(0).toUpperCase()}${where.slice(1)} does not allow ${call.action} for ${call.principal}; no identity policy can make up for that.`,
    fix: [
      {
        target: where,
        action: 'add this statement',
        ...(missing.statement === undefined ? {} : { statement: forPolicyOf(call.action, missing.statement) }),
      },
    ],
  };
}

/** A repository policy of ECR is about its repository and takes no Resource. Source: observed (awsdocs/amazon-ecr-user-guide#20). */
function forPolicyOf(action: string, statement: PolicyStatement): PolicyStatement {
  if (!action.startsWith('ecr:')) return statement;
  const { Resource: _, ...rest } = statement;
  return rest;
}
