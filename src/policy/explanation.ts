import type { AccessRequest, Decision, PolicyKind, StatementRef } from './types.ts';

/** Why a statement does not speak about a request: the first reason, in the order action, principal, resource, condition. */
export type Reason =
  | { readonly because: 'action' }
  | { readonly because: 'principal' }
  | { readonly because: 'resource' }
  | {
      readonly because: 'condition';
      readonly operator: string;
      readonly key: string;
      /** The values the policy asks for. */
      readonly asked: readonly string[];
      /** What the request carries; absent when it does not carry the key. */
      readonly found?: string | readonly string[];
    };

export interface StatementVerdict {
  readonly index: number;
  readonly sid?: string;
  readonly effect: 'Allow' | 'Deny';
  readonly applies: boolean;
  /** Present when the statement does not apply. */
  readonly reason?: Reason;
  /** Line of the statement in its document, from 1. */
  readonly line: number;
}

export interface PolicyVerdict {
  readonly kind: PolicyKind;
  readonly name: string;
  readonly source?: 'inline' | 'attached' | 'group' | 'resource';
  /** For service and resource control policies: the level, from 0 at the organization's root. */
  readonly level?: number;
  /** Present when policies of this kind do not bind this caller or resource at all; then no statement was looked at. */
  readonly notInForce?: string;
  readonly statements: readonly StatementVerdict[];
}

/** A statement as it would stand in a document. */
export interface PolicyStatement {
  readonly Effect: 'Allow';
  readonly Principal?: '*' | Readonly<Record<string, string>>;
  readonly Action: string;
  readonly Resource?: string;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** What stands between a refused request and an allow. */
export type Missing =
  | {
      /** No policy comes near: add this statement to an identity policy. */
      readonly kind: 'add-statement';
      readonly policyKind: 'identity';
      readonly statement: PolicyStatement;
      readonly then?: Missing;
    }
  | {
      /** A statement allows a neighbouring action on this resource, or this action on a neighbouring resource. */
      readonly kind: 'change-action' | 'change-resource';
      readonly policyKind: 'identity';
      readonly statementRef: StatementRef;
      readonly from: string;
      readonly to: string;
      /** What to add when the statement is to stay as it is. */
      readonly statement: PolicyStatement;
      readonly then?: Missing;
    }
  | {
      /** A statement allows this action on this resource, but under a condition the request does not meet. */
      readonly kind: 'meet-condition';
      readonly policyKind: 'identity';
      readonly statementRef: StatementRef;
      readonly condition: Extract<Reason, { because: 'condition' }>;
      readonly statement: PolicyStatement;
      readonly then?: Missing;
    }
  | {
      /** Nothing an identity policy says can help. */
      readonly kind: 'not-by-identity';
      readonly because: 'explicit-deny' | Exclude<PolicyKind, 'identity'>;
      /** The statement that denies. */
      readonly statementRef?: StatementRef;
      /** What a policy of the blocking kind would have to say. */
      readonly policyKind: PolicyKind;
      readonly statement?: PolicyStatement;
    };

export interface Explanation {
  readonly request: AccessRequest;
  readonly decision: Decision;
  /** Every policy that was looked at, in the order of evaluation. */
  readonly policies: readonly PolicyVerdict[];
  /** Present for refusals. */
  readonly missing?: Missing;
}
