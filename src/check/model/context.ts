import type { RequestContext } from '../../policy/types.ts';
import type { PlannedCall } from '../../roles/plan-types.ts';
import type { RoleView } from './roles.ts';

/**
 * The condition keys of a planned call, as far as they are known before it is made. Source: IAM User Guide,
 * reference_policies_condition-keys; AWS KMS and Secrets Manager, Service Authorization Reference.
 */
export function contextOf(
  call: PlannedCall,
  role: RoleView,
  resource: string,
  more: { readonly clusterArn: string; readonly subject?: string },
): RequestContext {
  const context: Record<string, string | readonly string[]> = {
    'aws:RequestedRegion': call.region,
    'aws:SecureTransport': 'true',
    'aws:ViaAWSService': call.via === undefined ? 'false' : 'true',
    'aws:PrincipalType': 'AssumedRole',
    'aws:PrincipalIsAWSService': 'false',
    'aws:PrincipalAccount': role.account,
    'aws:PrincipalArn': role.arn,
    'aws:MultiFactorAuthPresent': 'false',
  };
  for (const [key, value] of Object.entries(role.tags)) context[`aws:PrincipalTag/${key}`] = value;
  if (call.service === 'secretsmanager') {
    context['secretsmanager:SecretId'] = resource;
    const { VersionStage, VersionId } = call.input;
    if (typeof VersionStage === 'string') context['secretsmanager:VersionStage'] = VersionStage;
    if (typeof VersionId === 'string') context['secretsmanager:VersionId'] = VersionId;
  }
  if (call.service === 'elasticfilesystem') {
    // ECS mounts through the file system's mount targets. Source: Service Authorization Reference, Amazon EFS.
    context['elasticfilesystem:AccessedViaMountTarget'] = 'true';
    const { accessPointId } = call.input;
    if (typeof accessPointId === 'string') {
      const prefix = resource.slice(0, resource.lastIndexOf(':') + 1);
      context['elasticfilesystem:AccessPointArn'] = `${prefix}access-point/${accessPointId}`;
    }
  }
  if (call.service === 'kms') addKmsKeys(context, call, role, more.subject);
  if (call.stage === 'instance' && /^ecs:(Poll|StartTelemetrySession|UpdateContainer)/.test(`ecs:${call.operation}`))
    context['ecs:cluster'] = more.clusterArn;
  return context;
}

function addKmsKeys(
  context: Record<string, string | readonly string[]>,
  call: PlannedCall,
  role: RoleView,
  subject: string | undefined,
): void {
  context['kms:CallerAccount'] = role.account;
  if (call.via === undefined) return;
  const service = `${call.via}.amazonaws.com`;
  context['kms:ViaService'] = `${call.via}.${call.region}.amazonaws.com`;
  context['aws:CalledVia'] = [service];
  context['aws:CalledViaFirst'] = service;
  context['aws:CalledViaLast'] = service;
  if (subject === undefined) return;
  const key = call.via === 'ssm' ? 'PARAMETER_ARN' : 'SecretARN';
  context[`kms:EncryptionContext:${key}`] = subject;
  context['kms:EncryptionContextKeys'] = call.via === 'ssm' ? [key] : [key, 'SecretVersionId'];
}
