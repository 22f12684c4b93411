import { validationError } from './errors.ts';

/** Kinds of resources as they stand in IAM's ARNs. */
export type ResourceKind = 'user' | 'group' | 'role' | 'policy' | 'instance-profile';

/** `arn:aws:iam::ACCOUNT:role/path/name` */
export function iamArn(account: string, kind: ResourceKind, path: string, name: string): string {
  return `arn:aws:iam::${account}:${kind}${path}${name}`;
}

/** The path given, or the root. The model's pattern has been checked. */
export function pathOf(path: string | undefined): string {
  return path === undefined || path === '' ? '/' : path;
}

/** Refuses a prefix that no path can begin with. Source of the text: observed (aws/aws-sdk#36). */
export function checkPathPrefix(prefix: string | undefined): string {
  const text = prefix ?? '/';
  if (!/^\/[\u0021-\u007e]*$/.test(text)) {
    throw validationError(
      'The specified value for pathPrefix is invalid. It must begin with the / character and contain only alphanumeric characters and/or / characters.',
    );
  }
  return text;
}
