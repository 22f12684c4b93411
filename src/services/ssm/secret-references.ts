import { AwsError } from '../../core/errors.ts';
import type { HandleContext } from '../../gateway/operation.ts';
import type { Parameter } from '../../wire/generated/types/ssm.ts';
import { validation } from './errors.ts';
import { parameterArn } from './names.ts';

const PREFIX = '/aws/reference/secretsmanager/';

/** Whether a name stands for a secret of Secrets Manager. */
export function isSecretReference(name: string): boolean {
  return name.startsWith(PREFIX);
}

/**
 * Reads a secret through Parameter Store, with the caller's permissions on the secret. Undefined when there is none.
 * Source: Systems Manager User Guide, integration-ps-secretsmanager; texts observed.
 */
export function readSecret(
  { account, region, call }: Pick<HandleContext<unknown>, 'account' | 'region' | 'call'>,
  name: string,
  withDecryption: boolean,
): Parameter | undefined {
  if (!withDecryption) throw validation('WithDecryption flag must be True for retrieving a Secret Manager secret.');
  const SecretId = name.slice(PREFIX.length);
  try {
    const secret = call('secretsmanager', 'GetSecretValue', { SecretId }, { via: 'ssm' });
    const { ARN, Name, VersionId, VersionStages, CreatedDate } = secret;
    return {
      Name: name,
      Type: 'SecureString',
      Value: secret.SecretString ?? Buffer.from(secret.SecretBinary ?? []).toString('base64'),
      Version: 0,
      SourceResult: JSON.stringify({
        ARN,
        name: Name,
        versionId: VersionId,
        versionStages: VersionStages,
        createdDate: CreatedDate,
      }),
      LastModifiedDate: CreatedDate,
      ARN: parameterArn(name, account, region),
    };
  } catch (error) {
    if (error instanceof AwsError && error.code === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

export const secretNotFound = (name: string): AwsError =>
  new AwsError(
    'ParameterNotFound',
    `An error occurred (ParameterNotFound) when referencing Secrets Manager: Secret ${name} not found.`,
  );
