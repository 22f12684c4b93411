import { type HandleContext, operation } from '../../gateway/operation.ts';
import type { Parameter } from '../../wire/generated/types/ssm.ts';
import { type FoundParameter, findParameter, parameterCheck } from './authorization.ts';
import { openValue } from './encryption.ts';
import { labelNotFound, parameterNotFound, versionNotFound } from './errors.ts';
import { page } from './pages.ts';
import { currentVersion, type ParameterRecord, type ParameterVersion } from './records.ts';
import { isSecretReference, readSecret, secretNotFound } from './secret-references.ts';

type OpenContext = Pick<HandleContext<unknown>, 'call' | 'ids'>;

/** A version as GetParameter shows it; a SecureString stays sealed unless asked to be opened. */
export function shown(
  context: OpenContext,
  record: ParameterRecord,
  version: ParameterVersion,
  { open, selector }: { open: boolean; selector?: string | undefined },
): Parameter {
  return {
    Name: record.name,
    Type: version.type,
    Value: plainOrSealed(context, record, version, open),
    Version: version.version,
    ...(selector === undefined ? {} : { Selector: selector }),
    LastModifiedDate: version.modifiedAt,
    ARN: record.arn,
    DataType: version.dataType,
  };
}

function plainOrSealed(
  context: OpenContext,
  record: ParameterRecord,
  version: ParameterVersion,
  open: boolean,
): string {
  return open && version.type === 'SecureString' ? openValue(context, version, record.arn) : version.value;
}

/** The version that a selector (`:3`, `:label`) stands for; the current one without a selector. */
export function selected(record: ParameterRecord, selector: string | undefined): ParameterVersion | undefined {
  if (selector === undefined) return currentVersion(record);
  const wanted = selector.slice(1);
  if (/^\d+$/.test(wanted)) return record.versions.find((version) => version.version === Number(wanted));
  return record.versions.find((version) => version.labels.includes(wanted));
}

export const GetParameter = operation('ssm', 'GetParameter', {
  resolve: (context) => ({ found: findParameter(context, context.input.Name) }),
  authorize: ({ found }) => [parameterCheck('GetParameter', found)],
  handle: (context) => {
    const { input, found } = context;
    const { record, named } = found;
    if (isSecretReference(named.name)) {
      const secret = readSecret(context, named.name, input.WithDecryption === true);
      if (secret === undefined) throw secretNotFound(named.name);
      return { Parameter: secret };
    }
    if (record === undefined) throw parameterNotFound();
    const version = selected(record, named.selector);
    if (version === undefined) {
      const wanted = named.selector?.slice(1) ?? '';
      throw /^\d+$/.test(wanted) ? versionNotFound(wanted, record.name) : labelNotFound(wanted, record.name);
    }
    const open = input.WithDecryption === true;
    return { Parameter: shown(context, record, version, { open, selector: named.selector }) };
  },
});

export const GetParameters = operation('ssm', 'GetParameters', {
  resolve: (context) => ({ all: [...new Set(context.input.Names)].map((name) => findParameter(context, name)) }),
  // Each name is a check of its own: one that is refused refuses the call, and is the one that the refusal names.
  authorize: ({ all }) => all.map((found) => parameterCheck('GetParameters', found)),
  handle: (context) => {
    const open = context.input.WithDecryption === true;
    const Parameters: Parameter[] = [];
    const InvalidParameters: string[] = [];
    for (const { asked, named, record } of context.all) {
      if (isSecretReference(named.name)) {
        const secret = readSecret(context, named.name, open);
        if (secret === undefined) InvalidParameters.push(asked);
        else Parameters.push(secret);
        continue;
      }
      const version = record === undefined ? undefined : selected(record, named.selector);
      if (record === undefined || version === undefined) InvalidParameters.push(asked);
      else Parameters.push(shown(context, record, version, { open, selector: named.selector }));
    }
    return { Parameters, InvalidParameters };
  },
});

export const GetParameterHistory = operation('ssm', 'GetParameterHistory', {
  resolve: (context) => ({ found: findParameter(context, context.input.Name) }),
  authorize: ({ found }) => [parameterCheck('GetParameterHistory', found)],
  handle: (context) => {
    const { input } = context;
    const record = existing(context.found);
    const order = (version: ParameterVersion) => String(version.version).padStart(10, '0');
    const { items, ...more } = page(record.versions, order, input, 50);
    return {
      Parameters: items.map((version) => ({
        Name: record.name,
        Type: version.type,
        ...(version.keyId === undefined ? {} : { KeyId: version.keyId }),
        LastModifiedDate: version.modifiedAt,
        LastModifiedUser: version.modifiedBy,
        ...(version.description === undefined ? {} : { Description: version.description }),
        Value: plainOrSealed(context, record, version, input.WithDecryption === true),
        ...(version.allowedPattern === undefined ? {} : { AllowedPattern: version.allowedPattern }),
        Version: version.version,
        Labels: version.labels,
        Tier: version.tier,
        Policies: [],
        DataType: version.dataType,
      })),
      ...more,
    };
  },
});

/** The parameter of a request that takes no selector; refuses when there is none. */
export function existing({ record, named }: FoundParameter): ParameterRecord {
  if (record === undefined || named.selector !== undefined) throw parameterNotFound();
  return record;
}
