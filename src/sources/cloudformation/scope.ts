import { createHash } from 'node:crypto';
import type { MapNode, Node } from '../node.ts';
import type { Origin } from '../origin.ts';
import type { Text } from '../unknown.ts';
import type { OpenWorkload } from '../workload.ts';

/** A resource as its template declares it. */
export interface Declared {
  readonly stack: Stack;
  readonly logicalId: string;
  readonly type: string;
  /** Not yet evaluated. */
  readonly properties: MapNode;
  readonly origin: Origin;
  /** Logical ids. */
  readonly dependsOn: readonly string[];
  readonly condition: string | undefined;
  readonly metadata: Node | undefined;
}

/** What the evaluation of a template's functions asks of the template. */
export interface Stack {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  /** Made in another account than the one that the input is read for. */
  readonly otherAccounts: boolean;
  /** Values given by the user: parameters, and stand-ins for what the input does not say. */
  readonly given: ReadonlyMap<string, string>;
  readonly parameters: ReadonlyMap<string, Node>;
  readonly mappings: ReadonlyMap<string, Node>;
  readonly conditions: ReadonlyMap<string, Node>;
  readonly resources: ReadonlyMap<string, Declared>;
  /** Transforms that run in the account: what they add or change is not known. */
  readonly macros: readonly string[];
  /** The value that another stack of the input exports under this name. */
  imported(name: string, at: Origin): Node | undefined;
  /** The stack that an AWS::CloudFormation::Stack makes, where its template is at hand; else why it is not. */
  nested(resource: Declared): NestedStack | string;
  /** Value of `Ref` of a resource. */
  refOf(resource: Declared, at: Origin): Text;
  /** Value of `Fn::GetAtt` of a resource. */
  attributeOf(resource: Declared, attribute: string, at: Origin): Text;
}

/** A stack within a stack. */
export interface NestedStack {
  readResources(workload: OpenWorkload): void;
  output(name: string, at: Origin): Node;
}

/** The key under which deferred values of a resource are kept. Stacks of several accounts may have the same name. */
export function resourceId({ stack, logicalId }: Declared): string {
  const place = stack.otherAccounts ? `${stack.account}.${stack.region}.` : '';
  return `${place}${stack.name}/${logicalId}`;
}

/** Twelve characters that are the same on every run, where CloudFormation takes random ones. */
export function nameSuffix(stack: string, logicalId: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
  const digest = createHash('sha256').update(`${stack}/${logicalId}`).digest();
  return Array.from(digest.subarray(0, 12), (byte) => alphabet[byte % alphabet.length]).join('');
}

/**
 * `STACK-LOGICALID-SUFFIX`: the form of the physical names that CloudFormation makes up. Where that is longer than the
 * service takes, stack name and logical id are cut to equal parts.
 */
export function madeUpName({ stack, logicalId }: Declared, longest = 128): string {
  const suffix = nameSuffix(stack.name, logicalId);
  const room = longest - suffix.length - 2;
  if (stack.name.length + logicalId.length <= room) return `${stack.name}-${logicalId}-${suffix}`;
  const half = Math.floor(room / 2);
  const first = stack.name.slice(0, Math.max(half, room - logicalId.length));
  return `${first}-${logicalId.slice(0, room - first.length)}-${suffix}`;
}
