import type { Node } from '../../sources/node.ts';
import type { Origin } from '../../sources/origin.ts';
import type { HeldPolicy } from '../model/roles.ts';

/** Where a statement of a policy was written. */
export function statementOrigin({ source, origin }: HeldPolicy, index: number): Origin {
  const statements: Node | undefined = source?.node.kind === 'map' ? source.node.members.get('Statement') : undefined;
  if (statements?.kind === 'list') return statements.items[index]?.origin ?? origin;
  return statements?.origin ?? source?.origin ?? origin;
}
