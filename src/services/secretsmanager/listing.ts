import { operation } from '../../gateway/operation.ts';
import type { SortByType } from '../../wire/generated/types/secretsmanager.ts';
import { accountCheck, secretCheck } from './authorization.ts';
import { matchingSecrets } from './filters.ts';
import { page } from './pages.ts';
import type { SecretRecord } from './records.ts';
import { existing, findSecret } from './secret-ids.ts';
import { describe, stagesOf } from './secrets.ts';

const SORT_KEYS: Readonly<Record<SortByType, (secret: SecretRecord) => string | number>> = {
  'created-date': (secret) => secret.createdAt,
  'last-accessed-date': (secret) => secret.lastAccessedAt ?? 0,
  'last-changed-date': (secret) => secret.lastChangedAt,
  name: (secret) => secret.name,
};

export const ListSecrets = operation('secretsmanager', 'ListSecrets', {
  authorize: () => [accountCheck('ListSecrets')],
  handle: (context) => {
    const { input } = context;
    const keyOf = SORT_KEYS[input.SortBy ?? 'created-date'];
    // unverified: the newest first when the request names no order
    const sign = input.SortOrder === 'asc' ? 1 : -1;
    const all = matchingSecrets(context, input.Filters, input.IncludePlannedDeletion === true).sort((a, b) => {
      const [x, y] = [keyOf(a), keyOf(b)];
      return sign * (x < y ? -1 : x > y ? 1 : 0);
    });
    const { items, ...more } = page(all, (secret) => secret.arn, input, 100);
    return {
      SecretList: items.map((secret) => ({ ...describe(secret), SecretVersionsToStages: stagesOf(secret) })),
      ...more,
    };
  },
});

export const ListSecretVersionIds = operation('secretsmanager', 'ListSecretVersionIds', {
  resolve: (context) => ({ found: findSecret(context, context.input.SecretId) }),
  authorize: ({ found }) => [secretCheck('ListSecretVersionIds', found)],
  handle: ({ input, found }) => {
    const secret = existing(found);
    const all = secret.versions.filter((version) => input.IncludeDeprecated === true || version.stages.length > 0);
    const { items, ...more } = page(all, (version) => version.versionId, input, 100);
    return {
      Versions: items.map((version) => ({
        VersionId: version.versionId,
        VersionStages: version.stages,
        ...(version.lastAccessedAt === undefined ? {} : { LastAccessedDate: version.lastAccessedAt }),
        CreatedDate: version.createdAt,
        KmsKeyIds: [version.kmsKeyId ?? 'DefaultEncryptionKey'],
      })),
      ARN: secret.arn,
      Name: secret.name,
      ...more,
    };
  },
});
