import type { Node } from '../node.ts';
import type { MadeAfter } from '../workload.ts';
import { type Declared, resourceId } from './scope.ts';

/**
 * What CloudFormation makes before a resource of a template: all that DependsOn, Ref, Fn::GetAtt or Fn::Sub mention in it,
 * directly or through others. Source: CloudFormation User Guide, aws-attribute-dependson.
 */
export function madeBefore(resource: Declared): MadeAfter {
  const { resources } = resource.stack;
  const before = new Set<Declared>();
  const open = [resource];
  for (const each of open) {
    const names = [...each.dependsOn, ...namesIn(each.properties)];
    for (const name of names) {
      const other = resources.get(name);
      // Names may be parameters, too.
      if (other === undefined || before.has(other)) continue;
      before.add(other);
      open.push(other);
    }
  }
  return { tool: 'CloudFormation', ids: new Set([...before].map(resourceId)), complete: true };
}

function* namesIn(node: Node): Iterable<string> {
  if (node.kind === 'list') for (const item of node.items) yield* namesIn(item);
  if (node.kind !== 'map') return;
  for (const [name, member] of node.members) {
    if (name === 'Ref') yield* texts(member);
    else if (name === 'Fn::GetAtt') for (const text of texts(member)) yield text.split('.')[0]!;
    else if (name === 'Fn::Sub')
      for (const text of texts(member)) for (const [, found] of text.matchAll(/\$\{([^}.!]+)/g)) yield found!;
    yield* namesIn(member);
  }
}

function texts(node: Node): string[] {
  if (node.kind === 'list') return node.items.flatMap(texts);
  return node.kind === 'scalar' && typeof node.value === 'string' ? [node.value] : [];
}
