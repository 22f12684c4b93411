/**
 * A JSON value as Go's fmt prints it with %v after decoding into interface{}. ECS renders JSON keys of secrets this way:
 * 1000000 becomes 1e+06, an object map[a:1]. Source: agent, agent/asm (`fmt.Sprintf("%v", …)`); Go fmt and strconv.
 */
export function goValue(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (typeof value === 'number') return goFloat(value);
  if (Array.isArray(value)) return `[${value.map(goValue).join(' ')}]`;
  if (typeof value === 'object') {
    // Go prints maps in order of their keys, compared as bytes.
    const keys = Object.keys(value).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return `map[${keys.map((key) => `${key}:${goValue((value as Record<string, unknown>)[key])}`).join(' ')}]`;
  }
  return String(value);
}

/** strconv's %g with the shortest digits: an exponent is written when it is below -4 or not below 6 (ftoa.go, `eprec = 6`). */
function goFloat(value: number): string {
  if (Object.is(value, -0)) return '-0';
  if (value === 0) return '0';
  const [mantissa, power] = value.toExponential().split('e') as [string, string];
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 6) return String(value);
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/**
 * The error of Go's json.Unmarshal into a map, or undefined when the text is a JSON object.
 * Source: Go encoding/json, SyntaxError and UnmarshalTypeError.
 */
export function goObjectError(text: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return syntaxError(text);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return undefined;
  if (value === null) return undefined;
  const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  return `json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`;
}

function syntaxError(text: string): string {
  const start = text.trimStart();
  if (start === '') return 'unexpected end of JSON input';
  const first = [...start][0] as string;
  if (!'{["-0123456789tfn'.includes(first)) return `invalid character '${first}' looking for beginning of value`;
  // unverified: Go names the character and what it was looking for; only the commonest case is told apart here.
  return isTruncated(start) ? 'unexpected end of JSON input' : 'invalid character in JSON text';
}

function isTruncated(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch (error) {
    return /end of JSON input|Unterminated/.test((error as Error).message);
  }
}
