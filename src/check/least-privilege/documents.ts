import { MANAGED_POLICY_LIMIT, policySize } from '../../policy/limits.ts';
import { type NeededStatement, oneOrMany } from './statements.ts';

export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly NeededStatement[];
}

const document = (statements: readonly NeededStatement[]): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: statements,
});

const fits = (statements: readonly NeededStatement[]) =>
  policySize(JSON.stringify(document(statements)), MANAGED_POLICY_LIMIT.whiteSpaceCounts) <=
  MANAGED_POLICY_LIMIT.characters;

/** As few documents as the size limit of a managed policy allows: statements stay whole where they can. */
export function splitBySize(statements: readonly NeededStatement[]): PolicyDocument[] {
  const documents: NeededStatement[][] = [];
  let current: NeededStatement[] = [];
  for (const statement of statements.flatMap(halved)) {
    if (current.length > 0 && !fits([...current, statement])) {
      documents.push(current);
      current = [];
    }
    current.push(statement);
  }
  if (current.length > 0) documents.push(current);
  return documents.map(document);
}

/** A statement too long for a document of its own, as several with a part of the resources each. */
function halved(statement: NeededStatement): NeededStatement[] {
  const resources = [statement.Resource].flat() as readonly string[];
  if (fits([statement]) || resources.length === 1) return [statement];
  const middle = Math.ceil(resources.length / 2);
  return [resources.slice(0, middle), resources.slice(middle)].flatMap((part, index) =>
    halved({ ...statement, Sid: `${statement.Sid}${index === 0 ? 'A' : 'B'}`, Resource: oneOrMany(part) }),
  );
}
