import { AwsError } from '../../core/errors.ts';
import { operation } from '../../gateway/operation.ts';
import { MalformedPolicyDocument } from '../../policy/malformed.ts';
import { parsePolicy } from '../../policy/parse.ts';
import { accountCheck, secretCheck } from './authorization.ts';
import { isPublic } from './public-policy.ts';
import { putSecret } from './records.ts';
import { existing, findSecret, live } from './secret-ids.ts';

export const GetResourcePolicy = operation('secretsmanager', 'GetResourcePolicy', {
  resolve: (context) => ({ found: findSecret(context, context.input.SecretId) }),
  authorize: ({ found }) => [secretCheck('GetResourcePolicy', found)],
  handle: ({ found }) => {
    const secret = existing(found);
    return {
      ARN: secret.arn,
      Name: secret.name,
      ...(secret.policy === undefined ? {} : { ResourcePolicy: secret.policy }),
    };
  },
});

export const PutResourcePolicy = operation('secretsmanager', 'PutResourcePolicy', {
  resolve: (context) => ({ found: findSecret(context, context.input.SecretId) }),
  authorize: ({ input, found }) => [
    secretCheck('PutResourcePolicy', found, {
      context: { 'secretsmanager:BlockPublicPolicy': String(input.BlockPublicPolicy === true) },
    }),
  ],
  handle: ({ input, tx, found }) => {
    const secret = live(found);
    const problem = problemOf(input.ResourcePolicy);
    if (problem !== undefined) throw new AwsError('MalformedPolicyDocumentException', problem);
    if (input.BlockPublicPolicy === true && isPublic(input.ResourcePolicy)) {
      throw new AwsError(
        'PublicPolicyException',
        "You can't attach a resource policy that allows broad access to the secret.",
      );
    }
    putSecret(tx, { ...secret, policy: input.ResourcePolicy });
    return { ARN: secret.arn, Name: secret.name };
  },
});

export const DeleteResourcePolicy = operation('secretsmanager', 'DeleteResourcePolicy', {
  resolve: (context) => ({ found: findSecret(context, context.input.SecretId) }),
  authorize: ({ found }) => [secretCheck('DeleteResourcePolicy', found)],
  handle: ({ tx, found }) => {
    const { policy: _removed, ...secret } = live(found);
    putSecret(tx, secret);
    return { ARN: secret.arn, Name: secret.name };
  },
});

export const ValidateResourcePolicy = operation('secretsmanager', 'ValidateResourcePolicy', {
  resolve: (context) => ({
    found: context.input.SecretId === undefined ? undefined : findSecret(context, context.input.SecretId),
  }),
  authorize: ({ found }) => [
    found === undefined ? accountCheck('ValidateResourcePolicy') : secretCheck('ValidateResourcePolicy', found),
  ],
  handle: ({ input, found }) => {
    if (found !== undefined) existing(found);
    const problem = problemOf(input.ResourcePolicy);
    // unverified: names of the checks
    const errors =
      problem !== undefined
        ? [{ CheckName: 'PolicySyntax', ErrorMessage: problem }]
        : isPublic(input.ResourcePolicy)
          ? [{ CheckName: 'PublicPolicy', ErrorMessage: 'The resource policy allows broad access to the secret.' }]
          : [];
    return { PolicyValidationPassed: errors.length === 0, ValidationErrors: errors };
  },
});

/** What keeps a text from being a resource policy. */
function problemOf(text: string): string | undefined {
  try {
    parsePolicy(text, 'resource');
    return undefined;
  } catch (error) {
    if (error instanceof MalformedPolicyDocument) return error.message;
    throw error;
  }
}
