import type { AwsClient } from '../../wire/client.ts';
import type { ManagedPolicySource } from '../workload.ts';
import { given, type Outcome, type Step, unless } from './step.ts';

/** A managed policy keeps this many versions. Source: IAM User Guide, reference_iam-quotas. */
const MAX_VERSIONS = 5;

/** IAM's error on the wire, and its name in the model. */
export const EXISTS = ['EntityAlreadyExists', 'EntityAlreadyExistsException'];

export function managedPolicyStep(policy: ManagedPolicySource): Step {
  return {
    what: `managed policy ${policy.name}`,
    origin: policy.origin,
    provides: [policy.id, String(policy.arn)],
    from: policy,
    run: (making) =>
      putManagedPolicy(making.client, {
        arn: making.text(policy.arn),
        name: making.text(policy.name),
        path: making.text(policy.path),
        description: making.optional(policy.description),
        document: making.policy(policy.document),
      }),
  };
}

export interface WantedPolicy {
  readonly arn: string;
  readonly name: string;
  readonly path: string;
  readonly description?: string | undefined;
  readonly document: string;
}

/** Makes the policy, or gives it a new default version when its document is another one. */
export function putManagedPolicy(client: AwsClient, wanted: WantedPolicy): Promise<Outcome> {
  return unless<Outcome>(
    EXISTS,
    async () => {
      const { name, path, description, document } = wanted;
      await client.call(
        'iam',
        'CreatePolicy',
        given({ PolicyName: name, Path: path, PolicyDocument: document, Description: description }),
      );
      return 'created';
    },
    async () => {
      const { Policy } = await client.call('iam', 'GetPolicy', { PolicyArn: wanted.arn });
      const VersionId = Policy?.DefaultVersionId ?? 'v1';
      const { PolicyVersion } = await client.call('iam', 'GetPolicyVersion', { PolicyArn: wanted.arn, VersionId });
      if (sameDocument(decodeURIComponent(PolicyVersion?.Document ?? ''), wanted.document)) return 'unchanged';
      await dropOldest(client, wanted.arn);
      await client.call('iam', 'CreatePolicyVersion', {
        PolicyArn: wanted.arn,
        PolicyDocument: wanted.document,
        SetAsDefault: true,
      });
      return 'updated';
    },
  );
}

async function dropOldest(client: AwsClient, PolicyArn: string): Promise<void> {
  const { Versions = [] } = await client.call('iam', 'ListPolicyVersions', { PolicyArn });
  if (Versions.length < MAX_VERSIONS) return;
  const number = (version: { VersionId?: string | undefined }) => Number(version.VersionId?.slice(1));
  const oldest = Versions.filter((version) => version.IsDefaultVersion !== true).sort(
    (a, b) => number(a) - number(b),
  )[0];
  if (oldest?.VersionId !== undefined)
    await client.call('iam', 'DeletePolicyVersion', { PolicyArn, VersionId: oldest.VersionId });
}

/** Whether two policy texts are the same JSON. */
function sameDocument(a: string, b: string): boolean {
  try {
    return JSON.stringify(JSON.parse(a)) === JSON.stringify(JSON.parse(b));
  } catch {
    return false;
  }
}
