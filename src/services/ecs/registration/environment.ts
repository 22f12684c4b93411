import { parseArn } from '../../../core/arn.ts';
import { containersOf, type Rule, violation } from './rule.ts';

/** Source of the first two texts: observed; the `.env` rule: ECS Developer Guide, environment files. */
export const environmentFiles: Rule = function* (registration) {
  for (const { container, path } of containersOf(registration)) {
    const files = container.environmentFiles ?? [];
    if (files.length > 10) {
      yield violation(
        `${path}/environmentFiles`,
        'The maximum number of environment files was exceeded. Specify ten or less and try again',
      );
    }
    for (const [index, file] of files.entries()) {
      const at = `${path}/environmentFiles/${index}/value`;
      const parsed = parseArn(file.value);
      if (parsed === undefined || parsed.service !== 's3') yield violation(at, 'Invalid arn syntax');
      // unverified: text
      else if (!file.value.endsWith('.env')) yield violation(at, 'Environment file must have a .env file extension');
    }
  }
};

/** Source of the text: observed. */
export const secretNames: Rule = function* (registration) {
  for (const { container, path } of containersOf(registration)) {
    const taken = new Set((container.environment ?? []).map((variable) => variable.name));
    for (const [index, secret] of (container.secrets ?? []).entries()) {
      if (taken.has(secret.name)) {
        yield violation(
          `${path}/secrets/${index}/name`,
          `The secret name must be unique and not shared with any new or existing environment variables set on the container, such as '${secret.name}'.`,
        );
      }
      taken.add(secret.name);
    }
  }
};

/** Parameter names; also what a parameter's ARN ends with. Source: SSM API, PutParameter (Name). */
const PARAMETER = /^[\w.\-/]{1,2048}$/;

/**
 * What a secret is read from: a parameter's name or ARN, or a secret's ARN. A bare name with a JSON key is read as a
 * parameter's name and refused. Source of the text: observed.
 */
export const secretSources: Rule = function* (registration) {
  for (const { container, path } of containersOf(registration)) {
    const listed = [
      ...(container.secrets ?? []).map((secret, index) => ({ secret, at: `${path}/secrets/${index}/valueFrom` })),
      ...(container.logConfiguration?.secretOptions ?? []).map((secret, index) => ({
        secret,
        at: `${path}/logConfiguration/secretOptions/${index}/valueFrom`,
      })),
    ];
    for (const { secret, at } of listed) {
      const parsed = parseArn(secret.valueFrom);
      if (parsed?.service === 'secretsmanager') continue;
      const name = parsed?.service === 'ssm' ? parsed.resource.replace(/^parameter/, '') : secret.valueFrom;
      if (parsed !== undefined && parsed.service !== 'ssm') yield violation(at, 'Invalid arn syntax');
      else if (!PARAMETER.test(name)) {
        yield violation(at, `The Systems Manager parameter name specified for secret ${secret.name} is invalid.`);
      }
    }
  }
};
