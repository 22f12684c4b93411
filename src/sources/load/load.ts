import { AwsError, UserError } from '../../core/errors.ts';
import type { AwsClient } from '../../wire/client.ts';
import { type Origin, SourceError } from '../origin.ts';
import { missingValue } from '../unknown.ts';
import type { LeftOut, TaskDefinitionSource, Workload } from '../workload.ts';
import { permissionSteps, principalSteps } from './iam.ts';
import { kmsSteps } from './kms.ts';
import { linkKeys } from './link-keys.ts';
import { linkSecrets } from './link-secrets.ts';
import { idsNotMade, notMade } from './not-made.ts';
import { inOrder, missingIn } from './order.ts';
import { otherResourceSteps, resourcePolicySteps, taskDefinitionSteps } from './other-resources.ts';
import { parameterSteps } from './parameters.ts';
import { type Address, bucketPolicySteps, bucketSteps } from './s3.ts';
import { secretSteps } from './secrets.ts';
import { queueSteps } from './sqs.ts';
import { Making, type Outcome, PartRefused, type Step } from './step.ts';

/** What was made of one thing of the workload. */
export interface Loaded {
  readonly what: string;
  readonly outcome: Outcome;
  readonly origin: Origin;
}

export interface LoadReport {
  readonly loaded: readonly Loaded[];
  /** What was not made, and why: the workload's own, and what the server does not serve. */
  readonly leftOut: readonly LeftOut[];
  readonly taskDefinitions: readonly { readonly source: TaskDefinitionSource; readonly arn: string }[];
}

/** A way to a server with the keys of one account. */
export interface Access {
  readonly client: AwsClient;
  readonly address: Address;
}

/** What is loaded with the keys of one account. */
interface Part {
  readonly workload: Workload;
  readonly access: Access;
}

/**
 * Puts a workload into a server with the operations that any client would use, each thing after what it needs.
 * Loading it again brings what is there up to date. The workload is checked as a whole before the first call.
 * @param accessTo the keys of another account, where there are any: what is of an account without them is left out.
 * @throws SourceError for what cannot be loaded, or for the call that failed; UserError when there is no server.
 */
export async function load(
  workload: Workload,
  client: AwsClient,
  address: Address,
  accessTo: (other: Workload) => Access | undefined = () => undefined,
): Promise<LoadReport> {
  const taskDefinitions: { source: TaskDefinitionSource; arn: string }[] = [];
  const linked = linkKeys(linkSecrets(workload));
  const others = linked.otherAccounts.map((other) => ({ workload: other, access: accessTo(other) }));
  const parts = [{ workload: linked, access: { client, address } }, ...others].filter(hasAccess);
  const steps = planLoad(parts, (source, arn) => taskDefinitions.push({ source, arn }));
  const making = new Making(client);
  const loaded: Loaded[] = [];
  const leftOut: LeftOut[] = [
    ...workload.leftOut,
    ...others.flatMap(({ workload: other, access }) => (access === undefined ? withoutKeys(other) : [])),
    ...parts.flatMap((part) => notMade(part.workload)),
  ];
  for (const step of steps) {
    try {
      loaded.push({ what: step.what, outcome: await step.run(making), origin: step.origin });
    } catch (thrown) {
      const part = thrown instanceof PartRefused ? thrown : step;
      const error = thrown instanceof PartRefused ? thrown.refusal : thrown;
      const notServed = error instanceof AwsError && /Rolecall does not serve \w+\. It serves/.test(error.message);
      if (!notServed) throw failure(part, error, loaded);
      leftOut.push({ what: step.what, why: error.message, origin: step.origin });
    }
  }
  return { loaded, leftOut, taskDefinitions };
}

/** Whether everything is known that loading needs; makes no call. @throws SourceError */
export function requireLoadable(workload: Workload): void {
  const address = { endpoint: '', region: workload.region, credentials: { accessKeyId: '', secretAccessKey: '' } };
  const linked = linkKeys(linkSecrets(workload));
  // No step is run, and so no client is asked.
  const access = { client: undefined as unknown as AwsClient, address };
  planLoad(
    [linked, ...linked.otherAccounts].map((part) => ({ workload: part, access })),
    () => {},
  );
}

function hasAccess(part: { readonly workload: Workload; readonly access: Access | undefined }): part is Part {
  return part.access !== undefined;
}

function withoutKeys({ account, roles, repositories, secrets, keys, queues, buckets }: Workload): LeftOut[] {
  const [first] = [roles, repositories, secrets, keys, queues, buckets].flat();
  if (first === undefined) return [];
  const why = 'this server gives us the keys of one account only';
  return [{ what: `what the input declares for account ${account}`, why, origin: first.origin }];
}

/** The steps in order. @throws SourceError for what is wrong with a workload before a call is made */
function planLoad(parts: readonly Part[], registered: (source: TaskDefinitionSource, arn: string) => void): Step[] {
  const unneeded = new Set(parts.flatMap(({ workload }) => [...idsNotMade(workload)]));
  for (const { id, what, origin, missing } of parts.flatMap(({ workload }) => workload.uncertain))
    if (id === undefined || !unneeded.has(id))
      throw new SourceError(
        'unknown-value',
        origin,
        `whether ${what} is made cannot be known: ${missing.why}`,
        missing.help,
      );
  const kinds: readonly ((workload: Workload, address: Address) => Step[])[] = [
    principalSteps,
    kmsSteps,
    queueSteps,
    secretSteps,
    parameterSteps,
    otherResourceSteps,
    bucketSteps,
    resourcePolicySteps,
    bucketPolicySteps,
    permissionSteps,
    (workload) => taskDefinitionSteps(workload, registered),
  ];
  const steps = kinds.flatMap((stepsOf) =>
    parts.flatMap(({ workload, access }) =>
      stepsOf(workload, access.address).map(
        (step): Step => ({ ...step, run: (making) => step.run(making.as(access.client)) }),
      ),
    ),
  );
  const provided = new Set(steps.flatMap(({ provides }) => provides));
  for (const step of steps)
    for (const missing of missingIn(step.from))
      if (missing.deferred === undefined || !provided.has(missing.deferred.resource)) throw missingValue(missing);
  return inOrder(steps);
}

function failure(step: Pick<Step, 'what' | 'origin'>, error: unknown, loaded: readonly Loaded[]): Error {
  if (!(error instanceof AwsError)) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'ENOTFOUND')
      return new UserError(
        'server-unreachable',
        `the server cannot be reached (${code})`,
        'Check --endpoint, and that `rolecall up` runs there.',
      );
    return error instanceof Error ? error : new Error(String(error));
  }
  const before =
    loaded.length === 0
      ? 'Nothing was loaded before it.'
      : `Loaded before it: ${loaded.map(({ what }) => what).join(', ')}.`;
  return new SourceError(
    'load-failed',
    step.origin,
    `${step.what} was refused: ${error.code}: ${error.message}`,
    `Correct it and load again. ${before}`,
  );
}
