import type { CompiledPolicy } from './compiled.ts';
import { parsePolicy } from './parse.ts';
import type { AccessRequest, NamedPolicy, PolicyKind } from './types.ts';

/** What the tests of this folder share: short ways to write policies and requests. */

export const ACCOUNT = '111111111111';
export const QUEUE = `arn:aws:sqs:eu-west-1:${ACCOUNT}:orders`;
export const ROLE = `arn:aws:iam::${ACCOUNT}:role/app`;
export const SESSION = `arn:aws:sts::${ACCOUNT}:assumed-role/app/0123`;

/** A request of the role session `app/0123` to send to the queue `orders`, changed where a test says so. */
export function request(changes: Partial<AccessRequest> = {}): AccessRequest {
  return {
    principal: { type: 'role-session', account: ACCOUNT, arn: SESSION, roleArn: ROLE },
    action: 'sqs:SendMessage',
    resource: QUEUE,
    resourceAccount: ACCOUNT,
    context: {},
    ...changes,
  };
}

/** An Allow of everything, narrowed by the members given. */
export function allow(members: object): object {
  return { Effect: 'Allow', Action: '*', Resource: '*', ...members };
}

/** A Deny of everything, narrowed by the members given. */
export function deny(members: object): object {
  return { Effect: 'Deny', Action: '*', Resource: '*', ...members };
}

/** A policy of these statements, named after its kind. */
export function policy(kind: PolicyKind, ...statements: object[]): NamedPolicy<CompiledPolicy> {
  const text = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  return { name: `the-${kind}`, policy: parsePolicy(text, kind, { purpose: 'evaluate' }) };
}
