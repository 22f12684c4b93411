import { AwsError } from '../../core/errors.ts';
import { operation } from '../../gateway/operation.ts';
import { type Principal, requestPrincipal } from '../../gateway/principals.ts';
import { decide } from '../../policy/decide.ts';
import { type CompiledPolicy, parsePolicy } from '../../policy/parse.ts';
import { preparePolicies } from '../../policy/prepare.ts';
import { invalidParameter, repositoryPolicyNotFound } from './errors.ts';
import { type RepositoryRecord, repositoryArn } from './records.ts';
import { existing, onRepository, putRepository, targetRepository } from './target.ts';

export const SetRepositoryPolicy = operation('ecr', 'SetRepositoryPolicy', {
  resolve: targetRepository,
  authorize: onRepository('SetRepositoryPolicy'),
  handle: (context) => {
    const repository = existing(context);
    const { policyText, force } = context.input;
    const policy = readPolicy(policyText);
    if (force !== true && locksOut(context.principal, repository, policy)) {
      // unverified: the text. Source of the rule: API Reference, SetRepositoryPolicy, force.
      throw new AwsError(
        'InvalidParameterException',
        'The policy would prevent you from setting another policy in the future. Use force to set it all the same.',
      );
    }
    putRepository(context.tx, { ...repository, policy: policyText });
    return { registryId: repository.account, repositoryName: repository.name, policyText };
  },
});

function readPolicy(text: string): CompiledPolicy {
  try {
    const policy = parsePolicy(text, 'resource');
    if (!namesResources(text)) return policy;
  } catch {}
  throw invalidParameter('PolicyText', 'Invalid repository policy provided');
}

/** A repository policy is about its repository alone. Source: observed (awsdocs/amazon-ecr-user-guide#20, aws/aws-cdk#24314). */
function namesResources(text: string): boolean {
  const { Statement } = JSON.parse(text) as { Statement: object | readonly object[] };
  return [Statement].flat().some((statement) => 'Resource' in statement || 'NotResource' in statement);
}

/** Whether the new policy denies the caller what it is doing now. */
function locksOut(principal: Principal, repository: RepositoryRecord, policy: CompiledPolicy): boolean {
  const request = {
    principal: requestPrincipal(principal),
    action: 'ecr:SetRepositoryPolicy',
    resource: repositoryArn(repository),
    resourceAccount: repository.account,
    context: {},
  };
  const decision = decide(request, preparePolicies({ identity: [] }), { name: repositoryArn(repository), policy });
  return decision.effect === 'ExplicitlyDenied';
}

export const GetRepositoryPolicy = operation('ecr', 'GetRepositoryPolicy', {
  resolve: targetRepository,
  authorize: onRepository('GetRepositoryPolicy'),
  handle: (context) => {
    const { account, name, policy } = existing(context);
    if (policy === undefined) throw repositoryPolicyNotFound({ account, name });
    return { registryId: account, repositoryName: name, policyText: policy };
  },
});

export const DeleteRepositoryPolicy = operation('ecr', 'DeleteRepositoryPolicy', {
  resolve: targetRepository,
  authorize: onRepository('DeleteRepositoryPolicy'),
  handle: (context) => {
    const { policy, ...repository } = existing(context);
    if (policy === undefined) throw repositoryPolicyNotFound(repository);
    putRepository(context.tx, repository);
    return { registryId: repository.account, repositoryName: repository.name, policyText: policy };
  },
});
