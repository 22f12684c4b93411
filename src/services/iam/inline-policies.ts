import { type Operation, operation } from '../../gateway/operation.ts';
import type { Unit } from '../../wire/generated/types/iam.ts';
import { checkInlineDocument, checkInlineTotal, encodeDocument } from './documents.ts';
import { entityCheck, existing, modifiable, putEntity } from './entities.ts';
import { type EntityKind, inlinePolicyNotFound } from './errors.ts';
import { byKey, type PageRequest, page } from './paging.ts';
import type { Entity, RoleRecord } from './records.ts';
import { type Found, ofGroup, ofRole, ofUser, resolver, type Target } from './targets.ts';

function authorizer<N>({ kind, action, nameOf }: Target<N>): Operation<N, unknown, Found>['authorize'] {
  return ({ account, input, entity }) => [entityCheck(action, kind, account, nameOf(input), entity)];
}

/** The entity to change; service-linked roles are not. */
function toChange(kind: EntityKind, entity: Entity | undefined, name: string): Entity {
  const found = existing(entity, kind, name);
  if (kind === 'role') modifiable(found as RoleRecord);
  return found;
}

interface Document {
  readonly PolicyName: string;
  readonly PolicyDocument: string;
}

function put<N>(target: Target<N>): Operation<N & Document, Unit, Found> {
  const { kind, nameOf } = target;
  return {
    resolve: resolver(target),
    authorize: authorizer(target),
    handle: ({ tx, account, input, entity }) => {
      const found = toChange(kind, entity, nameOf(input));
      const inline = { ...found.inline, [input.PolicyName]: input.PolicyDocument };
      checkInlineTotal(kind, found.name, inline);
      checkInlineDocument(input.PolicyDocument);
      putEntity(tx, kind, account, { ...found, inline } as never);
      return {};
    },
  };
}

function remove<N>(target: Target<N>): Operation<N & { readonly PolicyName: string }, Unit, Found> {
  const { kind, nameOf } = target;
  return {
    resolve: resolver(target),
    authorize: authorizer(target),
    handle: ({ tx, account, input, entity }) => {
      const found = toChange(kind, entity, nameOf(input));
      if (!Object.hasOwn(found.inline, input.PolicyName)) throw inlinePolicyNotFound(kind, input.PolicyName);
      const { [input.PolicyName]: _gone, ...inline } = found.inline;
      putEntity(tx, kind, account, { ...found, inline } as never);
      return {};
    },
  };
}

function get<N, Out extends Document>(
  target: Target<N>,
  show: (entityName: string, document: Document) => Out,
): Operation<N & { readonly PolicyName: string }, Out, Found> {
  const { kind, nameOf } = target;
  return {
    resolve: resolver(target),
    authorize: authorizer(target),
    handle: ({ input, entity }) => {
      const found = existing(entity, kind, nameOf(input));
      const document = Object.hasOwn(found.inline, input.PolicyName) ? found.inline[input.PolicyName] : undefined;
      if (document === undefined) throw inlinePolicyNotFound(kind, input.PolicyName);
      return show(found.name, { PolicyName: input.PolicyName, PolicyDocument: encodeDocument(document) });
    },
  };
}

function list<N>(
  target: Target<N>,
): Operation<N & PageRequest, { PolicyNames: readonly string[]; IsTruncated: boolean; Marker?: string }, Found> {
  const { kind, nameOf } = target;
  return {
    resolve: resolver(target),
    authorize: authorizer(target),
    handle: ({ input, entity }) => {
      const found = existing(entity, kind, nameOf(input));
      const names = byKey(Object.keys(found.inline), (name) => name);
      const { items, ...rest } = page(names, (name) => name, input);
      return { PolicyNames: items, ...rest };
    },
  };
}

export const PutUserPolicy = operation('iam', 'PutUserPolicy', put(ofUser('iam:PutUserPolicy')));
export const PutGroupPolicy = operation('iam', 'PutGroupPolicy', put(ofGroup('iam:PutGroupPolicy')));
export const PutRolePolicy = operation('iam', 'PutRolePolicy', put(ofRole('iam:PutRolePolicy')));

export const DeleteUserPolicy = operation('iam', 'DeleteUserPolicy', remove(ofUser('iam:DeleteUserPolicy')));
export const DeleteGroupPolicy = operation('iam', 'DeleteGroupPolicy', remove(ofGroup('iam:DeleteGroupPolicy')));
export const DeleteRolePolicy = operation('iam', 'DeleteRolePolicy', remove(ofRole('iam:DeleteRolePolicy')));

export const GetUserPolicy = operation(
  'iam',
  'GetUserPolicy',
  get(ofUser('iam:GetUserPolicy'), (UserName, document) => ({ UserName, ...document })),
);
export const GetGroupPolicy = operation(
  'iam',
  'GetGroupPolicy',
  get(ofGroup('iam:GetGroupPolicy'), (GroupName, document) => ({ GroupName, ...document })),
);
export const GetRolePolicy = operation(
  'iam',
  'GetRolePolicy',
  get(ofRole('iam:GetRolePolicy'), (RoleName, document) => ({ RoleName, ...document })),
);

export const ListUserPolicies = operation('iam', 'ListUserPolicies', list(ofUser('iam:ListUserPolicies')));
export const ListGroupPolicies = operation('iam', 'ListGroupPolicies', list(ofGroup('iam:ListGroupPolicies')));
export const ListRolePolicies = operation('iam', 'ListRolePolicies', list(ofRole('iam:ListRolePolicies')));
