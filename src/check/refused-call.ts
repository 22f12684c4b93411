import type { Environment, Exchange } from '../gateway/exchange.ts';
import type { Identities } from '../gateway/ports.ts';
import { requestPrincipal } from '../gateway/principals.ts';
import type { RecordedCheck } from '../gateway/trail.ts';
import { decide, NOT_CONSIDERED } from '../policy/decide.ts';
import { taskCredentials } from '../services/ecs/records.ts';
import type { Read } from '../store/collections.ts';
import { diagnose, type OtherRole } from './diagnose.ts';

/** Explains refused calls with what the server knows of the task behind them: its other roles and what those allow. */
export function createDiagnosis(read: Read, identities: Identities): NonNullable<Environment['diagnose']> {
  return (exchange) => {
    const check = exchange.checks.find(({ effect }) => effect !== 'Allowed');
    if (check?.why === undefined) return undefined;
    const { principal } = exchange;
    const role = principal.type === 'role-session' ? principal.origin?.role : undefined;
    return diagnose(
      {
        action: check.action,
        resource: check.resource,
        principal:
          'roleName' in principal
            ? principal.roleName
            : 'userName' in principal
              ? principal.userName
              : principal.type === 'service'
                ? principal.service
                : principal.type,
        ...(role === undefined ? {} : { role }),
        ...(exchange.stage === undefined ? {} : { stage: exchange.stage }),
        why: check.why,
        ...(check.missing === undefined ? {} : { missing: check.missing }),
        ...(check.absent === undefined ? {} : { absent: check.absent }),
      },
      otherRoles(read, identities, exchange, check),
    );
  };
}

/** The other roles of the same task, each with the statement that would have allowed the refused call. */
function otherRoles(
  read: Read,
  identities: Identities,
  exchange: Exchange,
  check: RecordedCheck,
): readonly OtherRole[] {
  const { principal, taskArn } = exchange;
  if (taskArn === undefined || principal.type !== 'role-session') return [];
  return read.list(taskCredentials, taskArn).flatMap(({ accessKeyId, roleType }) => {
    const other = identities.credential(read, accessKeyId)?.principal;
    if (other?.type !== 'role-session' || other.roleArn === principal.roleArn) return [];
    const decision = decide(
      {
        principal: requestPrincipal(other),
        action: check.action,
        resource: check.resource,
        resourceAccount: other.account,
        context: {},
      },
      identities.policies(read, other),
      // Asked is what the other role's own policies say: a key's or queue's policy is not granted to a role.
      NOT_CONSIDERED,
    );
    const grants = decision.effect === 'Allowed' ? decision.decidedBy : undefined;
    return [{ role: roleType === 'TaskExecution' ? 'task-execution' : 'task', name: other.roleName, grants }];
  });
}
