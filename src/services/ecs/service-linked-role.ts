import { AwsError } from '../../core/errors.ts';
import type { ServiceCall } from '../../gateway/operation.ts';
import type { Read } from '../../store/collections.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import { findServiceLinkedRole } from '../iam/service-linked-roles.ts';
import { invalidParameter } from './errors.ts';
import type { Scope } from './identifiers.ts';

export function serviceLinkedRoleExists(read: Read, account: string): boolean {
  return findServiceLinkedRole(read, account, 'ecs.amazonaws.com') !== undefined;
}

/** Source: observed (RunTask in awsvpc mode, CreateCluster with capacity providers). */
export const noServiceLinkedRole = () =>
  invalidParameter('Unable to assume the service linked role. Please verify that the ECS service linked role exists.');

/**
 * Makes ECS's service-linked role when it is missing, as the caller (who needs iam:CreateServiceLinkedRole). A caller
 * who may not still gets a cluster: the container agent makes its cluster with a role that has never had that permission
 * (AmazonEC2ContainerServiceforEC2Role). What needs the role then fails when it is used.
 * Source: ECS Developer Guide, using service-linked roles. unverified: that the refusal alone does not fail CreateCluster
 */
export function ensureServiceLinkedRole(
  context: { readonly tx: Read; readonly call: ServiceCall },
  account: string,
): boolean {
  if (serviceLinkedRoleExists(context.tx, account)) return true;
  try {
    context.call('iam', 'CreateServiceLinkedRole', { AWSServiceName: 'ecs.amazonaws.com' }, { via: 'ecs' });
    return true;
  } catch (error) {
    if (error instanceof AwsError && error.fault === 'client') return false;
    throw error;
  }
}

/** The network interface of an awsvpc task is made with the service-linked role. Errors: InvalidParameterException. */
export function checkServiceLinkedRole(read: Read, scope: Scope, definition: Ecs.TaskDefinition): void {
  if (definition.networkMode === 'awsvpc' && !serviceLinkedRoleExists(read, scope.account)) throw noServiceLinkedRole();
}
