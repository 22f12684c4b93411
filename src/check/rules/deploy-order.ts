import { type Node, nearest } from '../../sources/node.ts';
import { readDocument } from '../../sources/read-document.ts';
import type { ServiceSource } from '../../sources/workload.ts';
import type { RoleView } from '../model/roles.ts';
import type { World } from '../model/world.ts';
import { found, type Rule } from './rule.ts';

/**
 * A service is made as soon as its task definition is, and that waits for the roles, not for policies that stand as
 * resources of their own. Source: CloudFormation User Guide, DependsOn ("roles and policies"); ECS retries, and says that
 * it was unable to assume the role or was refused.
 */
export const deployOrder: Rule = {
  id: 'RC209',
  title: 'Service does not wait for the policies of its roles',
  severity: 'note',
  verdict: 'advice',
  *find(world, tasks) {
    if (world.workload.services.length === 0) return;
    const templates = new Map<string, Node>();
    const seen = new Set<string>();
    for (const task of tasks) {
      for (const { source } of world.deployments.of(task.view.source).services) {
        if (!source.origin.path.startsWith('/Resources/') || seen.has(source.id ?? '')) continue;
        seen.add(source.id ?? '');
        const waitsFor = ancestors(source, templates);
        const late = [task.execution, task.task].flatMap((role) =>
          role === undefined ? [] : policiesApart(world, role).filter((id) => !waitsFor.has(id)),
        );
        if (late.length === 0) continue;
        const names = [...new Set(late)];
        yield found(world, deployOrder, {
          task,
          source: source.origin,
          why: `CloudFormation may make the service before ${names.join(', ')}: its first tasks then start with roles that have no permissions yet, and fail.`,
          remedy: `Add DependsOn: [${names.join(', ')}] to the service.`,
        });
      }
    }
  },
};

/** Logical ids of the policies of a role that are resources of the template apart from it. */
function policiesApart({ workload, tokens }: World, role: RoleView): string[] {
  const own = role.source;
  if (own?.id === undefined) return [];
  const stack = own.id.slice(0, own.id.lastIndexOf('/') + 1);
  const name = tokens.text(own.name);
  return [...workload.inlinePolicies, ...workload.attachments].flatMap(({ id, holder }) =>
    id?.startsWith(stack) === true && id !== own.id && holder.kind === 'role' && tokens.text(holder.name) === name
      ? [id.slice(stack.length)]
      : [],
  );
}

/** Logical ids that must be made before the service: named by DependsOn or referred to, directly or through others. */
function ancestors({ origin }: ServiceSource, templates: Map<string, Node>): ReadonlySet<string> {
  let root = templates.get(origin.file);
  if (root === undefined) {
    root = readDocument(origin.file);
    templates.set(origin.file, root);
  }
  const resources = nearest(root, '/Resources');
  const before = new Set<string>();
  const open = [origin.path.slice('/Resources/'.length).split('/')[0]!];
  for (const name of open) {
    const entry = resources.kind === 'map' ? resources.members.get(name) : undefined;
    for (const other of entry === undefined ? [] : namesIn(entry)) {
      if (before.has(other)) continue;
      before.add(other);
      open.push(other);
    }
  }
  return before;
}

/** Every name that DependsOn, Ref, Fn::GetAtt or Fn::Sub mention. Names that are no resources do no harm. */
function* namesIn(node: Node): Iterable<string> {
  if (node.kind === 'list') for (const item of node.items) yield* namesIn(item);
  if (node.kind !== 'map') return;
  for (const [name, member] of node.members) {
    if (name === 'Ref' || name === 'DependsOn') yield* texts(member);
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
