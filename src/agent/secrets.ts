import type { PlannedCall } from '../roles/plan-types.ts';
import { parseSecretReference } from '../roles/references.ts';
import type * as Ecs from '../wire/generated/types/ecs.ts';
import { goObjectError, goValue } from './go-format.ts';
import type { CallFailure, PlannedCalls } from './planned-calls.ts';
import type { PullCredentials } from './runtimes/runtime.ts';

/** An answer that cannot be used: parameters that do not exist, a JSON key that is missing. */
export class SecretFailure extends Error {
  readonly provider: 'ssm' | 'asm';
  readonly call: PlannedCall | undefined;
  readonly region: string;

  constructor(provider: 'ssm' | 'asm', region: string, message: string, call?: PlannedCall) {
    super(message);
    this.name = 'SecretFailure';
    this.provider = provider;
    this.region = region;
    this.call = call;
  }
}

/** What the calls of the `secrets` stage brought, and how references of the task definition are read from it. */
export class SecretValues {
  readonly #region: string;
  readonly #account: string;
  /** By `REGION NAME`. */
  readonly #parameters = new Map<string, string>();
  /** By `valueFrom`. */
  readonly #secrets = new Map<string, string>();

  constructor(region: string, account: string) {
    this.#region = region;
    this.#account = account;
  }

  /** Makes a planned GetParameters or GetSecretValue and keeps what it brought. Throws CallFailure or SecretFailure. */
  async fetch(calls: PlannedCalls, call: PlannedCall): Promise<void> {
    if (call.service === 'ssm') await this.#fetchParameters(calls, call);
    else await this.#fetchSecret(calls, call);
  }

  /** The value of a `valueFrom`. Throws SecretFailure when it has none. */
  valueOf(valueFrom: string): string {
    const reference = parseSecretReference(valueFrom, this.#region, this.#account);
    if (reference.provider === 'invalid') throw invalidReference(valueFrom, reference.reason, this.#region);
    const value =
      reference.provider === 'asm'
        ? this.#secrets.get(valueFrom)
        : this.#parameters.get(`${reference.region} ${reference.name}`);
    if (value === undefined) throw new SecretFailure(reference.provider, reference.region, `no value for ${valueFrom}`);
    return value;
  }

  /** The values of a container's `secrets` (or a log driver's `secretOptions`) under their names. */
  resolve(secrets: readonly Ecs.Secret[] | undefined): Record<string, string> {
    const values: Record<string, string> = {};
    for (const secret of secrets ?? []) values[secret.name] = this.valueOf(secret.valueFrom);
    return values;
  }

  async #fetchParameters(calls: PlannedCalls, call: PlannedCall): Promise<void> {
    const answer = await calls.make(call, 'ssm', 'GetParameters');
    const invalid = answer.InvalidParameters ?? [];
    // Source: agent, ssm client: names that came back as invalid, joined by commas.
    if (invalid.length > 0)
      throw new SecretFailure('ssm', call.region, `invalid parameters: ${invalid.join(',')}`, call);
    const parameters = answer.Parameters ?? [];
    for (const name of call.input.Names as readonly string[]) {
      const parameter = parameters.find((each) => isNamed(name, each));
      if (parameter?.Value === undefined)
        throw new SecretFailure('ssm', call.region, `invalid parameters: ${name}`, call);
      this.#parameters.set(`${call.region} ${name}`, parameter.Value);
    }
  }

  async #fetchSecret(calls: PlannedCalls, call: PlannedCall): Promise<void> {
    const answer = await calls.make(call, 'secretsmanager', 'GetSecretValue');
    // `secrets/asm/VALUE_FROM`: one call for each distinct reference.
    const valueFrom = call.id.slice('secrets/asm/'.length);
    const reference = parseSecretReference(valueFrom, this.#region, this.#account);
    if (reference.provider !== 'asm') throw new Error(`${call.id} is not a secret's call`);
    const text = answer.SecretString;
    // Only SecretString can be given to a container. Source: ECS Developer Guide, secrets-envvar-secrets-manager.
    if (text === undefined) throw new SecretFailure('asm', call.region, `empty secrets value for ${valueFrom}`, call);
    this.#secrets.set(valueFrom, reference.jsonKey === undefined ? text : jsonMember(text, reference.jsonKey, call));
  }
}

function invalidReference(valueFrom: string, reason: string, region: string): SecretFailure {
  // Source: agent, asmsecret resource.
  return new SecretFailure(
    'asm',
    region,
    `trying to retrieve secret with value ${valueFrom} resulted in error: ${reason}`,
  );
}

/** Source: agent, agent/asm: only keys of the top level; other values than strings as Go prints them. */
function jsonMember(text: string, key: string, call: PlannedCall): string {
  const error = goObjectError(text);
  if (error !== undefined) throw new SecretFailure('asm', call.region, error, call);
  const content = JSON.parse(text) as Record<string, unknown> | null;
  if (content === null || !Object.hasOwn(content, key)) {
    throw new SecretFailure(
      'asm',
      call.region,
      `retrieved secret from Secrets Manager did not contain json key ${key}`,
      call,
    );
  }
  return goValue(content[key]);
}

/** A parameter is asked for by name or ARN, perhaps with a selector (`:3`, `:label`); the answer carries its plain name and ARN. */
function isNamed(
  asked: string,
  parameter: {
    readonly Name?: string | undefined;
    readonly ARN?: string | undefined;
    readonly Selector?: string | undefined;
  },
): boolean {
  const selector = parameter.Selector ?? '';
  return [parameter.Name, parameter.ARN].some(
    (name) => name !== undefined && (asked === name || asked === `${name}${selector}`),
  );
}

/** A registry secret that cannot be used. */
export class RegistryAuthFailure extends Error {
  readonly call: PlannedCall;
  constructor(call: PlannedCall, message: string) {
    super(message);
    this.name = 'RegistryAuthFailure';
    this.call = call;
  }
}

/**
 * Makes the planned GetSecretValue of `repositoryCredentials` and reads `{"username", "password"}` from it.
 * Source: agent, agent/asm GetDockerAuthFromASM.
 */
export async function fetchRegistryAuth(calls: PlannedCalls, call: PlannedCall): Promise<PullCredentials> {
  const answer = await calls.make(call, 'secretsmanager', 'GetSecretValue');
  const text = answer.SecretString;
  if (text === undefined || text === '') {
    throw new RegistryAuthFailure(call, 'asm fetching authorization data: empty secrets value');
  }
  if (goObjectError(text) !== undefined) {
    throw new RegistryAuthFailure(
      call,
      'asm fetching authorization data: unable to unmarshal secret value, invalid schema',
    );
  }
  const content = JSON.parse(text) as Record<string, unknown> | null;
  return { username: authMember(content, 'username', call), password: authMember(content, 'password', call) };
}

/** Go decodes members without regard to case; others are ignored. */
function authMember(content: Record<string, unknown> | null, name: 'username' | 'password', call: PlannedCall): string {
  const key = Object.keys(content ?? {}).find((each) => each.toLowerCase() === name);
  const value = key === undefined ? undefined : content?.[key];
  if (value !== undefined && value !== null && typeof value !== 'string') {
    throw new RegistryAuthFailure(
      call,
      'asm fetching authorization data: unable to unmarshal secret value, invalid schema',
    );
  }
  if (typeof value === 'string' && value !== '') return value;
  throw new RegistryAuthFailure(call, `asm fetching ${name}: AuthorizationData is malformed, empty field`);
}

/** True for a secret that does not exist (or not in that Region). */
export function isMissingSecret(failure: CallFailure): boolean {
  return failure.error.code === 'ResourceNotFoundException';
}
