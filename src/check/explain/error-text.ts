import { isRoleArn } from '../../core/arn.ts';

/** What a pasted error says of the call behind it. */
export interface ErrorFacts {
  readonly text: string;
  /** Name of the role that made the call. */
  readonly roleName?: string;
  /** What the session's name tells: a task (32 hex digits), an instance (i-…), an external instance (mi-…). */
  readonly session?: 'task' | 'instance' | 'external-instance';
  readonly action?: string;
  readonly resource?: string;
  /** ARN of the role that could not be assumed or passed. */
  readonly roleArn?: string;
}

/** Reads the parts of an error text that say who asked for what. */
export function factsOf(given: string): ErrorFacts {
  const text = given.replace(/\s+/g, ' ').trim();
  const [, roleName, session] = /assumed-role\/([\w+=,.@<>-]+)\/([\w+=,.@-]+)/.exec(text) ?? [];
  const action = /(?:not authorized to perform|allows the):? ([a-z0-9-]+:[A-Za-z]+)/.exec(text)?.[1];
  const resource = /on resource: "?(arn:[^\s"]+|\*)/.exec(text)?.[1];
  const roleArn = /'?(arn:aws[a-z-]*:iam::\d{12}:role\/[^\s'",)]+)/.exec(text)?.[1];
  return {
    text,
    ...(roleName === undefined ? {} : { roleName }),
    ...(session === undefined ? {} : kindOf(session)),
    ...(action === undefined ? {} : { action }),
    ...(resource === undefined ? {} : { resource }),
    ...(roleArn === undefined || !isRoleArn(roleArn) ? {} : { roleArn }),
  };
}

function kindOf(session: string): { session?: NonNullable<ErrorFacts['session']> } {
  if (/^[0-9a-f]{32}$/.test(session)) return { session: 'task' };
  if (/^i-[0-9a-f]+/.test(session)) return { session: 'instance' };
  if (/^mi-/.test(session)) return { session: 'external-instance' };
  return {};
}
