import type { MapShape, Shape } from '../wire/shapes.ts';

/** What AWS's own trail shows instead of a secret. Source: CloudTrail records of ssm, secretsmanager and sts calls (observed). */
export const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS';

/** Members that carry secrets, tokens or customers' data, whatever service they belong to. Unsure means hidden. */
const HIDDEN_MEMBERS = new Set(
  [
    'SecretString SecretBinary SecretAccessKey SessionToken Plaintext CiphertextBlob CiphertextForRecipient Password NewPassword',
    'OldPassword AuthorizationToken authorizationToken authorizationData MessageBody Body MessageAttributes MessageSystemAttributes',
    'logEvents TokenCode SAMLAssertion WebIdentityToken PrivateKeyPlaintext PrivateKeyCiphertextBlob PublicKeyMaterial',
    'layerPartBlob ReceiptHandle registrationToken instanceIdentityDocumentSignature',
  ].flatMap((line) => line.split(' ')),
);

/** Environment values of task definitions may be secrets that people put there by mistake: names are shown, values are not. */
const VALUE_HIDDEN_UNDER = new Set(['environment']);

/**
 * A copy of a call's input or output with secrets hidden and member names in CloudTrail's camelCase; keys of maps stay.
 * What the model marks as sensitive is hidden as well. `hidden` names further members of this service.
 */
export function redact(value: unknown, hidden: ReadonlySet<string>, shape?: Shape, under = ''): unknown {
  if (typeof value === 'string') return value.length > 4096 ? `${value.slice(0, 4096)}…` : value;
  if (value instanceof Uint8Array) return HIDDEN;
  if (Array.isArray(value)) {
    const element = shape?.kind === 'list' ? shape.member.shape : undefined;
    return value.map((inner) => redact(inner, hidden, element, under));
  }
  if (typeof value !== 'object' || value === null) return value;
  return shape?.kind === 'map' ? redactMap(value, hidden, shape) : redactMembers(value, hidden, shape, under);
}

function redactMap(value: object, hidden: ReadonlySet<string>, shape: MapShape): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, redact(inner, hidden, shape.value.shape, key)]),
  );
}

function redactMembers(
  value: object,
  hidden: ReadonlySet<string>,
  shape: Shape | undefined,
  under: string,
): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    if (inner === undefined) continue;
    const member = shape?.kind === 'structure' ? shape.byName.get(name) : undefined;
    const hide =
      HIDDEN_MEMBERS.has(name) ||
      hidden.has(name) ||
      member?.traits.sensitive === 1 ||
      (name === 'value' && VALUE_HIDDEN_UNDER.has(under));
    copy[camelCase(name)] = hide ? HIDDEN : redact(inner, hidden, member?.shape, name);
  }
  return copy;
}

function camelCase(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
