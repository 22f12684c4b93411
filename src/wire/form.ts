import { AwsError } from '../core/errors.ts';

/** Name and value pairs of a query string or form body, decoded, in their order. */
export type Form = readonly (readonly [string, string])[];

/** Source: the common errors of the query APIs. */
function malformed(): AwsError {
  return new AwsError('MalformedQueryString', 'The query string contains a syntax error.', { status: 404 });
}

function decode(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    throw malformed();
  }
}

/** Parses `a=1&b=2`. Throws MalformedQueryString where a percent sequence is not one of UTF-8. */
export function parseForm(text: string): Form {
  const form: [string, string][] = [];
  if (text === '') return form;
  for (const part of text.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    form.push(equals === -1 ? [decode(part), ''] : [decode(part.slice(0, equals)), decode(part.slice(equals + 1))]);
  }
  return form;
}

/** The first value of a name. */
export function formValue(form: Form, name: string): string | undefined {
  for (const [key, value] of form) if (key === name) return value;
  return undefined;
}
