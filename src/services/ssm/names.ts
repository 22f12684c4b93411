import { arn, parseArn } from '../../core/arn.ts';
import { AwsError } from '../../core/errors.ts';
import { validation } from './errors.ts';

/** A parameter as a request names it. */
export interface ParameterName {
  readonly name: string;
  /** The name that the same ARN may also stand for: `/x` and `x` have one ARN. */
  readonly otherName?: string;
  /** What to authorize against. */
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  /** `:3` or `:label` behind the name. */
  readonly selector?: string;
}

/**
 * Reads a name, `name:selector`, or ARN. The ARN has one slash behind `parameter`, whether the name begins with one or
 * not. A name with a slash inside and none in front is no name of a parameter: AWS authorizes it against everything of
 * the account, `arn:aws:ssm:REGION:ACCOUNT:*` (observed in refusals).
 */
export function readName(text: string, account: string, region: string): ParameterName {
  const parsed = parseArn(text);
  if (parsed !== undefined && !parsed.resource.startsWith('parameter/')) {
    return { name: text, arn: text, account: parsed.account, region: parsed.region };
  }
  const path = parsed === undefined ? text : parsed.resource.replace(/^parameter/, '');
  const colon = path.indexOf(':');
  const name = colon < 0 ? path : path.slice(0, colon);
  const selector = colon < 0 ? {} : { selector: path.slice(colon) };
  if (parsed !== undefined) {
    const place = { account: parsed.account, region: parsed.region };
    const own = arn('ssm', parsed.region, parsed.account, `parameter${name}`);
    return { name, otherName: name.slice(1), arn: own, ...place, ...selector };
  }
  return { name, arn: parameterArn(name, account, region), account, region, ...selector };
}

export function parameterArn(name: string, account: string, region: string): string {
  if (name.startsWith('/')) return arn('ssm', region, account, `parameter${name}`);
  if (name.includes('/')) return arn('ssm', region, account, '*');
  return arn('ssm', region, account, `parameter/${name}`);
}

const CHARACTERS = /^[a-zA-Z0-9_.\-/]+$/;
const MOST_LEVELS = 15;
const LONGEST_ARN = 1011;

/** Refuses names that PutParameter does not take. Source: Parameter Store, sysman-parameter-name-constraints; texts observed. */
export function checkNewName(name: string, resourceArn: string): void {
  const bare = name.replace(/^\//, '').toLowerCase();
  const isPath = name.split('/').length > 2;
  if (bare.startsWith('aws') && isPath) {
    throw new AwsError('AccessDeniedException', `No access to reserved parameter name: ${name}.`);
  }
  if (bare.startsWith('aws') || bare.startsWith('ssm')) {
    throw validation(
      isPath
        ? 'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_'
        : 'Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).',
    );
  }
  if (!CHARACTERS.test(name) || name.includes('//') || (name.endsWith('/') && name !== '/')) {
    throw validation(
      'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_',
    );
  }
  if (name.includes('/') && !name.startsWith('/')) throw validation('Parameter name must be a fully qualified name.');
  if (name.split('/').length - 1 > MOST_LEVELS) {
    throw new AwsError(
      'HierarchyLevelLimitExceededException',
      `A hierarchy can have a maximum of ${MOST_LEVELS} levels. For more information, see Requirements and constraints for parameter names in the AWS Systems Manager User Guide.`,
    );
  }
  if (resourceArn.length > LONGEST_ARN) {
    // unverified: text
    throw validation(`Parameter name is too long: the ARN must not exceed ${LONGEST_ARN} characters.`);
  }
}

/** Refuses paths that GetParametersByPath does not take. Text observed, with its backslashes. */
export function checkPath(path: string): void {
  if (path.startsWith('/') && CHARACTERS.test(path) && !path.includes('//')) return;
  throw validation(
    'The parameter doesn\'t meet the parameter name requirements. The parameter name must begin with a forward slash "/". It can\'t be prefixed with \\"aws\\" or \\"ssm\\" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.',
  );
}
