import { operation } from '../../gateway/operation.ts';
import { secretCheck } from './authorization.ts';
import { invalidParameter, invalidRequest } from './errors.ts';
import { deleteSecret, putSecret } from './records.ts';
import { existing, findSecret } from './secret-ids.ts';

const DAY = 86_400_000;
const DEFAULT_WINDOW = 30;

export const DeleteSecret = operation('secretsmanager', 'DeleteSecret', {
  resolve: (context) => ({ found: findSecret(context, context.input.SecretId) }),
  authorize: ({ input, found }) => [
    secretCheck('DeleteSecret', found, {
      context: {
        'secretsmanager:ForceDeleteWithoutRecovery': String(input.ForceDeleteWithoutRecovery === true),
        ...(input.RecoveryWindowInDays === undefined
          ? {}
          : { 'secretsmanager:RecoveryWindowInDays': String(input.RecoveryWindowInDays) }),
      },
    }),
  ],
  handle: ({ input, now, tx, found }) => {
    const force = input.ForceDeleteWithoutRecovery === true;
    const days = input.RecoveryWindowInDays;
    if (force && days !== undefined) {
      throw invalidParameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");
    }
    if (days !== undefined && (days < 7 || days > 30)) {
      throw invalidParameter('The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).');
    }
    if (force) {
      // "If you forcibly delete an already deleted or nonexistent secret, the operation does not return
      // ResourceNotFoundException." (DeleteSecret)
      if (found.secret !== undefined) deleteSecret(tx, found.secret);
      return { ARN: found.arn, Name: found.secret?.name ?? found.asked, DeletionDate: now };
    }
    const secret = existing(found);
    if (secret.deletedAt !== undefined) {
      throw invalidRequest(
        "You can't perform this operation on the secret because it was already scheduled for deletion.",
      );
    }
    const goneAt = now + (days ?? DEFAULT_WINDOW) * DAY;
    putSecret(tx, { ...secret, deletedAt: now, goneAt });
    return { ARN: secret.arn, Name: secret.name, DeletionDate: goneAt };
  },
});

export const RestoreSecret = operation('secretsmanager', 'RestoreSecret', {
  resolve: (context) => ({ found: findSecret(context, context.input.SecretId) }),
  authorize: ({ found }) => [secretCheck('RestoreSecret', found)],
  handle: ({ tx, found }) => {
    const { deletedAt: _marked, goneAt: _window, ...secret } = existing(found);
    putSecret(tx, secret);
    return { ARN: secret.arn, Name: secret.name };
  },
});
