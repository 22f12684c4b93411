import { AwsError } from '../core/errors.ts';
import type { ServiceId } from './model.ts';

/** One broken constraint. */
export interface Violation {
  /** Path with lower-case first letters: `tags.1.member.key`. */
  readonly path: string;
  /** The value as AWS echoes it; undefined where it is not echoed (secret, or the service does not). */
  readonly value: string | undefined;
  /** `Member must not be null`, … */
  readonly constraint: string;
  /** What the constraint is, for services that have texts of their own. */
  readonly kind: 'required' | 'length' | 'pattern' | 'range' | 'enum';
  /** The member's name as the model spells it. */
  readonly member: string;
}

/** How a service words broken constraints. */
interface ValidationStyle {
  readonly code: string;
  /** False: `Value at 'x' failed`; true: `Value 'v' at 'x' failed`. */
  readonly echo: boolean;
  /** A text of the service's own; without it, the framework's. */
  readonly text?: (violations: readonly Violation[]) => string;
  readonly required?: (member: string) => AwsError;
  /** The service's handlers check the members of enumerations themselves, in words of their own. */
  readonly leavesEnums?: true;
}

/** `2 validation errors detected: Value 'a' at 'x' failed to satisfy constraint: …; Value …` */
function frameworkText(violations: readonly Violation[]): string {
  const texts = violations.map(({ path, value, constraint }) => {
    return `Value ${value === undefined ? '' : `${value} `}at '${path}' failed to satisfy constraint: ${constraint}`;
  });
  return `${texts.length} validation error${texts.length === 1 ? '' : 's'} detected: ${texts.join('; ')}`;
}

/** ECR names one parameter at a time. Observed: `Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression '…''`. */
function ecrText(violations: readonly Violation[]): string {
  const { path, constraint } = violations[0]!;
  const quoted = constraint.replace(
    /^Member must satisfy regular expression pattern: (.*)$/s,
    "must satisfy regular expression '$1'",
  );
  return `Invalid parameter at '${path}' failed to satisfy constraint: '${quoted}'`;
}

/** The table of styles. */
const STYLES: Readonly<Record<ServiceId, ValidationStyle>> = {
  // unverified: code and text as other emulators have them; ECS's handlers check most things in words of their own.
  ecs: { code: 'ClientException', echo: true },
  // Observed on TagUser: values are not echoed.
  iam: { code: 'ValidationError', echo: false },
  // Observed on AssumeRole.
  sts: { code: 'ValidationError', echo: true },
  ecr: { code: 'InvalidParameterException', echo: true, text: ecrText },
  // Observed on CreateLogGroup.
  logs: { code: 'InvalidParameterException', echo: true },
  // Observed on GetParameters, PutParameter.
  ssm: { code: 'ValidationException', echo: true },
  secretsmanager: { code: 'ValidationException', echo: true },
  kms: { code: 'ValidationException', echo: true },
  sqs: {
    code: 'InvalidParameterValue',
    echo: true,
    // Observed text; unverified: that the JSON code is the same as the query one.
    required: (member) => new AwsError('MissingParameter', `The request must contain the parameter ${member}.`),
    leavesEnums: true,
  },
  // unverified
  cloudtrail: { code: 'ValidationException', echo: true },
  s3: { code: 'InvalidArgument', echo: false },
  dynamodb: { code: 'ValidationException', echo: true },
};

export function styleOf(service: ServiceId): ValidationStyle {
  return STYLES[service];
}

/** The error that the service answers for these violations. */
export function validationError(service: ServiceId, violations: readonly Violation[]): AwsError {
  const style = STYLES[service];
  const missing = violations.find((v) => v.kind === 'required');
  if (missing !== undefined && style.required !== undefined) return style.required(missing.member);
  return new AwsError(style.code, (style.text ?? frameworkText)(violations));
}
