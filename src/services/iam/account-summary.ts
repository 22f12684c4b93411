import { operation } from '../../gateway/operation.ts';
import { accounts, EVERYWHERE, groups, instanceProfiles, policies, roles, users } from './records.ts';

/** Source: IAM User Guide, reference_iam-quotas: the default quotas. */
const QUOTAS = {
  UsersQuota: 5000,
  GroupsQuota: 300,
  RolesQuota: 1000,
  PoliciesQuota: 1500,
  InstanceProfilesQuota: 1000,
  ServerCertificatesQuota: 20,
  UserPolicySizeQuota: 2048,
  GroupPolicySizeQuota: 5120,
  RolePolicySizeQuota: 10240,
  AssumeRolePolicySizeQuota: 2048,
  PolicySizeQuota: 6144,
  VersionsPerPolicyQuota: 5,
  PolicyVersionsInUseQuota: 10000,
  GroupsPerUserQuota: 10,
  AccessKeysPerUserQuota: 2,
  SigningCertificatesPerUserQuota: 2,
  AttachedPoliciesPerUserQuota: 10,
  AttachedPoliciesPerGroupQuota: 10,
  AttachedPoliciesPerRoleQuota: 10,
} as const;

export const GetAccountSummary = operation('iam', 'GetAccountSummary', {
  authorize: () => [{ action: 'iam:GetAccountSummary', resource: '*' }],
  handle: ({ tx, account }) => ({
    SummaryMap: {
      Users: tx.count(users, account),
      Groups: tx.count(groups, account),
      Roles: tx.count(roles, account),
      Policies: tx.count(policies, account),
      InstanceProfiles: tx.count(instanceProfiles, account),
      PolicyVersionsInUse: tx.list(policies, account).reduce((sum, policy) => sum + policy.versions.length, 0),
      AccountAccessKeysPresent: (tx.get(accounts, EVERYWHERE, account)?.rootAccessKeys.length ?? 0) > 0 ? 1 : 0,
      // There are no MFA devices, passwords, certificates and identity providers here.
      AccountMFAEnabled: 0,
      AccountPasswordPresent: 0,
      AccountSigningCertificatesPresent: 0,
      MFADevices: 0,
      MFADevicesInUse: 0,
      Providers: 0,
      ServerCertificates: 0,
      GlobalEndpointTokenVersion: 2,
      ...QUOTAS,
    },
  }),
});
