import type { Registration } from '../../services/ecs/registration/rule.ts';
import { expandRole } from '../../services/ecs/task-roles.ts';
import { type Node, nearest, unknownsIn } from '../../sources/node.ts';
import type { Origin } from '../../sources/origin.ts';
import type { Missing } from '../../sources/unknown.ts';
import type { TaskDefinitionSource } from '../../sources/workload.ts';
import { hasToken, type Tokens } from './tokens.ts';

/** A value of a task definition that decides which call is made, and is not in the input. */
export interface UnknownPart {
  readonly path: string;
  readonly missing: readonly Missing[];
}

/** A task definition as RegisterTaskDefinition would get it, with tokens for what is not known. */
export interface RegistrationView {
  readonly source: TaskDefinitionSource;
  readonly family: string;
  readonly registration: Registration;
  /** The same without what no call can be planned for. */
  readonly plannable: Registration;
  readonly unknownParts: readonly UnknownPart[];
  readonly executionRoleArn?: string;
  readonly taskRoleArn?: string;
}

/** Reads the input of a task definition; roles become ARNs. */
export function registrationOf(source: TaskDefinitionSource, tokens: Tokens, account: string): RegistrationView {
  const plain = tokens.plain(source.input) as Registration;
  // The list of containers may itself be unknown.
  const registration: Registration = Array.isArray(plain.containerDefinitions)
    ? plain
    : { ...plain, containerDefinitions: [] };
  const unknownParts: UnknownPart[] = [];
  const decides = (path: string, text: string | undefined): boolean => {
    if (text === undefined || !hasToken(text)) return false;
    unknownParts.push({ path, missing: tokens.missingIn(text) });
    return true;
  };
  if (!Array.isArray(plain.containerDefinitions))
    decides('/containerDefinitions', String(plain.containerDefinitions ?? ''));
  const containerDefinitions = registration.containerDefinitions.map((container, index) => {
    if (typeof container !== 'object') {
      decides(`/containerDefinitions/${index}`, String(container));
      return {};
    }
    const path = `/containerDefinitions/${index}`;
    const { image, secrets, environmentFiles, ...rest } = container;
    const secretList = (list: typeof secrets, at: string) =>
      Array.isArray(list)
        ? list.filter(({ valueFrom }, position) =>
            // A reference that is known up to its account is enough to know what it refers to.
            /^[^\u{e000}]*:(secret:|parameter\/|parameter)/u.test(valueFrom ?? '')
              ? true
              : !decides(`${at}/${position}/valueFrom`, valueFrom),
          )
        : [];
    const imageUnknown = hasToken((image ?? '').split(/[:@]/)[0] ?? '') && decides(`${path}/image`, image);
    const { logConfiguration } = rest;
    return {
      ...rest,
      ...(image === undefined || imageUnknown ? {} : { image }),
      ...(secrets === undefined ? {} : { secrets: secretList(secrets, `${path}/secrets`) }),
      ...(Array.isArray(environmentFiles)
        ? {
            environmentFiles: environmentFiles.filter(({ value }, position) =>
              /^arn:[^\u{e000}]*:s3:::/u.test(value ?? '')
                ? true
                : !decides(`${path}/environmentFiles/${position}/value`, value),
            ),
          }
        : {}),
      ...(logConfiguration?.secretOptions === undefined
        ? {}
        : {
            logConfiguration: {
              ...logConfiguration,
              secretOptions: secretList(logConfiguration.secretOptions, `${path}/logConfiguration/secretOptions`),
            },
          }),
    };
  });
  const role = (given: string | undefined) =>
    given === undefined || given === '' ? undefined : hasToken(given) ? given : (expandRole(given, account) ?? given);
  const executionRoleArn = role(registration.executionRoleArn);
  const taskRoleArn = role(registration.taskRoleArn);
  return {
    source,
    family: tokens.shown(tokens.text(source.family)),
    registration,
    plannable: {
      ...registration,
      containerDefinitions,
      ...(executionRoleArn === undefined ? {} : { executionRoleArn }),
      ...(taskRoleArn === undefined ? {} : { taskRoleArn }),
    },
    unknownParts,
    ...(executionRoleArn === undefined ? {} : { executionRoleArn }),
    ...(taskRoleArn === undefined ? {} : { taskRoleArn }),
  };
}

/** Where a part of the task definition was written: the part itself, or the nearest thing above it. */
export function originAt({ input }: TaskDefinitionSource, path: string): Origin {
  return nearest(input, path).origin;
}

/** Whether a value in there is not known. */
export function unknownAt({ input }: TaskDefinitionSource, path: string): boolean {
  const node: Node = nearest(input, path);
  return unknownsIn(node).length > 0;
}
