import { createHash } from 'node:crypto';
import { AwsError } from '../../core/errors.ts';
import { type Credentials, signRequest } from '../../wire/sigv4/sign.ts';
import type { BucketSource, ResourcePolicySource, Workload } from '../workload.ts';
import { type Making, type Outcome, type Step, unless } from './step.ts';

/** Where a server is and who calls it: S3 speaks a protocol of its own. */
export interface Address {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Credentials;
}

export function bucketSteps(workload: Workload, address: Address): Step[] {
  return workload.buckets.map((bucket) => bucketStep(bucket, address));
}

export function bucketPolicySteps(workload: Workload, address: Address): Step[] {
  return workload.resourcePolicies.filter(({ kind }) => kind === 'bucket').map((policy) => policyStep(policy, address));
}

function bucketStep(bucket: BucketSource, address: Address): Step {
  return {
    what: `bucket ${bucket.name}`,
    origin: bucket.origin,
    provides: [bucket.id, String(bucket.arn)],
    from: bucket,
    async run(making): Promise<Outcome> {
      const name = making.text(bucket.name);
      const outcome = await unless<Outcome>(
        ['BucketAlreadyOwnedByYou'],
        async () => {
          await put(address, `/${encodeURIComponent(name)}`, location(address.region));
          return 'created';
        },
        async () => 'unchanged',
      );
      if (bucket.tags.length > 0) await put(address, `/${encodeURIComponent(name)}?tagging`, tagging(making, bucket));
      return outcome;
    },
  };
}

function policyStep(policy: ResourcePolicySource, address: Address): Step {
  return {
    what: `policy of bucket ${policy.resource}`,
    origin: policy.origin,
    provides: [],
    from: policy,
    async run(making): Promise<Outcome> {
      await put(address, `/${encodeURIComponent(making.text(policy.resource))}?policy`, making.policy(policy.document));
      return 'updated';
    },
  };
}

const NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

/** us-east-1 is the one Region that is not named. Source: S3 API, CreateBucket. */
function location(region: string): string {
  if (region === 'us-east-1') return '';
  return `<CreateBucketConfiguration ${NAMESPACE}><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`;
}

function tagging(making: Making, bucket: BucketSource): string {
  const tags = making
    .tagList(bucket.tags)
    .map(({ Key, Value }) => `<Tag><Key>${escaped(Key)}</Key><Value>${escaped(Value)}</Value></Tag>`);
  return `<Tagging ${NAMESPACE}><TagSet>${tags.join('')}</TagSet></Tagging>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** @throws AwsError */
async function put({ endpoint, region, credentials }: Address, target: string, text: string): Promise<void> {
  const body = Buffer.from(text);
  const request = {
    method: 'PUT',
    host: new URL(endpoint).host,
    target,
    headers: { 'content-md5': createHash('md5').update(body).digest('base64') },
    body,
  };
  const { host: _, ...headers } = signRequest(request, credentials, { region, service: 's3' }, Date.now());
  const answer = await fetch(`${endpoint}${target}`, { method: 'PUT', headers, body });
  const answered = await answer.text();
  if (answer.ok) return;
  const part = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(answered)?.[1];
  throw new AwsError(part('Code') ?? `Http${answer.status}`, part('Message') ?? answered.slice(0, 500), {
    status: answer.status,
  });
}
