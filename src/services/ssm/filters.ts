import { AwsError } from '../../core/errors.ts';
import type { ParameterStringFilter, ParametersFilter } from '../../wire/generated/types/ssm.ts';
import { validation } from './errors.ts';
import { currentVersion, type ParameterRecord } from './records.ts';

export type Matches = (record: ParameterRecord) => boolean;

interface FilterKey {
  readonly options: readonly string[];
  readonly values: (record: ParameterRecord) => readonly string[];
}

const EQUALS = ['Equals'];

/** Source: API Reference, ParameterStringFilter: which keys take which options. */
const KEYS: Readonly<Record<string, FilterKey>> = {
  Name: { options: ['Equals', 'BeginsWith', 'Contains'], values: (record) => [record.name] },
  Type: { options: [...EQUALS, 'BeginsWith'], values: (record) => [currentVersion(record).type] },
  KeyId: { options: [...EQUALS, 'BeginsWith'], values: (record) => [currentVersion(record).keyId ?? ''] },
  Tier: { options: EQUALS, values: (record) => [currentVersion(record).tier] },
  DataType: { options: EQUALS, values: (record) => [currentVersion(record).dataType] },
  Label: { options: EQUALS, values: (record) => record.versions.flatMap((version) => version.labels) },
};

const DESCRIBE_KEYS = ['Name', 'Type', 'KeyId', 'Path', 'Tier', 'DataType'];
const BY_PATH_KEYS = ['Type', 'KeyId', 'Label'];

/** All filters must match; of a filter's values, one. */
export function stringFilters(
  filters: readonly ParameterStringFilter[] | undefined,
  operation: 'DescribeParameters' | 'GetParametersByPath',
): Matches {
  const keys = new Set((filters ?? []).map((filter) => filter.Key));
  if (keys.size !== (filters ?? []).length) {
    throw validation(
      'The following filters are duplicated in the request. A request can contain only one instance of a filter.',
    );
  }
  const matchers = (filters ?? []).map((filter) => stringFilter(filter, operation));
  return (record) => matchers.every((matches) => matches(record));
}

function stringFilter(filter: ParameterStringFilter, operation: string): Matches {
  const { Key, Values = [] } = filter;
  const served = operation === 'DescribeParameters' ? DESCRIBE_KEYS : BY_PATH_KEYS;
  const isTag = Key.startsWith('tag:') && operation === 'DescribeParameters';
  if (!isTag && !served.includes(Key)) {
    throw new AwsError(
      'InvalidFilterKey',
      `The following filter key is not valid: ${Key}. Valid filter keys include: [${served.join(', ')}].`,
    );
  }
  if (Key === 'Path') return pathFilter(filter);
  const option = filter.Option ?? 'Equals';
  if (isTag) return tagFilter(Key.slice('tag:'.length), option, Values);
  const key = KEYS[Key]!;
  if (!key.options.includes(option)) throw invalidOption(option, key.options);
  requireValues(Values, Key);
  return (record) => key.values(record).some((value) => Values.some((wanted) => compare(option, value, wanted)));
}

function tagFilter(tag: string, option: string, wanted: readonly string[]): Matches {
  if (option !== 'Equals') throw invalidOption(option, EQUALS);
  return (record) => {
    const value = record.tags[tag];
    return value !== undefined && (wanted.length === 0 || wanted.includes(value));
  };
}

function pathFilter({ Option = 'OneLevel', Values = [] }: ParameterStringFilter): Matches {
  if (Option !== 'OneLevel' && Option !== 'Recursive') throw invalidOption(Option, ['OneLevel', 'Recursive']);
  requireValues(Values, 'Path');
  return (record) => Values.some((path) => isUnder(record.name, path, Option === 'Recursive'));
}

/** Whether a parameter lies under a path: directly, or at any depth. A name without slashes lies at the root. */
export function isUnder(name: string, path: string, recursive: boolean): boolean {
  const full = name.startsWith('/') ? name : `/${name}`;
  const prefix = path.endsWith('/') ? path : `${path}/`;
  if (!full.startsWith(prefix)) return false;
  return recursive || !full.slice(prefix.length).includes('/');
}

function compare(option: string, value: string, wanted: string): boolean {
  if (option === 'BeginsWith') return value.startsWith(wanted);
  return option === 'Contains' ? value.includes(wanted) : value === wanted;
}

/** The older Filters member: names match by their beginning. */
export function legacyFilters(filters: readonly ParametersFilter[] | undefined): Matches {
  return (record) =>
    (filters ?? []).every(({ Key, Values }) => {
      const value = KEYS[Key]!.values(record)[0] ?? '';
      return Values.some((wanted) => (Key === 'Name' ? value.startsWith(wanted) : value === wanted));
    });
}

function invalidOption(option: string, valid: readonly string[]): AwsError {
  return new AwsError(
    'InvalidFilterOption',
    `The following filter option is not valid: ${option}. Valid options include: [${valid.join(', ')}].`,
  );
}

function requireValues(values: readonly string[], key: string): void {
  if (values.length === 0) {
    throw new AwsError('InvalidFilterValue', `The following filter values are missing : null for filter key ${key}.`);
  }
}
