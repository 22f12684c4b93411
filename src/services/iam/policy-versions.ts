import { operation } from '../../gateway/operation.ts';
import type * as Iam from '../../wire/generated/types/iam.ts';
import { checkManagedDocument, encodeDocument } from './documents.ts';
import { wholeSeconds } from './entities.ts';
import { deleteConflict, limitExceeded, policyNotFound, policyVersionNotFound } from './errors.ts';
import { page } from './paging.ts';
import { type AnyPolicy, isAws, policyCheck } from './policies.ts';
import { findManagedPolicy } from './principal-policies.ts';
import { type PolicyRecord, type PolicyVersionRecord, policies } from './records.ts';

/** Source: IAM User Guide, reference_iam-quotas. */
const MAX_VERSIONS = 5;

/** The versions of a policy, newest first. Of AWS's policies only the default version is held. */
function versionsOf(policy: AnyPolicy): readonly PolicyVersionRecord[] {
  if (isAws(policy)) return [{ id: policy.version, document: policy.document, createdAt: policy.updatedAt }];
  return [...policy.versions].reverse();
}

function defaultVersion(policy: AnyPolicy): string {
  return isAws(policy) ? policy.version : policy.defaultVersion;
}

/** A version as lists and CreatePolicyVersion show it: without its document. */
function shownVersion(policy: AnyPolicy, version: PolicyVersionRecord): Iam.PolicyVersion {
  return {
    VersionId: version.id,
    IsDefaultVersion: version.id === defaultVersion(policy),
    CreateDate: version.createdAt,
  };
}

/** Versions with their documents, as GetAccountAuthorizationDetails shows them. */
export function shownVersionsWithDocuments(policy: AnyPolicy): Iam.PolicyVersion[] {
  return versionsOf(policy).map((version) => ({
    ...shownVersion(policy, version),
    Document: encodeDocument(version.document),
  }));
}

function versionOf(policy: AnyPolicy, id: string): PolicyVersionRecord {
  const version = versionsOf(policy).find((candidate) => candidate.id === id);
  if (version === undefined) throw policyVersionNotFound(policy.arn, id);
  return version;
}

export const CreatePolicyVersion = operation('iam', 'CreatePolicyVersion', {
  resolve: ({ tx, account, input }) => ({ policy: tx.get(policies, account, input.PolicyArn) }),
  // SetAsDefault asks for no more: observed by many, and a well-known way to more rights than were meant to be given.
  authorize: ({ account, input, policy }) => [
    policyCheck('iam:CreatePolicyVersion', account, input.PolicyArn, policy, false),
  ],
  handle: ({ tx, account, input, policy, now }) => {
    if (policy === undefined) throw policyNotFound(input.PolicyArn);
    checkManagedDocument(input.PolicyDocument);
    if (policy.versions.length >= MAX_VERSIONS) {
      throw limitExceeded(
        'A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.',
      );
    }
    const version = { id: `v${policy.nextVersion}`, document: input.PolicyDocument, createdAt: wholeSeconds(now) };
    const changed: PolicyRecord = {
      ...policy,
      versions: [...policy.versions, version],
      nextVersion: policy.nextVersion + 1,
      updatedAt: version.createdAt,
      ...(input.SetAsDefault === true ? { defaultVersion: version.id } : {}),
    };
    tx.put(policies, account, policy.arn, changed);
    return { PolicyVersion: shownVersion(changed, version) };
  },
});

export const GetPolicyVersion = operation('iam', 'GetPolicyVersion', {
  resolve: ({ tx, account, input }) => ({ policy: findManagedPolicy(tx, account, input.PolicyArn) }),
  authorize: ({ account, input, policy }) => [
    policyCheck('iam:GetPolicyVersion', account, input.PolicyArn, policy, true),
  ],
  handle: ({ input, policy }) => {
    if (policy === undefined) throw policyNotFound(input.PolicyArn);
    const version = versionOf(policy, input.VersionId);
    return { PolicyVersion: { Document: encodeDocument(version.document), ...shownVersion(policy, version) } };
  },
});

export const ListPolicyVersions = operation('iam', 'ListPolicyVersions', {
  resolve: ({ tx, account, input }) => ({ policy: findManagedPolicy(tx, account, input.PolicyArn) }),
  authorize: ({ account, input, policy }) => [
    policyCheck('iam:ListPolicyVersions', account, input.PolicyArn, policy, true),
  ],
  handle: ({ input, policy }) => {
    if (policy === undefined) throw policyNotFound(input.PolicyArn);
    // Newest first: the key counts down.
    const key = ({ id }: PolicyVersionRecord) => String(1e9 - Number(id.slice(1))).padStart(10, '0');
    const { items, ...rest } = page(versionsOf(policy), key, input);
    return { Versions: items.map((version) => shownVersion(policy, version)), ...rest };
  },
});

export const SetDefaultPolicyVersion = operation('iam', 'SetDefaultPolicyVersion', {
  resolve: ({ tx, account, input }) => ({ policy: tx.get(policies, account, input.PolicyArn) }),
  authorize: ({ account, input, policy }) => [
    policyCheck('iam:SetDefaultPolicyVersion', account, input.PolicyArn, policy, false),
  ],
  handle: ({ tx, account, input, policy, now }) => {
    if (policy === undefined) throw policyNotFound(input.PolicyArn);
    const version = versionOf(policy, input.VersionId);
    tx.put(policies, account, policy.arn, { ...policy, defaultVersion: version.id, updatedAt: wholeSeconds(now) });
    return {};
  },
});

export const DeletePolicyVersion = operation('iam', 'DeletePolicyVersion', {
  resolve: ({ tx, account, input }) => ({ policy: tx.get(policies, account, input.PolicyArn) }),
  authorize: ({ account, input, policy }) => [
    policyCheck('iam:DeletePolicyVersion', account, input.PolicyArn, policy, false),
  ],
  handle: ({ tx, account, input, policy }) => {
    if (policy === undefined) throw policyNotFound(input.PolicyArn);
    const version = versionOf(policy, input.VersionId);
    if (version.id === policy.defaultVersion) {
      throw deleteConflict('Cannot delete the default version of a policy.');
    }
    tx.put(policies, account, policy.arn, {
      ...policy,
      versions: policy.versions.filter(({ id }) => id !== version.id),
    });
    return {};
  },
});
