import { AwsError } from '../../core/errors.ts';
import { operation } from '../../gateway/operation.ts';
import { lifecyclePolicyNotFound } from './errors.ts';
import { existing, onRepository, putRepository, targetRepository } from './target.ts';

/** A policy is kept and given back; images do not expire by it here. AWS shows the epoch for one that was never applied. */
const NEVER_EVALUATED = 0;

export const PutLifecyclePolicy = operation('ecr', 'PutLifecyclePolicy', {
  resolve: targetRepository,
  authorize: onRepository('PutLifecyclePolicy'),
  handle: (context) => {
    const repository = existing(context);
    const { lifecyclePolicyText } = context.input;
    checkPolicy(lifecyclePolicyText);
    putRepository(context.tx, { ...repository, lifecyclePolicy: lifecyclePolicyText });
    return { registryId: repository.account, repositoryName: repository.name, lifecyclePolicyText };
  },
});

export const GetLifecyclePolicy = operation('ecr', 'GetLifecyclePolicy', {
  resolve: targetRepository,
  authorize: onRepository('GetLifecyclePolicy'),
  handle: (context) => {
    const { account, name, lifecyclePolicy } = existing(context);
    if (lifecyclePolicy === undefined) throw lifecyclePolicyNotFound({ account, name });
    return {
      registryId: account,
      repositoryName: name,
      lifecyclePolicyText: lifecyclePolicy,
      lastEvaluatedAt: NEVER_EVALUATED,
    };
  },
});

export const DeleteLifecyclePolicy = operation('ecr', 'DeleteLifecyclePolicy', {
  resolve: targetRepository,
  authorize: onRepository('DeleteLifecyclePolicy'),
  handle: (context) => {
    const { lifecyclePolicy, ...repository } = existing(context);
    if (lifecyclePolicy === undefined) throw lifecyclePolicyNotFound(repository);
    putRepository(context.tx, repository);
    return {
      registryId: repository.account,
      repositoryName: repository.name,
      lifecyclePolicyText: lifecyclePolicy,
      lastEvaluatedAt: NEVER_EVALUATED,
    };
  },
});

/** Source: ECR User Guide, lifecycle policy parameters. unverified: the words after the colon. */
function invalid(problem: string): AwsError {
  return new AwsError(
    'InvalidParameterException',
    `Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: ${problem}'`,
  );
}

function checkPolicy(text: string): void {
  let policy: unknown;
  try {
    policy = JSON.parse(text);
  } catch {
    throw invalid('the policy is not valid JSON');
  }
  const rules = isObject(policy) ? policy.rules : undefined;
  if (!Array.isArray(rules) || rules.length === 0) throw invalid('object has missing required properties (["rules"])');
  const priorities = new Set<number>();
  for (const [index, rule] of rules.entries()) {
    if (!isObject(rule)) throw invalid(`rules[${index}] is not an object`);
    checkRule(rule, `rules[${index}]`);
    const priority = rule.rulePriority as number;
    if (priorities.has(priority)) throw invalid(`duplicate rulePriority ${priority}`);
    priorities.add(priority);
  }
}

function checkRule(rule: Record<string, unknown>, place: string): void {
  const { rulePriority, selection, action } = rule;
  if (!Number.isInteger(rulePriority) || (rulePriority as number) < 1) {
    throw invalid(`${place}.rulePriority must be a whole number from 1`);
  }
  if (!isObject(action) || (action.type !== 'expire' && action.type !== 'transition')) {
    throw invalid(`${place}.action.type must be one of ["expire","transition"]`);
  }
  if (!isObject(selection)) throw invalid(`${place} has missing required properties (["selection"])`);
  checkSelection(selection, `${place}.selection`);
}

function checkSelection(selection: Record<string, unknown>, place: string): void {
  const { tagStatus, tagPrefixList, tagPatternList, countType, countUnit, countNumber } = selection;
  if (tagStatus !== 'tagged' && tagStatus !== 'untagged' && tagStatus !== 'any') {
    throw invalid(`${place}.tagStatus must be one of ["tagged","untagged","any"]`);
  }
  const lists = [tagPrefixList, tagPatternList].filter((list) => list !== undefined);
  if (tagStatus === 'tagged' && lists.length !== 1) {
    throw invalid(`${place} needs one of tagPrefixList and tagPatternList when tagStatus is tagged`);
  }
  if (lists.some((list) => !Array.isArray(list) || list.length === 0))
    throw invalid(`${place}: a list of tags is empty`);
  if (!Number.isInteger(countNumber) || (countNumber as number) < 1) {
    throw invalid(`${place}.countNumber must be a whole number from 1`);
  }
  const counts = ['imageCountMoreThan', 'sinceImagePushed', 'sinceImagePulled', 'sinceImageTransitioned'];
  if (typeof countType !== 'string' || !counts.includes(countType)) {
    throw invalid(`${place}.countType must be one of ${JSON.stringify(counts)}`);
  }
  if (countType !== 'imageCountMoreThan' && countUnit !== 'days') {
    throw invalid(`${place}.countUnit must be days when countType is ${countType}`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
