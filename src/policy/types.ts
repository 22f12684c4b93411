/**
 * The words the policy engine is asked in. Pure data: nothing here reads a clock, a file or a store.
 */

/** Where a policy stands; decides its grammar, its limits and its part in the evaluation. */
export type PolicyKind = 'identity' | 'resource' | 'trust' | 'key' | 'boundary' | 'session' | 'scp' | 'rcp' | 'vpce';

/** 2008-10-17 (also meant when a document names none) knows no variables. */
export type PolicyVersion = '2008-10-17' | '2012-10-17';

/** Values of the request's condition keys. Key names are case-insensitive; arrays are multivalued keys. */
export type RequestContext = Readonly<Record<string, string | readonly string[]>>;

/** Who asks, as the engine needs to know it. */
export type RequestPrincipal =
  | { readonly type: 'root'; readonly account: string }
  | { readonly type: 'user'; readonly account: string; readonly arn: string }
  | {
      readonly type: 'role-session';
      readonly account: string;
      /** arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION */
      readonly arn: string;
      /** arn:aws:iam::ACCOUNT:role/PATH/NAME */
      readonly roleArn: string;
      readonly serviceLinked?: boolean;
    }
  | { readonly type: 'federated-user'; readonly account: string; readonly arn: string; readonly userArn?: string }
  | { readonly type: 'service'; readonly service: string }
  /** Someone an identity provider vouches for: AssumeRoleWithSAML and AssumeRoleWithWebIdentity. */
  | { readonly type: 'federated'; readonly provider: string }
  | { readonly type: 'anonymous' };

/** One thing to be decided: may this principal perform this action on this resource? */
export interface AccessRequest {
  readonly principal: RequestPrincipal;
  /** `service:Operation`. */
  readonly action: string;
  /** The resource's ARN, or `*` for actions without resource-level permissions. */
  readonly resource: string;
  /** Account that owns the resource; the principal's own when it is not known from the ARN. */
  readonly resourceAccount: string;
  readonly context: RequestContext;
}

/** A policy with the name people know it by. `P` is the engine's compiled policy. */
export interface NamedPolicy<P> {
  /** ARN of a managed policy, or the name of an inline one, or the resource's ARN for a resource policy. */
  readonly name: string;
  /** How it reaches the principal. */
  readonly source?: 'inline' | 'attached' | 'group' | 'resource';
  readonly policy: P;
}

/** Everything that has a say in one decision. Absent members do not apply (an empty list is a policy kind that allows nothing). */
export interface PolicySet<P> {
  readonly identity: readonly NamedPolicy<P>[];
  /** Resource-based policy, KMS key policy or role trust policy: the kind compiled into it decides its rules. */
  readonly resource?: NamedPolicy<P>;
  readonly boundary?: readonly NamedPolicy<P>[];
  readonly session?: readonly NamedPolicy<P>[];
  /** Levels from the organization's root to the account. Absent: no organization. */
  readonly scp?: readonly (readonly NamedPolicy<P>[])[];
  readonly rcp?: readonly (readonly NamedPolicy<P>[])[];
  readonly vpce?: readonly NamedPolicy<P>[];
}

/** The statement that decided. */
export interface StatementRef {
  readonly kind: PolicyKind;
  readonly policy: string;
  readonly sid?: string;
  /** Position in the policy, from 0. */
  readonly index: number;
}

export type Effect = 'Allowed' | 'ImplicitlyDenied' | 'ExplicitlyDenied';

export interface Decision {
  readonly effect: Effect;
  /** The statement that allowed or explicitly denied; absent for an implicit deny and for the root user's own right. */
  readonly decidedBy?: StatementRef;
  /** For a denial: the policy kind whose Deny, or whose missing Allow, decided. */
  readonly deniedBy?: PolicyKind;
}
