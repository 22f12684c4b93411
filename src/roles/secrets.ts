import { arn } from '../core/arn.ts';
import { actorOf } from './actors.ts';
import type { PlannedCall, PlanOptions, PlanSecret, PlanTaskDefinition } from './plan-types.ts';
import { parseSecretReference } from './references.ts';

/** GetParameters takes ten names at most. Source: agent, ssm client (`MaxBatchNum`). */
const NAMES_PER_CALL = 10;

interface Wanted {
  readonly containers: string[];
  readonly because: string[];
}

/** repositoryCredentials: one GetSecretValue for each secret, by the execution role and no other. Source: agent, asmauth resource. */
export function registryAuthCalls(definition: PlanTaskDefinition, options: PlanOptions): readonly PlannedCall[] {
  const wanted = new Map<string, Wanted>();
  for (const [index, container] of (definition.containerDefinitions ?? []).entries()) {
    const secret = container.repositoryCredentials?.credentialsParameter;
    if (secret === undefined) continue;
    add(
      wanted,
      secret,
      container.name ?? String(index),
      `/containerDefinitions/${index}/repositoryCredentials/credentialsParameter`,
    );
  }
  return [...wanted].flatMap(([secret, { containers, because }]) => {
    const reference = parseSecretReference(secret, options.region, options.account);
    const secretArn =
      reference.provider === 'asm'
        ? reference.secretId
        : arn('secretsmanager', options.region, options.account, `secret:${secret}`);
    const region = reference.provider === 'asm' ? reference.region : options.region;
    const call: PlannedCall = {
      id: `registry-auth/${secret}`,
      stage: 'registry-auth',
      role: actorOf('registry-auth', definition, options),
      service: 'secretsmanager',
      operation: 'GetSecretValue',
      region,
      input: { SecretId: reference.provider === 'asm' ? reference.secretId : secret },
      containers,
      because,
      occurs: 'once',
      checks: [{ action: 'secretsmanager:GetSecretValue', resource: secretArn }],
    };
    return [call, ...keyCall(call, 'secret', secretArn, options)];
  });
}

/**
 * `secrets` and log drivers' `secretOptions`: a GetSecretValue for each distinct reference, and GetParameters (never
 * GetParameter) with up to ten names for each Region. Source: agent, asmsecret and ssmsecret resources.
 */
export function secretCalls(definition: PlanTaskDefinition, options: PlanOptions): readonly PlannedCall[] {
  const wanted = wantedSecrets(definition);
  const calls: PlannedCall[] = [];
  const parameters = new Map<string, [string, Wanted, string][]>();
  const role = actorOf('secrets', definition, options);
  for (const [valueFrom, { containers, because }] of wanted) {
    const reference = parseSecretReference(valueFrom, options.region, options.account);
    if (reference.provider === 'asm') {
      const call: PlannedCall = {
        id: `secrets/asm/${valueFrom}`,
        stage: 'secrets',
        role,
        service: 'secretsmanager',
        operation: 'GetSecretValue',
        region: reference.region,
        input: {
          SecretId: reference.secretId,
          ...(reference.versionStage === undefined ? {} : { VersionStage: reference.versionStage }),
          ...(reference.versionId === undefined ? {} : { VersionId: reference.versionId }),
        },
        containers,
        because,
        occurs: 'once',
        checks: [{ action: 'secretsmanager:GetSecretValue', resource: reference.secretId }],
      };
      calls.push(call, ...keyCall(call, 'secret', reference.secretId, options));
    } else if (reference.provider === 'ssm') {
      const inRegion = parameters.get(reference.region) ?? [];
      inRegion.push([reference.name, { containers, because }, reference.arn]);
      parameters.set(reference.region, inRegion);
    }
  }
  for (const [region, all] of parameters) {
    for (let start = 0; start < all.length; start += NAMES_PER_CALL) {
      const batch = all.slice(start, start + NAMES_PER_CALL);
      const call: PlannedCall = {
        id: `secrets/ssm/${region}/${start / NAMES_PER_CALL}`,
        stage: 'secrets',
        role,
        service: 'ssm',
        operation: 'GetParameters',
        region,
        input: { Names: batch.map(([name]) => name), WithDecryption: true },
        containers: [...new Set(batch.flatMap(([, { containers }]) => containers))],
        because: batch.map(([, { because }]) => because[0] as string),
        occurs: 'once',
        checks: batch.map(([, , resource]) => ({ action: 'ssm:GetParameters', resource })),
      };
      calls.push(call, ...batch.flatMap(([, , parameter]) => keyCall(call, 'parameter', parameter, options)));
    }
  }
  return calls;
}

/** Secrets whose `valueFrom` ECS cannot read: the task fails before any call is made for them. */
export function invalidSecrets(
  definition: PlanTaskDefinition,
  options: PlanOptions,
): readonly { valueFrom: string; reason: string; because: string }[] {
  return [...wantedSecrets(definition)].flatMap(([valueFrom, { because }]) => {
    const reference = parseSecretReference(valueFrom, options.region, options.account);
    return reference.provider === 'invalid'
      ? [{ valueFrom, reason: reference.reason, because: because[0] as string }]
      : [];
  });
}

/** The call that SSM or Secrets Manager makes of KMS for the role, where a customer's key encrypts the value. */
function keyCall(
  call: PlannedCall,
  kind: 'parameter' | 'secret',
  resource: string,
  options: PlanOptions,
): readonly PlannedCall[] {
  const key = options.customerKey?.({ kind, arn: resource });
  if (key === undefined) return [];
  return [
    {
      ...call,
      id: `${call.id}/kms/${resource}`,
      service: 'kms',
      operation: 'Decrypt',
      input: {},
      checks: [{ action: 'kms:Decrypt', resource: key }],
      via: kind === 'parameter' ? 'ssm' : 'secretsmanager',
    },
  ];
}

function wantedSecrets(definition: PlanTaskDefinition): Map<string, Wanted> {
  const wanted = new Map<string, Wanted>();
  for (const [index, container] of (definition.containerDefinitions ?? []).entries()) {
    const name = container.name ?? String(index);
    const collect = (secrets: readonly PlanSecret[] | undefined, pointer: string) => {
      for (const [position, secret] of (secrets ?? []).entries()) {
        if (secret.valueFrom !== undefined) add(wanted, secret.valueFrom, name, `${pointer}/${position}/valueFrom`);
      }
    };
    collect(container.secrets, `/containerDefinitions/${index}/secrets`);
    collect(container.logConfiguration?.secretOptions, `/containerDefinitions/${index}/logConfiguration/secretOptions`);
  }
  return wanted;
}

function add(wanted: Map<string, Wanted>, key: string, container: string, because: string): void {
  const known = wanted.get(key) ?? { containers: [], because: [] };
  if (!known.containers.includes(container)) known.containers.push(container);
  known.because.push(because);
  wanted.set(key, known);
}
