import type { PolicyVersion } from '../types.ts';
import { Template } from '../variables.ts';
import type { Operator, ValueTest } from './operator.ts';

/** Source: IAM User Guide, reference_policies_elements_condition_operators, "Boolean condition operators". */

function parseBool(text: string): boolean | undefined {
  const lower = text.toLowerCase();
  return lower === 'true' ? true : lower === 'false' ? false : undefined;
}

function compile(values: readonly string[], version: PolicyVersion): ValueTest {
  const templates = values.map((value) => new Template(value, version, false));
  return (value, context) => {
    const asked = parseBool(value);
    if (asked === undefined) return undefined;
    return templates.some((template) => {
      const written = template.glob(context)?.literal;
      return written !== undefined && parseBool(written) === asked;
    });
  };
}

export const boolOperators: readonly Operator[] = [
  {
    name: 'Bool',
    negated: false,
    // The operators page allows a variable here, the variables page does not: it is accepted.
    problem: (value) =>
      parseBool(value) === undefined && !value.includes('${') ? `"${value}" is neither true nor false` : undefined,
    compile,
    variables: (values, version) => values.flatMap((value) => new Template(value, version, false).keys()),
  },
];
