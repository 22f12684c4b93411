import type { SecretSource, Workload } from '../workload.ts';
import { given, type Making, type Outcome, type Step, unless } from './step.ts';

export function secretSteps(workload: Workload): Step[] {
  return workload.secrets.map(secretStep);
}

function secretStep(secret: SecretSource): Step {
  return {
    what: `secret ${secret.name}`,
    origin: secret.origin,
    provides: [secret.id, String(secret.name)],
    from: [secret.name, secret.description, secret.keyId, secret.value, secret.generate, secret.tags],
    async run(making): Promise<Outcome> {
      const { client } = making;
      const Name = making.text(secret.name);
      const shared = given({
        Description: making.optional(secret.description),
        KmsKeyId: making.optional(secret.keyId),
      });
      const Tags = making.tagList(secret.tags);
      const keep = (arn: string | undefined) => making.keep(secret.id, 'ArnSuffix', (arn ?? '').slice(-6));
      return unless<Outcome>(
        ['ResourceExistsException'],
        async () => {
          const SecretString = await valueOfSecret(making, secret);
          const { ARN } = await client.call('secretsmanager', 'CreateSecret', {
            Name,
            ...shared,
            ...given({ SecretString }),
            ...(Tags.length === 0 ? {} : { Tags }),
          });
          keep(ARN);
          return 'created';
        },
        async () => {
          const { ARN } = await client.call('secretsmanager', 'DescribeSecret', { SecretId: Name });
          keep(ARN);
          await client.call('secretsmanager', 'UpdateSecret', { SecretId: Name, ...shared });
          if (Tags.length > 0) await client.call('secretsmanager', 'TagResource', { SecretId: Name, Tags });
          const wanted = making.optional(secret.value);
          if (wanted === undefined) return 'updated'; // a generated value stays, as under CloudFormation
          const { SecretString } = await client.call('secretsmanager', 'GetSecretValue', { SecretId: Name });
          if (SecretString !== wanted)
            await client.call('secretsmanager', 'PutSecretValue', { SecretId: Name, SecretString: wanted });
          return 'updated';
        },
      );
    },
  };
}

/** Without either of them CloudFormation generates one. Source: CloudFormation, AWS::SecretsManager::Secret. */
async function valueOfSecret(making: Making, { value, generate }: SecretSource): Promise<string | undefined> {
  if (value !== undefined) return making.text(value);
  if (generate === undefined) return undefined;
  const { RandomPassword } = await making.client.call(
    'secretsmanager',
    'GetRandomPassword',
    making.input(generate.input),
  );
  if (generate.template === undefined || generate.key === undefined) return RandomPassword;
  const object = JSON.parse(making.text(generate.template)) as Record<string, unknown>;
  return JSON.stringify({ ...object, [making.text(generate.key)]: RandomPassword });
}
