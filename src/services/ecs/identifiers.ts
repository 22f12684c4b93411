import { arn, parseArn } from '../../core/arn.ts';
import { invalidParameter, wrongAccount, wrongCluster, wrongRegion } from './errors.ts';

/** Whose resources and where: what every identifier is relative to. */
export interface Scope {
  readonly account: string;
  readonly region: string;
}

/** A cluster as a request names it, existing or not. */
export interface ClusterName extends Scope {
  readonly name: string;
  readonly arn: string;
}

/** A task or container instance as a request names it. */
export interface MemberName extends Scope {
  readonly clusterArn: string;
  readonly clusterName: string;
  readonly id: string;
  readonly arn: string;
}

/** A task definition as a request names it; without a revision, the family's latest active one is meant. */
export interface DefinitionName extends Scope {
  readonly family: string;
  readonly revision?: number;
  readonly arn: string;
}

export function clusterArn(scope: Scope, name: string): string {
  return arn('ecs', scope.region, scope.account, `cluster/${name}`);
}

export function definitionArn(scope: Scope, family: string, revision: number): string {
  return arn('ecs', scope.region, scope.account, `task-definition/${family}:${revision}`);
}

/** Key of a task definition in its collection: sorts by family, then revision. */
export function definitionKey(family: string, revision: number): string {
  return `${family}:${String(revision).padStart(10, '0')}`;
}

const NAME = /^[a-zA-Z0-9\-_]{1,255}$/;

/**
 * Reads a cluster's short name or ARN; without one, `default` is meant.
 * Errors: InvalidParameterException for another Region's ARN or a malformed name.
 * Source of the texts: observed (aws/aws-cli#3175, awslabs/amazon-ecs-nodejs-microservices#18).
 */
export function clusterName(text: string | undefined, scope: Scope): ClusterName {
  const given = text === undefined || text === '' ? 'default' : text;
  const parsed = parseArn(given);
  if (parsed === undefined) {
    if (!NAME.test(given)) throw malformedName('Cluster', given);
    return { ...here(scope), name: given, arn: clusterArn(scope, given) };
  }
  const name = parsed.resource.startsWith('cluster/') ? parsed.resource.slice('cluster/'.length) : '';
  if (parsed.service !== 'ecs' || !NAME.test(name)) throw invalidParameter('Cluster Identifier is invalid');
  if (parsed.region !== scope.region) throw wrongRegion();
  return { account: parsed.account, region: parsed.region, name, arn: clusterArn(parsed, name) };
}

/** Source: observed (awslabs/amazon-ecs-nodejs-microservices#18). */
function malformedName(what: string, text: string) {
  return invalidParameter(`${what} must match ^[a-zA-Z0-9\\-_]{1,255}$, but was ${text}`);
}

/** Reads a task's id or ARN (long form, or the old form without the cluster). */
export function taskName(text: string, cluster: ClusterName): MemberName {
  return memberName('task', 'taskId', text, cluster);
}

/** Reads a container instance's id or ARN. */
export function containerInstanceName(text: string, cluster: ClusterName): MemberName {
  return memberName('container-instance', 'containerInstanceId', text, cluster);
}

/**
 * Errors: the id's length (observed: aws/aws-cli#10057, Mic-U/ecsher#56), another Region, another cluster
 * (observed: docker/compose-cli#2086), and "Identifier is invalid" (observed: aws/aws-sdk-js#1466).
 */
function memberName(
  kind: 'task' | 'container-instance',
  label: string,
  text: string,
  cluster: ClusterName,
): MemberName {
  const parsed = parseArn(text);
  let id = text;
  if (parsed !== undefined) {
    const [type, ...rest] = parsed.resource.split('/');
    if (parsed.service !== 'ecs' || type !== kind || rest.length === 0 || rest.length > 2) {
      throw invalidParameter(`${kind === 'task' ? 'Task' : 'Container Instance'} Identifier is invalid`);
    }
    if (parsed.region !== cluster.region) throw wrongRegion();
    const named = rest.length === 2 ? (rest[0] as string) : cluster.name;
    if (named !== cluster.name) throw wrongCluster(named, cluster.name);
    // A cluster holds its own account's tasks and instances only. unverified: text, by analogy with the cluster's
    if (parsed.account !== cluster.account) throw wrongAccount(parsed.account, cluster.account);
    id = rest[rest.length - 1] as string;
  }
  if (id.length !== 32 && id.length !== 36) throw invalidParameter(`${label} length should be one of [32,36]`);
  return {
    account: cluster.account,
    region: cluster.region,
    clusterArn: cluster.arn,
    clusterName: cluster.name,
    id,
    arn: arn('ecs', cluster.region, cluster.account, `${kind}/${cluster.name}/${id}`),
  };
}

/** The cluster, and id, of a task's or container instance's long ARN; `undefined` for anything else. */
export function memberOfArn(text: string): MemberName | undefined {
  const parsed = parseArn(text);
  if (parsed?.service !== 'ecs') return undefined;
  const [type, name, id, ...rest] = parsed.resource.split('/');
  if ((type !== 'task' && type !== 'container-instance') || name === undefined || id === undefined || rest.length > 0) {
    return undefined;
  }
  return {
    account: parsed.account,
    region: parsed.region,
    clusterArn: clusterArn(parsed, name),
    clusterName: name,
    id,
    arn: text,
  };
}

/** Reads `family`, `family:revision` or the ARN of either. */
export function definitionName(text: string, scope: Scope): DefinitionName {
  const parsed = parseArn(text);
  let rest = text;
  let owner: Scope = here(scope);
  if (parsed !== undefined) {
    if (parsed.service !== 'ecs' || !parsed.resource.startsWith('task-definition/')) {
      // unverified: text for an ARN of another kind
      throw invalidParameter('Task Definition Identifier is invalid');
    }
    if (parsed.region !== scope.region) throw wrongRegion();
    owner = { account: parsed.account, region: parsed.region };
    rest = parsed.resource.slice('task-definition/'.length);
  }
  const [family, revision, ...more] = rest.split(':') as [string, string | undefined, ...string[]];
  if (family === '' || more.length > 0) throw invalidParameter('Task Definition Identifier is invalid');
  if (revision === undefined) {
    return { ...owner, family, arn: arn('ecs', owner.region, owner.account, `task-definition/${family}`) };
  }
  if (!/^[1-9]\d{0,9}$/.test(revision)) {
    // Source: observed for a revision that is no number.
    throw invalidParameter(`Invalid revision number. Number: ${revision}`);
  }
  const number = Number(revision);
  return { ...owner, family, revision: number, arn: definitionArn(owner, family, number) };
}

function here(scope: Scope): Scope {
  return { account: scope.account, region: scope.region };
}
