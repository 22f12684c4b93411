import { createHash, timingSafeEqual } from 'node:crypto';
import type { TaskCredentialsRecord } from '../../services/ecs/records.ts';
import type { Caller } from '../runtimes/runtime.ts';
import { type Answer, json } from './answer.ts';

export interface CredentialsRequest {
  /** `V1` for `/v1/credentials?id=`, `V2` for `/v2/credentials/ID`. */
  readonly version: 'V1' | 'V2';
  readonly id: string;
  /** Value of the Authorization header. */
  readonly authorization: string | undefined;
  readonly caller: () => Promise<Caller>;
}

export interface CredentialsSource {
  /** The id of the task's own application credentials; undefined without a task role. */
  readonly id: string | undefined;
  /** Token that the request must carry; undefined where the endpoint answers inside the task only. */
  readonly token: string | undefined;
  /** The credentials as they are now, refreshed when due; undefined when they have not been delivered. */
  readonly read: (id: string) => Promise<TaskCredentialsRecord | undefined>;
  /** Told of every request that asked for what it may not have. */
  readonly refused: (why: string) => void;
}

/**
 * GET of a credentials id. Texts and order of members as the agent has them (ecs-agent/tmds/handlers/v1). The agent
 * itself looks at the id only; here a task gets its own credentials and no others, never those of the execution role,
 * and whoever asks for more gets the answer for an id that does not exist.
 */
export async function answerCredentials(request: CredentialsRequest, source: CredentialsSource): Promise<Answer> {
  const prefix = `Credentials${request.version}Request: `;
  if (request.id === '') return failure(400, 'NoIdInRequest', `${prefix}No Credential ID in the request`);
  const why = await whyRefused(request, source);
  if (why !== undefined) {
    source.refused(why);
    return failure(400, 'InvalidIdInRequest', `${prefix}Credentials not found`);
  }
  const credentials = await source.read(request.id);
  if (credentials === undefined) {
    return failure(503, 'CredentialsUninitialized', `${prefix}Credentials uninitialized for ID`);
  }
  return json(200, {
    RoleArn: credentials.roleArn,
    AccessKeyId: credentials.accessKeyId,
    SecretAccessKey: credentials.secretAccessKey,
    Token: credentials.sessionToken,
    Expiration: `${new Date(credentials.expiresAt).toISOString().slice(0, 19)}Z`,
  });
}

async function whyRefused(request: CredentialsRequest, source: CredentialsSource): Promise<string | undefined> {
  if (source.token !== undefined && !sameText(request.authorization ?? '', source.token)) {
    return request.authorization === undefined ? 'no authorization token' : 'a wrong authorization token';
  }
  if (!isOwnId(request.id, source)) {
    return "a credentials id that is not the task's own";
  }
  const caller = await request.caller();
  return caller.belongs === false ? `a caller that is not of the task (${caller.who})` : undefined;
}

/** Whether the id is that of the task's own credentials. */
export function isOwnId(id: string, source: Pick<CredentialsSource, 'id'>): boolean {
  return source.id !== undefined && sameText(id, source.id);
}

export function failure(status: number, code: string, message: string): Answer {
  return json(status, { code, message, HTTPErrorCode: status });
}

/** Compares in constant time, whatever the lengths. */
function sameText(left: string, right: string): boolean {
  const digest = (value: string) => createHash('sha256').update(value).digest();
  return timingSafeEqual(digest(left), digest(right));
}
