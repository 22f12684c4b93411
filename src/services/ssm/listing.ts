import { arn } from '../../core/arn.ts';
import { operation } from '../../gateway/operation.ts';
import { unsupported, validation } from './errors.ts';
import { isUnder, legacyFilters, stringFilters } from './filters.ts';
import { checkPath } from './names.ts';
import { page } from './pages.ts';
import { shown } from './reading.ts';
import { allParameters, currentVersion } from './records.ts';

export const GetParametersByPath = operation('ssm', 'GetParametersByPath', {
  /** The resource is the path as it was asked for, trailing slash included (observed in refusals). */
  authorize: ({ input, account, region }) => [
    {
      action: 'ssm:GetParametersByPath',
      resource: input.Path.startsWith('/')
        ? arn('ssm', region, account, `parameter${input.Path}`)
        : arn('ssm', region, account, '*'),
      context: { 'ssm:Recursive': String(input.Recursive === true) },
    },
  ],
  handle: (context) => {
    const { input, account, region, tx } = context;
    checkPath(input.Path);
    const matches = stringFilters(input.ParameterFilters, 'GetParametersByPath');
    const all = allParameters(tx, account, region).filter(
      (record) => isUnder(record.name, input.Path, input.Recursive === true) && matches(record),
    );
    const { items, ...more } = page(all, (record) => record.name, input, 10);
    const open = input.WithDecryption === true;
    const label = input.ParameterFilters?.find((filter) => filter.Key === 'Label')?.Values;
    return {
      Parameters: items.map((record) => {
        const labelled = record.versions.find((version) => version.labels.some((name) => label?.includes(name)));
        return shown(context, record, labelled ?? currentVersion(record), { open });
      }),
      ...more,
    };
  },
});

export const DescribeParameters = operation('ssm', 'DescribeParameters', {
  // Refusals name this ARN, not `*` (observed).
  authorize: ({ account, region }) => [
    { action: 'ssm:DescribeParameters', resource: arn('ssm', region, account, '*') },
  ],
  handle: ({ input, account, region, tx }) => {
    if (input.Shared === true) throw unsupported('Shared');
    if (input.Filters !== undefined && input.ParameterFilters !== undefined) {
      throw validation('You can use either Filters or ParameterFilters in a single request.');
    }
    const matches = stringFilters(input.ParameterFilters, 'DescribeParameters');
    const matchesOld = legacyFilters(input.Filters);
    const all = allParameters(tx, account, region).filter((record) => matches(record) && matchesOld(record));
    // unverified: the size of a page when the request names none
    const { items, ...more } = page(all, (record) => record.name, input, 50);
    return {
      Parameters: items.map((record) => {
        const version = currentVersion(record);
        return {
          Name: record.name,
          ARN: record.arn,
          Type: version.type,
          ...(version.keyId === undefined ? {} : { KeyId: version.keyId }),
          LastModifiedDate: version.modifiedAt,
          LastModifiedUser: version.modifiedBy,
          ...(version.description === undefined ? {} : { Description: version.description }),
          ...(version.allowedPattern === undefined ? {} : { AllowedPattern: version.allowedPattern }),
          Version: version.version,
          Tier: version.tier,
          Policies: [],
          DataType: version.dataType,
        };
      }),
      ...more,
    };
  },
});
