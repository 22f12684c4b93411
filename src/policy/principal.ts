import { NOT_PRINCIPAL_NEEDS_WHOLE_CHAIN } from './edges.ts';
import type { RequestPrincipal } from './types.ts';

/**
 * How a resource policy names the caller; the stronger, the fewer other policies still matter (see named-principals.ts).
 * `delegate`: the whole account, which leaves the say to that account's identity policies.
 */
export type NamedAs =
  | 'nobody'
  | 'account'
  | 'role'
  | 'session'
  | 'user'
  | 'federated-user'
  | 'everyone'
  | 'service'
  | 'federated';

/** Principal or NotPrincipal of a statement. Source: IAM User Guide, reference_policies_elements_principal. */
export class PrincipalSet {
  /** `"*"` or `{"AWS": "*"}`. */
  readonly everyone: boolean;
  readonly accounts: ReadonlySet<string>;
  /** ARNs of users, roles, sessions and federated users; unique ids (AIDA…, AROA…) of deleted ones name nobody. */
  readonly arns: ReadonlySet<string>;
  readonly services: ReadonlySet<string>;
  readonly federated: ReadonlySet<string>;
  /** Every entry as written, for people. */
  readonly texts: readonly string[];

  constructor(entries: readonly { readonly type: string; readonly value: string }[]) {
    const accounts = new Set<string>();
    const arns = new Set<string>();
    const services = new Set<string>();
    const federated = new Set<string>();
    let everyone = false;
    for (const { type, value } of entries) {
      if (value === '*' && (type === 'AWS' || type === '*')) everyone = true;
      else if (type === 'AWS') {
        const account = /^(?:\d{12}|arn:[^:]+:iam::\d{12}:root)$/.test(value) ? /\d{12}/.exec(value)?.[0] : undefined;
        if (account === undefined) arns.add(value);
        else accounts.add(account);
      } else if (type === 'Service') services.add(value);
      else if (type === 'Federated') federated.add(value);
    }
    this.everyone = everyone;
    this.accounts = accounts;
    this.arns = arns;
    this.services = services;
    this.federated = federated;
    this.texts = entries.map(({ type, value }) => (type === '*' ? value : `${type}: ${value}`));
  }

  /** How the caller is named here; the strongest way when there are several. */
  names(principal: RequestPrincipal): NamedAs {
    switch (principal.type) {
      case 'service':
        // The wildcard Service: "*" is a form that some services accept; `Principal: "*"` includes services too.
        return this.services.has(principal.service) || this.services.has('*') ? 'service' : this.#ifEveryone();
      case 'federated':
        return this.federated.has(principal.provider) || this.federated.has('*') ? 'federated' : this.#ifEveryone();
      case 'anonymous':
        return this.#ifEveryone();
      case 'root':
        return this.everyone ? 'everyone' : this.#ifAccount(principal.account);
      case 'user':
        if (this.arns.has(principal.arn)) return 'user';
        break;
      case 'role-session':
        if (this.arns.has(principal.arn) && principal.arn !== principal.roleArn) return 'session';
        if (this.everyone) return 'everyone';
        if (this.arns.has(principal.roleArn)) return 'role';
        break;
      case 'federated-user':
        if (this.arns.has(principal.arn)) return 'federated-user';
        if (this.everyone) return 'everyone';
        if (principal.userArn !== undefined && this.arns.has(principal.userArn)) return 'user';
        break;
    }
    return this.everyone ? 'everyone' : this.#ifAccount(principal.account);
  }

  /** Whether a NotPrincipal with these entries spares the caller. */
  spares(principal: RequestPrincipal): boolean {
    if (this.everyone) return true;
    if (!NOT_PRINCIPAL_NEEDS_WHOLE_CHAIN) return this.names(principal) !== 'nobody';
    switch (principal.type) {
      case 'role-session':
        return this.accounts.has(principal.account) && this.arns.has(principal.roleArn) && this.arns.has(principal.arn);
      case 'user':
      case 'federated-user':
        return this.accounts.has(principal.account) && this.arns.has(principal.arn);
      default:
        return this.names(principal) !== 'nobody';
    }
  }

  #ifEveryone(): NamedAs {
    return this.everyone ? 'everyone' : 'nobody';
  }

  #ifAccount(account: string): NamedAs {
    return this.accounts.has(account) ? 'account' : 'nobody';
  }
}
