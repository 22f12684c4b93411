import { type AuthorizationCheck, operation } from '../../gateway/operation.ts';
import type { Read } from '../../store/collections.ts';
import { entityCheck, existing, findEntity } from './entities.ts';
import { mustNameUser, noSuchEntity } from './errors.ts';
import type { UserRecord } from './records.ts';
import { meantUser } from './users.ts';

// Rolecall makes no passwords, MFA devices, certificates, SSH keys and identity providers, so an account has none of
// them. Saying so is all that clients need who tidy up (a user is deleted only after these are gone).

interface Named {
  readonly name: string | undefined;
  readonly user: UserRecord | undefined;
}

/** The user that a request names or means. */
function namedUser(context: {
  readonly tx: Read;
  readonly account: string;
  readonly input: { readonly UserName?: string | undefined };
  readonly principal: Parameters<typeof meantUser>[0]['principal'];
}): Named {
  const name = meantUser(context);
  return { name, user: name === undefined ? undefined : findEntity(context.tx, 'user', context.account, name) };
}

function userCheck(
  action: string,
  context: { readonly account: string; readonly principal: { readonly type: string } } & Named,
): readonly AuthorizationCheck[] {
  const { account, principal, name, user } = context;
  if (name !== undefined) return [entityCheck(action, 'user', account, name, user)];
  if (principal.type !== 'root') throw mustNameUser();
  return [{ action, resource: `arn:aws:iam::${account}:root` }];
}

/** Refuses the name of a user who is not there; without one the root user is meant. */
function checkUser({ name, user }: Named): void {
  if (name !== undefined) existing(user, 'user', name);
}

export const ListMFADevices = operation('iam', 'ListMFADevices', {
  resolve: namedUser,
  authorize: (context) => userCheck('iam:ListMFADevices', context),
  handle: (context) => {
    checkUser(context);
    return { MFADevices: [], IsTruncated: false };
  },
});

export const ListSSHPublicKeys = operation('iam', 'ListSSHPublicKeys', {
  resolve: namedUser,
  authorize: (context) => userCheck('iam:ListSSHPublicKeys', context),
  handle: (context) => {
    checkUser(context);
    return { SSHPublicKeys: [], IsTruncated: false };
  },
});

export const ListSigningCertificates = operation('iam', 'ListSigningCertificates', {
  resolve: namedUser,
  authorize: (context) => userCheck('iam:ListSigningCertificates', context),
  handle: (context) => {
    checkUser(context);
    return { Certificates: [], IsTruncated: false };
  },
});

export const ListServiceSpecificCredentials = operation('iam', 'ListServiceSpecificCredentials', {
  resolve: namedUser,
  authorize: (context) => userCheck('iam:ListServiceSpecificCredentials', context),
  handle: (context) => {
    checkUser(context);
    return { ServiceSpecificCredentials: [], IsTruncated: false };
  },
});

function noLoginProfile(name: string) {
  return noSuchEntity(`Login Profile for User ${name} cannot be found.`);
}

export const GetLoginProfile = operation('iam', 'GetLoginProfile', {
  resolve: namedUser,
  authorize: (context) => userCheck('iam:GetLoginProfile', context),
  handle: (context) => {
    checkUser(context);
    throw noLoginProfile(context.name ?? 'root');
  },
});

export const DeleteLoginProfile = operation('iam', 'DeleteLoginProfile', {
  resolve: namedUser,
  authorize: (context) => userCheck('iam:DeleteLoginProfile', context),
  handle: (context) => {
    checkUser(context);
    throw noLoginProfile(context.name ?? 'root');
  },
});

export const ListVirtualMFADevices = operation('iam', 'ListVirtualMFADevices', {
  authorize: ({ account }) => [{ action: 'iam:ListVirtualMFADevices', resource: `arn:aws:iam::${account}:mfa/` }],
  handle: () => ({ VirtualMFADevices: [], IsTruncated: false }),
});

export const ListServerCertificates = operation('iam', 'ListServerCertificates', {
  authorize: ({ account, input }) => [
    {
      action: 'iam:ListServerCertificates',
      resource: `arn:aws:iam::${account}:server-certificate${input.PathPrefix ?? '/'}`,
    },
  ],
  handle: () => ({ ServerCertificateMetadataList: [], IsTruncated: false }),
});

export const ListOpenIDConnectProviders = operation('iam', 'ListOpenIDConnectProviders', {
  authorize: ({ account }) => [
    { action: 'iam:ListOpenIDConnectProviders', resource: `arn:aws:iam::${account}:oidc-provider/*` },
  ],
  handle: () => ({ OpenIDConnectProviderList: [] }),
});

export const ListSAMLProviders = operation('iam', 'ListSAMLProviders', {
  authorize: ({ account }) => [
    { action: 'iam:ListSAMLProviders', resource: `arn:aws:iam::${account}:saml-provider/*` },
  ],
  handle: () => ({ SAMLProviderList: [] }),
});

export const GetAccountPasswordPolicy = operation('iam', 'GetAccountPasswordPolicy', {
  authorize: () => [{ action: 'iam:GetAccountPasswordPolicy', resource: '*' }],
  handle: ({ account }) => {
    throw noSuchEntity(`The Password Policy with domain name ${account} cannot be found.`);
  },
});
