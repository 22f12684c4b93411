import { AwsError } from '../../core/errors.ts';
import { type HandleContext, operation } from '../../gateway/operation.ts';
import { principalArn } from '../../gateway/principals.ts';
import type { PutParameterRequest } from '../../wire/generated/types/ssm.ts';
import { type FoundParameter, findParameter, parameterCheck } from './authorization.ts';
import { DEFAULT_KEY, sealValue } from './encryption.ts';
import { parameterExists, parameterNotFound, unsupported, validation } from './errors.ts';
import { checkNewName } from './names.ts';
import { currentVersion, type ParameterRecord, type ParameterVersion, parameters, partitionOf } from './records.ts';
import { checkTags, tagsOf } from './tags.ts';

const MOST_VERSIONS = 100;
const STANDARD_BYTES = 4096;
const ADVANCED_BYTES = 8192;

export const PutParameter = operation('ssm', 'PutParameter', {
  resolve: (context) => ({ found: findParameter(context, context.input.Name) }),
  authorize: ({ input, found }) => {
    const requestTags = tagsOf(input.Tags);
    const put = parameterCheck('PutParameter', found, {
      requestTags,
      context: { 'ssm:Overwrite': String(input.Overwrite === true) },
    });
    // "you must have the ssm:AddTagsToResource permission" (Parameter Store, tagging on creation)
    if (input.Tags === undefined || input.Tags.length === 0) return [put];
    return [put, parameterCheck('AddTagsToResource', found, { requestTags })];
  },
  handle: (context) => {
    const { input, account, region, tx, found } = context;
    // unverified: text
    if (found.named.selector !== undefined)
      throw validation(`Parameter name: ${input.Name} must not carry a selector.`);
    if (found.named.account !== account || found.named.region !== region) throw parameterNotFound();
    const name = found.record?.name ?? found.named.name;
    checkNewName(name, found.named.arn);
    refuseUnsupported(input);
    const { record } = found;
    if (record !== undefined && input.Overwrite !== true) throw parameterExists();
    if (input.Tags !== undefined && input.Tags.length > 0 && input.Overwrite === true) throw tagsAndOverwrite();
    checkTags(input.Tags ?? []);
    const next = newVersion(context, record);
    const versions = [...withRoom(record?.versions ?? [], name), next];
    tx.put(parameters, partitionOf(account, region), name, {
      name,
      arn: found.named.arn,
      tags: record?.tags ?? tagsOf(input.Tags),
      versions,
    });
    return { Version: next.version, Tier: next.tier };
  },
});

function newVersion(
  context: HandleContext<PutParameterRequest> & { readonly found: FoundParameter },
  record: ParameterRecord | undefined,
): ParameterVersion {
  const { input, now, principal, found } = context;
  const before = record === undefined ? undefined : currentVersion(record);
  const type = input.Type ?? before?.type;
  if (type === undefined) throw validation('A parameter type is required when you create a parameter.');
  // unverified: refused for names in a hierarchy, as the description of the code says, and taken for others.
  if (before !== undefined && before.type !== type && found.named.name.startsWith('/')) {
    throw new AwsError(
      'HierarchyTypeMismatchException',
      "Parameter Store doesn't support changing a parameter type in a hierarchy. For example, you can't change a parameter from a String type to a SecureString type. You must create a new, unique parameter.",
    );
  }
  const tier = tierOf(input, before);
  const allowedPattern = input.AllowedPattern ?? before?.allowedPattern;
  checkValue(input.Value, tier, allowedPattern);
  if (input.KeyId !== undefined && type !== 'SecureString') {
    // unverified: text
    throw validation('KeyId is valid only for parameters of type SecureString.');
  }
  const description = input.Description ?? before?.description;
  return {
    version: (before?.version ?? 0) + 1,
    type,
    value: input.Value,
    tier,
    dataType: input.DataType ?? 'text',
    labels: [],
    modifiedAt: now,
    modifiedBy: principalArn(principal),
    ...(description === undefined || description === '' ? {} : { description }),
    ...(allowedPattern === undefined || allowedPattern === '' ? {} : { allowedPattern }),
    ...(type === 'SecureString' ? sealed(context, tier) : {}),
  };
}

