import type { TrailEntry } from '../../src/gateway/trail.ts';

/** A duty as `rolecall check --format json` prints it. */
export interface Predicted {
  readonly taskDefinition: string;
  readonly launchType: string;
  readonly stage: string;
  readonly role: string;
  readonly action: string;
  readonly resource: string;
  readonly verdict: string;
}

/** What one task did, as `rolecall run --json` prints it. */
export interface Ran {
  readonly launchType: string;
  readonly started: boolean;
  readonly stoppedReason?: string;
  readonly calls: readonly Pick<TrailEntry, 'stage' | 'role' | 'checks'>[];
}

/** Stages whose calls ECS makes before the application runs: all of them are predicted. */
const STARTING = new Set(['pull', 'registry-auth', 'secrets', 'environment-files', 'logs']);

/** Made only where something is missing, or where the task asks for it while it runs. */
const SOMETIMES = new Set([
  'logs:CreateLogGroup',
  'logs:PutLogEvents',
  'ecr:BatchImportUpstreamImage',
  'ecr:CreateRepository',
]);

/** What ECS said when it did not take a task definition, in what `rolecall run` prints; undefined when it took all. */
export function refusedRegistration(stderr: string): string | undefined {
  return /error\[load-failed\]: task definition .* was refused: (\w+: .+)/.exec(stderr)?.[1];
}

/** Everything in which the run differs from the prediction for its launch type; empty when they agree call by call. */
export function differences(predicted: readonly Predicted[], ran: Ran): string[] {
  const duties = predicted.filter(({ launchType }) => launchType === ran.launchType);
  const made = ran.calls.flatMap((value) => {
    if (value.role === undefined || value.stage === undefined || !STARTING.has(value.stage)) return [];
    return value.checks
      .filter(({ decidedBy }) => decidedBy?.kind !== 'key')
      .map((check) => ({ stage: value.stage as string, role: value.role as string, ...check }));
  });
  const found: string[] = [];
  for (const { stage, role, action, resource, effect } of made) {
    const duty = duties.find(
      (one) => one.stage === stage && one.role === role && one.action === action && fits(one.resource, resource),
    );
    const seen = `${stage} ${role} ${action} ${resource}`;
    if (duty === undefined) found.push(`made and not predicted: ${seen}`);
    else if (duty.verdict === 'refused' && effect === 'Allowed')
      found.push(`predicted refused and was allowed: ${seen}`);
    else if (duty.verdict === 'allowed' && effect !== 'Allowed')
      found.push(`predicted allowed and was refused: ${seen}`);
  }
  const starting = duties.filter(({ stage, action }) => STARTING.has(stage) && !SOMETIMES.has(action));
  const refused = starting.filter(({ verdict }) => verdict === 'refused');
  const wasRefused = made.some(({ effect }) => effect !== 'Allowed');
  if (ran.started && refused.length > 0) {
    found.push(
      `predicted refused, and the task started: ${refused.map(({ action, resource }) => `${action} ${resource}`).join(', ')}`,
    );
  }
  // A role that is not in the input may be in the account: check says unknown, and here there is no such role.
  const launch = duties
    .filter(({ stage, action }) => stage === 'launch' && action === 'sts:AssumeRole')
    .map(({ verdict }) => verdict);
  const couldNotAssume = ran.stoppedReason?.includes('ECS was unable to assume the role') === true;
  if (couldNotAssume && !launch.some((verdict) => verdict !== 'allowed'))
    found.push('roles could not be assumed, which was not predicted');
  if (!couldNotAssume && launch.includes('refused')) found.push('roles were assumed, which was predicted to fail');
  if (ran.started && !wasRefused) {
    for (const duty of starting) {
      const there = made.some(
        (one) =>
          one.stage === duty.stage &&
          one.role === duty.role &&
          one.action === duty.action &&
          fits(duty.resource, one.resource),
      );
      // Keys of AWS let in whoever comes through their service: such calls are no duty, and were left out above.
      if (!there && duty.verdict === 'allowed' && duty.action !== 'kms:Decrypt')
        found.push(`predicted and not made: ${duty.stage} ${duty.role} ${duty.action} ${duty.resource}`);
    }
  }
  return found;
}

/** Whether a resource as predicted, with gaps where only a deployment knows the value, is this one. */
function fits(predicted: string, actual: string): boolean {
  const pattern = predicted
    .replace(/[.*+^$()|[\]\\]/g, '\\$&')
    .replaceAll('TASK_ID', '[0-9a-f]{32}')
    .replace(/\{[^}]*\}/g, '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${pattern}$`).test(actual);
}
