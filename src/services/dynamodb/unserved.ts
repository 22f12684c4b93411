import type { AuthorizationCheck, ReadContext } from '../../gateway/operation.ts';
import { addressOf, findTable, tableCheck } from './target.ts';

type Unserved = ReadContext<Record<string, unknown>>;

const PARTIQL: Readonly<Record<string, string>> = {
  select: 'PartiQLSelect',
  insert: 'PartiQLInsert',
  update: 'PartiQLUpdate',
  delete: 'PartiQLDelete',
};

/** What the operations that are not served would be authorized against: the tables that their input names. */
export function unservedChecks(name: string, context: Unserved): readonly AuthorizationCheck[] {
  const { input } = context;
  const onTable = (action: string, table: unknown): AuthorizationCheck => checkOf(action, table, context);
  const statements = name === 'ExecuteStatement' ? [input] : listOf(input.Statements ?? input.TransactStatements);
  if (statements.length > 0) return statements.map((one) => onStatement(String(objectOf(one).Statement), onTable));
  return [onTable(name, input.TableName ?? input.ResourceArn ?? input.TableArn ?? input.GlobalTableName)];
}

function onStatement(
  text: string,
  onTable: (action: string, table: unknown) => AuthorizationCheck,
): AuthorizationCheck {
  const [, verb = ''] = /^\s*(\w+)/.exec(text) ?? [];
  const [, table] = /(?:from|into|update)\s+"?([A-Za-z0-9_.-]+)"?/i.exec(text) ?? [];
  return onTable(PARTIQL[verb.toLowerCase()] ?? 'PartiQLSelect', table);
}

function checkOf(action: string, table: unknown, { account, region, tx }: Unserved): AuthorizationCheck {
  if (typeof table !== 'string') return { action: `dynamodb:${action}`, resource: '*' };
  const address = addressOf(table, account, region);
  return tableCheck(action, { address, table: findTable(tx, address) });
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