function sealed(
  context: HandleContext<PutParameterRequest> & { readonly found: FoundParameter },
  tier: string,
): Pick<ParameterVersion, 'value' | 'keyId' | 'keyArn'> {
  const keyId = context.input.KeyId ?? DEFAULT_KEY;
  const parameterArn = context.found.named.arn;
  return { keyId, ...sealValue(context, { value: context.input.Value, keyId, parameterArn, tier }) };
}

function tierOf(input: PutParameterRequest, before: ParameterVersion | undefined): 'Standard' | 'Advanced' {
  if (input.Tier === 'Advanced') return 'Advanced';
  if (input.Tier === 'Intelligent-Tiering') {
    return before?.tier === 'Advanced' || Buffer.byteLength(input.Value) > STANDARD_BYTES ? 'Advanced' : 'Standard';
  }
  if (input.Tier === 'Standard' && before?.tier === 'Advanced') {
    throw validation(
      "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a standard parameter.",
    );
  }
  return before?.tier ?? 'Standard';
}

function checkValue(value: string, tier: string, allowedPattern: string | undefined): void {
  if (value === '') {
    throw validation(
      "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1.",
    );
  }
  const size = Buffer.byteLength(value);
  if (tier === 'Standard' && size > STANDARD_BYTES) {
    throw validation(
      `Standard tier parameters support a maximum parameter value of ${STANDARD_BYTES} characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html`,
    );
  }
  if (size > ADVANCED_BYTES) {
    // unverified: text
    throw validation(`Advanced tier parameters support a maximum parameter value of ${ADVANCED_BYTES} characters.`);
  }
  if (allowedPattern === undefined || allowedPattern === '') return;
  // unverified: that the whole value must match, and not a part of it
  let pattern: RegExp;
  try {
    pattern = new RegExp(`^(?:${allowedPattern})$`, 'u');
  } catch {
    // unverified: text
    throw new AwsError('InvalidAllowedPatternException', `The allowed pattern is not valid: ${allowedPattern}`);
  }
  if (!pattern.test(value)) {
    throw new AwsError(
      'ParameterPatternMismatchException',
      `Parameter value, cannot be validated against allowedPattern: ${allowedPattern}`,
    );
  }
}

function refuseUnsupported(input: PutParameterRequest): void {
  if (input.Policies !== undefined) throw unsupported('Policies');
  if (input.DataType === undefined || input.DataType === 'text') return;
  if (input.DataType === 'aws:ec2:image' || input.DataType === 'aws:ssm:integration') {
    throw unsupported(`DataType ${input.DataType}`);
  }
  throw validation(`The following data type is not supported: ${input.DataType} (Data type names are all lowercase.)`);
}

function tagsAndOverwrite(): AwsError {
  return validation(
    "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.",
  );
}

/** Makes room for one more version: the oldest goes, unless a label holds it. */
function withRoom(versions: readonly ParameterVersion[], name: string): readonly ParameterVersion[] {
  const oldest = versions[0];
  if (oldest === undefined || versions.length < MOST_VERSIONS) return versions;
  if (oldest.labels.length > 0) {
    throw new AwsError(
      'ParameterMaxVersionLimitExceeded',
      `You attempted to create a new version of ${name} by calling the PutParameter API with the overwrite flag. Version ${oldest.version}, the oldest version, can't be deleted because it has a label associated with it. Move the label to another version of the parameter, and try again.`,
    );
  }
  return versions.slice(1);
}

export const DeleteParameter = operation('ssm', 'DeleteParameter', {
  resolve: (context) => ({ found: findParameter(context, context.input.Name) }),
  authorize: ({ found }) => [parameterCheck('DeleteParameter', found)],
  handle: ({ tx, found }) => {
    const { record, named } = found;
    if (record === undefined || named.selector !== undefined) throw parameterNotFound();
    tx.delete(parameters, partitionOf(named.account, named.region), record.name);
    return {};
  },
});

export const DeleteParameters = operation('ssm', 'DeleteParameters', {
  resolve: (context) => ({ all: context.input.Names.map((name) => findParameter(context, name)) }),
  authorize: ({ all }) => all.map((found) => parameterCheck('DeleteParameters', found)),
  handle: ({ tx, all }) => {
    const deleted: string[] = [];
    const invalid: string[] = [];
    for (const { asked, named, record } of all) {
      const gone =
        record !== undefined &&
        named.selector === undefined &&
        tx.delete(parameters, partitionOf(named.account, named.region), record.name);
      (gone ? deleted : invalid).push(asked);
    }
    return { DeletedParameters: deleted, InvalidParameters: invalid };
  },
});
