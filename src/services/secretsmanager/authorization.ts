import { AwsError } from '../../core/errors.ts';
import type { AuthorizationCheck } from '../../gateway/operation.ts';
import { type CompiledPolicy, parsePolicy } from '../../policy/parse.ts';
import type { NamedPolicy, RequestContext } from '../../policy/types.ts';
import type { SecretRecord } from './records.ts';
import type { FoundSecret } from './secret-ids.ts';

/** The check of an action on a secret. Condition keys: Service Authorization Reference, AWS Secrets Manager. */
export function secretCheck(
  action: string,
  { asked, arn, secret }: FoundSecret,
  more: { context?: RequestContext; requestTags?: Record<string, string> } = {},
): AuthorizationCheck {
  const context: Record<string, string | readonly string[]> = { 'secretsmanager:SecretId': arn, ...more.context };
  if (secret !== undefined) context['secretsmanager:SecretPrimaryRegion'] = secret.region;
  for (const [key, value] of Object.entries(secret?.tags ?? {})) context[`secretsmanager:ResourceTag/${key}`] = value;
  const resourcePolicy = secret === undefined ? undefined : policyOf(secret);
  return {
    action: `secretsmanager:${action}`,
    resource: arn,
    context,
    ...(secret === undefined ? {} : { resourceTags: secret.tags }),
    ...(resourcePolicy === undefined ? {} : { resourcePolicy }),
    ...(more.requestTags === undefined ? {} : { requestTags: more.requestTags }),
    refused: (refusal) => naming(refusal, arn, `on resource: ${asked}`),
  };
}

/** The check of an action that has no resource: the refusal names none (observed). */
export function accountCheck(action: string): AuthorizationCheck {
  return {
    action: `secretsmanager:${action}`,
    resource: '*',
    refused: (refusal) => naming(refusal, '*', ''),
  };
}

/** Refusals name the secret as the request did, by name or ARN (observed). */
function naming(refusal: AwsError, arn: string, clause: string): AwsError {
  const message = refusal.message.replace(` on resource: ${arn}`, clause === '' ? '' : ` ${clause}`);
  return new AwsError(refusal.code, message, refusal.status === undefined ? {} : { status: refusal.status });
}

const compiled = new WeakMap<SecretRecord, NamedPolicy<CompiledPolicy>>();

function policyOf(secret: SecretRecord): NamedPolicy<CompiledPolicy> | undefined {
  if (secret.policy === undefined) return undefined;
  let policy = compiled.get(secret);
  if (policy === undefined) {
    policy = {
      name: secret.arn,
      source: 'resource',
      policy: parsePolicy(secret.policy, 'resource', { purpose: 'evaluate' }),
    };
    compiled.set(secret, policy);
  }
  return policy;
}
