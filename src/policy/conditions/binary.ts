import type { Operator, ValueTest } from './operator.ts';

/** Source: IAM User Guide, reference_policies_elements_condition_operators, "Binary condition operators". */

/** The bytes as canonical base64, so that two spellings of the same bytes compare equal; undefined when it is no base64. */
function canonicalBase64(text: string): string | undefined {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/.test(text)) return undefined;
  return Buffer.from(text, 'base64').toString('base64');
}

function compile(values: readonly string[]): ValueTest {
  const written = new Set(values.map(canonicalBase64));
  return (value) => {
    const asked = canonicalBase64(value);
    return asked === undefined ? undefined : written.has(asked);
  };
}

export const binaryOperators: readonly Operator[] = [
  {
    name: 'BinaryEquals',
    negated: false,
    problem: (value) => (canonicalBase64(value) === undefined ? `"${value}" is not base64` : undefined),
    compile,
  },
];
