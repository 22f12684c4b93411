import { AwsError } from '../../core/errors.ts';
import type { Principal } from '../../gateway/principals.ts';
import type { TaskRecord } from '../../services/ecs/records.ts';
import type { AgentGateway } from '../ports.ts';
import { type Answer, json } from './answer.ts';

interface ProtectionContext {
  readonly gateway: AgentGateway;
  readonly task: TaskRecord;
  /** The task role's session; undefined without a task role. */
  readonly session: () => Promise<Principal | undefined>;
}

/**
 * GET and PUT of `${ECS_AGENT_URI}/task-protection/v1/state`: calls ECS with the task role.
 * Source: agent, ecs-agent/tmds/handlers/taskprotection/v1.
 */
export async function answerTaskProtection(method: string, body: string, context: ProtectionContext): Promise<Answer> {
  const { task } = context;
  const wanted = method === 'PUT' ? parseWanted(body) : undefined;
  if (typeof wanted === 'string') return problem(400, task.arn, 'InvalidParameterException', wanted);
  const as = await context.session();
  if (as === undefined) {
    const message = 'Invalid Request: no task IAM role credentials available for task';
    return problem(403, task.arn, 'AccessDeniedException', message);
  }
  const call = { as, stage: 'running', taskArn: task.arn, region: task.region } as const;
  const target = { cluster: task.clusterArn, tasks: [task.arn] };
  try {
    const answer =
      wanted === undefined
        ? await context.gateway.call('ecs', 'GetTaskProtection', target, call)
        : await context.gateway.call('ecs', 'UpdateTaskProtection', { ...target, ...wanted }, call);
    const failure = answer.failures?.[0];
    if (failure !== undefined) {
      return json(200, { failure: { Arn: failure.arn, Reason: failure.reason, Detail: failure.detail } });
    }
    const found = answer.protectedTasks?.[0];
    const expires = found?.expirationDate;
    return json(200, {
      protection: {
        ...(expires === undefined ? {} : { ExpirationDate: new Date(expires).toISOString() }),
        ProtectionEnabled: found?.protectionEnabled ?? false,
        TaskArn: found?.taskArn ?? task.arn,
      },
    });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return problem(error.status ?? (error.fault === 'server' ? 500 : 400), task.arn, error.code, error.message);
  }
}

/** The wanted protection, or what is wrong with the request. Unknown members are refused, as the agent's decoder does. */
function parseWanted(body: string): { protectionEnabled: boolean; expiresInMinutes?: number } | string {
  const malformed = 'UpdateTaskProtection: failed to decode request';
  let content: unknown;
  try {
    content = JSON.parse(body);
  } catch {
    return malformed;
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) return malformed;
  const { ProtectionEnabled, ExpiresInMinutes, ...others } = content as Record<string, unknown>;
  if (Object.keys(others).length > 0) return malformed;
  if (ProtectionEnabled === undefined) return "Invalid request: does not contain 'ProtectionEnabled' field";
  if (typeof ProtectionEnabled !== 'boolean') return malformed;
  if (ExpiresInMinutes === undefined || ExpiresInMinutes === null) return { protectionEnabled: ProtectionEnabled };
  if (!Number.isInteger(ExpiresInMinutes)) return malformed;
  return { protectionEnabled: ProtectionEnabled, expiresInMinutes: ExpiresInMinutes as number };
}

function problem(status: number, taskArn: string, code: string, message: string): Answer {
  return json(status, { error: { Arn: taskArn, Code: code, Message: message } });
}
