import { basename } from 'node:path';
import { inputOf } from './by-model.ts';
import { asText, type MapNode, mapNode, type Node, required, scalar } from './node.ts';
import { SourceError } from './origin.ts';
import type { TaskDefinitionSource } from './workload.ts';

/** What DescribeTaskDefinition answers beside the input that made it. Source: ECS API, TaskDefinition. */
const ANSWERED = [
  'compatibilities',
  'deregisteredAt',
  'deleteRequestedAt',
  'registeredAt',
  'registeredBy',
  'requiresAttributes',
  'revision',
  'status',
  'taskDefinitionArn',
];

/**
 * A task definition file: RegisterTaskDefinition's input, DescribeTaskDefinition's answer, or a bare list of containers
 * (its family is the file's name). @throws SourceError
 */
export function readTaskDefinition(document: Node): TaskDefinitionSource {
  const node = strip(inner(document));
  required(node, 'containerDefinitions', 'a task definition');
  const input = inputOf('ecs', 'RegisterTaskDefinition', node, 'api', 'the task definition');
  const family = input.members.get('family');
  if (family === undefined)
    throw new SourceError(
      'missing-member',
      node.origin,
      'the task definition has no `family`',
      'Add `family`, its name.',
    );
  return { origin: node.origin, family: asText(family, '`family`'), input };
}

/** True for a document that is, by its form, a task definition. */
export function isTaskDefinition(document: Node): boolean {
  if (document.kind === 'list') return document.items.some((item) => item.kind === 'map' && item.members.has('image'));
  if (document.kind !== 'map') return false;
  const described = document.members.get('taskDefinition');
  return (
    document.members.has('containerDefinitions') ||
    (described?.kind === 'map' && described.members.has('containerDefinitions'))
  );
}

function inner(document: Node): MapNode {
  if (document.kind === 'list') {
    const family = basename(document.origin.file)
      .replace(/\.[^.]*$/, '')
      .replace(/[^A-Za-z0-9_-]/g, '-');
    return mapNode(
      [
        ['family', scalar(family, document.origin)],
        ['containerDefinitions', document],
      ],
      document.origin,
    );
  }
  if (document.kind !== 'map')
    throw new SourceError(
      'wrong-type',
      document.origin,
      'a task definition must be an object',
      'Write RegisterTaskDefinition’s input.',
    );
  const described = document.members.get('taskDefinition');
  if (described?.kind !== 'map') return document;
  const tags = document.members.get('tags'); // DescribeTaskDefinition gives them beside the definition
  return tags === undefined ? described : mapNode([...described.members, ['tags', tags]], described.origin);
}

function strip(node: MapNode): MapNode {
  const described = node.members.has('taskDefinitionArn') || node.members.has('revision');
  const members = [...node.members].filter(([name]) => name !== '$schema' && !(described && ANSWERED.includes(name)));
  return mapNode(members, node.origin);
}
