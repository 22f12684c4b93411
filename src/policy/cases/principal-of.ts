import { parseArn } from '../../core/arn.ts';
import { ContextKey } from '../context.ts';
import type { RequestContext, RequestPrincipal } from '../types.ts';

const PRINCIPAL_ARN = new ContextKey('aws:PrincipalArn');

/**
 * The caller a text stands for: the ARN of a user, role, session, federated user, account root or identity provider, the
 * name of a service, or `*` for an anonymous caller. Undefined when it is none of these.
 *
 * A session's ARN does not tell the path of its role; `aws:PrincipalArn` of the context does.
 */
export function principalOf(text: string, context: RequestContext): RequestPrincipal | undefined {
  if (text === '*' || text === 'anonymous') return { type: 'anonymous' };
  if (/^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?$/.test(text)) return { type: 'service', service: text };
  const parts = parseArn(text);
  if (parts === undefined) return undefined;
  const { partition, service, account, resource } = parts;
  const slash = resource.indexOf('/');
  const type = slash === -1 ? resource : resource.slice(0, slash);
  const name = resource.slice(slash + 1);
  if (name === '') return undefined;
  switch (`${service}:${type}`) {
    case 'iam:root':
      return { type: 'root', account };
    case 'iam:user':
      return { type: 'user', account, arn: text };
    case 'iam:role':
      return { type: 'role-session', account, arn: text, roleArn: text, serviceLinked: isServiceLinked(name) };
    case 'iam:saml-provider':
    case 'iam:oidc-provider':
      return { type: 'federated', provider: text };
    case 'sts:federated-user':
      return { type: 'federated-user', account, arn: text };
    case 'sts:assumed-role': {
      const [role = '', ...session] = name.split('/');
      if (session.length !== 1) return undefined;
      const given = PRINCIPAL_ARN.in(context);
      const known =
        typeof given === 'string' &&
        given.startsWith(`arn:${partition}:iam::${account}:role/`) &&
        given.endsWith(`/${role}`);
      const roleArn = known ? (given as string) : `arn:${partition}:iam::${account}:role/${role}`;
      return { type: 'role-session', account, arn: text, roleArn, serviceLinked: isServiceLinked(roleArn) };
    }
    default:
      return undefined;
  }
}

/** Source: IAM User Guide, using-service-linked-roles: their path is /aws-service-role/ and their names begin so. */
function isServiceLinked(role: string): boolean {
  return role.includes('aws-service-role/') || /(?:^|\/)AWSServiceRoleFor/.test(role);
}
