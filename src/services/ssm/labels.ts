import { AwsError } from '../../core/errors.ts';
import { operation } from '../../gateway/operation.ts';
import { findParameter, parameterCheck } from './authorization.ts';
import { versionNotFound } from './errors.ts';
import { existing } from './reading.ts';
import { currentVersion, type ParameterRecord, type ParameterVersion, parameters, partitionOf } from './records.ts';

const MOST_LABELS = 10;

/** Source: Parameter Store, sysman-paramstore-labels: letters, digits, `.-_`; no digit, "aws" or "ssm" in front. */
function isLabel(label: string): boolean {
  return /^[a-zA-Z0-9_.-]{1,100}$/.test(label) && !/^(\d|aws|ssm)/i.test(label);
}

export const LabelParameterVersion = operation('ssm', 'LabelParameterVersion', {
  resolve: (context) => ({ found: findParameter(context, context.input.Name) }),
  authorize: ({ found }) => [parameterCheck('LabelParameterVersion', found)],
  handle: ({ input, tx, found }) => {
    const record = existing(found);
    const target = versionOf(record, input.ParameterVersion);
    const labels = [...new Set(input.Labels)];
    const invalid = labels.filter((label) => !isLabel(label));
    if (invalid.length > 0) return { InvalidLabels: invalid, ParameterVersion: target.version };
    const versions = record.versions.map((version) =>
      version.version === target.version
        ? { ...version, labels: [...new Set([...version.labels, ...labels])] }
        : { ...version, labels: version.labels.filter((label) => !labels.includes(label)) },
    );
    const labelled = versions.find((version) => version.version === target.version)!;
    if (labelled.labels.length > MOST_LABELS) {
      throw new AwsError(
        'ParameterVersionLabelLimitExceeded',
        `A parameter version can have maximum ${MOST_LABELS} labels.Move one or more labels to another version and try again.`,
      );
    }
    tx.put(parameters, partitionOf(found.named.account, found.named.region), record.name, { ...record, versions });
    return { InvalidLabels: [], ParameterVersion: target.version };
  },
});

export const UnlabelParameterVersion = operation('ssm', 'UnlabelParameterVersion', {
  resolve: (context) => ({ found: findParameter(context, context.input.Name) }),
  authorize: ({ found }) => [parameterCheck('UnlabelParameterVersion', found)],
  handle: ({ input, tx, found }) => {
    const record = existing(found);
    const target = versionOf(record, input.ParameterVersion);
    const removed = target.labels.filter((label) => input.Labels.includes(label));
    const kept = { ...target, labels: target.labels.filter((label) => !removed.includes(label)) };
    const versions = record.versions.map((version) => (version.version === target.version ? kept : version));
    tx.put(parameters, partitionOf(found.named.account, found.named.region), record.name, { ...record, versions });
    return { RemovedLabels: removed, InvalidLabels: input.Labels.filter((label) => !removed.includes(label)) };
  },
});

function versionOf(record: ParameterRecord, wanted: number | undefined): ParameterVersion {
  if (wanted === undefined) return currentVersion(record);
  const version = record.versions.find((candidate) => candidate.version === wanted);
  if (version === undefined) throw versionNotFound(String(wanted), record.name);
  return version;
}
