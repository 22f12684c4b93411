import type * as Ecs from '../../../wire/generated/types/ecs.ts';

/** What RegisterTaskDefinition is asked to register. Roles may be short names or ARNs. */
export type Registration = Ecs.RegisterTaskDefinitionRequest;

/** One reason for which ECS would not register a task definition. */
export interface Violation {
  readonly code: 'ClientException' | 'InvalidParameterException';
  /** ECS's own text. */
  readonly message: string;
  /** JSON pointer into the request, e.g. `/containerDefinitions/0/secrets`. */
  readonly path: string;
}

/** A rule finds its violations in a task definition. Rules are pure: what ECS checks by looking elsewhere is no rule. */
export type Rule = (registration: Registration) => Iterable<Violation>;

/** Most refusals are ClientExceptions. */
export function violation(path: string, message: string, code: Violation['code'] = 'ClientException'): Violation {
  return { code, message, path };
}

export interface ContainerAt {
  readonly container: Ecs.ContainerDefinition;
  readonly name: string;
  /** Pointer to the container. */
  readonly path: string;
}

export function containersOf(registration: Pick<Registration, 'containerDefinitions'>): readonly ContainerAt[] {
  return (registration.containerDefinitions ?? []).map((container, index) => ({
    container,
    name: container.name ?? '',
    path: `/containerDefinitions/${index}`,
  }));
}
