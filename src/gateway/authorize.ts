import { parseArn } from '../core/arn.ts';
import { AwsError } from '../core/errors.ts';
import { decide } from '../policy/decide.ts';
import { explain, whySentence } from '../policy/explain.ts';
import type { AccessRequest } from '../policy/types.ts';
import { refusal } from '../policy/wording.ts';
import type { Read } from '../store/collections.ts';
import type { Exchange } from './exchange.ts';
import type { AuthorizationCheck } from './operation.ts';
import { principalArn, requestPrincipal } from './principals.ts';
import { checkContext, globalContext } from './request-context.ts';
import type { RecordedCheck } from './trail.ts';

/**
 * Decides the checks of a call in their order, records each, and throws the refusal of the first that fails.
 * Unsure means denied: a principal without policies is allowed nothing.
 */
export function authorizeChecks(exchange: Exchange, read: Read, checks: readonly AuthorizationCheck[]): void {
  if (checks.length === 0) return;
  const { principal } = exchange;
  const prepared = exchange.environment.identities.policies(read, principal);
  const asked = requestPrincipal(principal);
  const base = globalContext(principal, exchange);
  for (const check of checks) {
    const owner = check.resourceAccount ?? accountOf(check.resource) ?? principal.account;
    const request: AccessRequest = {
      principal: asked,
      action: check.action,
      resource: check.resource,
      resourceAccount: owner,
      context: checkContext(base, check, owner),
    };
    const decision = decide(request, prepared, check.resourcePolicy);
    if (decision.effect === 'Allowed') {
      exchange.checks.push(recorded(check, decision));
      continue;
    }
    const explanation = explain(request, prepared, check.resourcePolicy);
    exchange.checks.push({
      ...recorded(check, decision),
      ...(check.absent === true
        ? { why: `there is no ${check.resource}`, absent: true }
        : {
            why: whySentence(explanation),
            ...(explanation.missing === undefined ? {} : { missing: explanation.missing }),
          }),
    });
    const { code, message, status } = refusal(exchange.service.id, principalArn(principal), request, decision);
    const error = new AwsError(code, message, { status });
    throw check.refused?.(error) ?? error;
  }
}

function recorded(check: AuthorizationCheck, decision: ReturnType<typeof decide>): RecordedCheck {
  return {
    action: check.action,
    resource: check.resource,
    effect: decision.effect,
    ...(decision.decidedBy === undefined ? {} : { decidedBy: decision.decidedBy }),
  };
}

function accountOf(resource: string): string | undefined {
  const account = parseArn(resource)?.account;
  return account === undefined || account === '' ? undefined : account;
}
