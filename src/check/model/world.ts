import type { LaunchType } from '../../roles/duty.ts';
import type { Workload } from '../../sources/workload.ts';
import { Decider } from './decision.ts';
import { DeploymentBook } from './deployments.ts';
import { PolicyReader } from './policy-document.ts';
import { ResourceBook } from './resources.ts';
import { RoleBook, type ScpLevels } from './roles.ts';
import { CLUSTER_NAME, Tokens } from './tokens.ts';

/** How a workload is to be checked. */
export interface CheckOptions {
  /** Default: what the workload says, task definition by task definition. */
  readonly launchTypes?: readonly LaunchType[];
  /** Name of the cluster; default: the workload's one cluster, else not known. */
  readonly cluster?: string;
  /** Name or ARN of the container instances' role. */
  readonly instanceRole?: string;
  /** Who deploys: ARN of a role or user of the input. Checked for iam:PassRole. */
  readonly caller?: string;
  /** Service control policies by level, root first. */
  readonly scp?: ScpLevels;
  /** ECS Exec is enabled for the tasks. */
  readonly exec?: boolean;
  /** Calls that tasks were seen to make: what is granted to the task role beyond them is reported. */
  readonly observed?: readonly ObservedCall[];
  /** Called after each task definition, with how many are done. */
  readonly onProgress?: (done: number, of: number) => void;
}

/** One call from a trail. */
export interface ObservedCall {
  readonly roleArn: string;
  readonly action: string;
  readonly resource: string;
  readonly denied: boolean;
}

/** Everything that rules look at, prepared once. */
export interface World {
  readonly workload: Workload;
  readonly options: CheckOptions;
  readonly tokens: Tokens;
  readonly reader: PolicyReader;
  readonly roles: RoleBook;
  readonly resources: ResourceBook;
  readonly decider: Decider;
  readonly deployments: DeploymentBook;
  readonly cluster: string;
  readonly pullThroughPrefixes: readonly string[];
}

/** ECR's own suggestions for the prefixes of pull-through cache rules. Source: ECR User Guide, pull-through-cache-creating-rule. */
const USUAL_PREFIXES = ['ecr-public', 'docker-hub', 'quay', 'kubernetes', 'github', 'gitlab', 'chainguard'];

export function worldOf(workload: Workload, options: CheckOptions): World {
  const tokens = new Tokens();
  const reader = new PolicyReader(tokens);
  const roles = new RoleBook(workload, tokens, reader, options.scp);
  const resources = new ResourceBook(workload, tokens, reader);
  const clusters = workload.clusters.flatMap(({ name }) => (typeof name === 'string' ? [name] : []));
  return {
    workload,
    options,
    tokens,
    reader,
    roles,
    resources,
    decider: new Decider(resources, tokens),
    deployments: new DeploymentBook(workload, tokens),
    cluster: options.cluster ?? (clusters.length === 1 ? clusters[0]! : unknownCluster(tokens)),
    pullThroughPrefixes: USUAL_PREFIXES,
  };
}

function unknownCluster(tokens: Tokens): string {
  return tokens.forMissing({
    why: 'the cluster is not in the input',
    help: 'Name it: --cluster NAME.',
    origin: { file: '', path: '', line: 0 },
    deferred: { resource: '/cluster', attribute: CLUSTER_NAME },
  });
}
