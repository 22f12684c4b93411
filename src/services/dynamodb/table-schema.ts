import type { CreateTableInput, KeySchemaElement } from '../../wire/generated/types/dynamodb.ts';
import { invalidValues, validation } from './errors.ts';
import type { IndexRecord, TableRecord, Throughput } from './records.ts';

type Schema = Pick<TableRecord, 'attributes' | 'keySchema' | 'indexes' | 'billingMode' | 'throughput'>;

/** Checks keys, indexes and throughput of a new table. Texts observed unless marked. */
export function readSchema(input: CreateTableInput): Schema {
  const { AttributeDefinitions: attributes, KeySchema: keySchema } = input;
  // unverified: the texts of these two.
  if (attributes === undefined) throw invalidValues('Missing AttributeDefinitions');
  if (keySchema === undefined) throw invalidValues('Missing KeySchema');
  checkKeySchema(keySchema);
  const indexes = readIndexes(input, keySchema);
  checkDefinitions(attributes, [keySchema, ...indexes.map((index) => index.keySchema)]);
  return { attributes, keySchema, indexes, ...readBilling(input, indexes) };
}

/** Every key attribute is defined, and nothing else is. Texts observed, different without and with indexes. */
function checkDefinitions(
  attributes: readonly { readonly AttributeName: string }[],
  schemas: readonly (readonly KeySchemaElement[])[],
): void {
  const used = [...new Set(schemas.flat().map((key) => key.AttributeName))];
  const defined = [...new Set(attributes.map(({ AttributeName }) => AttributeName))];
  const missing = used.filter((name) => !defined.includes(name));
  const plain = schemas.length === 1;
  if (plain && defined.length < used.length) {
    throw validation('Invalid KeySchema: Some index key attribute have no definition');
  }
  if (plain && defined.length > used.length) {
    throw invalidValues(
      'Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions',
    );
  }
  if (missing.length > 0) {
    throw invalidValues(
      `Some index key attributes are not defined in AttributeDefinitions. Keys: [${missing.join(', ')}], AttributeDefinitions: [${defined.join(', ')}]`,
    );
  }
  if (defined.length > used.length) {
    throw invalidValues(
      `Some AttributeDefinitions are not used. AttributeDefinitions: [${defined.join(', ')}], keys used: [${used.join(', ')}]`,
    );
  }
}

function checkKeySchema(schema: readonly KeySchemaElement[]): void {
  if (schema[0]?.KeyType !== 'HASH') {
    throw validation('Invalid KeySchema: The first KeySchemaElement is not a HASH key type');
  }
  if (schema.length > 2 || (schema.length === 2 && schema[1]?.KeyType !== 'RANGE')) {
    throw validation('Invalid KeySchema: The second KeySchemaElement is not a RANGE key type');
  }
  if (schema.length === 2 && schema[0].AttributeName === schema[1]?.AttributeName) {
    throw validation('Both the Hash Key and the Range Key element in the KeySchema have the same name');
  }
}

function readIndexes(input: CreateTableInput, keySchema: readonly KeySchemaElement[]): IndexRecord[] {
  const local = (input.LocalSecondaryIndexes ?? []).map((index) => ({
    ...index,
    global: false,
    ProvisionedThroughput: undefined,
  }));
  const global = (input.GlobalSecondaryIndexes ?? []).map((index) => ({ ...index, global: true }));
  const names = new Set<string>();
  return [...local, ...global].map((index) => {
    if (names.has(index.IndexName)) throw invalidValues(`Duplicate index name: ${index.IndexName}`);
    names.add(index.IndexName);
    checkKeySchema(index.KeySchema);
    if (!index.global && index.KeySchema[0]?.AttributeName !== keySchema[0]?.AttributeName) {
      throw invalidValues(
        `Index KeySchema does not have the same leading hash key as table KeySchema for index: ${index.IndexName}. index hash key: ${index.KeySchema[0]?.AttributeName}, table hash key: ${keySchema[0]?.AttributeName}`,
      );
    }
    if (!index.global && keySchema.length < 2) {
      throw invalidValues(
        'Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex',
      );
    }
    if (index.Projection.ProjectionType === undefined) throw invalidValues('Unknown ProjectionType: null');
    if ((index.Projection.ProjectionType === 'INCLUDE') !== (index.Projection.NonKeyAttributes !== undefined)) {
      throw invalidValues(
        `ProjectionType is ${index.Projection.ProjectionType}, ${index.Projection.NonKeyAttributes === undefined ? 'but NonKeyAttributes is not specified' : 'but NonKeyAttributes is specified'}`,
      );
    }
    const throughput = index.ProvisionedThroughput;
    return {
      name: index.IndexName,
      global: index.global,
      keySchema: index.KeySchema,
      projection: index.Projection,
      ...(throughput === undefined ? {} : { throughput }),
    };
  });
}

const NONE: Throughput = { ReadCapacityUnits: 0, WriteCapacityUnits: 0 };

function readBilling(
  { BillingMode: mode = 'PROVISIONED', ProvisionedThroughput: throughput }: CreateTableInput,
  indexes: readonly IndexRecord[],
): Pick<Schema, 'billingMode' | 'throughput'> {
  const given = [throughput, ...indexes.filter(({ global }) => global).map((index) => index.throughput)];
  if (mode === 'PROVISIONED') {
    if (given.some((one) => one === undefined)) {
      throw invalidValues(
        'ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED',
      );
    }
    return { billingMode: mode, throughput: throughput ?? NONE };
  }
  if (given.some((one) => one !== undefined)) {
    throw invalidValues(
      'Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST',
    );
  }
  return { billingMode: mode, throughput: NONE };
}
