import { validation } from './errors.ts';

/** `digits` × 10^`exponent`, without trailing zeros in the digits. */
interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

const MOST_DIGITS = 38;
/** Powers of ten of the first digit. Source: DynamoDB Developer Guide, naming rules and data types. */
const LARGEST = 125;
const SMALLEST = -130;

/** The number as DynamoDB writes it: no exponent, no needless zeros. Texts observed. */
export function canonicalNumber(text: string): string {
  return write(read(text));
}

export function compareNumbers(one: string, other: string): number {
  const [a, b] = aligned(read(one), read(other));
  return a < b ? -1 : a > b ? 1 : 0;
}

export function addNumbers(one: string, other: string, sign: 1 | -1): string {
  const a = read(one);
  const b = read(other);
  const [left, right, exponent] = aligned(a, b);
  return write(checked(left + BigInt(sign) * right, exponent));
}

function aligned(a: Decimal, b: Decimal): [bigint, bigint, number] {
  const exponent = Math.min(a.exponent, b.exponent);
  const scale = ({ digits, exponent: own }: Decimal): bigint => digits * 10n ** BigInt(own - exponent);
  return [scale(a), scale(b), exponent];
}

function read(text: string): Decimal {
  const match = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d{1,4}))?$/.exec(text.trim());
  const [, sign = '', whole = '', fraction = '', power = '0'] = match ?? [];
  if (match === null || whole + fraction === '') {
    throw validation(`The parameter cannot be converted to a numeric value: ${text}`);
  }
  return checked(BigInt(`${sign === '-' ? '-' : ''}${whole}${fraction}`), Number(power) - fraction.length);
}

function checked(digits: bigint, exponent: number): Decimal {
  if (digits === 0n) return { digits, exponent: 0 };
  let rest = digits;
  let power = exponent;
  while (rest % 10n === 0n) {
    rest /= 10n;
    power++;
  }
  const length = (rest < 0n ? -rest : rest).toString().length;
  if (length > MOST_DIGITS) throw validation('Attempting to store more than 38 significant digits in a Number');
  if (length + power - 1 > LARGEST) {
    throw validation('Number overflow. Attempting to store a number with magnitude larger than supported range');
  }
  if (length + power - 1 < SMALLEST) {
    throw validation('Number underflow. Attempting to store a number with magnitude smaller than supported range');
  }
  return { digits: rest, exponent: power };
}

function write({ digits, exponent }: Decimal): string {
  const sign = digits < 0n ? '-' : '';
  const text = (digits < 0n ? -digits : digits).toString();
  if (exponent >= 0) return sign + text + '0'.repeat(exponent);
  const padded = text.padStart(1 - exponent, '0');
  return `${sign}${padded.slice(0, exponent)}.${padded.slice(exponent)}`;
}
